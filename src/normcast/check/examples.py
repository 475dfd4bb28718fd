"""Small networks in few words: rules carry them as examples, and tests and documentation are made from
them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from normcast.check.facts import Facts, Loss
from normcast.models.graph import snake


@dataclass(frozen=True, eq=False)
class Spec:
    """A layer that is made when it is needed: Keras layers can be used in one network only."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    call: dict[str, Any] = field(default_factory=dict)

    def make(self, name: str) -> Any:
        """Return a new layer with this name."""
        args = [_made(a, f"{name}_inner") for a in self.args]
        return getattr(keras.layers, self.name)(*args, name=name, **self.kwargs)

    def called(self, **arguments: Any) -> Spec:
        """Return the layer, called with these arguments."""
        return Spec(self.name, self.args, self.kwargs, arguments)

    def __str__(self) -> str:
        given = [_text(a) for a in self.args]
        given += [f"{k}={v!r}" for k, v in self.kwargs.items()]
        call = f"(x, {', '.join(f'{k}={v!r}' for k, v in self.call.items())})" if self.call else ""
        return f"{self.name}({', '.join(given)}){call}"


def _made(value: Any, name: str) -> Any:
    if isinstance(value, list):
        return [_made(each, f"{name}_{i}") for i, each in enumerate(value)]
    return value.make(name) if isinstance(value, Spec) else value


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return str(value) if isinstance(value, Spec) else repr(value)


class _Layers:
    """`L.Dense(3)` is the `Spec` of a Dense layer."""

    def __getattr__(self, name: str) -> Callable[..., Spec]:
        return lambda *args, **kwargs: Spec(name, args, kwargs)


L = _Layers()


@dataclass(frozen=True, eq=False)
class Pick:
    """Take one step, or a slice, of the time axis."""

    index: Any

    def __str__(self) -> str:
        text = f"{self.index.start}:{self.index.stop}" if isinstance(self.index, slice) else str(self.index)
        return f"x[:, {text}]"


@dataclass(frozen=True, eq=False)
class Fork:
    """Send the tensor through several chains, an empty one being itself, and merge what comes out."""

    merge: Spec
    chains: tuple[tuple[Any, ...], ...]


def fork(merge: Spec, *chains: tuple[Any, ...]) -> Fork:
    """Return the part of a chain that forks into chains and merges again."""
    return Fork(merge, chains)


@dataclass(frozen=True, eq=False)
class Example:
    """A small network with what is known of it; a bad one of a rule may carry what its fix makes of it.

    times: what normal values are multiplied by to be its windows, where it is run.

    >>> example = chain((8, 3), L.LSTM(4), L.Dropout(1.0)) >> chain((8, 3), L.LSTM(4), L.Dropout(0.5))
    >>> print(example.fixed.code())
    Input((8, 3))
    LSTM(4)
    Dropout(0.5)
    """

    shape: tuple[int | None, ...]
    items: tuple[Any, ...]
    facts: Facts
    told: dict[str, Any]
    dtype: str | None = None
    batch: int | None = None
    extra_input: tuple[int, ...] | None = None
    fixed: Example | None = None
    times: float = 1.0

    def __rshift__(self, fixed: Example) -> Example:
        """Return the example with what the fix must make of it."""
        return replace(self, fixed=fixed)

    def build(self) -> keras.Model:
        """Return the network, compiled if a loss is told; layers are named by class and count."""
        keras.utils.clear_session(free_memory=False)
        names = _Names()
        start = keras.Input(self.shape, batch_size=self.batch, dtype=self.dtype, name="x")
        inputs = [start] + ([keras.Input(self.extra_input, name="extra")] if self.extra_input else [])
        model = keras.Model(inputs, _run(start, self.items, names), name="example")
        loss = self.facts.loss()
        if loss is not None and loss.name != "custom":
            model.compile(loss=_loss(loss))
        return model

    def windows(self, model: keras.Model, count: int = 32) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y to run the network on: normal values, the same ones each time."""
        rng = np.random.default_rng(0)
        x = self.times * rng.normal(size=(count, *model.input_shape[1:]))
        return x.astype("float32"), rng.normal(size=(count, *model.output_shape[1:])).astype("float32")

    def code(self) -> str:
        """Return the network as text, a layer per line, and what is known of it."""
        lines = [f"Input({self.shape!r}{f', batch_size={self.batch}' if self.batch else ''})"]
        lines += [f"Input({self.extra_input!r})"] if self.extra_input else []
        lines += _lines(self.items, "")
        told = ", ".join(f"{k}={v!r}" for k, v in self.told.items())
        lines += [f"# known: {told}"] if told else []
        lines += [f"# windows: normal values times {self.times:g}"] if self.times != 1 else []
        return "\n".join(lines)


def _loss(told: Loss) -> Any:
    """Return Keras' loss of that short name."""
    made = keras.losses.get(told.name)
    if not told.from_logits:
        return made
    return next(each for each in vars(keras.losses).values() if _is_class_of(each, told))(from_logits=True)


def _is_class_of(each: Any, told: Loss) -> bool:
    return isinstance(each, type) and snake(each.__name__) == told.name


class _Names:
    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def next(self, class_name: str) -> str:
        base = snake(class_name)
        self._counts[base] = self._counts.get(base, 0) + 1
        return f"{base}_{self._counts[base]}"


def _run(x: Any, items: tuple[Any, ...], names: _Names) -> Any:
    for item in items:
        if isinstance(item, Pick):
            x = x[:, item.index]
        elif isinstance(item, Fork):
            ends = [_run(x, chain, names) for chain in item.chains]
            x = item.merge.make(names.next(item.merge.name))(ends)
        else:
            args = [x] * (2 if item.name == "MultiHeadAttention" else 1)
            x = item.make(names.next(item.name))(*args, **item.call)
    return x


def _lines(items: tuple[Any, ...], indent: str) -> list[str]:
    lines = []
    for item in items:
        if isinstance(item, Fork):
            lines.append(f"{indent}{item.merge} of:")
            for chain in item.chains:
                inner = _lines(chain, "") or ["x"]
                lines.append(f"{indent}  - " + " -> ".join(inner))
        else:
            lines.append(indent + str(item))
    return lines


def chain(
    shape: tuple[int | None, ...],
    *items: Any,
    dtype: str | None = None,
    batch: int | None = None,
    extra_input: tuple[int, ...] | None = None,
    times: float = 1.0,
    loss: str | None = None,
    from_logits: bool = False,
    **known: Any,
) -> Example:
    """Return the example of a chain of layers from an input of this shape, and the facts known of it."""
    told = ({"loss": loss} if loss else {}) | ({"from_logits": True} if from_logits else {}) | known
    losses = {"losses": (Loss(loss, from_logits),)} if loss else {}
    return Example(
        shape, items, Facts().known(**losses, **known), told, dtype, batch, extra_input, times=times
    )
