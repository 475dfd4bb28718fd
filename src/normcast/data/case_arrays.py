"""Case arrays: what a file of cases holds, by the part it plays, before it is checked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

_TRAIN = re.compile("train", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class CaseArrays:
    """The arrays of a file by the part they play, and what to tell of them.

    parts: x, an array (cases, time, channels) or a list of arrays (time, channels) of unequal lengths; y; and
    groups, times and ids, the names of the cases, where there are any. layout: where the time axis of x
    stands, or None where the file does not say it. test: reads the part kept for the score, None where
    there is none.
    """

    parts: dict[str, Any]
    notes: tuple[str, ...] = ()
    layout: str | None = None
    test: Callable[[], CaseArrays] | None = None


def name_of_test(name: str) -> str | None:
    """Return what the test part is called that goes with a train part, or None where a name says no part.

    >>> name_of_test("X_train"), name_of_test("Gait_TRAIN"), name_of_test("gait")
    ('X_test', 'Gait_TEST', None)
    """
    return _TRAIN.sub(_as_test, name) if _TRAIN.search(name) else None


def _as_test(train: re.Match[str]) -> str:
    word = train.group()
    return "TEST" if word.isupper() else "Test" if word.istitle() else "test"


def stacked(series: list[np.ndarray]) -> np.ndarray | list[np.ndarray]:
    """Return series (time, channels) as one array where their lengths are equal, else as they are.

    >>> stacked([np.zeros((3, 2)), np.ones((3, 2))]).shape
    (2, 3, 2)
    >>> len(stacked([np.zeros((3, 2)), np.ones((4, 2))]))
    2
    """
    return np.stack(series) if len({len(each) for each in series}) == 1 else series
