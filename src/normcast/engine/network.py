"""A Keras model seen as pure functions of its variables, and what tells two models apart."""

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import jax
import keras
import numpy as np
from keras import tree

from normcast import keras_seam
from normcast.engine.devices import on_host
from normcast.engine.identity import has_foreign, number_of
from normcast.engine.seeding import rebuilt
from normcast.engine.training import Training
from normcast.engine.twin import twin
from normcast.errors import unknown
from normcast.plain import parsed, text

Leaves = list[Any]
_turn = threading.RLock()  # of the models that are traced themselves, by whichever thread trains them


def require_jax() -> None:
    """Raise RuntimeError unless Keras computes with JAX: the engine compiles whole epochs with it."""
    if keras.backend.backend() != "jax":
        raise RuntimeError(
            f"engine: Keras runs on {keras.backend.backend()!r}, but the engine needs JAX. Set the "
            "environment variable KERAS_BACKEND=jax before keras is imported."
        )


class Network:
    """A built Keras model as pure functions: variables in, results and new variables out.

    The model is not changed while it stands for it. Who trains one model many times keeps its network: what
    is made of it is made once.

    rng: which numbers its random layers draw, as in `Training`.
    """

    def __init__(self, model: keras.Model, rng: str = "keras") -> None:
        require_jax()
        if not getattr(model, "built", False):
            raise ValueError(
                f"engine: model {model.name!r} has no inputs yet. Give it a keras.Input, or call it "
                "once on data."
            )
        self.model, self.rng = model, rng
        self._making = threading.Lock()
        self._twins: list[keras.Model | None] = []  # the twin, once it was asked for
        self._own_turn = threading.RLock()
        self.trainable = list(model.trainable_variables)
        self.frozen = list(model.non_trainable_variables)  # moving statistics and the seeds of random layers
        # A subclassed model has no named inputs: it is given what fields there are.
        self.input_names = [tensor.name for tensor in getattr(model, "inputs", None) or ()]

    def make_twin(self) -> None:
        """Make the twin, before a program is traced, so that its constants are numbers and no steps of it."""
        with self._making:
            if not self._twins:
                self._twins.append(twin(self.model, self.rng))

    @property
    def twin(self) -> keras.Model | None:
        """The faster copy that is traced in the model's place, None where there is no faithful one.

        It is made when it is first needed: where all programs were stored, none is.
        """
        if not self._twins:
            with jax.ensure_compile_time_eval():  # a program is being traced that nobody made ready for
                self.make_twin()
        return self._twins[0]

    @property
    def is_plain(self) -> bool:
        """Whether it turned out to have no twin; False as long as nobody tried."""
        return self._twins == [None]

    @property
    def traced(self) -> keras.Model:
        """The model that `forward` runs, with the variables in the same order."""
        return self.twin or self.model

    def forward(self, trainable: Leaves, frozen: Leaves, inputs: Leaves, training: bool) -> Any:
        """Return (output, new frozen variables, regularization losses). inputs: in the model's order."""
        # A layer notes on itself what it draws for a call, so a model is traced in one thread at a time.
        with _turn if self.twin is None else self._own_turn:
            output, frozen, losses = self.traced.stateless_call(
                trainable, frozen, self.packed(inputs), training=training, return_losses=True
            )
        return tree.map_structure(lambda leaf: keras.ops.cast(leaf, "float32"), output), frozen, losses

    def packed(self, inputs: Leaves) -> Any:
        """Return inputs, in the model's order, as the model is called with them."""
        if keras_seam.is_functional(self.model):
            return tree.pack_sequence_as(self.model.input, inputs)
        return inputs[0] if len(inputs) == 1 else inputs

    def matched(self, fields: Mapping[str, Any]) -> list[str]:
        """Return the keys of fields in the order of the model's inputs."""
        if not self.input_names or len(fields) == len(self.input_names) == 1:
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

    @cached_property
    def key(self) -> str:
        """What tells this network's programs from others': its configuration, or, where anything in it is the
        user's own, the very model, since a configuration may leave out what such a class computes with."""
        told = self.configuration
        return told if told is not None and self.is_told else f"model {number_of(self.model)}"

    @cached_property
    def is_told(self) -> bool:
        """Whether its configuration tells all that it computes with."""
        told = self.configuration
        return told is not None and not has_foreign(parsed(told, self.model.name))

    def lasts(self) -> bool:
        """Say whether the key tells the same in every process, as far as is known yet.

        What turns out to have no faithful twin has something that its configuration does not tell.
        """
        return self.is_told and "__lambda__" not in self.key and not self.is_plain

    @cached_property
    def configuration(self) -> str | None:
        """The graph as text, without the names of its layers and operations, and the constants of layers that
        were adapted; None where the model cannot be written down."""
        try:
            config = parsed(self.model.to_json(), self.model.name)
        except (NotImplementedError, TypeError, ValueError):
            return None
        config.pop("compile_config", None)
        parts = keras_seam.all_layers(self.model)
        parts += [each for part in parts for each in getattr(part, "operations", ())]  # an addition, a slice
        names = {name: f"#{i}" for i, name in enumerate(dict.fromkeys(part.name for part in parts))}
        trainable = [variable.trainable for variable in self.model.weights]
        adapted = [layer.get_weights() for layer in keras_seam.adapted_layers(self.model)]
        constants = [[values.tolist() for values in each] for each in adapted]
        return text([_renamed(config, names), trainable, *constants])


_NAMED = {"name", "keras_history", "input_layers", "output_layers"}


def _renamed(node: Any, names: dict[str, str], here: bool = False) -> Any:
    """Replace layer names, where a name can stand, so that two builds of one graph look the same."""
    if isinstance(node, dict):
        policy = node.get("class_name", "").endswith("Policy")
        return {k: v if policy else _renamed(v, names, here or k in _NAMED) for k, v in node.items()}
    if isinstance(node, list):
        return [_renamed(item, names, here) for item in node]
    return names.get(node, node) if here and isinstance(node, str) else node


def initial_model(network: Network, seed: int, start: Mapping[str, Any] | None = None) -> keras.Model:
    """Return the model rebuilt from its configuration, not compiled, with fresh variables for that seed.

    start: values by path, instead of those drawn. An initializer with a seed of its own keeps it.
    """
    try:
        clone = rebuilt(network.model, seed)
    except (NotImplementedError, TypeError, ValueError) as error:
        raise ValueError(
            f"engine: model {network.model.name!r} cannot be rebuilt from its configuration ({error}). "
            "Give its class a complete get_config, or build it from keras.Input."
        ) from error
    start = _checked(network, start or {})
    known = *network.trainable, *network.frozen
    own = *clone.trainable_variables, *clone.non_trainable_variables
    for template, variable in zip(known, own, strict=True):
        if template.path in start:
            variable.assign(start[template.path])
    return clone


def initial_variables(network: Network, seed: int, start: Mapping[str, Any] | None) -> tuple[Leaves, Leaves]:
    """Return the fresh (trainable, frozen) variables of `initial_model`."""
    with on_host():
        clone = initial_model(network, seed, start)
    each = clone.trainable_variables, clone.non_trainable_variables
    trainable, frozen = ([np.asarray(variable.value) for variable in variables] for variables in each)
    return trainable, frozen


def network_of(model: keras.Model | Network, training: Training) -> Network:
    """Return the network that is trained: a model as these settings want it; a network is what it is."""
    if isinstance(model, Network):
        return model
    model = computing_in_bfloat16(model) if training.compute == "bfloat16" else model
    return Network(model, training.rng)


def computing_in_bfloat16(model: keras.Model) -> keras.Model:
    """Return the model rebuilt so that it computes in bfloat16 and keeps its variables in float32."""

    def rebuilt(layer: keras.Operation) -> keras.Operation:
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
