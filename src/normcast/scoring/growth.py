"""Growth: by how much errors have grown from the calibration windows to what is forecast next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

DOUBT = 2.0  # standard errors that a trend must have before any of it is believed
FEWEST = 10  # horizons of history; fewer do not show how errors differ by chance


@dataclass(frozen=True, eq=False)
class ErrorHistory:
    """Sizes of errors before a cutoff. Each is (errors,), one per series and stretch of h rows.

    size: mean |error| beside the series' own mean; group: the series, apart for windows that trained, whose
    errors are smaller; time: rows from the cutoff, negative; stretch: which h rows; held: did not train.

    >>> rng, time = np.random.default_rng(0), np.arange(-400, 0)
    >>> steady, series, held = rng.gamma(9, 1 / 9, 400), np.zeros(400, dtype=int), time >= -80
    >>> ErrorHistory.of(steady, series, time, held, h=4).growth(since=-20, until=2)
    1.0
    >>> round(ErrorHistory.of(steady * (500 + time), series, time, held, h=4).growth(since=-20, until=2), 2)
    1.05
    """

    size: Float[np.ndarray, " errors"]
    group: Int[np.ndarray, " errors"]
    time: Float[np.ndarray, " errors"]
    stretch: Int[np.ndarray, " errors"]
    held: Bool[np.ndarray, " errors"]

    @classmethod
    def of(
        cls,
        errors: Float[np.ndarray, " windows"],
        series: Int[np.ndarray, " windows"],
        time: Int[np.ndarray, " windows"],
        held: Bool[np.ndarray, " windows"],
        h: int,
    ) -> ErrorHistory:
        """Average the errors of windows, NaN where nothing was observed; time: of the first target."""
        seen = np.isfinite(errors)
        each, place = np.unique(
            np.stack([2 * series[seen] + held[seen], time[seen] // h]), axis=1, return_inverse=True
        )
        place = place.ravel()
        size, middle = (_means(values[seen], place) for values in (errors, time + h / 2))
        usual = _means(size, each[0] // 2)[each[0] // 2]
        moves = usual > 0
        parts = (size / np.where(moves, usual, 1), each[0], middle, each[1], each[0] % 2 == 1)
        return cls(*(part[moves] for part in parts))

    def slope(self) -> tuple[float, float]:
        """Return by how much errors grow in one row, and its standard error: infinite for a short history.

        One line for all, at a height of its own for each group. Stretches are judged over all series at once,
        since these may err together, and so may neighbouring stretches (Newey & West 1987,
        doi:10.2307/1913610).
        """
        time, size = (values - _means(values, self.group)[self.group] for values in (self.time, self.size))
        spread = float((time * time).sum())
        stretch = self.stretch - self.stretch.min(initial=0)
        count = len(np.unique(stretch))
        if count < FEWEST or spread == 0:
            return 0.0, float("inf")
        slope = float((time * size).sum()) / spread
        pulls = np.bincount(stretch, time * (size - slope * time))
        lags = round(count ** (1 / 3))
        beside = sum((1 - lag / (lags + 1)) * (pulls[lag:] @ pulls[:-lag]) for lag in range(1, lags + 1))
        variance = (pulls @ pulls + 2 * max(0.0, float(beside))) * count / (count - 2)
        return slope, float(np.sqrt(variance)) / spread

    def growth(self, since: float, until: float) -> float:
        """Return how many times larger errors are at one row than at an earlier one; at least 1.

        Both count from the cutoff. A trend is believed as far as it is larger than two standard errors, and
        is carried on as a line. Errors that seem to shrink are not trusted to go on: to be too wide for a
        while does less harm.
        """
        slope, error = self.slope()
        if slope <= DOUBT * error or not self.held.any():
            return 1.0
        believed = slope * (1 - (DOUBT * error / slope) ** 2)
        height = float(self.size[self.held].mean()) + slope * (since - float(self.time[self.held].mean()))
        return 1.0 + max(0.0, believed * (until - since) / height) if height > 0 else 1.0


def _means(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return the mean of each group by its number; 0 where there is none."""
    return np.bincount(group, values) / np.maximum(np.bincount(group), 1)
