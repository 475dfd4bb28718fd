"""Traces: what one tensor of a recurrent layer was at each step, over all cases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SUMS = ("sum", "size", "least", "most", "not_finite")  # what is summed over the cases at each step
ENDS = ("low", "high")  # of gates: how many are shut and open
SQUASHED = ("g", "n")  # gates between -1 and 1; the others lie between 0 and 1


@dataclass(frozen=True, eq=False)
class Trace:
    """One tensor of a recurrent layer over the steps of its input.

    Parameters
    ----------
    name : {"i", "f", "g", "o", "z", "r", "n", "h", "c", "x"}
        Which tensor it is: a gate, a state, or the input.
    values : array (case, step, unit)
        The values of the cases that were kept, NaN where a step was masked.
    mean : array (step, unit)
        Their mean over all cases.
    rms : array (step, unit)
        The root of their mean square over all cases.
    least : array (step, unit)
        The smallest over all cases.
    most : array (step, unit)
        The largest over all cases.
    low : array (step, unit) or None
        For gates, the share of cases in which the gate is shut: below 0.01, or for g and n below -0.99.
    high : array (step, unit) or None
        For gates, the share of cases in which the gate is open: above 0.99.
    not_finite : array (step,)
        How many values are not finite.
    count : array (step,)
        How many cases reached each step.
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
        return np.sqrt(np.sum(np.square(self.rms, dtype="float64"), axis=1))

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


class Tally:
    """Adds up what parts of the cases gave, and keeps the values of the first ones.

    is_gate: whether its values are those of a gate, of which the shut and open ones are counted.
    """

    def __init__(self, name: str, keep: int, is_gate: bool = False) -> None:
        self.name, self._keep = name, keep
        self._rows = (*SUMS, *ENDS) if is_gate else SUMS
        self._sums: dict[str, np.ndarray] = {}
        self._kept: list[np.ndarray] = []

    def add(self, digest: np.ndarray, alive: np.ndarray) -> None:
        """Add the `Sums` of a part, (time, rows, units); alive: (time, batch), whether a step counts."""
        found = {name: digest[:, row] for row, name in enumerate(self._rows)}
        found["not_finite"] = found["not_finite"].sum(axis=1, dtype="float64").astype(int)
        for key, value in {**found, "count": alive.sum(axis=1)}.items():
            join = {"least": np.minimum, "most": np.maximum, "size": np.hypot}.get(key, np.add)
            if key in self._sums:
                join(self._sums[key], value, out=self._sums[key])
            else:
                self._sums[key] = np.array(value)
        wanted = self._keep - sum(map(len, self._kept))
        if wanted > 0:
            values = np.swapaxes(digest[:, len(self._rows) :], 0, 1)[:wanted]  # (case, time, units)
            reached = np.swapaxes(alive, 0, 1)[: len(values), :, None]
            self._kept.append(np.where(reached, values, values.dtype.type(np.nan)))

    def trace(self) -> Trace:
        """Return what was added up, frozen."""
        total, dtype = self._sums, self._kept[0].dtype
        with np.errstate(divide="ignore", invalid="ignore"):  # no case may have reached a step
            share = {
                k: (total.pop(k) / total["count"][:, None]).astype(dtype)
                for k in ("sum", "low", "high")
                if k in total
            }
            rms = (total["size"] / np.sqrt(total["count"])[:, None]).astype(dtype)
        shut = share.get("low"), share.get("high")
        ends = total["least"], total["most"]
        kept = np.concatenate(self._kept)
        return Trace(self.name, kept, share["sum"], rms, *ends, *shut, total["not_finite"], total["count"])
