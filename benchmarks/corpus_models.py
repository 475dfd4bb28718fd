"""Build Keras models and facts from a corpus entry: layers by class name and configuration, as they were read."""

from __future__ import annotations

import inspect
import re
from typing import Any

import keras
from keras import layers as L

from normcast.check.facts import Facts, Loss
from normcast.check.gather import loss_name

MERGES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot", "Attention")


class Opaque(L.Layer):
    """Stands for a layer whose effect the entry does not tell."""

    def call(self, inputs: Any) -> Any:
        return inputs[0] if isinstance(inputs, (list, tuple)) else inputs


def build(entry: dict[str, Any]) -> tuple[keras.Model, tuple[str, ...]]:
    """Return the model of an entry, and the names of layers that are listed but read nothing."""
    tensors: dict[str, Any] = {}
    inputs, read, lost, previous = [], set(), [], None
    for layer in entry["layers"]:
        name, inbound = layer["name"], layer.get("inbound")
        if layer["class_name"] == "InputLayer":
            tensors[name] = keras.Input(**_input_arguments(layer["config"]), name=name)
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


def _input_arguments(config: dict[str, Any]) -> dict[str, Any]:
    known = {
        k: config[k] for k in ("shape", "batch_size", "dtype", "batch_shape") if config.get(k) is not None
    }
    if "batch_shape" in known:
        known.pop("shape", None)
        known.pop("batch_size", None)
    return {k: tuple(v) if isinstance(v, list) else v for k, v in known.items()}


def _applied(layer: dict[str, Any], sources: list[Any]) -> Any:
    x, config = sources[0], layer["config"]
    if layer["class_name"] in ("Slice", "GetItem"):
        return _sliced(x, config)
    made = make(layer)
    call = layer.get("call") or layer.get("call_kwargs") or {}
    if layer["class_name"] == "MultiHeadAttention":
        return made(*(sources if len(sources) > 1 else [x, x]), **call)
    if len(sources) > 1 or layer["class_name"] in MERGES:
        return made(sources, **call)
    return made(x, **call)


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
    if cls is None:
        return Opaque(name=name)
    config = {key: _value(key, value) for key, value in (layer.get("config") or {}).items()}
    known = _arguments(cls)
    config = {key: value for key, value in config.items() if key in known and key != "name"}
    if layer["class_name"] == "Normalization":
        config = {"mean": 0.0, "variance": 1.0, **config}
    return cls(**config, **({"name": name} if name else {}))


def _arguments(cls: type) -> set[str]:
    return set(inspect.signature(cls.__init__).parameters) | {"dtype", "trainable"}


def _value(key: str, value: Any) -> Any:
    if isinstance(value, dict) and "class_name" in value:
        return (
            make(value) if hasattr(L, value["class_name"]) else keras.saving.deserialize_keras_object(value)
        )
    if key == "activation" or key == "recurrent_activation":
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


def facts_of(entry: dict[str, Any], lost: tuple[str, ...] = ()) -> Facts:
    """Return what an entry states; names that mean nothing here are left out."""
    task, training, data = entry.get("task") or {}, entry.get("compile") or {}, entry.get("data") or {}
    found = {k: v for k, v in task.items() if k in ("type", "granularity", "causal_required")}
    found |= _known({**data, **training})
    found |= _samples(data)
    rate = _peak(training)
    found |= {"learning_rate": rate} if rate is not None else {}
    found |= {"losses": _losses(training)} if training.get("loss") else {}
    found["metrics"] = tuple(str(m) for m in training.get("metrics") or ())
    if _has_several(found.get("target_shape")):
        found.pop("target_shape")
    return Facts(lost_layers=lost).known(**{k: v for k, v in found.items() if v is not None})


def _known(given: dict[str, Any]) -> dict[str, Any]:
    from normcast.check.facts import _GROUPS

    other = ("losses", "metrics", "type", "granularity", "causal_required", "learning_rate", "optimizer")
    found = {k: v for k, v in given.items() if k in _GROUPS and k not in other}
    if given.get("optimizer"):
        found["optimizer"] = str(given["optimizer"]).removesuffix("()")
    scaled = given.get("input_scaled", given.get("scaled"))
    return found | ({"scaled": scaled} if isinstance(scaled, bool) else {})


def _has_several(shape: Any) -> bool:
    return shape is not None and any(isinstance(n, (list, tuple)) for n in shape)


def _peak(training: dict[str, Any]) -> float | None:
    rates = [training.get("lr"), training.get("learning_rate")]
    schedule = training.get("lr_schedule")
    if isinstance(schedule, str):
        rates += re.findall(r"max\w*\s*=?\s*([0-9.eE+-]+)", schedule)
    numbers = [float(rate) for rate in rates if isinstance(rate, (int, float, str)) and str(rate).strip(",")]
    return max(numbers, default=None)  # type: ignore[type-var]


def _losses(training: dict[str, Any]) -> tuple[Loss, ...]:
    loss = training["loss"]
    names = list(loss.values()) if isinstance(loss, dict) else loss if isinstance(loss, list) else [loss]
    return tuple(
        Loss(loss_name(str(name).split("(")[0]), bool(training.get("from_logits"))) for name in names
    )


def _samples(data: dict[str, Any]) -> dict[str, Any]:
    """Read what entries say in words about splits, scaling and offsets."""
    found: dict[str, Any] = {}
    for key, value in data.items():
        text = str(value).lower()
        if "split" in key and any(word in text for word in ("random", "shuffle")):
            found["split"] = "random"
        elif "split" in key and any(word in text for word in ("chrono", "time", "ordered")):
            found["split"] = "chronological"
        if "overlap" in key and isinstance(value, bool):
            found["windows_overlap"] = value
        if any(word in key for word in ("normalizer", "scaler", "normaliser", "scaled_on", "fit_on")):
            if text in ("all", "full", "whole", "train+test", "everything", "whole_series"):
                found["normalizer_fit_on"] = "all"
            elif text.startswith("train"):
                found["normalizer_fit_on"] = "train"
    return found
