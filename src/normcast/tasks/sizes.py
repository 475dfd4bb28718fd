"""Sizes: how many rows a network reads, and how many windows validation and calibration get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from normcast.scoring import reachable_level, windows_needed
from normcast.windows import default_input_size, rows_needed

SHARE = 0.1  # of a series' rows, for validation and for calibration each
MOST_ROWS = 2000


def fitting_input_size(h: int, season: int, rows: int) -> int:
    """Return the rows a network reads if nobody says: whole seasons, fewer where series are short.

    rows: those of a series that training may use. It gets as many windows per series as the
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

        The series of median length decides, so that one short series shrinks nothing for the others; it may
        then lack the `rows_needed`. level: percent; () for no intervals, and no calibration. moving: how many
        series calibrate, since one that never changed does not; by default all. Raises ValueError for a level
        that these rows could never support.
        """
        usual, count = typical(rows), max(1, len(rows) if moving is None else moving)
        n_valid = valid_windows(usual, h)
        n_calib = max(n_valid, ceil(needed(level) / count)) if level else 0
        if level:
            check_support(level, calibration_room(rows, h, count))
        held_out = cls(1, n_valid, n_calib).held_out(h)
        return cls(input_size or fitting_input_size(h, season, usual - held_out), n_valid, n_calib)

    def rows_needed(self, h: int) -> int:
        """Return the rows a series must have before the cutoff: one window to train, and what is held out."""
        return rows_needed(self.input_size, h, self.n_valid, self.n_calib)

    def held_out(self, h: int) -> int:
        """Return the rows at the end of each series that are not trained on."""
        return self.n_valid + h - 1 + (self.n_calib + h - 1 if self.n_calib else 0)


def typical(rows: np.ndarray) -> int:
    """Return the rows of a series of median length, rounded down.

    >>> typical(np.array([12, 300, 280]))
    280
    """
    return int(np.median(rows))


def valid_windows(rows: int, h: int) -> int:
    """Return the validation windows of a series of so many rows."""
    share = min(int(SHARE * rows), max(MOST_ROWS, 10 * h))
    return max(share - h + 1, 1)


def calibration_room(rows: np.ndarray, h: int, count: int, input_size: int = 1) -> int:
    """Return the most calibration windows that so many series could give; one window is left to train."""
    usual = typical(rows)
    return (usual - input_size - 3 * h - valid_windows(usual, h) + 2) * count


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
