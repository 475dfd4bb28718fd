"""What the programs gave, frozen: one value for each cell of a recurrent layer, and for each other layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from normcast.layers import GRU, LSTM
from normcast.probes import loops, own
from normcast.probes.look import Channels, Moments, Recurrence, StepStatistics
from normcast.probes.programs import Programs
from normcast.probes.taps import Key
from normcast.probes.trace import Trace
from normcast.probes.weights import gate_weights


def recurrence(
    programs: Programs, place: str, traces: Any, carried: Any, slopes: Any, modes: Any
) -> Recurrence:
    """Return what was seen of one cell of a recurrent layer."""
    layer, number, call = programs.parts[place]
    about = (own if isinstance(layer, (LSTM, GRU)) else loops).parts_of(layer, call)[number]
    acts = {name: traces["activation", (place, name)] for name in about.sizes}
    backs: dict[str, Trace] = {name: traces["gradient", (place, name)] for name in about.sizes}
    if number == 0 and ("gradient", (call, "x")) in traces:
        backs["x"] = traces["gradient", (call, "x")]
    cell = layer if isinstance(layer, (LSTM, GRU)) else loops.cells_of(layer)[number]
    many = not isinstance(layer, (LSTM, GRU)) and len(loops.cells_of(layer)) > 1
    return Recurrence(
        name=place,
        layer=programs.names[id(layer)],
        kind=type(cell).__name__ if many else type(layer).__name__,
        direction="backward" if layer.go_backwards else "forward",
        units=about.units[0],
        window=acts[about.states[0]].steps,
        gates=about.gates,
        states=about.states,
        activations=acts,
        gradients=backs,
        weights=gate_weights(layer, number, about.gates, slopes),
        carried=_carried(
            [carried[place, name] for name in about.states], carried.get((call, "valid")), layer.go_backwards
        ),
        activation=_activation(cell),
        statistics=tuple(_statistics(layer, call, modes)),
        slices=programs.sliced.get(call, 1),
    )


def channels(programs: Programs, plain: dict[Key, np.ndarray], modes: Any) -> dict[str, Channels]:
    """Return what was seen of normalizations and convolutions, by name."""
    found = {}
    layers = {programs.names[id(each)]: each for each in programs.plain}
    seen = {place for place, name in plain if name.startswith(("in ", "out "))}
    for place in (each for each in programs.order if each in seen):
        layer = layers[place.split(" (call")[0]]
        batch = isinstance(layer, keras.layers.BatchNormalization)
        found[place] = Channels(
            name=place,
            kind=type(layer).__name__,
            reads=_moments(plain, place, "in"),
            writes=_moments(plain, place, "out"),
            in_training=_moments(modes[True], place, "in") if modes else None,
            at_inference=_moments(modes[False], place, "in") if modes else None,
            moving_mean=_value(layer.moving_mean) if batch else None,
            moving_variance=_value(layer.moving_variance) if batch else None,
        )
    return found


def _carried(sizes: list[np.ndarray], valid: np.ndarray | None, backwards: bool) -> np.ndarray:
    """Return the size of the derivative at each step beside that at the last one processed, (step,).

    sizes: of each state, (step, case). Cases that end early, or have gaps, are moved so that their last
    steps stand together; steps that no case reached are NaN.
    """
    way = slice(None, None, -1 if backwards else 1)
    size = np.sqrt(np.sum(np.square(np.asarray(sizes, "float64")), axis=0))[way]  # (step, case)
    if valid is not None:
        size = _ending_together(size, valid[way, :, 0])
    reached = ~np.isnan(size).all(axis=1)
    carried = np.full(len(size), np.nan)
    carried[reached] = np.sqrt(np.nanmean(np.square(size[reached]), axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return (carried / carried[-1])[way]


def _ending_together(size: np.ndarray, valid: np.ndarray) -> np.ndarray:
    moved = np.full_like(size, np.nan)
    for case in range(size.shape[1]):
        rows = size[valid[:, case], case]
        moved[len(size) - len(rows) :, case] = rows
    return moved


def _statistics(layer: Any, call: str, modes: Any) -> Iterator[StepStatistics]:
    for term, norm in getattr(layer, "norms", {}).items() if modes else ():
        mean = modes[True].get((call, f"{term} mean"))
        if mean is None or not hasattr(norm, "max_steps"):
            continue
        rows = np.minimum(np.arange(len(mean)), norm.max_steps - 1)
        moving = (_value(norm.moving_mean)[rows], _value(norm.moving_variance)[rows])
        yield StepStatistics(term, mean, modes[True][call, f"{term} variance"], *moving)


def _moments(plain: dict[Key, np.ndarray], place: str, side: str) -> Moments:
    mean, square, low, high = (plain[place, f"{side} {name}"] for name in ("mean", "square", "low", "high"))
    return Moments(mean, np.maximum(square - np.square(mean), 0), low, high)


def _value(variable: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(variable))


def _activation(cell: Any) -> str:
    activation = getattr(cell, "activation", None)
    return str(getattr(activation, "__name__", "")) if activation is not None else ""
