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
from normcast.tasks.forecast_fold import ForecastFold
from normcast.tasks.sizes import fitting_input_size
from normcast.tasks.task import RAW_INPUTS, Fold, Measured, digest, thinned
from normcast.windows import Cuts, Split, Windows, parted
from normcast.windows.arrays import Arrays, Scaled
from normcast.windows.table_scaling import TableScaling

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
        short = self.cuts(0).valid < need
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

    @classmethod
    def fitting_input_size(cls, panel: Panel, h: int, folds: int) -> int:
        """Return the rows a network reads if nobody says; see `sizes.fitting_input_size`."""
        shortest = panel.lengths.min(keepdims=True)
        return fitting_input_size(h, panel.season, int(Cuts.rolling(shortest, h, folds, 0).valid[0]))

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

    def cuts(self, number: int) -> Cuts:
        """Return where the parts of a fold stand in each series."""
        return Cuts.rolling(self.panel.lengths, self.h, self.folds, number)

    def windows(self, number: int) -> dict[str, Windows]:
        """Return the windows of train, valid, test and seen of a fold; no two of the first three share a
        target."""
        arrays = self.arrays
        parts = parted(arrays.offsets, self.cuts(number), self.input_size, self.h)
        # Whole windows alone: not every loss that a model is compiled with can leave out steps.
        train, valid, test = (
            part[part.unobserved(arrays.observed) == 0] for part in (parts.train, parts.valid, parts.test)
        )
        for part, name in ((train, "training"), (valid, "validation"), (test, "test")):
            if not len(part):
                raise ValueError(
                    f"Study: fold {number + 1} has no {name} window whose target was observed. Choose "
                    "another missing policy, or fewer folds."
                )
        return {
            "train": train,
            "valid": valid[thinned(len(valid), MOST_VALID)],
            "test": test[thinned(len(test), MOST_TEST)],
            "seen": train[thinned(len(train), MOST_VALID)],
        }

    def candidate_fold(self, number: int) -> ForecastFold:
        """Return a fold as candidates learn from it: its windows, scaled by its training rows alone."""
        parts, cuts = self.windows(number), self.cuts(number)
        scaling = TableScaling.fit(self.arrays, cuts.valid, self.scaling)
        split = Split(parts["train"], parts["valid"], parts["valid"], parts["test"])
        return ForecastFold(self.arrays, split, scaling, scaling.scaled(self.arrays), cuts.test)

    def fold(self, number: int, scaling: str | None = None) -> Fold:
        """Return a fold; scaling "target only" leaves the inputs as they are."""
        parts, kind = self.windows(number), scaling or self.scaling
        raw = kind == RAW_INPUTS
        scaler = TableScaling.fit(self.arrays, self.cuts(number).valid, "standard" if raw else kind)
        scaled = scaler.scaled(self.arrays)
        batches = {name: scaled.batches(part) for name, part in parts.items()}
        if raw:
            reads = raw_inputs(scaled)
            own = {name: reads.batches(part) for name, part in parts.items()}
            batches = {name: replace(own[name], target=each.target) for name, each in batches.items()}
        return Fold(
            **batches,
            scored=self._scored(parts, scaled),
            compared=self._compared(parts, scaled),
            held=lambda part: np.unique(parts[part].cutoff[:, None] + np.arange(self.h)),
        )

    def _scored(self, parts: dict[str, Windows], scaled: Scaled) -> Callable[[np.ndarray, str], Measured]:
        y, scaler, clean = self.arrays.y, scaled.target, scaled.arrays

        def scored(outputs: np.ndarray, part: str) -> Measured:
            windows = parts[part]
            truth = windows.targets(y)
            errors = scaler.undo(outputs.astype(np.float64), windows.series) - truth
            own = seasonal_error(clean.y, windows, clean.offsets, clean.season, clean.observed)
            own = np.where(own > 0, own, np.nan)[:, None]
            spread = scaler.spread[windows.series]
            return {
                "mase": float(np.nanmean(np.abs(errors) / own)) if np.isfinite(own).any() else np.nan,
                "mae": float(np.mean(np.abs(errors) / spread)),
                "rmse": float(np.sqrt(np.mean((errors / spread) ** 2))),
            }

        return scored

    def _compared(
        self, parts: dict[str, Windows], scaled: Scaled
    ) -> Callable[[np.ndarray, str], tuple[np.ndarray, np.ndarray]]:
        def compared(outputs: np.ndarray, part: str) -> tuple[np.ndarray, np.ndarray]:
            windows = parts[part]
            told = scaled.target.undo(outputs.astype(np.float64), windows.series)
            return windows.targets(self.arrays.y), told

        return compared

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
            "h": self.h,
            "input_size": self.input_size,
            "folds": self.folds,
            "scaling": self.scaling,
            "windows": [len(self.windows(0)[part]) for part in ("train", "valid", "test")],
            "data": digest(*columns, panel.offsets, panel.time.view(np.int64)),
        }


def raw_inputs(scaled: Scaled) -> Scaled:
    """Return the columns with the past as it is in the table; missing values stay as scaling left them."""
    arrays = scaled.arrays
    past = np.column_stack([arrays.y, arrays.exog]).astype("float32")
    return replace(scaled, past=past)
