"""How many rows validation and calibration get, and how long a window may be."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from normcast.forecasting.settings import Settings
from normcast.scoring import reachable_level, windows_needed
from normcast.windows import default_input_size

SHARE = 0.1  # of a series' rows, for validation and for calibration each
MOST_ROWS = 2000


@dataclass(frozen=True)
class Sizes:
    """Windows per series for validation and calibration, and the rows of input."""

    input_size: int
    n_valid: int
    n_calib: int

    @classmethod
    def plan(cls, rows: np.ndarray, season: int, settings: Settings) -> Sizes:
        """Choose sizes for series of these many rows; an input_size that is not given shrinks to fit."""
        shortest, h = int(rows.min()), settings.h
        share = min(int(SHARE * shortest), max(MOST_ROWS, 10 * h))
        n_valid = max(share - h + 1, 1)
        n_calib = max(share - h + 1, ceil(needed(settings.level) / len(rows))) if settings.level else 0
        if settings.level:
            check_support(settings.level, (shortest - 2 * h - n_valid - h + 2) * len(rows))
        if settings.input_size is not None:
            return cls(settings.input_size, n_valid, n_calib)
        held_out = cls(1, n_valid, n_calib).held_out(h)
        # Training gets as many windows per series as the horizon is long, before the input may grow.
        room = shortest - held_out - 2 * h + 1
        return cls(max(1, min(default_input_size(h, season), room)), n_valid, n_calib)

    def held_out(self, h: int) -> int:
        """Return the rows at the end of each series that are not trained on."""
        return self.n_valid + h - 1 + (self.n_calib + h - 1 if self.n_calib else 0)


def needed(level: tuple[float, ...]) -> int:
    """Return the calibration windows that the highest level needs."""
    return max((windows_needed(each) for each in level), default=0)


def check_support(level: tuple[float, ...], most: int) -> None:
    """Raise ValueError if the highest level needs more calibration windows than the rows could ever give."""
    if needed(level) > most >= 1:
        raise ValueError(
            f"level: {max(level):g} needs {needed(level)} calibration windows, and these rows give at most "
            f"{most}. With them the largest level is {reachable_level(most):g}; lower the level, or give "
            "longer series."
        )
