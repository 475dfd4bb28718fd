"""A Keras model seen as pure functions of its variables, and what tells two models apart."""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import keras
import numpy as np
from keras import tree

from normcast.errors import unknown

Leaves = list[Any]


def require_jax() -> None:
    """Raise RuntimeError unless Keras computes with JAX: the engine compiles whole epochs with it."""
    if keras.backend.backend() != "jax":
        raise RuntimeError(
            f"engine: Keras runs on {keras.backend.backend()!r}, but the engine needs JAX. Set the "
            "environment variable KERAS_BACKEND=jax before keras is imported."
        )


class Network:
    """A built Keras model as pure functions: variables in, results and new variables out."""

    def __init__(self, model: keras.Model) -> None:
        require_jax()
        if not getattr(model, "built", False) or not model.inputs:
            raise ValueError(
                f"engine: model {model.name!r} has no inputs yet. Give it a keras.Input, or call it "
                "once on data."
            )
        self.model = model
        self.trainable = list(model.trainable_variables)
        self.frozen = list(model.non_trainable_variables)  # moving statistics and the seeds of random layers
        self.input_names = [tensor.name for tensor in model.inputs]

    def forward(self, trainable: Leaves, frozen: Leaves, inputs: Leaves, training: bool) -> Any:
        """Return (output, new frozen variables, regularization losses). inputs: in the model's order."""
        output, frozen, losses = self.model.stateless_call(
            trainable, frozen, self._packed(inputs), training=training, return_losses=True
        )
        return tree.map_structure(lambda leaf: keras.ops.cast(leaf, "float32"), output), frozen, losses

    def _packed(self, inputs: Leaves) -> Any:
        struct = getattr(self.model, "_inputs_struct", None)
        if struct is not None:
            return tree.pack_sequence_as(struct, inputs)
        return inputs[0] if len(inputs) == 1 else inputs

    def matched(self, fields: Mapping[str, Any]) -> list[str]:
        """Return the keys of fields in the order of the model's inputs."""
        if len(fields) == len(self.input_names) == 1:
            return list(fields)
        for name in self.input_names:
            if name not in fields:
                raise ValueError(
                    unknown("field", name, fields, where=f"engine: input of {self.model.name!r}")
                )
        return self.input_names

    def split(self, weights: Sequence[Any]) -> tuple[Leaves, Leaves]:
        """Split arrays in `model.weights` order into (trainable, frozen); seeds keep the model's values."""
        by_variable = dict(zip(map(id, self.model.weights), weights, strict=True))
        frozen = [by_variable.get(id(v), v.value) for v in self.frozen]
        return [by_variable[id(v)] for v in self.trainable], frozen

    def joined(self, trainable: Sequence[Any], frozen: Sequence[Any]) -> list[np.ndarray]:
        """Return the arrays in `model.weights` order."""
        pairs = [*zip(self.trainable, trainable, strict=True), *zip(self.frozen, frozen, strict=True)]
        by_variable = {id(variable): value for variable, value in pairs}
        return [np.asarray(by_variable[id(v)]) for v in self.model.weights]

    @property
    def key(self) -> str:
        """What tells this graph from others: its configuration without the names of its layers."""
        try:
            config = json.loads(self.model.to_json())
        except (NotImplementedError, TypeError, ValueError):
            return f"{type(self.model).__name__} at {id(self.model)}"
        config.pop("compile_config", None)
        names = {layer.name: f"#{i}" for i, layer in enumerate(_layers(self.model))}
        trainable = [variable.trainable for variable in self.model.weights]
        return json.dumps([_renamed(config, names), trainable], sort_keys=True)


def _layers(model: keras.Model) -> list[keras.Layer]:
    return list(model._flatten_layers(include_self=True, recursive=True))


_NAMED = {"name", "keras_history", "input_layers", "output_layers"}


def _renamed(node: Any, names: dict[str, str], here: bool = False) -> Any:
    """Replace layer names, where a name can stand, so that two builds of one graph look the same."""
    if isinstance(node, dict):
        policy = node.get("class_name", "").endswith("Policy")
        return {k: v if policy else _renamed(v, names, here or k in _NAMED) for k, v in node.items()}
    if isinstance(node, list):
        return [_renamed(item, names, here) for item in node]
    return names.get(node, node) if here and isinstance(node, str) else node


@contextmanager
def seeded(seed: int | str) -> Iterator[None]:
    """Seed Python's generator, from which Keras draws its seeds, and give the caller's state back after."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def initial_variables(network: Network, seed: int, start: Mapping[str, Any] | None) -> tuple[Leaves, Leaves]:
    """Return fresh (trainable, frozen) variables for that seed, with those named in start replaced.

    The model is rebuilt from its configuration; an initializer with a seed of its own keeps it. What a layer
    draws depends on the seed and its own name alone (see `_drawing_names`), so that a layer that two networks
    share starts alike in both: networks that differ by an edit are compared as pairs.
    """
    with seeded(seed):
        try:
            clone = _rebuilt(network.model, seed)
        except (NotImplementedError, TypeError, ValueError) as error:
            raise ValueError(
                f"engine: model {network.model.name!r} cannot be rebuilt from its configuration ({error}). "
                "Give its class a complete get_config, or build it from keras.Input."
            ) from error
    start = _checked(network, start or {})
    trainable = [
        np.asarray(start.get(template.path, variable.value))
        for template, variable in zip(network.trainable, clone.trainable_variables, strict=True)
    ]
    frozen = [
        np.asarray(start.get(template.path, variable.value))
        for template, variable in zip(network.frozen, clone.non_trainable_variables, strict=True)
    ]
    return trainable, frozen


def _rebuilt(model: keras.Model, seed: int) -> keras.Model:
    names = _drawing_names(model)

    def rebuilt(layer: keras.Layer) -> keras.Layer:
        with seeded(f"{seed}/{names.get(id(layer), layer.name)}"):
            return type(layer).from_config(layer.get_config())

    if isinstance(model, keras.Sequential) or hasattr(model, "_inputs_struct"):
        return keras.models.clone_model(model, clone_function=rebuilt)
    clone = type(model).from_config(model.get_config())
    if not clone.built:
        clone(tree.map_structure(lambda t: np.zeros((1, *t.shape[1:]), t.dtype), model.inputs))
    return clone


def _drawing_names(model: keras.Model) -> dict[int, str]:
    """Return a name for each layer, by id, that is the same in every build of a network.

    Keras counts names up over a whole process ("dense_7"): here they are counted within the model.
    """
    counts: Counter[str] = Counter()
    names = {}
    for layer in _layers(model):
        base = re.sub(r"_\d+$", "", layer.name)
        names[id(layer)] = f"{base}#{counts[base]}"
        counts[base] += 1
    return names


def computing_in_bfloat16(model: keras.Model) -> keras.Model:
    """Return the model rebuilt so that it computes in bfloat16 and keeps its variables in float32."""

    def rebuilt(layer: keras.Layer) -> keras.Layer:
        return type(layer).from_config(_with_policy(layer.get_config()))

    return keras.models.clone_model(model, clone_function=rebuilt)


def _with_policy(node: Any) -> Any:
    if isinstance(node, dict):
        if node.get("class_name") == "DTypePolicy":
            return {**node, "config": {"name": "mixed_bfloat16"}}
        return {
            k: "mixed_bfloat16" if (k, v) == ("dtype", "float32") else _with_policy(v)
            for k, v in node.items()
        }
    return [_with_policy(item) for item in node] if isinstance(node, list) else node


def _checked(network: Network, start: Mapping[str, Any]) -> dict[str, np.ndarray]:
    shapes = {v.path: tuple(v.shape) for v in (*network.trainable, *network.frozen)}
    for path, value in start.items():
        if path not in shapes:
            raise ValueError(unknown("variable", path, shapes, where="engine: start"))
        if np.shape(value) != shapes[path]:
            raise ValueError(
                f"engine: start[{path!r}] has shape {np.shape(value)}, but the variable has {shapes[path]}."
            )
    return {path: np.asarray(value, "float32") for path, value in start.items()}


def stacked(states: Sequence[Any]) -> Any:
    """Stack equal trees of arrays along a new first axis, the replicas."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *states)
