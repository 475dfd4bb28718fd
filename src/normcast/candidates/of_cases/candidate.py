"""CaseCandidate: what tells numbers or classes of cases for next to nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

KINDS = ("numbers", "classes", "labels")

FittedCase = Callable[[np.ndarray], np.ndarray]
"""Takes x (cases, time, channels); returns numbers, or probabilities, in the shape that y has."""


@dataclass(frozen=True)
class CaseCandidate:
    """A way to tell numbers or classes of cases, as a value.

    name: its row in a table; place: its order among the others. fit: takes x (cases, time, channels) float32,
    standardized, and y: numbers (cases, ...), scaled, classes (cases, classes) bool, one-hot, or labels of
    which several may hold, (cases, labels, 2) bool, each as two classes, no and yes; returns what tells them
    of further cases, of each from its own rows alone. tells: some of `KINDS`. needs: the packages
    without which it is not there. in_time: whether it tells steps of time apart; else it takes several inputs
    side by side, as one step. compares: whether it compares each case with each, which takes time with the
    square of their number.

    >>> zero = CaseCandidate("zero", 9, lambda x, y: lambda new: np.zeros((len(new), *y.shape[1:])))
    >>> zero.fit(np.zeros((5, 3, 2)), np.ones(5))(np.zeros((2, 3, 2))), zero.is_there
    (array([0., 0.]), True)
    """

    name: str
    place: int
    fit: Callable[[np.ndarray, np.ndarray], FittedCase]
    tells: tuple[str, ...] = KINDS
    needs: tuple[str, ...] = ()
    in_time: bool = False
    compares: bool = False

    @property
    def is_there(self) -> bool:
        """Whether all it needs is installed."""
        return all(find_spec(package) for package in self.needs)
