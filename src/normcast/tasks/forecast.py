"""ForecastTask: rolling folds over a panel, with windows that are scored in the unit of the series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from normcast.data import Panel
from normcast.errors import at_least_one
from normcast.scoring import seasonal_error
from normcast.tasks.forecast_fold import ForecastFold, split_before
from normcast.tasks.sizes import Sizes
from normcast.tasks.task import RAW_INPUTS, Fold, Measured, digest, thinned
from normcast.windows import Split, Windows
from normcast.windows.arrays import Arrays, Scaled

MOST_VALID, MOST_TEST = 1024, 2048
SHARE = 0.1  # of a series' rows, that one fold tests


@dataclass(frozen=True, eq=False)
class ForecastTask:
    """A panel, cut into `folds` rolling folds: train | validation | test, in the order of time.

    Before its test, a fold is planned, split and scaled as a forecaster's is: see `Sizes.plan` and
    `ForecastFold`. Every fold has as many windows as the first: they begin later as they end later, so that
    folds differ in time alone, and share their programs.

    h: rows to forecast; input_size: rows the network reads; scaling: "standard", "robust" or "none".
    calendar: whether the network reads the time of year and day. pads: whether windows of short series are
    padded. whole: whether windows with a target that was not observed neither train nor choose.
    Raises ValueError for a series that is too short, and where nothing was observed that a fold needs.
    """

    panel: Panel
    h: int
    input_size: int
    folds: int = 2
    scaling: str = "standard"
    calendar: bool = False
    pads: bool = True
    whole: bool = False

    def __post_init__(self) -> None:
        for name in ("h", "input_size", "folds"):
            at_least_one("Study", name, getattr(self, name))
        for number in range(self.folds):
            self.split(number)

    @cached_property
    def arrays(self) -> Arrays:
        """The columns of the panel, laid out for windows."""
        return Arrays.of(self.panel, self.h, calendar=self.calendar)

    @cached_property
    def sizes(self) -> Sizes:
        """How many windows choose, and from how many rows on windows are padded: the same in all folds."""
        rows, season = self.rows(0), self.panel.season
        return Sizes.plan(rows, season, self.h, (), self.input_size, pads=self.pads)

    @property
    def groups(self) -> None:
        """None: windows are kept apart by time."""
        return None

    @property
    def metrics(self) -> tuple[str, ...]:
        """MASE decides; MAE and RMSE are in standard deviations of each series."""
        return ("mase", "mae", "rmse")

    @property
    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """What a network reads of one window."""
        return {name: field.shape for name, field in self.fold(0).train.inputs.items()}

    @property
    def output_shape(self) -> tuple[int, ...]:
        """What a network must give for one window."""
        return (self.h,)

    @property
    def default_loss(self) -> None:
        """None: a forecast may be trained by any loss of points."""
        return None

    def rows(self, number: int) -> np.ndarray:
        """Return the rows of each series before the test of a fold, (S,)."""
        return self.panel.lengths - rows_tested(self.panel.lengths, self.h, self.folds - number)

    @property
    def has_unobserved(self) -> bool:
        """Whether a target that trains or chooses was not observed, in any fold."""
        observed = self.arrays.observed
        parts = (self.windows(number) for number in range(self.folds))
        return any(part[name].unobserved(observed).any() for part in parts for name in ("train", "valid"))

    def split(self, number: int) -> Split:
        """Return the windows of a fold; no two parts share a target. Raises ValueError, naming the fold."""
        try:
            parts = split_before(self.arrays, self.rows(number), self.sizes, self.h, *self._places(number))
        except ValueError as error:
            raise ValueError(f"Study: fold {number + 1} of {self.folds}: {error}") from None
        return self._kept(parts, number)

    def _places(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return where a fold begins, and the rows that it tests, of each series."""
        tested = rows_tested(self.panel.lengths, self.h)
        return number * tested, tested

    def _kept(self, parts: Split, number: int) -> Split:
        """Return the windows that take part: of very many that choose and test, some."""
        unseen = {name: part.unobserved(self.arrays.observed) for name, part in vars(parts).items()}
        most = 0 if self.whole else self.h - 1
        train, valid = parts.train[unseen["train"] <= most], parts.valid[unseen["valid"] <= most]
        test = parts.test[unseen["test"] < self.h]
        for part, name in ((train, "training"), (valid, "validation"), (test, "test")):
            if not len(part):
                what = "targets were all" if self.whole and part is not test else "target was"
                raise ValueError(
                    f"Study: fold {number + 1} of {self.folds} has no {name} window whose {what} observed. "
                    "Choose another missing policy, or fewer folds."
                )
        valid, test = valid[thinned(len(valid), MOST_VALID)], test[thinned(len(test), MOST_TEST)]
        return Split(train, valid, parts.calib, test)

    def windows(self, number: int) -> dict[str, Windows]:
        """Return the windows of train, valid, test and seen of a fold."""
        return in_parts(self.split(number))

    def candidate_fold(self, number: int, scaling: str | None = None) -> ForecastFold:
        """Return a fold as candidates learn from it: its windows, scaled by its training rows alone."""
        kind, sizes = scaling or self.scaling, self.sizes
        fold = ForecastFold.before(self.arrays, self.rows(number), sizes, self.h, kind, *self._places(number))
        return replace(fold, split=self._kept(fold.split, number))

    def fold(self, number: int, scaling: str | None = None) -> Fold:
        """Return a fold; scaling "target only" leaves the inputs as they are."""
        raw = scaling == RAW_INPUTS
        own = self.candidate_fold(number, "standard" if raw else scaling)
        parts, padded = in_parts(own.split), own.padded
        batches = {name: own.scaled.batches(part, padded) for name, part in parts.items()}
        if raw:
            reads = raw_inputs(own.scaled)
            given = {name: reads.batches(part, padded) for name, part in parts.items()}
            batches = {name: replace(given[name], target=each.target) for name, each in batches.items()}
        return Fold(
            **batches,
            scored=self._scored(parts, own.scaled),
            compared=self._compared(parts, own.scaled),
            held=lambda part: np.unique(parts[part].cutoff[:, None] + np.arange(self.h)),
        )

    @cached_property
    def truth(self) -> np.ndarray:
        """What was observed, in the unit of the series, (rows,); NaN where nothing was."""
        return np.where(self.arrays.observed, self.arrays.y, np.nan)

    def _scored(self, parts: dict[str, Windows], scaled: Scaled) -> Callable[[np.ndarray, str], Measured]:
        scaler, clean = scaled.target, scaled.arrays

        def scored(outputs: np.ndarray, part: str) -> Measured:
            windows = parts[part]
            errors = scaler.undo(outputs.astype(np.float64), windows.series) - windows.targets(self.truth)
            own = seasonal_error(clean.y, windows, clean.offsets, clean.season, clean.observed)
            own = np.where(own > 0, own, np.nan)[:, None]
            spread = scaler.spread[windows.series]
            return {
                "mase": float(np.nanmean(np.abs(errors) / own)) if np.isfinite(own).any() else np.nan,
                "mae": float(np.nanmean(np.abs(errors) / spread)),
                "rmse": float(np.sqrt(np.nanmean((errors / spread) ** 2))),
            }

        return scored

    def _compared(
        self, parts: dict[str, Windows], scaled: Scaled
    ) -> Callable[[np.ndarray, str], tuple[np.ndarray, np.ndarray]]:
        def compared(outputs: np.ndarray, part: str) -> tuple[np.ndarray, np.ndarray]:
            whole = parts[part].unobserved(self.arrays.observed) == 0  # a metric may be of whole windows
            windows = parts[part][whole]
            told = scaled.target.undo(outputs[whole].astype(np.float64), windows.series)
            return windows.targets(self.arrays.y), told

        return compared

    @property
    def _planned(self) -> dict[str, Any]:
        """What the other facts do not tell of the plan, where series differ in length."""
        if (self.panel.lengths == self.panel.lengths[0]).all():
            return {}
        return {"plan": {"n_valid": self.sizes.n_valid, "least": self.sizes.least}}

    def describe(self) -> dict[str, Any]:
        """Return the facts of the data and its cutting."""
        panel = self.panel
        columns = panel.y, panel.observed, panel.hist, panel.futr, panel.stat
        return {
            "task": "forecast",
            "target": panel.columns.target_name,
            "series": panel.n_series,
            "rows": int(panel.lengths.sum()),
            "freq": str(panel.freq),
            "season": int(panel.season),
            **({"longer seasons": list(panel.longer_seasons)} if panel.longer_seasons else {}),
            "h": self.h,
            "input_size": self.input_size,
            "folds": self.folds,
            "scaling": self.scaling,
            **self._planned,
            "windows": [len(self.windows(0)[part]) for part in ("train", "valid", "test")],
            "data": digest(*columns, panel.offsets, panel.time.view(np.int64)),
        }


def rows_tested(lengths: np.ndarray, h: int, folds: int = 1) -> np.ndarray:
    """Return the rows of series of these lengths that so many folds test, (S,): a tenth each, h at least.

    >>> rows_tested(np.array([20, 100]), h=3, folds=2)
    array([ 6, 20])
    """
    return folds * np.maximum(h, (SHARE * lengths).astype(int))


def in_parts(split: Split) -> dict[str, Windows]:
    """Return the windows of train, valid and test by name, and as "seen" some of those that train."""
    seen = split.train[thinned(len(split.train), MOST_VALID)]
    return {"train": split.train, "valid": split.valid, "test": split.test, "seen": seen}


def raw_inputs(scaled: Scaled) -> Scaled:
    """Return the columns with the past as it is in the table; missing values stay as scaling left them."""
    arrays = scaled.arrays
    past = np.column_stack([arrays.y, arrays.exog]).astype("float32")
    return replace(scaled, past=past)
