"""Traces: what one tensor of a recurrent layer was at each step, over all cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

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


def sums(value: np.ndarray, valid: np.ndarray, floor: float | None) -> dict[str, np.ndarray]:
    """Return what a tally adds up. value: (time, batch, units); valid: (time, batch); floor: of a gate."""
    where = valid[:, :, None]
    about: dict[str, Any] = {"axis": 1, "where": where}
    found = {
        "count": valid.sum(axis=1),
        "sum": np.sum(value, **about),
        "square": np.sum(np.square(value), **about),
        "least": np.min(value, initial=np.inf, **about),
        "most": np.max(value, initial=-np.inf, **about),
        "not_finite": np.sum(~np.isfinite(value), axis=(1, 2), where=where),
    }
    if floor is not None:
        found["low"] = np.sum(value < floor, dtype="int32", **about)
        found["high"] = np.sum(value > 0.99, dtype="int32", **about)
    return found


class Tally:
    """Adds up what parts of the cases gave, and keeps the values of the first ones.

    is_gate: whether its values are those of a gate, of which the shut and open ones are counted.
    """

    def __init__(self, name: str, keep: int, is_gate: bool = False) -> None:
        self.name, self._keep = name, keep
        self._floor = (-0.99 if name in SQUASHED else 0.01) if is_gate else None
        self._sums: dict[str, np.ndarray] = {}
        self._kept: list[np.ndarray] = []

    def add(self, values: np.ndarray, valid: np.ndarray | None) -> None:
        """Add the values of a part, (time, batch, units); valid: (time, batch, 1)."""
        alive = np.ones(values.shape[:2], bool) if valid is None else valid[:, :, 0]
        for key, value in sums(values, alive, self._floor).items():
            join = {"least": np.minimum, "most": np.maximum}.get(key, np.add)
            self._sums[key] = join(self._sums[key], value) if key in self._sums else value
        wanted = self._keep - sum(map(len, self._kept))
        if wanted > 0:
            part = np.swapaxes(values, 0, 1)[:wanted]
            if valid is not None:
                part = np.where(np.swapaxes(valid, 0, 1)[:wanted], part, part.dtype.type(np.nan))
            self._kept.append(np.array(part))

    def trace(self) -> Trace:
        """Return what was added up, frozen."""
        total, dtype = self._sums, self._kept[0].dtype
        with np.errstate(divide="ignore", invalid="ignore"):  # no case may have reached a step
            share = {
                k: (total.pop(k) / total["count"][:, None]).astype(dtype)
                for k in ("sum", "square", "low", "high")
                if k in total
            }
            rms = np.sqrt(share.pop("square"))
        shut = share.get("low"), share.get("high")
        ends = total["least"], total["most"]
        kept = np.concatenate(self._kept)
        return Trace(self.name, kept, share["sum"], rms, *ends, *shut, total["not_finite"], total["count"])
