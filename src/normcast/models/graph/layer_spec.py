"""A layer in its serialized form: made from what users write, and printed in short."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any, TypeAlias

import keras

import normcast.layers  # noqa: F401  (registers its layers)
from normcast.errors import counted, unknown

LayerLike: TypeAlias = (
    Any  # a keras.layers.Layer, a mapping or a str; keras has no types that mypy can use here
)


def as_spec(what: LayerLike) -> dict[str, Any]:
    """Return the serialized form of a layer, of a form of it that leaves defaults out, or of a class name."""
    if isinstance(what, keras.layers.Layer):
        data = keras.saving.serialize_keras_object(what)
        return {key: value for key, value in data.items() if key not in ("build_config", "compile_config")}
    spec: dict[str, Any] = {"class_name": what} if isinstance(what, str) else dict(what)
    if not isinstance(spec.get("class_name"), str):
        raise ValueError(f"Edit: {what!r} is no layer: give a layer, its serialized form, or a class name.")
    if ">" not in (spec.get("registered_name") or spec["class_name"]) and "module" not in spec:
        _check_name(spec["class_name"])
        spec["module"] = "keras.layers"
    given = spec.get("config") or {}
    if not isinstance(given, Mapping):
        raise ValueError(f"Edit: the arguments of {spec['class_name']} are {given!r}, but must be by name.")
    config = {key: as_data(value) for key, value in given.items()}
    return {"module": None, "registered_name": None, **spec, "config": config}


def _check_name(name: str) -> None:
    if not hasattr(keras.layers, name):
        known = [n for n in dir(keras.layers) if n[0].isupper()]
        guess = unknown("layer class", name, known, where="Edit").partition(" Did you mean ")
        raise ValueError(f"Edit: keras.layers has no {name!r}.{guess[1]}{guess[2]}")


def as_data(value: Any) -> Any:
    """Return a configuration value as plain data: Keras objects serialized, tuples as lists."""
    if isinstance(value, (list, tuple)):
        return [as_data(item) for item in value]
    if isinstance(value, dict):
        return {key: as_data(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return keras.saving.serialize_keras_object(value)


def brief_spec(spec: Mapping[str, Any]) -> str:
    """Return a serialized layer in short: its class and those arguments that differ from the defaults.

    >>> brief_spec({"class_name": "Dense", "config": {"units": 3, "use_bias": True}})
    'Dense(units=3)'
    """
    config = spec.get("config", {})
    if not isinstance(config, dict):  # a function, which is written down by its name
        return str(config)
    if str(spec["class_name"]).startswith("__"):  # how Keras writes down what is no object of its own
        return spec["class_name"].strip("_")
    if isinstance(config.get("layers"), list):
        return f"{spec['class_name']}({counted(len(config['layers']), 'layer')})"
    shown = ", ".join(f"{k}={brief(v)}" for k, v in _given(spec["class_name"], spec).items())
    return f"{spec['class_name']}({shown})" if shown else spec["class_name"]


def brief(value: Any) -> str:
    """Return a configuration value in short.

    >>> brief([{"class_name": "L2", "config": {"l2": 0.01}}, None])
    '[L2, None]'
    """
    if isinstance(value, (list, tuple)) and len(value) == 1 and isinstance(value[0], int):
        return repr(value[0])
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(brief(item) for item in value)}]"
    return brief_spec(value) if isinstance(value, dict) and "class_name" in value else repr(value)


UNTOLD = ("name", "dtype", "trainable", "seed")
"""What every layer has and no reader asks for."""


def _given(name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    config = {k: v for k, v in spec.get("config", {}).items() if k not in UNTOLD}
    cls = _class(name, spec.get("registered_name") or "")
    if cls is None:
        return config
    defaults = {k: p.default for k, p in signature(cls.__init__).parameters.items()}
    return {k: v for k, v in config.items() if k in defaults and not _is_default(v, defaults[k])}


def _is_default(value: Any, default: Any) -> bool:
    """Say whether a stored value is the default, which Keras often stores in another form."""
    value, default = as_plain(value), as_plain(default)
    if default is None:
        return value in (None, {}, [], "linear", "channels_last")
    alike = isinstance(value, list) and bool(value) and all(item == default for item in value)
    return value == default or alike


def _class(name: str, registered_name: str) -> Any:
    """Return the class of a serialized layer, initializer, regularizer or constraint; None if unknown."""
    own = keras.saving.get_registered_object(registered_name)
    homes = (keras.layers, keras.initializers, keras.regularizers, keras.constraints)
    return own or next((getattr(home, name) for home in homes if hasattr(home, name)), None)


def as_plain(value: Any) -> Any:
    """Return a configuration value with a serialized object replaced by its snake-case name."""
    if isinstance(value, dict) and isinstance(value.get("class_name"), str):
        return snake(value["class_name"])
    return list(value) if isinstance(value, tuple) else value


def snake(name: str) -> str:
    """Return a class name in snake case, as Keras names layers.

    >>> snake("GlobalAveragePooling1D"), snake("LSTM"), snake("Conv1D")
    ('global_average_pooling1d', 'lstm', 'conv1d')
    """
    out = ""
    for i, letter in enumerate(name):
        starts = (
            letter.isupper()
            and i
            and (name[i - 1].islower() or (i + 1 < len(name) and name[i + 1].islower()))
        )
        out += ("_" if starts else "") + letter.lower()
    return out
