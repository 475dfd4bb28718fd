"""Task: data with what is to be learned from it, and the folds it makes of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from normcast.engine import Batches

Measured = dict[str, float]

RAW_INPUTS = "target only"  # a scaling: targets are scaled, inputs are left as they are


@dataclass(frozen=True, eq=False)
class Fold:
    """Windows of one fold. Nothing in train or valid has seen a row that test is scored on.

    seen: some of the training windows, to tell how much better a network is on what it learned from.
    scored: takes outputs (windows, ...) and the name of the part ("test" or "seen"), returns the metrics.
    compared: takes the same, returns targets and outputs as the metrics of a compiled model compare them:
    numbers in the unit of the target, classes as the loss takes them.
    held: takes the name of a part, returns the rows, or cases, whose targets it holds, (n,) ascending.
    """

    train: Batches
    valid: Batches
    test: Batches
    seen: Batches
    scored: Callable[[np.ndarray, str], Measured]
    compared: Callable[[np.ndarray, str], tuple[np.ndarray, np.ndarray]]
    held: Callable[[str], np.ndarray]


class Task(Protocol):
    """Data with what is to be learned from it: it makes the folds, the same for every network.

    metrics: the names of what is measured, the one that decides first; smaller is better.
    """

    @property
    def metrics(self) -> tuple[str, ...]:
        """What is measured, the one that decides first."""

    @property
    def folds(self) -> int:
        """How many folds there are."""

    @property
    def groups(self) -> np.ndarray | None:
        """What must not be split, one value per row or case; None where each may stand alone."""

    @property
    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """What a network reads of one window, by the name of each input, without the batch axis."""

    @property
    def output_shape(self) -> tuple[int, ...]:
        """What a network must give for one window, without the batch axis."""

    def fold(self, number: int, scaling: str | None = None) -> Fold:
        """Return fold `number`, from 0; scaling: instead of the task's own."""

    @property
    def default_loss(self) -> Any:
        """The loss to train with where neither preset nor user says one; None leaves it to them."""

    def describe(self) -> dict[str, Any]:
        """Return the facts of the data for people, and for telling two studies apart, as plain values."""


def thinned(count: int, most: int) -> np.ndarray:
    """Return the positions of at most so many of `count` windows, evenly spread.

    >>> thinned(10, 4)
    array([0, 3, 6, 9])
    """
    return np.arange(0, count, -(-count // most)) if count > most else np.arange(count)


def digest(*arrays: np.ndarray) -> str:
    """Return a short name of the values, the same on every machine.

    >>> digest(np.arange(3.0)) == digest(np.arange(3.0)), len(digest(np.zeros(2)))
    (True, 16)
    """
    sums = hashlib.sha256()
    for array in arrays:
        sums.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return sums.hexdigest()[:16]
