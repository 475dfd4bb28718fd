"""Build a Keras model from a corpus entry: layers by class name and configuration, as they were read."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers as L

MERGES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot", "Attention")


class Opaque(L.Layer):
    """Stands for a layer whose effect the entry does not tell; its shape is that of its input, if not told.

    shape: of the output, without the batch axis.
    """

    def __init__(self, shape: Sequence[int | None] | None = None, **base: Any) -> None:
        super().__init__(**base)
        self._told = None if shape is None else tuple(shape)

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {**super().get_config(), "shape": self._told}

    def call(self, inputs: Any) -> Any:  # noqa: D102
        x = inputs[0] if isinstance(inputs, (list, tuple)) else inputs
        if self._told is None or tuple(x.shape[1:]) == self._told:
            return x
        return keras.ops.zeros((keras.ops.shape(x)[0] or 1, *self._told), x.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:  # noqa: D102
        first = input_shape[0] if isinstance(input_shape[0], (list, tuple)) else input_shape
        return tuple(first) if self._told is None else (first[0], *self._told)


def build(entry: dict[str, Any]) -> tuple[keras.Model, tuple[str, ...]]:
    """Return the model of an entry, and the names of layers that are listed but read nothing."""
    policy = keras.config.dtype_policy()
    wanted = (entry.get("compile") or {}).get("dtype_policy") or entry.get("dtype_policy")
    try:
        keras.config.set_dtype_policy(wanted or policy)
        return _graph(entry)
    finally:
        keras.config.set_dtype_policy(policy)


def _graph(entry: dict[str, Any]) -> tuple[keras.Model, tuple[str, ...]]:
    tensors: dict[str, Any] = {}
    batch = _fixed_batch(entry)
    inputs, read, lost, previous = [], set(), [], None
    for layer in entry["layers"]:
        name, inbound = layer["name"], layer.get("inbound")
        if layer["class_name"] == "InputLayer":
            tensors[name] = keras.Input(**_input_arguments(layer["config"], batch), name=name)
            inputs.append(tensors[name])
        elif inbound == []:
            lost.append(name)
            continue
        else:
            sources = inbound or [previous]
            read |= set(sources)
            tensors[name] = _applied(layer, [tensors[s] for s in sources])
        previous = name
    kinds = {layer["name"]: layer["class_name"] for layer in entry["layers"]}
    ends = entry.get("outputs") or [n for n in tensors if n not in read and kinds[n] != "InputLayer"]
    outputs = [tensors[name] for name in ends]
    model = keras.Model(inputs, outputs[0] if len(outputs) == 1 else outputs, name="model")
    return model, tuple(lost)


def _fixed_batch(entry: dict[str, Any]) -> int | None:
    """Return the batch axis of a model with stateful layers, which Keras wants to know; None for others."""
    if '"stateful": true' not in json.dumps(entry["layers"]):
        return None
    return (entry.get("data") or {}).get("batch_size") or 1


def _input_arguments(config: dict[str, Any], batch: int | None) -> dict[str, Any]:
    known = {
        k: config[k] for k in ("shape", "batch_size", "dtype", "batch_shape") if config.get(k) is not None
    }
    if batch and "batch_shape" not in known:
        known.setdefault("batch_size", batch)
    if "batch_shape" in known:
        known.pop("shape", None)
        known.pop("batch_size", None)
    return {k: tuple(v) if isinstance(v, list) else v for k, v in known.items()}


def _applied(layer: dict[str, Any], sources: list[Any]) -> Any:
    x, config = _output(sources[0]), layer["config"]
    if layer["class_name"] in ("Slice", "GetItem"):
        return _sliced(x, config)
    made = make(layer)
    call = layer.get("call") or layer.get("call_kwargs") or {}
    if layer["class_name"] in ("LSTM", "GRU", "SimpleRNN", "Bidirectional") and len(sources) > 1:
        return made(x, initial_state=_states(sources[1:]), **call)
    sources = [_output(source) for source in sources]
    if layer["class_name"] == "MultiHeadAttention":
        return made(*(sources if len(sources) > 1 else [x, x]), **call)
    if len(sources) > 1 or layer["class_name"] in MERGES:
        return made(sources, **call)
    return made(x, **call)


def _output(source: Any) -> Any:
    """Return the output of a layer that also returns its states."""
    return source[0] if isinstance(source, (list, tuple)) else source


def _states(sources: list[Any]) -> list[Any]:
    """Return the states in what a recurrent layer reads beside its input."""
    given = [source[1:] if isinstance(source, (list, tuple)) else [source] for source in sources]
    return [state for states in given for state in states]


def _sliced(x: Any, config: dict[str, Any]) -> Any:
    time = config.get("time", config.get("index", -1))
    if isinstance(time, (list, tuple)):
        return x[:, slice(*time)]
    return x[:, time]


def make(layer: dict[str, Any]) -> Any:
    """Return the Keras layer of an entry; one that Keras does not have, or cannot make, is opaque."""
    name = layer.get("name")
    cls = getattr(L, layer["class_name"], None)
    if layer["class_name"] == "Sequential":
        return keras.Sequential([make(inner) for inner in layer["config"]["layers"]], name=name)
    if cls is None or layer["class_name"] == "Lambda":
        return Opaque((layer.get("config") or {}).get("output_shape"), name=name)
    config = {key: _value(key, value) for key, value in (layer.get("config") or {}).items()}
    known = _arguments(cls)
    config = {key: value for key, value in config.items() if key in known and key != "name"}
    if layer["class_name"] == "Normalization":
        config = {"mean": 0.0, "variance": 1.0, **config}
    if layer["class_name"].startswith("AveragePooling"):
        config.setdefault("pool_size", 2)  # what Keras 2 took, and MaxPooling still does
    return cls(**config, **({"name": name} if name else {}))


def _arguments(cls: type) -> set[str]:
    return set(inspect.signature(cls.__init__).parameters) | {"dtype", "trainable"}


def _value(key: str, value: Any) -> Any:
    if isinstance(value, dict) and "class_name" in value:
        return (
            make(value) if hasattr(L, value["class_name"]) else keras.saving.deserialize_keras_object(value)
        )
    if key in ("activation", "recurrent_activation"):
        return _activation(value)
    if key.endswith("initializer"):
        return _initializer(value)
    if key.endswith("regularizer"):
        return _regularizer(value)
    if key.endswith("constraint"):
        return _constraint(value)
    return tuple(value) if isinstance(value, list) and key != "axis" else value


def _activation(name: Any) -> Any:
    if name is None or hasattr(keras.activations, str(name)):
        return name

    def unknown(x: Any) -> Any:
        return x

    unknown.__name__ = str(name)
    return unknown


def _initializer(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((name, given),) = value.items()
    cls = getattr(keras.initializers, "".join(word.title() for word in name.split("_")), None)
    if cls is None:
        return "glorot_uniform"
    return cls(**given) if isinstance(given, dict) else cls(*(given if isinstance(given, list) else [given]))


def _regularizer(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((name, given),) = value.items()
    if name in ("l1_l2", "l1l2"):
        return keras.regularizers.L1L2(*(given if isinstance(given, list) else [given]))
    return getattr(keras.regularizers, name.upper())(given)


def _constraint(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    rest = {k: v for k, v in value.items() if k == "axis"}
    name, given = next((k, v) for k, v in value.items() if k != "axis")
    return getattr(keras.constraints, "".join(word.title() for word in name.split("_")))(given, **rest)
