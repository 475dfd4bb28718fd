# ruff: noqa: D102  (call means what it means in Keras)
"""Our recurrent layers, opened: the layer's own steps, through taps."""

from __future__ import annotations

from typing import Any

from keras import ops

from normcast.layers import GRU, LSTM, loop
from normcast.probes.taps import Part, active, current, mask_of

SEEN = "seen"


class OpenRecurrent:
    """What goes in front of our LSTM and GRU to open them."""

    gates: tuple[str, ...]
    units: int
    norms: dict[str, Any]
    return_sequences: bool
    unroll: bool

    def call(self, sequences: Any, *args: Any, **kwargs: Any) -> Any:
        taps = active()
        if taps is None:
            return super().call(sequences, *args, **kwargs)  # type: ignore[misc]
        with taps.calling(self, parts_of) as one:
            return super().call(one.input(sequences, mask_of(args, kwargs)), *args, **kwargs)  # type: ignore[misc]

    def fused(self, *args: Any) -> Any:
        return None if current() else super().fused(*args)  # type: ignore[misc]

    def _over_time(self, states: tuple, xs: dict[str, Any], blank: tuple, held: Any) -> tuple[tuple, tuple]:
        one = current()
        if one is None:
            return super()._over_time(states, xs, blank, held)  # type: ignore[misc]
        xs = {**xs, "probes": one.probes(ops.cast(xs["x"], states[-1].dtype))}
        one.ends_alone = not (self.return_sequences or "valid" in xs)
        blank = (() if one.ends_alone else blank[0], {**blank[1], SEEN: one.blank(states[-1])})
        states, (h, statistics) = loop.run(
            lambda old, now: self._masked_step(old, now, held), states, xs, blank, self.unroll, spare=True
        )
        h = states[0][None] if one.ends_alone else h
        kept = statistics.pop(SEEN)
        one.close(kept, xs.get("valid"), [states[0]])
        for term, told in statistics.items():
            for name, value in zip(("mean", "variance"), told, strict=False):
                one.taps.note((one.place, f"{term} {name}"), value)
        return states, (h, statistics)

    def _masked_step(self, old: tuple, now: dict[str, Any], held: Any) -> tuple[tuple, tuple]:
        one = current()
        if one is None:
            return super()._masked_step(old, now, held)  # type: ignore[misc]
        one.begin(now)
        new, (h, statistics) = super()._masked_step(old, now, held)  # type: ignore[misc]
        return new, (() if one.ends_alone else h, {**statistics, SEEN: one.end(old[-1])})

    def step(self, states: tuple, now: dict[str, Any], held: Any) -> tuple[tuple, dict[str, Any]]:
        new, keep = super().step(states, now, held)  # type: ignore[misc]
        one = current()
        return (new if one is None else one.states(one.parts[0], new)), keep


class OpenLSTM(OpenRecurrent):
    """Our LSTM, whose gates come from one sum."""

    def normalized(self, term: str, z: Any, now: dict[str, Any], keep: dict[str, Any]) -> Any:
        one = current()
        if one is not None and term == "cell":
            z = one.read(one.parts[0], "c", z)
        return super().normalized(term, z, now, keep)  # type: ignore[misc]

    def _gates(self, z: Any) -> list[Any]:
        one = current()
        if one is None or not one.parts[0].gates:
            return super()._gates(z)  # type: ignore[misc]
        part = one.parts[0]
        each = zip(self.gates, ops.split(z, len(self.gates), axis=-1), strict=True)
        z = ops.concatenate([one.add(part, gate, before) for gate, before in each], axis=-1)
        gates = super()._gates(z)  # type: ignore[misc]
        one.kept.update({(part.place, gate): v for gate, v in zip(self.gates, gates, strict=True)})
        return gates


class OpenGRU(OpenRecurrent):
    """Our GRU, whose gates come one by one."""

    def _gate(self, name: str, before: Any) -> Any:
        one = current()
        if one is None or not one.parts[0].gates:
            return super()._gate(name, before)  # type: ignore[misc]
        return one.gate(one.parts[0], name, before, lambda z: super(OpenGRU, self)._gate(name, z))  # type: ignore[misc]


def parts_of(layer: Any, place: str) -> tuple[Part, ...]:
    """Return what can be looked at in the layer: one cell."""
    names = ("h", "c")[: layer.states_held]
    steps = next(kind for kind in type(layer).__mro__ if "step" in vars(kind) and kind is not OpenRecurrent)
    gates = layer.gates if steps in (LSTM, GRU) else ()  # a step of the user's own has gates of its own
    return (Part(place, gates, names, (layer.units,) * len(names)),)
