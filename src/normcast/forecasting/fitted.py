"""Fitted: what a forecast needs of what was learned, and nothing else; this is what a file keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from normcast.candidates import FittedCandidate
from normcast.data import Panel
from normcast.engine import predict
from normcast.errors import counted
from normcast.forecasting.combination import Combination
from normcast.scoring import SeriesIntervals, as_quantiles
from normcast.windows import Windows
from normcast.windows.arrays import Arrays, Scaled
from normcast.windows.table_scaling import TableScaling

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False)
class Fitted:
    """Networks of several seeds and candidates, with scaling in front and interval corrections behind.

    ids: series that were fitted; model: the network, None where none was trained; weights: per seed, in the
    order of `model.weights`; candidates: those that forecast, by name; combination: how much of each is in
    the forecast; intervals: None for point forecasts; minimum: no forecast below it; input_size: rows that a
    window has; least: the rows of a series that it reads at least, where it was fitted on padded windows;
    None where it was not, and reads whole windows only; recurrence: as in `Trained`.
    """

    ids: tuple[str, ...]
    model: keras.Model | None
    weights: tuple[Sequence[np.ndarray], ...]
    candidates: Mapping[str, FittedCandidate]
    combination: Combination
    scaling: TableScaling
    quantiles: tuple[float, ...]
    intervals: SeriesIntervals | None
    input_size: int
    h: int
    minimum: float | None
    calendar: bool
    least: int | None = None
    recurrence: str = ""

    @property
    def rows_needed(self) -> int:
        """The rows that a series must have; what needs no network reads any number."""
        if self.model is None:
            return 1
        return self.input_size if self.least is None else self.least

    @property
    def reads(self) -> int | None:
        """The rows of its series that a forecast reads at most; None for all there are."""
        own = [each.reads for each in self.candidates.values()]
        return None if None in own else max([self.input_size, *(each for each in own if each is not None)])

    def tail(self, panel: Panel) -> Panel:
        """Return the last rows of each series, as many as a forecast reads."""
        return panel if self.reads is None else panel.tail(np.minimum(panel.lengths, self.reads))

    def describe(self) -> dict[str, str]:
        """Return what it is, in words."""
        padded = f", padded from {self.least} on" if self.least is not None else ""
        return {
            **described(self),
            "reads": "all rows" if self.reads is None else counted(self.reads, "row") + padded,
            "intervals": "none" if self.intervals is None else self.intervals.conformal.describe(),
        }

    def forecast(self, scaled: Scaled, windows: Windows) -> np.ndarray:
        """Forecast windows in the unit of the series: (n, h, Q), or (n, h, 1) for a point forecast."""
        outputs = self.raw(scaled, windows)
        if self.intervals is not None:
            outputs = at_rest(self.intervals.apply(outputs, windows.series), self.intervals, scaled, windows)
        outputs = scaled.target.undo(outputs, windows.series)
        return outputs if self.minimum is None else np.maximum(outputs, self.minimum)

    def raw(self, scaled: Scaled, windows: Windows) -> np.ndarray:
        """Return the forecast of the combination, scaled, not corrected yet: (n, h, Q)."""
        network = self.network(scaled, windows) if self.combination.uses_network else None
        points = {name: each.forecast(scaled, windows) for name, each in self.candidates.items()}
        return self.combination.combined(points, network, windows.series)

    def network(self, scaled: Scaled, windows: Windows) -> np.ndarray:
        """Return the networks' forecast, scaled: the median of all seeds' quantiles, the mean of points."""
        batches = scaled.batches(windows, self.least is not None)
        outputs = predict(self.model, self.weights, batches)  # (seeds, n, h[, Q])
        if outputs.ndim == 4:
            return np.sort(np.median(outputs, axis=0).astype(np.float64), axis=-1)
        return as_quantiles(outputs.mean(axis=0, dtype=np.float64), max(1, len(self.quantiles)))

    def ahead(self, panel: Panel, futr_ahead: np.ndarray | None) -> np.ndarray:
        """Forecast the h rows after the end of each series of a panel: (series, h, Q).

        A series that was fitted keeps its scale; a new one is scaled from its own rows.
        Raises ValueError for a series with fewer rows than are needed.
        """
        check_lengths(panel, self)
        fitted = self if panel.ids == self.ids else self.matched(panel)
        arrays = Arrays.of(self.tail(panel), self.h, futr_ahead, calendar=self.calendar)
        return fitted.forecast(fitted.scaling.scaled(arrays), arrays.last(arrays.rows, self.input_size))

    def matched(self, panel: Panel) -> Fitted:
        """Return the same for other series: those that were fitted keep their scales."""
        scaling = self.scaling.matched(self.ids, Arrays.of(panel, 0))
        intervals = self.intervals and self.intervals.matched(self.ids, panel.ids)
        combination = self.combination.matched(self.ids, panel.ids)
        return replace(self, ids=panel.ids, scaling=scaling, intervals=intervals, combination=combination)


def described(fitted: Fitted) -> dict[str, str]:
    """Return what a forecast is made of, in words."""
    facts = {} if fitted.combination.share == 1 else {"made of": fitted.combination.describe()}
    if fitted.model is not None:
        facts |= {
            "networks": counted(len(fitted.weights), "seed"),
            "weights of each": f"{fitted.model.count_params():,}",
        }
    return facts


def at_rest(outputs: np.ndarray, intervals: SeriesIntervals, scaled: Scaled, windows: Windows) -> np.ndarray:
    """Return quantiles (n, h, Q) in scaled units in which a series that never changed stays where it is.

    One that has changed since, within the rows that are read, is forecast as the others are.
    """
    read = scaled.y[windows.reads(scaled.arrays.offsets)]  # (n, input_size)
    last = read[:, -1]
    still = np.array(intervals.still)[windows.series] & (read == last[:, None]).all(axis=1)
    return np.where(still[:, None, None], last[:, None, None], outputs)


def check_lengths(panel: Panel, fitted: Fitted) -> None:
    """Raise ValueError for a series that is shorter than one window, or than a padded one may be."""
    need = fitted.rows_needed
    short = np.flatnonzero(panel.lengths < need)
    if not len(short):
        return
    name, rows = panel.ids[short[0]], int(panel.lengths[short[0]])
    if fitted.least is None:
        why = (
            f"the network reads {need}, and learned from no padded window, since no series it was fitted on "
            "was short. Fit it with short series among the others"
        )
    else:
        why = f"a padded window has at least {need}. Wait for them"
    raise ValueError(
        f"predict: series {name!r} has {rows} rows, but {why}, give at least {need} rows of it, or leave it "
        "out (--short skip)."
    )
