"""Traces: what one tensor of a recurrent layer was at each step, over all cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

SQUASHED = ("g", "n")  # gates between -1 and 1; the others lie between 0 and 1


@dataclass(frozen=True, eq=False)
class Trace:
    """One tensor of a recurrent layer over the steps of its input.

    name: "i", "f", "g", "o", "z", "r", "n", "h", "c" or "x". values: (case, step, unit) of the cases that
    were kept, NaN where a step was masked. mean, rms (the root of the mean square), least, most: (step,
    unit), over all cases. low, high: for gates, the share of cases in which the gate is shut or open: below
    0.01 and above 0.99, or 0.99 from 0 on either side for g and n; (step, unit). not_finite: how many
    values are not, (step,). count: how many cases reached each step, (step,).
    """

    name: str
    values: np.ndarray
    mean: np.ndarray
    rms: np.ndarray
    least: np.ndarray
    most: np.ndarray
    low: np.ndarray | None
    high: np.ndarray | None
    not_finite: np.ndarray
    count: np.ndarray

    axes = ("case", "step", "unit")

    @property
    def norm(self) -> np.ndarray:
        """The Euclidean norm over the units, its root mean square over the cases: (step,)."""
        return np.sqrt(np.sum(np.square(self.rms), axis=1))

    @property
    def units(self) -> int:
        """How many units there are; features, for "x"."""
        return int(self.mean.shape[1])

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return int(self.mean.shape[0])

    def __repr__(self) -> str:
        cases = len(self.values)
        return f"Trace({self.name!r}, {self.steps} steps x {self.units} units, {cases} cases kept)"


def sums(name: str, value: Any, valid: Any, is_gate: bool) -> dict[str, Any]:
    """Return, inside a program, what a tally adds up. value: (time, batch, units); valid: (time, batch,
    1).
    """
    one = ops.ones_like(value)
    alive = one if valid is None else one * ops.cast(valid, value.dtype)
    seen = value if valid is None else ops.where(valid, value, ops.zeros_like(value))
    infinite = ops.cast(np.inf, value.dtype)
    found = {
        "count": ops.sum(alive[:, :, 0], axis=1),
        "sum": ops.sum(seen, axis=1),
        "square": ops.sum(ops.square(seen), axis=1),
        "least": ops.min(ops.where(alive > 0, value, infinite), axis=1),
        "most": ops.max(ops.where(alive > 0, value, -infinite), axis=1),
        "not_finite": ops.sum(ops.cast(ops.logical_not(ops.isfinite(seen)), "int32"), axis=(1, 2)),
    }
    if is_gate:
        floor = -0.99 if name in SQUASHED else 0.01
        found["low"] = ops.sum(ops.cast(value < floor, value.dtype) * alive, axis=1)
        found["high"] = ops.sum(ops.cast(value > 0.99, value.dtype) * alive, axis=1)
    return found


class Tally:
    """Adds up what parts of the cases gave, and keeps the values of the first ones."""

    def __init__(self, name: str, keep: int) -> None:
        self.name, self._keep = name, keep
        self._sums: dict[str, np.ndarray] = {}
        self._kept: list[np.ndarray] = []

    def add(self, found: dict[str, np.ndarray], values: np.ndarray, valid: np.ndarray | None) -> None:
        """Add the sums of a part, and its values, (time, batch, units)."""
        for key, value in found.items():
            wide = value if key == "not_finite" else np.asarray(value, "float64")
            join = {"least": np.minimum, "most": np.maximum}.get(key, np.add)
            self._sums[key] = join(self._sums[key], wide) if key in self._sums else wide
        wanted = self._keep - sum(map(len, self._kept))
        if wanted > 0:
            part = np.swapaxes(values, 0, 1)[:wanted]
            if valid is not None:
                part = np.where(np.swapaxes(valid, 0, 1)[:wanted], part, np.nan)
            self._kept.append(np.array(part))

    def trace(self) -> Trace:
        """Return what was added up, frozen."""
        dtype = self._kept[0].dtype
        total = self._sums
        with np.errstate(divide="ignore", invalid="ignore"):  # no case may have reached a step
            share = {
                k: total[k] / total["count"][:, None] for k in ("sum", "square", "low", "high") if k in total
            }
        plain = {key: value.astype(dtype) for key, value in share.items()}
        rms = np.sqrt(share["square"]).astype(dtype)
        low, high = plain.get("low"), plain.get("high")
        ends = total["least"].astype(dtype), total["most"].astype(dtype)
        count, broken = total["count"].astype(int), total["not_finite"]
        return Trace(
            self.name, np.concatenate(self._kept), plain["sum"], rms, *ends, low, high, broken, count
        )
