"""Sizes: how many rows a network reads, and how many windows validation and calibration get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from normcast.scoring import reachable_level, windows_needed
from normcast.windows import default_input_size

SHARE = 0.1  # of a series' rows, for validation and for calibration each
MOST_ROWS = 2000


def fitting_input_size(h: int, season: int, rows: int) -> int:
    """Return the rows a network reads if nobody says: whole seasons, fewer where series are short.

    rows: those of the shortest series that training may use. It gets as many windows per series as the
    horizon is long before the input may grow.

    >>> fitting_input_size(h=14, season=7, rows=1000), fitting_input_size(h=14, season=7, rows=40)
    (56, 13)
    """
    return max(1, min(default_input_size(h, season), rows - 2 * h + 1))


@dataclass(frozen=True)
class Sizes:
    """Windows per series for validation and calibration, and the rows of input, at one cutoff."""

    input_size: int
    n_valid: int
    n_calib: int

    @classmethod
    def plan(
        cls,
        rows: np.ndarray,
        season: int,
        h: int,
        level: Sequence[float],
        input_size: int | None = None,
        moving: int | None = None,
    ) -> Sizes:
        """Choose sizes for series of these many rows; an input_size that is not given shrinks to fit.

        level: percent; () for no intervals, and no calibration. moving: how many series calibrate, since one
        that never changed does not; by default all. Raises ValueError for a level that these rows
        could never support.
        """
        shortest, count = int(rows.min()), max(1, len(rows) if moving is None else moving)
        share = min(int(SHARE * shortest), max(MOST_ROWS, 10 * h))
        n_valid = max(share - h + 1, 1)
        n_calib = max(share - h + 1, ceil(needed(level) / count)) if level else 0
        if level:
            check_support(level, (shortest - 3 * h - n_valid + 1) * count)  # one window is left to train
        held_out = cls(1, n_valid, n_calib).held_out(h)
        return cls(input_size or fitting_input_size(h, season, shortest - held_out), n_valid, n_calib)

    def held_out(self, h: int) -> int:
        """Return the rows at the end of each series that are not trained on."""
        return self.n_valid + h - 1 + (self.n_calib + h - 1 if self.n_calib else 0)


def needed(level: Sequence[float]) -> int:
    """Return the calibration windows that the highest level needs."""
    return max((windows_needed(each) for each in level), default=0)


def check_support(level: Sequence[float], most: int) -> None:
    """Raise ValueError if the highest level needs more calibration windows than the rows could ever give."""
    if needed(level) > most >= 1:
        raise ValueError(
            f"level: {max(level):g} needs {needed(level)} calibration windows, and these rows give at most "
            f"{most}. With them the largest level is {reachable_level(most):g}; lower the level, or give "
            "longer series."
        )
