"""What the values of a recurrent layer mean: how long it remembers, which gates are shut, which units are
dead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from normcast.probes.look import Recurrence
from normcast.probes.trace import Trace

KEEPS = {"f": "forget gate", "z": "update gate"}  # 1 keeps the old state
FAINT, LOUD = 1e-3, 1e3  # what the gradient comes to over the window, where it vanishes or explodes
STILL = 1e-3  # of the widest unit's range
ALIKE = 0.9999


@dataclass(frozen=True, eq=False)
class Reading:
    """What one recurrence shows.

    half_life: steps in which the derivative of the last state falls by half on its way back, infinite where
    it does not fall, negative where it doubles in so many; left: what is left of it at the far end of the
    window, by that half-life. verdict: "vanishing", "healthy" or "exploding". memory: (unit,) how many
    steps each unit holds its state, 1 / (1 - f) or 1 / (1 - z) of the mean gate; empty without such a gate.
    shut, open: by gate, the share of all values below 0.01 or above 0.99 (0.99 from 0 for g and n). dead:
    units whose output hardly moves over all cases and steps. silent: units that get no gradient at any
    step. twins: groups of units whose outputs are the same but for a factor.
    """

    name: str
    half_life: float
    left: float
    verdict: str
    memory: np.ndarray
    shut: dict[str, float]
    open: dict[str, float]
    dead: tuple[int, ...]
    silent: tuple[int, ...]
    twins: tuple[tuple[int, ...], ...]

    @property
    def saturated(self) -> dict[str, float]:
        """The share of saturated values of each gate."""
        return {gate: self.shut[gate] + self.open[gate] for gate in self.shut}


def read(seen: Recurrence) -> Reading:
    """Return what a recurrence shows."""
    back = seen.carried if seen.direction == "backward" else seen.carried[::-1]
    slope = decay(back)
    left = float(2.0 ** np.clip(slope * (seen.window - 1), -1000, 1000))
    gates = {gate: seen.activations[gate] for gate in seen.gates}
    keeper = next((gates[gate] for gate in KEEPS if gate in gates), None)
    h = seen.activations[seen.states[0]]
    return Reading(
        name=seen.name,
        half_life=float("inf") if slope == 0 else -1 / slope,
        left=left,
        verdict="vanishing" if left < FAINT else "exploding" if left > LOUD else "healthy",
        memory=np.array([]) if keeper is None else memory(keeper),
        shut={gate: _share(trace, trace.low) for gate, trace in gates.items()},
        open={gate: _share(trace, trace.high) for gate, trace in gates.items()},
        dead=dead_units(h),
        silent=tuple(map(int, np.flatnonzero(~(seen.gradients[seen.states[0]].rms > 0).any(axis=0)))),
        twins=twins(h),
    )


def decay(back: np.ndarray) -> float:
    """Return by how many halvings a size changes at each step back, negative where it falls.

    back: (step,) sizes from the newest step on, 1 at the first.

    >>> decay(np.array([1.0, 0.5, 0.25, 0.125]))
    -1.0
    """
    seen = np.asarray(back, "float64")
    known = np.isfinite(seen) & (seen > 0)
    ago = np.arange(len(seen))[known]
    if not (ago > 0).any():
        return -float("inf") if len(seen) > 1 else 0.0
    return float(np.sum(ago * np.log2(seen[known])) / np.sum(ago * ago))


def memory(keeper: Trace) -> np.ndarray:
    """Return how many steps each unit holds its state: 1 / (1 - the mean of the gate that keeps it)."""
    reached = keeper.count > 0
    mean = np.average(keeper.mean[reached].astype("float64"), axis=0, weights=keeper.count[reached])
    with np.errstate(divide="ignore"):
        return 1 / np.maximum(1 - mean, 0)


def dead_units(h: Trace) -> tuple[int, ...]:
    """Return the units whose output hardly moves over all cases and steps."""
    width = h.most.max(axis=0) - h.least.min(axis=0)
    bound = max(STILL * float(np.nanmax(width, initial=0)), 1e-7)
    return tuple(map(int, np.flatnonzero(width <= bound)))


def twins(h: Trace) -> tuple[tuple[int, ...], ...]:
    """Return groups of units whose outputs go together: the size of their correlation is 0.9999 at least."""
    rows = h.values.reshape(-1, h.units)
    rows = rows[np.isfinite(rows).all(axis=1)].astype("float64")
    if len(rows) < 3:
        return ()
    centred = rows - rows.mean(axis=0)
    size = np.sqrt(np.sum(centred**2, axis=0))
    alive = size > 1e-7 * np.sqrt(len(rows))
    unit = centred / np.where(alive, size, 1)
    alike = (np.abs(unit.T @ unit) >= ALIKE) & alive[:, None] & alive[None, :]
    groups: list[tuple[int, ...]] = []
    seen: set[int] = set()
    for one in range(h.units):
        group = [int(other) for other in np.flatnonzero(alike[one]) if other not in seen]
        if one not in seen and len(group) > 1:
            groups.append(tuple(group))
            seen |= set(group)
    return tuple(groups)


def _share(trace: Trace, share: np.ndarray | None) -> float:
    reached = trace.count > 0
    if share is None or not reached.any():
        return 0.0
    return float(np.average(share[reached].mean(axis=1), weights=trace.count[reached]))
