"""Parts: which cases train, choose the epoch, and test, so that nothing that is tested was seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from normcast.data import Cases
from normcast.data.overlap import stride
from normcast.errors import counted

FEWEST = 5


@dataclass(frozen=True, eq=False)
class Parts:
    """The part of each case, (cases,), from 0; which of them a fold tests.

    folds: how many there are. rank: (cases,) the place of each case's stamp in time, None without times; with
    it part 0 is the earliest, and a fold trains on earlier parts alone. embargo: stamps that are left out
    before validation and test, because their cases share rows with these.
    """

    of_case: np.ndarray
    folds: int
    rank: np.ndarray | None = None
    embargo: int = 0

    @property
    def count(self) -> int:
        """How many parts there are."""
        return int(self.of_case.max()) + 1

    def tested(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the cases that may be learned from, and those that are tested, of fold `number`."""
        if self.rank is None:
            return np.flatnonzero(self.of_case != number), np.flatnonzero(self.of_case == number)
        places = self.places(number)
        return np.sort(np.concatenate([places["train"], places["valid"]])), places["test"]

    def places(self, number: int) -> dict[str, np.ndarray]:
        """Return the cases that train, choose and test in fold `number`, each ascending."""
        if self.rank is not None:
            return self._in_time(self.rank, self.count - self.folds + number)
        test, valid = number % self.count, (number + 1) % self.count
        chosen = {"valid": self.of_case == valid, "test": self.of_case == test}
        chosen["train"] = ~chosen["valid"] & ~chosen["test"]
        return {name: np.flatnonzero(mask) for name, mask in chosen.items()}

    def _in_time(self, rank: np.ndarray, test: int) -> dict[str, np.ndarray]:
        """Return the places of the fold that tests that part: as many parts train in each fold."""
        part = self.of_case
        valid_from, test_from = (rank[part == each].min() - self.embargo for each in (test - 1, test))
        train = (part < test - 1) & (part >= test - self.count + self.folds) & (rank < valid_from)
        chosen = {"train": train, "valid": (part == test - 1) & (rank < test_from), "test": part == test}
        return {name: np.flatnonzero(mask) for name, mask in chosen.items()}


def parts_of(cases: Cases, strata: np.ndarray, folds: int, where: str, least: int = FEWEST) -> Parts:
    """Return the parts: by groups where there are such, in time where there are times, else strata even.

    strata: (cases,), of which each part gets its share; least: parts there are at least, without times.
    Raises ValueError where there are too few groups or stamps, and for cases that share rows and have
    neither: by chance they would be tested on rows that were trained on.
    """
    embargo = embargo_of(cases, where)
    if cases.times is not None and cases.groups is None:
        rank = np.unique(cases.times, return_inverse=True)[1]
        return Parts(timed_parts(rank, max(FEWEST, folds + 3), embargo, where), folds, rank, embargo)
    count = max(least, folds)
    part = even_parts(strata, count) if cases.groups is None else grouped_parts(cases.groups, count, where)
    return Parts(part, folds)


def parts_once(cases: Cases, strata: np.ndarray, folds: int, where: str) -> Parts:
    """Return as many parts as there are folds, so that each case is tested once; with times as `parts_of`.

    Raises ValueError as `parts_of` does, and for fewer cases or groups than folds.
    """
    parts = parts_of(cases, strata, folds, where, least=2)
    if parts.rank is None and parts.count != folds:
        if folds < 2:
            raise ValueError(f"{where}: folds is {folds}, but one tests what the others train on. Ask for 2.")
        there = f"{parts.count} {'cases' if cases.groups is None else 'groups'}"
        raise ValueError(f"{where}: folds is {folds}, which {there} cannot make. Ask for 2 to {parts.count}.")
    return parts


def embargo_of(cases: Cases, where: str) -> int:
    """Return how many stamps before a later part share rows with it: 0 where cases share none.

    Raises ValueError for cases that share rows and have neither groups nor times.
    """
    shared = [] if cases.groups is not None else list(_shared(cases))
    if not shared:
        return 0
    if cases.times is None:
        step, steps = shared[0]
        raise ValueError(
            f"{where}: cases share rows: X was cut from one series, each case {step} of {steps} rows "
            "behind another. Split by chance, they would be tested on rows that were trained on. Give times, "
            "such as the number of each case's last row (np.arange(len(X)) if they are in order), or groups; "
            "groups=np.arange(len(X)) where they are no windows and only look like them."
        )
    return max(-(-steps // step) for step, steps in shared)


def _shared(cases: Cases) -> Iterator[tuple[int, int]]:
    """Yield by how many rows cases follow one another, and of how many, for series that share rows.

    Series of one length are looked at together: a calendar alone comes round without sharing a row.
    """
    series = [x for x in cases.inputs.values() if x.ndim == 3]
    for steps in dict.fromkeys(x.shape[1] for x in series):
        some = [x for x in series if x.shape[1] == steps]
        step = stride(some[0] if len(some) == 1 else np.concatenate(some, axis=2))
        if step is not None:
            yield step, steps


def even_parts(strata: np.ndarray, parts: int) -> np.ndarray:
    """Return the part of each case by chance, so that each part has its share of each stratum."""
    draws, part, turn = np.random.default_rng(0), np.zeros(len(strata), int), 0
    for stratum in np.unique(strata):
        mine = draws.permutation(np.flatnonzero(strata == stratum))
        part[mine] = (turn + np.arange(len(mine))) % parts
        turn += len(mine)
    return part


def grouped_parts(groups: np.ndarray, parts: int, where: str) -> np.ndarray:
    """Return the part of each case, no group in two, the largest groups first into the emptiest part.

    Raises ValueError for fewer than three groups.
    """
    names, which, counts = np.unique(groups, return_inverse=True, return_counts=True)
    if len(names) < 3:
        raise ValueError(f"{where}: there are {len(names)} groups; train, validation and test need 3.")
    filled = np.zeros(min(parts, len(names)), int)
    part = np.zeros(len(names), int)
    for group in np.argsort(-counts, kind="stable"):
        part[group] = np.argmin(filled)
        filled[part[group]] += counts[group]
    return part[which]


def timed_parts(rank: np.ndarray, parts: int, embargo: int, where: str) -> np.ndarray:
    """Return the part of each case in time, so many parts of as many stamps, no stamp in two.

    rank: (cases,), the place of each case's stamp in time. Raises ValueError for too few stamps.

    >>> timed_parts(np.arange(12), parts=5, embargo=1, where="cases")
    array([0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4])
    """
    stamps = int(rank.max()) + 1
    ends = np.arange(1, parts + 1) * stamps // parts
    if np.diff(ends, prepend=0).min() <= embargo:
        apart = f", of which {embargo} before each part share rows with it," if embargo else ""
        raise ValueError(
            f"{where}: there are {counted(stamps, 'time')} of cases{apart} but {parts} parts in time need "
            f"{parts * (embargo + 1)}. Give more cases, or fewer folds."
        )
    return np.searchsorted(ends, rank, side="right")
