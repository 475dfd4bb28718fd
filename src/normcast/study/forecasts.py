"""ForecastTask: rolling folds over a panel, with windows that are scored in the unit of the series."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from normcast.data import Panel
from normcast.engine import Batches
from normcast.errors import at_least_one
from normcast.scoring import seasonal_error
from normcast.study.fold import Fold, Scores, thinned
from normcast.study.placements import RAW_INPUTS
from normcast.windows import Scaler, Windows, default_input_size, sliding
from normcast.windows.arrays import Arrays, Scaled
from normcast.windows.table_scaling import TableScaling

SHARE = 0.1  # of each series' rows, for validation and for the test of each fold
MOST_VALID, MOST_TEST = 1024, 2048


@dataclass(frozen=True, eq=False)
class ForecastTask:
    """A panel, cut into `folds` rolling folds: train | validation | test, in the order of time.

    Every fold has as many windows as the first: they begin later as they end later, so that folds differ in
    time alone, and share their programs.

    h: rows to forecast; input_size: rows the network reads; scaling: "standard", "robust" or "none".
    calendar: whether the network reads the time of year and day.
    """

    panel: Panel
    h: int
    input_size: int
    folds: int = 2
    scaling: str = "standard"
    calendar: bool = False

    def __post_init__(self) -> None:
        for name in ("h", "input_size", "folds"):
            at_least_one("Study", name, getattr(self, name))
        need = self.input_size + 2 * self.h - 1
        short = self.spans(0)[1] < need
        if short.any():
            s = int(np.argmin(self.panel.lengths))
            raise ValueError(
                f"Study: series {self.panel.ids[s]!r} has {self.panel.lengths[s]} rows; {self.folds} folds "
                f"of input_size {self.input_size} and h {self.h} leave too few to train on. Lower "
                "input_size, h or folds, or leave the series out."
            )

    @cached_property
    def arrays(self) -> Arrays:
        """The columns of the panel, laid out for windows."""
        return Arrays.of(self.panel, self.h, calendar=self.calendar)

    @property
    def metrics(self) -> tuple[str, ...]:
        """MASE decides; MAE and RMSE are in standard deviations of each series."""
        return ("mase", "mae", "rmse")

    @property
    def output_shape(self) -> tuple[int, ...]:
        """What a network must give for one window."""
        return (self.h,)

    @property
    def default_loss(self) -> None:
        """None: a forecast may be trained by any loss of points."""
        return None

    def spans(self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return where training, validation and test begin and test ends, in rows of each series."""
        lengths = self.panel.lengths
        test = np.maximum(self.h, (SHARE * lengths).astype(int))
        first = lengths - self.folds * test
        valid = np.maximum(self.h, (SHARE * first).astype(int))
        begin = number * test
        return begin, begin + first - valid, begin + first, begin + first + test

    def windows(self, number: int) -> tuple[Windows, Windows, Windows]:
        """Return the windows of train, validation and test of a fold; their targets do not overlap."""
        arrays, (begin, valid, test, end) = self.arrays, self.spans(number)
        common: dict[str, Any] = {"input_size": self.input_size, "h": self.h, "observed": arrays.observed}
        parts = [
            sliding(arrays.offsets, first, last, **common)
            for first, last in ((begin + self.input_size, valid), (valid, test), (test, end))
        ]
        for part, name in zip(parts, ("training", "validation", "test"), strict=True):
            if not len(part):
                raise ValueError(
                    f"Study: fold {number + 1} has no {name} window whose target was observed. Choose "
                    "another missing policy, or fewer folds."
                )
        kept = [parts[1][thinned(len(parts[1]), MOST_VALID)], parts[2][thinned(len(parts[2]), MOST_TEST)]]
        return parts[0], kept[0], kept[1]

    def fold(self, number: int, scaling: str | None = None) -> Fold:
        """Return a fold; scaling "target only" leaves the inputs as they are."""
        train, valid, test = self.windows(number)
        kind = scaling or self.scaling
        raw = kind == RAW_INPUTS
        scaler = TableScaling.fit(self.arrays, self.spans(number)[1], "standard" if raw else kind)
        scaled = scaler.scaled(self.arrays)
        reads = raw_inputs(scaled) if raw else scaled
        seen = train[thinned(len(train), MOST_VALID)]
        parts = {"train": train, "valid": valid, "test": test, "seen": seen}
        batches = {name: with_target(reads.batches(part), scaled, part) for name, part in parts.items()}
        return Fold(**batches, scored=self._scored(parts, scaler.target))

    def _scored(self, parts: dict[str, Windows], scaler: Scaler) -> Callable[[np.ndarray, str], Scores]:
        y, offsets = self.arrays.y, self.arrays.offsets

        def scored(outputs: np.ndarray, part: str) -> Scores:
            windows = parts[part]
            truth = windows.targets(y)
            errors = scaler.undo(outputs.astype(np.float64), windows.series) - truth
            own = seasonal_error(y, windows, offsets, self.panel.season, self.arrays.observed)
            own = np.where(own > 0, own, np.nan)[:, None]
            spread = scaler.spread[windows.series]
            return {
                "mase": float(np.nanmean(np.abs(errors) / own)) if np.isfinite(own).any() else np.nan,
                "mae": float(np.mean(np.abs(errors) / spread)),
                "rmse": float(np.sqrt(np.mean((errors / spread) ** 2))),
            }

        return scored

    def describe(self) -> dict[str, Any]:
        """Return the facts of the data and its cutting."""
        panel = self.panel
        columns = (panel.y, panel.observed, panel.hist, panel.futr, panel.stat)
        return {
            "task": "forecast",
            "target": panel.columns.target_name,
            "series": panel.n_series,
            "rows": int(panel.lengths.sum()),
            "freq": str(panel.freq),
            "season": int(panel.season),
            "h": self.h,
            "input_size": self.input_size,
            "folds": self.folds,
            "scaling": self.scaling,
            "windows": [len(part) for part in self.windows(0)],
            "data": digest(*columns),
        }


def with_target(batches: Batches, scaled: Scaled, windows: Windows) -> Batches:
    """Return the batches with the scaled target, whatever they read."""
    return replace(batches, target=scaled.batches(windows).target)


def raw_inputs(scaled: Scaled) -> Scaled:
    """Return the columns with the past as it is in the table; missing values stay as scaling left them."""
    arrays = scaled.arrays
    past = np.column_stack([arrays.y, arrays.exog]).astype("float32")
    return replace(scaled, past=past)


def digest(*arrays: np.ndarray) -> str:
    """Return a short name of the values, the same on every machine.

    >>> digest(np.arange(3.0)) == digest(np.arange(3.0)), len(digest(np.zeros(2)))
    (True, 16)
    """
    sums = hashlib.sha256()
    for array in arrays:
        sums.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return sums.hexdigest()[:16]


def window_size(panel: Panel, h: int, folds: int) -> int:
    """Return the rows a network reads if nobody says: whole seasons, fewer for short series."""
    test = max(h, int(SHARE * int(panel.lengths.min())))
    begin = int(panel.lengths.min()) - folds * test
    room = begin - max(h, int(SHARE * begin)) - 2 * h + 1
    return max(1, min(default_input_size(h, panel.season), room))
