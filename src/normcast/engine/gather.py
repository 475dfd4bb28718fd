"""Batches gathered inside a compiled program, from arrays that stay on the device."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax import lax
from jaxtyping import Array, Int, Shaped

from normcast.engine.batches import Batches, Field
from normcast.engine.order import padded, size_class

Held = Array | np.ndarray  # on the device, or before it goes there
LARGE = 1 << 24  # above so many rows, an array keeps its own length: padding would cost more than compiling


@dataclass(frozen=True)
class Reading:
    """What a program must know of a field before it meets the values."""

    offset: int
    length: int
    by: str
    array: int  # position among the distinct arrays


@dataclass(frozen=True)
class Layout:
    """How a batch is gathered from the arrays that `arrays_of` returns. Hashable: part of a program's key."""

    readings: tuple[Reading, ...]  # the model's inputs in order, then the target if there is one
    has_target: bool

    def gather(
        self, arrays: dict[str, Any], windows: Int[Held, " batch"]
    ) -> tuple[list[Shaped[Held, "batch ..."]], Shaped[Held, "batch *target"] | None]:
        """Return ([inputs], target) of the windows at these positions."""
        start, series = arrays["start"][windows], arrays["series"][windows]
        read = [_read(reading, arrays["values"][reading.array], start, series) for reading in self.readings]
        return (read[:-1], read[-1]) if self.has_target else (read, None)


def _read(
    reading: Reading,
    values: Shaped[Held, "rows *channels"],
    start: Int[Held, " batch"],
    series: Int[Held, " batch"],
) -> Shaped[Held, "batch *sample"]:
    if reading.by == "series":
        return values[series]
    rows = start + reading.offset
    return jax.vmap(lambda row: lax.dynamic_slice_in_dim(values, row, reading.length))(rows)


def laid_out(
    data: Batches,
    names: list[str],
    rows: int = 0,
    windows: int = 0,
    known: Mapping[int, Held] | None = None,
) -> tuple[Layout, dict[str, Any]]:
    """Return how to gather these inputs and the target, and the arrays to gather from.

    Arrays that several fields share are held once. All are padded to size classes, of at least so many rows
    and windows. known: arrays that were laid out so before, as `by_source` has them.
    """
    fields, distinct, known = fields_of(data, names), distinct_values(data, names), known or {}
    places = {key: place for place, key in enumerate(distinct)}
    readings = [Reading(f.offset, f.length, f.by, places[id(f.values)]) for f in fields]
    windows = size_class(max(len(data), windows))
    arrays = {
        "values": [known[k] if k in known else _padded_rows(v, rows) for k, v in distinct.items()],
        "start": padded(data.start, windows),
        "series": padded(data.series, windows),
    }
    return Layout(tuple(readings), data.target is not None), arrays


def fields_of(data: Batches, names: list[str]) -> list[Field]:
    """Return the fields of these inputs, then the target's if there is one."""
    fields = [data.inputs[name] for name in names]
    return fields if data.target is None else [*fields, data.target]


def distinct_values(data: Batches, names: list[str]) -> dict[int, np.ndarray]:
    """Return what the fields read, each array once, by its identity."""
    return {id(field.values): field.values for field in fields_of(data, names)}


def by_source(data: Batches, names: list[str], arrays: Mapping[str, Any]) -> dict[int, Held]:
    """Return the arrays that `laid_out` gave for data, by the identity of what each was made from."""
    return dict(zip(distinct_values(data, names), arrays["values"], strict=True))


def _padded_rows(values: Shaped[np.ndarray, "given *channels"], rows: int) -> np.ndarray:
    rows = max(len(values), rows)
    return padded(values, rows if rows > LARGE else size_class(rows))
