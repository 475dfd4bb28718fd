"""The network that was studied, read from Keras' own JSON: its layers in order, and what each reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from normcast.models.graph import WiredLayer, Wiring, as_plain, parse, refs_in
from normcast.plain import parsed


@dataclass(frozen=True)
class Layer:
    """A layer as it is drawn. Layers of nested models are in the list too, after a line for their model.

    name: as edits name it; kind: its class; about: what matters of its arguments; shape: of its output, as
    far as known; reads: names of the layers it reads; depth: how many models it is inside of; last: whether
    the output of the whole is its.
    """

    name: str
    kind: str
    about: str = ""
    shape: str = ""
    reads: tuple[str, ...] = ()
    depth: int = 0
    is_model: bool = False
    last: bool = False

    @property
    def label(self) -> str:
        """Its name without the path through nested models."""
        return self.name.rpartition("/")[2]


def layers_of(text: str) -> tuple[Layer, ...]:
    """Return the layers of a model's JSON, in order.

    >>> import keras
    >>> layers = [keras.Input((24, 1)), keras.layers.LSTM(8, name="lstm"), keras.layers.Dense(2)]
    >>> found = layers_of(keras.Sequential(layers).to_json())
    >>> [(layer.kind, layer.about, layer.shape) for layer in found[:2]]
    [('InputLayer', '', '24 × 1'), ('LSTM', '8 units', '8')]
    """
    spec = parsed(text, "network")
    walk = _Walk(_shapes(spec))
    ends = walk.through(parse(spec), "", 0, ())
    return tuple(
        Layer(**{**vars(layer), "last": layer.name in ends and not layer.is_model}) for layer in walk.found
    )


class _Walk:
    """Collects the layers of a model and of the models in it."""

    def __init__(self, shapes: Mapping[str, str]) -> None:
        self.shapes, self.found = shapes, list[Layer]()

    def through(self, wiring: Wiring, path: str, depth: int, feeds: tuple[str, ...]) -> tuple[str, ...]:
        """Collect the layers of one model, fed by these layers; return those that its output comes from."""
        sources: dict[str, tuple[str, ...]] = {}
        for name, part in wiring.parts.items():
            refs = [ref.layer for call in part.calls for ref in call.refs()]
            reads = _once(each for ref in refs for each in sources.get(ref, ()))
            if part.is_input and depth:
                sources[name] = feeds
                continue
            self.found.append(self._layer(path + name, part, reads, depth))
            sources[name] = (path + name,)
            if part.inner is not None:
                sources[name] = self.through(part.inner, f"{path}{name}/", depth + 1, reads)
        return _once(each for ref in refs_in(wiring.outputs) for each in sources.get(ref.layer, ()))

    def _layer(self, name: str, part: WiredLayer, reads: tuple[str, ...], depth: int) -> Layer:
        is_model, shape = part.inner is not None, self.shapes.get(name.rpartition("/")[2], "")
        about = "" if is_model else about_layer(part.spec)
        return Layer(name, kind_of(part.spec), about, shape, reads, depth, is_model)


def _once(names: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def kind_of(spec: Mapping[str, Any]) -> str:
    """Return the class of a layer, with that of the layer it wraps."""
    inner = spec["config"].get("layer") if isinstance(spec["config"].get("layer"), dict) else None
    return f"{spec['class_name']} {inner['class_name']}" if inner else str(spec["class_name"])


def about_layer(spec: Mapping[str, Any]) -> str:
    """Return the arguments that a reader wants to see.

    >>> about_layer({"class_name": "Conv1D", "config": {"filters": 10, "kernel_size": [3], "strides": [1]}})
    '10 filters of 3'
    """
    config = spec["config"]
    config = config["layer"]["config"] if isinstance(config.get("layer"), dict) else config
    return ", ".join(word for name, say in SAID.items() if (word := say(config.get(name), config)))


def _one(value: Any) -> Any:
    return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value


def _filters(value: Any, config: Mapping[str, Any]) -> str:
    return f"{value} filters of {_one(config.get('kernel_size'))}" if value else ""


def _activation(value: Any, config: Mapping[str, Any]) -> str:
    plain = str(as_plain(value) or "linear")
    usual = "tanh" if "recurrent_activation" in config else "linear"
    return "" if plain == usual else plain


def _counted(words: str, usual: Any = None) -> Any:
    def say(value: Any, config: Mapping[str, Any]) -> str:
        plain = _one(value)
        return "" if plain in (None, usual, 0, 0.0, False) or plain == [0.0, 0.0] else words.format(plain)

    return say


SAID = {
    "filters": _filters,
    "units": _counted("{} units"),
    "strides": _counted("stride {}", usual=1),
    "dilation_rate": _counted("dilation {}", usual=1),
    "pool_size": _counted("of {}"),
    "activation": _activation,
    "rate": _counted("rate {}"),
    "norm": _counted("{} norm inside"),
    "dropout": _counted("dropout {}"),
    "recurrent_dropout": _counted("recurrent dropout {}"),
    "zoneout": _counted("zoneout {}"),
}


def _shapes(spec: Any) -> dict[str, str]:
    """Return the output shapes that the JSON tells: of what others read, and of inputs."""
    found: dict[str, str] = {}
    for node in _dicts(spec):
        config = node.get("config")
        if node.get("class_name") == "__keras_tensor__" and isinstance(config, dict):
            found.setdefault(config["keras_history"][0], shape_in_words(config["shape"]))
        elif node.get("class_name") == "InputLayer" and isinstance(config, dict):
            found[config["name"]] = shape_in_words(config.get("batch_shape") or ())
        if node.get("class_name") == "Sequential" and isinstance(config, dict):
            _chain_shapes(config["layers"], found)
        if isinstance(config, dict) and node.get("class_name") == "Dense" and "units" in config:
            found.setdefault(config["name"], str(config["units"]))
    return found


def _chain_shapes(layers: list[Any], found: dict[str, str]) -> None:
    """In a chain, what a layer was built for is what the one before it gives."""
    for before, after in pairwise(layers):
        shape = (after.get("build_config") or {}).get("input_shape")
        if shape and not isinstance(shape[0], list):
            found[before["config"]["name"]] = shape_in_words(shape)


def _dicts(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
    for value in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _dicts(value)


def shape_in_words(shape: Any) -> str:
    """Return a shape without its batch axis.

    >>> shape_in_words([None, 56, 10]), shape_in_words([None, None, 3])
    ('56 × 10', '? × 3')
    """
    return " × ".join("?" if size is None else str(size) for size in list(shape)[1:])
