"""Holdout: which cases each network of an ensemble trains on, and which it is stopped and calibrated by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from normcast.data import Cases
from normcast.tasks.parts import Parts, embargo_of, even_parts, grouped_parts, timed_parts

PARTS = 8
"""Into so many the cases are cut at least, so that four networks and fewer hold out an eighth twice."""
FEWEST_IN_TIME = 4
"""Where cases share so many rows that eight parts in time would lose too many, there may be four."""
RARE = 3
"""Of a stratum with fewer cases none is held out: a network must have seen what it is to tell."""


@dataclass(frozen=True, eq=False)
class Holdout:
    """Positions of cases, each ascending: those that train, that choose the epoch, that calibrate."""

    train: np.ndarray
    valid: np.ndarray
    calib: np.ndarray

    @property
    def places(self) -> dict[str, np.ndarray]:
        """The cases by the parts of a fold; what calibrates is its test."""
        return {"train": self.train, "valid": self.valid, "test": self.calib}

    def __eq__(self, other: object) -> bool:
        mine, theirs = self.places, other.places if isinstance(other, Holdout) else {}
        return mine.keys() == theirs.keys() and all(np.array_equal(mine[k], theirs[k]) for k in mine)

    __hash__ = None  # type: ignore[assignment]

    def released(self, valid: bool, calib: bool) -> Holdout:
        """Return the same where validation or calibration cases train instead."""
        none = np.zeros(0, int)
        more = [part for part, free in ((self.valid, valid), (self.calib, calib)) if free]
        train = np.sort(np.concatenate([self.train, *more]))
        return Holdout(train, none if valid else self.valid, none if calib else self.calib)


def holdouts(
    cases: Cases, strata: np.ndarray, networks: int, where: str, embargo: int | None = None
) -> tuple[Holdout, ...]:
    """Return what each network holds out: an eighth of the cases to stop by, another eighth to calibrate.

    Each network holds out others, as far as there are parts, so that all cases together train the ensemble
    and up to half of them calibrate it. Groups are never split. With times the last part calibrates and the
    one before it stops, for all networks. strata: (cases,), of which each part gets its share; embargo: as of
    `embargo_of`, where it was found already.
    Raises ValueError where there are too few groups or times, and for cases that share rows and have neither.
    """
    embargo = embargo_of(cases, where) if embargo is None else embargo
    count = max(PARTS, 2 * networks)
    if cases.groups is not None:
        return _crossed(grouped_parts(cases.groups, count, where), networks)
    if cases.times is None:
        return _crossed(_but_rare(even_parts(strata, min(count, len(strata))), strata), networks)
    rank = np.unique(cases.times, return_inverse=True)[1]
    count = max(FEWEST_IN_TIME, min(PARTS, (int(rank.max()) + 1) // (embargo + 1)))
    parts = Parts(timed_parts(rank, count, embargo, where), 1, rank, embargo)
    held = parts.places(0)
    return (Holdout(held["train"], held["valid"], held["test"]),) * networks


def _but_rare(part: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """Return the parts, -1 for cases that always train."""
    which, counts = np.unique(strata, return_inverse=True, return_counts=True)[1:]
    return np.where(counts[which] < RARE, -1, part)


def _crossed(part: np.ndarray, networks: int) -> tuple[Holdout, ...]:
    """Return the holdouts: network k is stopped by part 2 k and calibrated by the next one."""
    count = max(3, int(part.max()) + 1)
    held = []
    for network in range(networks):
        valid, calib = part == 2 * network % count, part == (2 * network + 1) % count
        held.append(Holdout(*map(np.flatnonzero, (~valid & ~calib, valid, calib))))
    return tuple(held)
