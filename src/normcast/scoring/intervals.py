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
    """Windows of one part of the data, with what was forecast of them.

    Parameters
    ----------
    y : array (windows, h)
        What came, scaled; NaN where nothing was observed.
    forecasts : array (windows, h, quantiles)
        What was forecast, scaled; the median in the middle.
    series : int array (windows,)
        The series of each window.
    time : int array (windows,)
        Rows from the cutoff to the first target, negative.

    Examples
    --------
    >>> one = np.zeros(1, dtype=int)
    >>> Block(np.array([[1.0, 3.0]]), np.zeros((1, 2, 3)), one, one - 2).errors()
    array([2.])
    """

    y: Float[np.ndarray, "windows h"]
    forecasts: Float[np.ndarray, "windows h quantiles"]
    series: Int[np.ndarray, " windows"]
    time: Int[np.ndarray, " windows"]

    def only(self, some: np.ndarray) -> Block:
        """Return some of the windows.

        Parameters
        ----------
        some : bool array (windows,)
            True where a window stays.

        Returns
        -------
        Block
            Those alone.
        """
        return Block(self.y[some], self.forecasts[some], self.series[some], self.time[some])

    def errors(self) -> Float[np.ndarray, " windows"]:
        """Return the mean size of the error of the median in each window.

        Returns
        -------
        array (windows,)
            Scaled; NaN where nothing was observed.
        """
        return mean_seen(np.abs(self.y - self.forecasts[..., self.forecasts.shape[-1] // 2]))


@dataclass(frozen=True, eq=False)
class SeriesIntervals(Plain):
    """Conformal corrections in the unit of each series' own errors.

    A window is judged by its miss over the size of its series' errors in earlier windows (normalized
    conformal prediction). So a quiet series does not set the width for a noisy one, nor the other way round.

    What is sure, in finite samples: of windows that are exchangeable with the calibration windows in that
    unit, at least the level's share is inside, over all series together. For each series it holds as far as
    its errors are as large, beside the others', as they were. `fit` makes one.

    Parameters
    ----------
    conformal : Conformal
        The corrections, by level and step.
    scale : SeriesScale
        The size of each series' errors now.
    still : tuple of bool
        Of each series whether it never changed, so that it is told to stay where it is, and takes no part.
    growth : float, default 1.0
        How many times larger errors are, by their trend, in what is forecast than they were in the
        calibration windows.

    See Also
    --------
    Conformal : The corrections of pooled windows.

    Notes
    -----
    Papadopoulos et al. 2002, doi:10.1007/3-540-36755-1_29; Lei et al. 2018, arXiv:1604.04173.

    Examples
    --------
    >>> rng, which = np.random.default_rng(0), np.arange(400) % 2
    >>> y = rng.normal(size=(400, 1)) * (1 + 9 * which)[:, None]
    >>> part = Block(y, np.zeros((400, 1, 3)), which, which - 2)
    >>> fitted = SeriesIntervals.fit(part, part, (0.1, 0.5, 0.9), [80], still=np.zeros(2, bool))
    >>> quiet, noisy = np.ptp(fitted.apply(np.zeros((2, 1, 3)), np.arange(2)), axis=-1)[:, 0]
    >>> bool(noisy > 5 * quiet)
    True
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

        The forecasts are those of networks that trained on neither.

        Parameters
        ----------
        valid : Block
            The validation windows.
        calib : Block
            The calibration windows.
        quantiles : sequence of float
            What the last axis of the forecasts stands for: ascending, in (0, 1), with 0.5.
        levels : sequence of float
            Percent.
        still : bool array (series,)
            Which series never changed.
        growth : float, default 1.0
            By how much errors grow, as `grown` tells it.

        Returns
        -------
        SeriesIntervals
            The intervals of all series.

        Raises
        ------
        ValueError
            If a level has no quantiles here, or needs more windows than there are.
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
        """Correct quantile forecasts; the median stays.

        Parameters
        ----------
        forecasts : array (windows, h, quantiles)
            In scaled units.
        series : int array (windows,)
            The series of each window.

        Returns
        -------
        array (windows, h, quantiles)
            In scaled units.
        """
        middle = forecasts.shape[-1] // 2
        offsets = self.conformal.apply(self.scale.offsets(forecasts, series)) * self.growth
        return self.scale.undo(offsets, np.asarray(forecasts[..., middle], dtype=np.float64), series)

    def matched(self, old: tuple[str, ...], new: tuple[str, ...]) -> SeriesIntervals:
        """Return the intervals for other series; those not known are as the usual ones.

        Parameters
        ----------
        old : tuple of str
            Ids of the series they were fitted on, in order.
        new : tuple of str
            Ids of the series that are forecast, in order.

        Returns
        -------
        SeriesIntervals
            Of the new series.
        """
        places = {name: place for place, name in enumerate(old)}
        still = tuple(name in places and self.still[places[name]] for name in new)
        return replace(self, scale=self.scale.matched(old, new), still=still)


def grown(train: Block, valid: Block, calib: Block, still: np.ndarray) -> float:
    """Return how many times larger errors are at the first forecast than in the calibration windows.

    Parameters
    ----------
    train : Block
        Windows that trained, which reach far back.
    valid : Block
        The validation windows.
    calib : Block
        The calibration windows.
    still : bool array (series,)
        Which series never changed.

    Returns
    -------
    float
        At least 1; 1 where no trend is beyond chance.

    Notes
    -----
    The trend is judged over all series at once, with the standard error of Newey & West 1987,
    doi:10.2307/1913610.

    Examples
    --------
    >>> time = np.arange(-400, 0)
    >>> errors = np.random.default_rng(0).gamma(9, 1 / 9, 400) * (500 + time)
    >>> series = np.zeros(400, dtype=int)
    >>> whole = Block(errors[:, None], np.zeros((400, 1, 3)), series, time)
    >>> parts = [whole.only(mask) for mask in (time < -80, (-80 <= time) & (time < -40), time >= -40)]
    >>> 1 < grown(*parts, still=np.array([False])) < 1.1
    True
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
