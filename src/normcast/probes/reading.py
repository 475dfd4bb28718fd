"""What the values of a recurrent layer mean: how long it remembers, which gates are shut, which units are
dead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from normcast.probes.look import Recurrence
from normcast.probes.trace import SQUASHED, Trace
from normcast.probes.weights import GateWeight

KEEPS = {"f": "forget gate", "z": "update gate"}  # 1 keeps the old state
FAINT, LOUD = 1e-6, 1e3  # what is left of the gradient over the window, where it vanishes or explodes
STILL = 1e-3  # of the widest unit's range
RANGE = 2.0  # of a unit between -1 and 1; an unbounded one is no wider measure for the others
ALIKE, READ_ALIKE = 0.9999, 0.9
FEWEST, MOST = 32, 20_000  # rows, cases times steps, that twins are told by
BOUNDED = ("tanh", "hard_tanh", "softsign", "sigmoid", "hard_sigmoid")


@dataclass(frozen=True, eq=False)
class Reading:
    """What one recurrence shows.

    Parameters
    ----------
    name : str
        The name of the recurrence.
    half_life : float
        Steps in which the derivative of the last state falls by half on its way back, the best line through
        the logarithms of `carried` and 1 at the last step; infinite where it does not fall, negative where it
        doubles in so many, NaN where nothing is known.
    left : float
        What is left of it at the oldest step: as measured, and by the half-life where it is too small for the
        numbers.
    verdict : {"vanishing", "exploding", "not known", "healthy"}
        "vanishing" below 1e-6 (of a sum in single precision, which holds seven digits, such a part is lost),
        "exploding" above 1e3, "not known" where the layer's values are not finite, else "healthy".
    memory : array (unit,)
        How many steps each unit holds its state, 1 / (1 - f) or 1 / (1 - z) of the mean gate; empty without
        such a gate.
    shut : dict of str to float
        By gate, the share of all values below 0.01 (for g and n below -0.99, where their activation is
        bounded; else 0).
    open : dict of str to float
        By gate, the share of all values above 0.99 (for g and n where their activation is bounded; else 0).
    dead : tuple of int
        Units whose output hardly moves over all cases and steps.
    silent : tuple of int
        Units that get no gradient at any step.
    twins : tuple of tuple of int
        Groups of units whose outputs are the same but for a factor and a shift, and whose weights are alike.
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
    left = remains(back, slope)
    gates = {gate: seen.activations[gate] for gate in seen.gates}
    keeper = next((gates[gate] for gate in KEEPS if gate in gates), None)
    can_saturate = {g: g not in SQUASHED or seen.activation in BOUNDED for g in gates}
    h = seen.activations[seen.states[0]]
    return Reading(
        name=seen.name,
        half_life=float("inf") if slope == 0 else -1 / slope,
        left=left,
        verdict=_verdict(left),
        memory=np.array([]) if keeper is None else memory(keeper),
        shut={gate: _share(trace, trace.low) * can_saturate[gate] for gate, trace in gates.items()},
        open={gate: _share(trace, trace.high) * can_saturate[gate] for gate, trace in gates.items()},
        dead=dead_units(h),
        silent=silent_units(seen.gradients[seen.states[0]]),
        twins=twins(h, seen.weights),
    )


def decay(back: np.ndarray) -> float:
    """Return by how many halvings a size changes at each step back, negative where it falls.

    back: (step,) sizes from the newest step on, 1 at the first; NaN at steps that no case reached. Sizes
    from the first 0 on are too small for the numbers, and left out. Minus infinity where all but the newest
    are 0, NaN where none is known.

    >>> decay(np.array([1.0, 0.5, 0.25, 0.125]))
    -1.0
    """
    seen = np.asarray(back, "float64")
    if len(seen) < 2:
        return 0.0
    known = np.cumprod(np.isfinite(seen) & (seen > 0)).astype(bool)
    known[0] = False  # the line begins there
    if not known.any():
        return float("nan") if np.isnan(seen[:2]).any() else float("inf") if seen[1] > 0 else -float("inf")
    ago = np.flatnonzero(known)
    return float(np.sum(ago * np.log2(seen[known])) / np.sum(ago * ago))


def remains(back: np.ndarray, slope: float) -> float:
    """Return what is left of a size at the oldest step that a case reached.

    >>> remains(np.array([1.0, 0.5, 0.0]), slope=-1.0)
    0.25
    """
    reached = np.flatnonzero(~np.isnan(back))
    if not len(reached) or np.isnan(slope):
        return float("nan")
    oldest = back[reached[-1]]
    far = 2.0 ** np.clip(slope * reached[-1], -1000, 1000) if reached[-1] else 1.0
    return float(oldest if 0 < oldest < np.inf else far)


def _verdict(left: float) -> str:
    if np.isnan(left):
        return "not known"
    return "vanishing" if left < FAINT else "exploding" if left > LOUD else "healthy"


def memory(keeper: Trace) -> np.ndarray:
    """Return how many steps each unit holds its state: 1 / (1 - the mean of the gate that keeps it)."""
    reached = keeper.count > 0
    if not reached.any():
        return np.full(keeper.units, np.nan)
    mean = np.average(keeper.mean[reached].astype("float64"), axis=0, weights=keeper.count[reached])
    with np.errstate(divide="ignore"):
        return 1 / np.maximum(1 - mean, 0)


def dead_units(h: Trace) -> tuple[int, ...]:
    """Return the units whose output hardly moves over all cases and steps: by less than a thousandth of what
    the widest does, at most 0.002.
    """
    reached = h.count > 0
    width = h.most[reached].max(axis=0, initial=-np.inf) - h.least[reached].min(axis=0, initial=np.inf)
    widest = float(np.max(width[np.isfinite(width)], initial=0))
    return (
        tuple(map(int, np.flatnonzero(width <= max(STILL * min(widest, RANGE), 1e-7))))
        if reached.any()
        else ()
    )


def silent_units(gradient: Trace) -> tuple[int, ...]:
    """Return the units whose gradient is exactly 0 in all cases and steps."""
    reached = gradient.count > 0
    none = (gradient.least[reached] == 0) & (gradient.most[reached] == 0)
    return tuple(map(int, np.flatnonzero(none.all(axis=0)))) if reached.any() else ()


def twins(h: Trace, weights: tuple[GateWeight, ...] = ()) -> tuple[tuple[int, ...], ...]:
    """Return groups of units whose outputs go together, the size of their correlation 0.9999 at least, and
    whose weights do, by a cosine of 0.9 in the mean over the gates.

    Outputs alone tell nothing of wide layers that read one smooth series: they have few ways to move. It
    takes 32 rows, cases times steps, and does with 20,000 of them. weights: as in `Recurrence`; of a cell of
    the user's own, without gates, outputs decide.
    """
    rows = h.values.reshape(-1, h.units)
    rows = rows[np.isfinite(rows).all(axis=1)]
    if len(rows) < FEWEST:
        return ()
    rows = rows[:: -(-len(rows) // MOST)].astype("float64")
    centred = rows - rows.mean(axis=0)
    size = np.sqrt(np.sum(centred**2, axis=0))
    alive = size > 1e-7 * np.sqrt(len(rows))
    unit = centred / np.where(alive, size, 1)
    alike = (np.abs(unit.T @ unit) >= ALIKE) & alive[:, None] & alive[None, :] & _read_alike(weights, h.units)
    groups: list[tuple[int, ...]] = []
    seen: set[int] = set()
    for one in range(h.units):
        group = [int(other) for other in np.flatnonzero(alike[one]) if other not in seen]
        if one not in seen and len(group) > 1:
            groups.append(tuple(group))
            seen |= set(group)
    return tuple(groups)


def _read_alike(weights: tuple[GateWeight, ...], units: int) -> np.ndarray:
    """Return which pairs of units read input and states by much the same weights, (unit, unit)."""
    gates: dict[str, list[np.ndarray]] = {}
    for each in weights:
        if each.weight in ("kernel", "recurrent") and each.values.shape[1:] == (units,):
            gates.setdefault(each.gate, []).append(np.asarray(each.values, "float64"))
    cosines = [np.abs(columns.T @ columns) for columns in map(_unit_columns, gates.values())]
    return np.mean(cosines, axis=0) >= READ_ALIKE if cosines else np.ones((units, units), bool)


def _unit_columns(matrices: list[np.ndarray]) -> np.ndarray:
    columns = np.concatenate(matrices)
    return columns / np.maximum(np.sqrt(np.sum(columns**2, axis=0)), 1e-30)


def _share(trace: Trace, share: np.ndarray | None) -> float:
    reached = trace.count > 0
    if share is None or not reached.any():
        return 0.0
    return float(np.average(share[reached].mean(axis=1), weights=trace.count[reached]))
