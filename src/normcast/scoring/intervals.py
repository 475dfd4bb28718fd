"""SeriesIntervals: intervals that cover as often as they say, as wide for each series as its own errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from normcast.plain import Plain
from normcast.scoring.conformal import Conformal
from normcast.scoring.growth import ErrorHistory
from normcast.scoring.series_scale import SeriesScale, mean_seen

FADED = 0.5  # what a validation window, the older one, counts beside a calibration window


@dataclass(frozen=True, eq=False)
class Block:
    """Windows of one part. y: (n, h) scaled, NaN where nothing was observed; forecasts: (n, h, quantiles);
    series: (n,); time: (n,) rows from the cutoff to the first target, negative."""

    y: Float[np.ndarray, "windows h"]
    forecasts: Float[np.ndarray, "windows h quantiles"]
    series: Int[np.ndarray, " windows"]
    time: Int[np.ndarray, " windows"]

    def only(self, some: np.ndarray) -> Block:
        """Return the windows of a mask."""
        return Block(self.y[some], self.forecasts[some], self.series[some], self.time[some])

    def errors(self) -> Float[np.ndarray, " windows"]:
        """Return the mean |error| of the median in each window; NaN where nothing was observed."""
        return mean_seen(np.abs(self.y - self.forecasts[..., self.forecasts.shape[-1] // 2]))


@dataclass(frozen=True, eq=False)
class SeriesIntervals(Plain):
    """Conformal corrections in the unit of each series' own errors.

    A window is judged by its miss over the size of its series' errors in earlier windows (normalized
    conformal prediction: Papadopoulos et al. 2002, doi:10.1007/3-540-36755-1_29; Lei et al. 2018,
    arXiv:1604.04173). So a quiet series does not set the width for a noisy one, nor the other way round.
    conformal: the corrections, by level and step; scale: of each series now; still: (series,) whether it
    never changed, so that it is told to stay where it is, and takes no part; growth: how many times larger
    errors are, by their trend, in what is forecast than they were in the calibration windows.

    What is sure, in finite samples: of windows that are exchangeable with the calibration windows in that
    unit, at least the level's share is inside, over all series together. For each series it holds as far as
    its errors are as large, beside the others', as they were.
    """

    added: ClassVar[tuple[str, ...]] = ("growth",)

    conformal: Conformal
    scale: SeriesScale
    still: tuple[bool, ...]
    growth: float = 1.0

    @property
    def levels(self) -> tuple[float, ...]:
        """The levels, in percent."""
        return self.conformal.levels

    @classmethod
    def fit(
        cls,
        valid: Block,
        calib: Block,
        quantiles: Sequence[float],
        levels: Sequence[float],
        still: np.ndarray,
        growth: float = 1.0,
    ) -> SeriesIntervals:
        """Learn from validation windows how large errors are, and from calibration windows how far they go.

        The forecasts are those of networks that trained on neither. still: (series,) which never changed;
        growth: as `grown` tells it. Raises ValueError as `Conformal.fit` does.
        """
        if not still.all():  # else there is nobody else to be in the way of
            valid, calib = (part.only(~still[part.series]) for part in (valid, calib))
        scale = SeriesScale.fit(valid.y, valid.forecasts, valid.series, len(still))
        middle = calib.forecasts.shape[-1] // 2
        misses = (calib.y - calib.forecasts[..., middle]) / scale.error[calib.series][:, None]
        conformal = Conformal.fit(misses, scale.offsets(calib.forecasts, calib.series), quantiles, levels)
        y, forecasts, series = (
            np.concatenate([getattr(part, name) for part in (valid, calib)])
            for name in ("y", "forecasts", "series")
        )
        weights = np.repeat([FADED, 1.0], [len(valid.y), len(calib.y)])
        now = SeriesScale.fit(y, forecasts, series, len(still), weights)
        return cls(conformal, now, tuple(still.tolist()), growth)

    def apply(
        self, forecasts: Float[np.ndarray, "windows h quantiles"], series: Int[np.ndarray, " windows"]
    ) -> Float[np.ndarray, "windows h quantiles"]:
        """Correct quantile forecasts (n, h, quantiles), in scaled units; the median stays."""
        middle = forecasts.shape[-1] // 2
        offsets = self.conformal.apply(self.scale.offsets(forecasts, series)) * self.growth
        return self.scale.undo(offsets, np.asarray(forecasts[..., middle], dtype=np.float64), series)

    def matched(self, old: tuple[str, ...], new: tuple[str, ...]) -> SeriesIntervals:
        """Return the intervals for other series by their ids; those not known are as the usual ones."""
        places = {name: place for place, name in enumerate(old)}
        still = tuple(name in places and self.still[places[name]] for name in new)
        return replace(self, scale=self.scale.matched(old, new), still=still)


def grown(train: Block, valid: Block, calib: Block, still: np.ndarray) -> float:
    """Return how many times larger errors are at the first forecast than in the calibration windows.

    train: windows that trained, which reach far back; still: (series,) which never changed.
    """
    if not still.all():
        train, valid, calib = (part.only(~still[part.series]) for part in (train, valid, calib))
    h, parts = calib.y.shape[1], (train, valid, calib)
    errors, series, time, held = (
        np.concatenate(each)
        for each in (
            [part.errors() for part in parts],
            [part.series for part in parts],
            [part.time for part in parts],
            [np.full(len(part.y), part is not train) for part in parts],
        )
    )
    history = ErrorHistory.of(errors, series, time, held, h)
    return history.growth(since=float(calib.time.mean()) + h / 2, until=h / 2)
