"""CaseInput: what a network reads of each case under one name, checked once at the door."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeGuard

import numpy as np

from normcast.data.uneven import padded, refuse_kind, series_in
from normcast.errors import counted, listed

Layout = Literal["channels_last", "channels_first"]
"""Which axis of X comes last: channels as in Keras, or time as in PyTorch and the archives."""

ALONE = "past"
"""The name of an input beside which there is no other."""


@dataclass(frozen=True, eq=False)
class CaseInput:
    """One input of all cases.

    values: series (cases, time, channels), or (cases, columns), float32; lengths: (cases,) int32, how many
    steps each series has, shorter ones behind zeros, or None where all are of one length; notes: what was
    found.
    """

    values: np.ndarray
    lengths: np.ndarray | None
    notes: tuple[str, ...]

    @classmethod
    def of(cls, x: Any, layout: Layout | None, where: str) -> CaseInput:
        """Check series: an array (cases, time, channels), or (cases, time), or a list of uneven series."""
        given = series_in(x, where)
        if isinstance(given, list):
            values, lengths = padded([_turned(each, layout, 2) for each in given], where)
        else:
            values, lengths = _numbers(given, where), None
        shape = values.shape
        values = _with_channels(values if lengths is not None else _turned(values, layout, 3), shape, where)
        refuse_infinite(values, "X", where)
        doubt = _layout_notes(shape) if layout is None and lengths is None else ()
        return cls(values, lengths, (*_notes(shape, values, lengths), *doubt))

    @classmethod
    def flat(cls, x: np.ndarray, where: str) -> CaseInput:
        """Check what does not change with time: an array (cases, columns)."""
        values = np.ascontiguousarray(_numbers(x, where))
        if values.ndim != 2 or 0 in values.shape:
            raise ValueError(
                f"{where}: X has shape {x.shape}, but needs (cases, time, channels), or (cases, columns) for "
                "what does not change with time, with at least one of each. Give a number per case as "
                "values[:, None]."
            )
        refuse_infinite(values, "X", where)
        return cls(values, None, tuple(_still(values, values == values[:1], "column")))


def read_inputs(x: Any, layout: Layout | None, where: str) -> dict[str, CaseInput]:
    """Return every input by its name, first the one that leads: uneven series, or else the first series.

    x: one array or list, or a dict of them by the names of a model's inputs; a dict of one is that one. In a
    dict of several an array of two axes is (cases, columns).
    Raises ValueError, with the input's name, for what cannot be read, for inputs of different numbers of
    cases, for several that are uneven, and where none is a series.

    >>> read = read_inputs({"static": np.eye(2), "series": np.ones((2, 5, 1))}, None, "cases")
    >>> {name: each.values.shape for name, each in read.items()}
    {'series': (2, 5, 1), 'static': (2, 2)}
    """
    if not isinstance(x, Mapping):
        return {ALONE: CaseInput.of(x, layout, where)}
    if len(x) == 1:
        return {ALONE: CaseInput.of(next(iter(x.values())), layout, where)}
    at = {str(name): f"{where}: input {str(name)!r}" for name in x}
    given = {str(name): series_in(each, at[str(name)]) for name, each in x.items()}
    lead = _leading(given, where)
    read = {
        name: CaseInput.flat(each, at[name]) if _is_flat(each) else CaseInput.of(each, layout, at[name])
        for name, each in {lead: given[lead], **given}.items()
    }
    many = {name: len(each.values) for name, each in read.items()}
    if len(set(many.values())) > 1:
        told = ", ".join(f"{name} {count}" for name, count in many.items())
        raise ValueError(f"{where}: inputs of X are of different numbers of cases: {told}.")
    return {name: replace(each, notes=tuple(_named(name, each))) for name, each in read.items()}


def cases_in(x: Any) -> int:
    """Return of how many cases X is, as far as can be seen before it is checked."""
    return len(next(iter(x.values()), ())) if isinstance(x, Mapping) else len(x)


def refuse_infinite(values: np.ndarray, name: str, where: str) -> None:
    """Raise for NaN and infinity: there is no filling a case from its neighbours."""
    bad = ~np.isfinite(values)
    if bad.any():
        at = tuple(int(place) for place in np.argwhere(bad)[0])
        raise ValueError(
            f"{where}: {name} holds {int(bad.sum())} values that are not finite, the first in case {at[0]} "
            f"({name}[{', '.join(map(str, at))}] is {values[at]}). Fill them, or leave such cases out."
        )


def _leading(given: Mapping[str, Any], where: str) -> str:
    """Return the name of the input that leads."""
    uneven = [name for name, each in given.items() if isinstance(each, list)]
    series = uneven or [name for name, each in given.items() if each.ndim == 3]
    if len(uneven) > 1:
        raise ValueError(
            f"{where}: series of inputs {listed(uneven, 10)} differ in length, but only those of one input "
            "may. Bring the others to one length."
        )
    if not series:
        shapes = listed([f"{name} {each.shape}" for name, each in given.items()], 10) or "none"
        raise ValueError(
            f"{where}: X is a dict of which no input is a series (cases, time, channels); inputs are "
            f"{shapes}. Give one channel as values[:, :, None]."
        )
    return series[0]


def _is_flat(given: np.ndarray | list[np.ndarray]) -> TypeGuard[np.ndarray]:
    return isinstance(given, np.ndarray) and given.ndim < 3


def _named(name: str, read: CaseInput) -> Iterator[str]:
    kind = "a series" if read.values.ndim == 3 else counted(read.values.shape[1], "column")
    yield f"input {name!r}: {kind}"
    yield from (f"input {name!r}: {note}" for note in read.notes)


def _numbers(given: np.ndarray, where: str) -> np.ndarray:
    refuse_kind(given, f"{where}: X")
    try:
        return given.astype(np.float32, copy=False)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{where}: X cannot be made numbers ({error}). Give an array of shape (cases, time, channels), "
            "or a list of series (time, channels)."
        ) from error


def _turned(values: np.ndarray, layout: Layout | None, axes: int) -> np.ndarray:
    """Return values with time before channels."""
    is_first = layout == "channels_first" and values.ndim == axes
    return np.swapaxes(values, -1, -2) if is_first else values


def _with_channels(values: np.ndarray, shape: tuple[int, ...], where: str) -> np.ndarray:
    values = values[:, :, None] if values.ndim == 2 else values
    if values.ndim != 3 or 0 in values.shape:
        raise ValueError(
            f"{where}: X has shape {shape}, but needs (cases, time, channels), or (cases, time) for one "
            "channel, with at least one of each."
        )
    return np.ascontiguousarray(values)


def _notes(shape: tuple[int, ...], x: np.ndarray, lengths: np.ndarray | None) -> Iterator[str]:
    if len(shape) == 2:
        yield f"X is {shape}: taken as one channel"
    if lengths is not None:
        yield f"series have {lengths.min()} to {lengths.max()} steps: shorter ones stand behind zeros"
    same = x == x[:1, -1:]
    if lengths is not None:  # the zeros before a series are no change of it
        same |= (np.arange(x.shape[1]) < x.shape[1] - lengths[:, None])[:, :, None]
    yield from _still(x, same, "channel")


def _still(x: np.ndarray, same: np.ndarray, noun: str) -> Iterator[str]:
    """Yield which channels or columns are the same everywhere."""
    still = np.flatnonzero(same.all(axis=tuple(range(x.ndim - 1))))
    if len(still):
        verb = "never changes" if len(still) == 1 else "never change"
        yield f"{counted(len(still), noun)} {verb}: {listed(still.tolist())}"


def _layout_notes(shape: tuple[int, ...]) -> Iterator[str]:
    """Yield the question of which axis is time, where the second is short beside the third."""
    if len(shape) == 3 and shape[1] < 20 and shape[2] >= 4 * shape[1]:
        yield (
            f"X is {shape}: read as {counted(shape[1], 'step')} of {shape[2]} channels; if it is (cases, "
            "channels, time), say layout='channels_first'"
        )
