"""Revival: keras objects made from text. A text may name layers, but brings no code of its own.

Keras' safe mode guards against what it knows of, while an object is made. Here all of a text is looked
through before any of it is made, nested parts too, and its size is taken without a weight being filled.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import keras

import normcast.layers  # noqa: F401  (registers its layers)
from normcast.errors import closest, last_line
from normcast.models.making import at_length
from normcast.models.shapes import LEGACY, NOTHING, Held, is_of_user, refuse_large, refuse_layers
from normcast.plain import parsed, short

Classes = Mapping[str, Any]

VALUES = {"__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__"}
FUNCTIONS = ("activations", "initializers", "losses", "metrics", "ops", "regularizers", "constraints")
KINDS = (
    "layers", "models", "initializers", "regularizers", "constraints", "losses", "metrics", "optimizers",
    "optimizers.schedules", "random", "dtype_policies", "quantizers",
)  # fmt: skip
"""The modules of Keras whose classes a text may name."""

CODE = ("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "FeatureSpace")
"""Layers that run what they are given, or load programs."""

FILES = dict.fromkeys(("StringLookup", "IntegerLookup", "TextVectorization"), "vocabulary")
"""Layers with an argument that may be the path of a file, which is then read."""

ROUNDS = ("power_iterations", "num_ops", "num_chains", "chain_depth")
"""Arguments that say how often a layer does something, each time anew in Python."""

MOST_ROUNDS = 1_000
"""Rounds of a layer: each is traced by itself and takes milliseconds."""

KEPT_CODE = "From a text only layers without code are made; make the model in Python and hand it over."


def revived(spec: Any, where: str, own: Classes | None = None) -> Any:
    """Return the keras object of a serialized form, made of registered classes that bring no code.

    own: further classes and functions that may be named, such as those of a model that the user holds.
    Raises ValueError for anything else, before any part is made; where: how messages call the text.

    >>> revived({"module": "keras.layers", "class_name": "LSTM", "config": {"units": 4}}, "edit").units
    4
    >>> revived({"module": "keras.layers", "class_name": "Lambda", "config": {}}, "edit")
    Traceback (most recent call last):
    ValueError: edit: Lambda runs or loads code of its own. From a text only layers without code are made...
    """
    refuse_hostile(spec, where, own)
    try:
        with at_length:
            return keras.saving.deserialize_keras_object(spec, custom_objects=dict(own or {}), safe_mode=True)
    except Exception as error:
        raise ValueError(f"{where} cannot be made. {last_line(error)}") from error


def refuse_hostile(spec: Any, where: str, own: Classes | None = None, held: Held = NOTHING) -> None:
    """Raise ValueError for a text that is not to be made: for its code, or its size.

    held: the weights that stand in the file beside it.
    """
    named = refuse_code(spec, where, own)
    if any(_is_layer(each) for each in named.values()):
        users = {name: known for name, known in named.items() if is_of_user(known)}
        refuse_large(spec, where, held, users | dict(own or {}))


def revived_model(text: str, where: str, own: Classes | None = None) -> keras.Model:
    """Return the model that `to_json` wrote; raises ValueError as `revived` does.

    >>> net = keras.Sequential([keras.Input((8, 3)), keras.layers.LSTM(4)])
    >>> revived_model(net.to_json(), "store").output_shape
    (None, 4)
    """
    model = revived(parsed(text, where), where, own)
    if not isinstance(model, keras.Model):
        raise ValueError(f"{where}: {type(model).__name__} is no model.")
    return model


def refuse_code(plain: Any, where: str, own: Classes | None = None) -> dict[str, Any]:
    """Raise ValueError if plain values, at any depth, name what is code, or is not of Keras, ours or `own`.

    Classes that the user registered with Keras may be named as well: their code is the user's own. Refused
    are also so many layers, or rounds of a layer, that making them takes longer than anyone would wait.
    Returns what is named, by the name that Keras looks for.
    """
    named, calls = {}, 0
    for path, spec, times in _named(plain):
        place = f"{where}: {path}" if path else where
        name = spec["class_name"]
        if not isinstance(name, str):
            raise ValueError(f"{place}: class_name is {short(name)}, but must be a text.")
        if name in VALUES:
            continue
        known = _function(spec, own) if name == "function" else _class(spec, place, own)
        if known is None:
            raise ValueError(_unknown(spec, place))
        if isinstance(known, type) and issubclass(known, _code()) and known not in dict(own or {}).values():
            raise ValueError(f"{place}: {known.__name__} runs or loads code of its own. {KEPT_CODE}")
        _refuse_rounds(spec, place)
        named[str(spec.get("registered_name") or (spec["config"] if name == "function" else name))] = known
        calls += times * _is_layer(known)
        refuse_layers(calls, where)
    return named


def _refuse_rounds(spec: Mapping[str, Any], place: str) -> None:
    config = spec.get("config")
    arguments = config if isinstance(config, dict) else {}
    for key in ROUNDS:
        value = arguments.get(key)
        if isinstance(value, (int, float)) and value > MOST_ROUNDS:
            raise ValueError(f"{place}: {key} is {short(value)}, more than {MOST_ROUNDS:,} rounds.")


def refuse_argument(spec: Mapping[str, Any], key: str, value: Any, where: str) -> None:
    """Raise ValueError where an argument, as plain value, would make a layer run or read something."""
    name = spec["class_name"]
    if name in CODE:
        raise ValueError(f"{where} is a {name}, whose arguments are code. {KEPT_CODE}")
    if FILES.get(name) == key and isinstance(value, str):
        raise ValueError(f"{where}: {name} would read the file {value!r}. {KEPT_CODE}")


def _named(plain: Any) -> Iterator[tuple[str, dict[str, Any], int]]:
    """Yield every serialized object in plain values, with its place and how often it is called.

    No depth is too deep. A network that calls a network twice calls each layer in it twice.
    """
    waiting = [("", plain, 1)]
    while waiting:
        path, value, times = waiting.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                nodes = value.get("inbound_nodes")
                times *= max(1, len(nodes)) if isinstance(nodes, list) else 1
                yield path, value, times
            waiting += [(f"{path}.{key}".strip("."), each, times) for key, each in value.items()]
        elif isinstance(value, (list, tuple)):
            waiting += [(f"{path}[{i}]", each, times) for i, each in enumerate(value)]


def _is_layer(known: Any) -> bool:
    return isinstance(known, type) and issubclass(known, keras.Operation)


def _function(spec: dict[str, Any], own: Classes | None) -> Any:
    name, module = spec.get("config"), spec.get("module")
    if not isinstance(name, str):
        return None
    custom = keras.saving.get_registered_object(name, custom_objects=dict(own or {}))
    if custom is not None:
        return custom
    homes = FUNCTIONS if module in (None, "builtins") else [str(module).removeprefix("keras.")]
    return next((f for home in homes if home in FUNCTIONS and callable(f := _public(home, name))), None)


def _class(spec: dict[str, Any], place: str, own: Classes | None) -> Any:
    name, module = spec["class_name"], spec.get("module")
    custom = keras.saving.get_registered_object(
        str(spec.get("registered_name", name)), custom_objects=dict(own or {})
    )
    if custom is not None:
        return custom
    if name in FILES:
        config = spec.get("config")
        if not isinstance(config, dict):
            raise ValueError(f"{place}: the arguments of {name} are {short(config)}, but must be by name.")
        refuse_argument(spec, FILES[name], config.get(FILES[name]), place)
    if module is None and name in LEGACY:
        return LEGACY[name]
    if module is None or module == "keras":
        return next((found for home in KINDS if isinstance(found := _public(home, name), type)), None)
    if str(module).removeprefix("keras.") in KINDS:
        found = _public(module.removeprefix("keras."), name)
        return found if isinstance(found, type) else None
    # What Keras has no public name for, as the operations of a graph; only of modules that are loaded anyway.
    found = vars(sys.modules[module]).get(name) if _is_of_keras(module) else None
    kinds = (keras.Operation, keras.optimizers.Optimizer)  # PyTorch's optimizers have classes of their own
    return found if isinstance(found, type) and issubclass(found, kinds) else None


def _is_of_keras(module: Any) -> bool:
    return isinstance(module, str) and module.startswith("keras.src.") and module in sys.modules


def _public(home: str, name: str) -> Any:
    part: Any = keras
    for step in home.split("."):
        part = getattr(part, step, None)
    return getattr(part, name, None)


def _code() -> tuple[type, ...]:
    found = [getattr(keras.layers, name, None) or getattr(keras.utils, name, None) for name in CODE]
    return tuple(each for each in found if isinstance(each, type))


def _unknown(spec: dict[str, Any], place: str) -> str:
    name = spec.get("config") if spec["class_name"] == "function" else spec["class_name"]
    if str(name).startswith("__"):
        return f"{place}: {str(name).strip('_')} is code, which is not run. {KEPT_CODE}"
    module = spec.get("module")
    told = short(name if module is None else f"{module}.{name}")
    guess = closest(name, [each for each in dir(keras.layers) if each[0].isupper()])
    hint = f" Did you mean {guess!r}?" if guess else ""
    return (
        f"{place}: neither Keras nor normcast has a class {told}.{hint} "
        "A class of your own must be registered: keras.saving.register_keras_serializable()."
    )
