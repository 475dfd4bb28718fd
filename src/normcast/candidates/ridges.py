"""Ridges: linear maps of several lengths, each fitted anew as time goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from normcast.blas import one_blas_thread
from normcast.candidates.candidate import Candidate, FittedCandidate
from normcast.candidates.moments import Moments, pairs, thinned
from normcast.candidates.ridge import Ridge, fit_ridge, penalized
from normcast.tasks import ForecastFold
from normcast.windows import Windows, sliding
from normcast.windows.arrays import Scaled

STAGES = 4  # times that a map is fitted anew over the rows held out
PARTS = (0.25, 0.5, 1, 2, 4)  # of a single season, that maps read
NO_SEASON = (4, 8, 16, 32)
SHORTEST, LONGEST = 4, 1344  # rows that a map reads
WORK = 3e9  # products that one Gram matrix may cost
FEWEST = 2  # windows that a map needs for each row that it reads


def lengths(seasons: Sequence[int]) -> tuple[int, ...]:
    """Return the rows that maps read, beside the one that reads what the network does; seasons: from the main
    one up.

    >>> lengths([12]), lengths([24, 168]), lengths([1])
    ((6, 12, 24, 48), (48, 168, 336, 672), (4, 8, 16, 32))
    """
    main, longest = seasons[0], seasons[-1]
    parts: Sequence[float] = [main * part for part in PARTS]
    if main == 1:
        parts = NO_SEASON
    elif longest > main:
        parts = (2 * main, longest, 2 * longest, 4 * longest)
    return tuple(sorted({int(part) for part in parts if SHORTEST <= part <= LONGEST}))


@dataclass(frozen=True, eq=False)
class StagedRidge:
    """A map for each stretch of time before a cutoff, fitted on windows that had ended when it begins.

    Parameters
    ----------
    maps : tuple of Ridge
        From the earliest on.
    since : int array (maps,)
        Rows from the cutoff at which each begins, ascending.
    ends : int array (series,)
        The flat row of each series at which the cutoff is.

    Examples
    --------
    >>> early, late = (Ridge(np.zeros((2, 1)), np.full(1, step), penalty=0.0) for step in (1.0, 2.0))
    >>> staged = StagedRidge((early, late), since=np.array([-4, 0]), ends=np.array([8]))
    >>> staged.reads, float(staged.final.intercept[0])
    (2, 2.0)
    """

    maps: tuple[Ridge, ...]
    since: np.ndarray
    ends: np.ndarray

    @property
    def reads(self) -> int:
        """The rows of its series that it reads."""
        return self.final.reads

    @property
    def first(self) -> Ridge:
        """The map that was fitted on training windows alone."""
        return self.maps[0]

    @property
    def final(self) -> Ridge:
        """The map that was fitted last: it forecasts from the cutoff on."""
        return self.maps[-1]

    def forecast(self, scaled: Scaled, windows: Windows) -> np.ndarray:
        """Forecast windows, each with the last map that began before it.

        Parameters
        ----------
        scaled : Scaled
            The columns of a panel, scaled.
        windows : Windows
            What to forecast.

        Returns
        -------
        array (windows, h)
            In scaled units.
        """
        time = windows.cutoff - self.ends[windows.series]
        stage = np.maximum(np.searchsorted(self.since, time, side="right") - 1, 0)
        told = np.empty((len(windows), windows.h))
        for place in np.unique(stage):
            told[stage == place] = self.maps[place].forecast(scaled, windows[stage == place])
        return told


@one_blas_thread
def fit_staged(fold: ForecastFold, input_size: int, least: int | None = None) -> StagedRidge | None:
    """Fit the map that reads so many rows on a fold; None where it has too few windows to learn from.

    Its penalty is chosen on the fold's origins, with the map of the training windows alone. The later maps,
    where the fold has such, have the same. One that reads what the network does is fitted step by step on the
    windows in which its target was observed; others on the windows of which all targets were.
    least: rows of its series that a window reads at least, where windows that train are padded.
    """
    windows, ended = _windows(fold, input_size, least)
    held = -fold.sizes.held_out(windows.h)
    is_own = input_size == fold.sizes.input_size
    if fold.has_unobserved and not is_own:
        whole = windows.unobserved(fold.arrays.observed) == 0
        windows, ended = windows[whole], ended[whole]
    late = ended > held * fold.holds_out[windows.series]
    base = thinned(fold.split.train, most(input_size)) if is_own else windows[~late]
    since = held + (-held * np.arange(STAGES + 1)) // STAGES if fold.learns_late else np.array([held])
    valid, values, offsets = fold.origins().reading(input_size), fold.scaled.y, fold.arrays.offsets
    if fold.has_unobserved and not is_own:
        valid = valid[valid.unobserved(fold.arrays.observed) == 0]
    if not is_own and (len(base) < FEWEST * input_size or not len(valid)):
        return None
    if fold.has_unobserved and is_own:
        return _fit_observed(fold, base, windows, valid)
    moments = Moments.of(pairs(values, values, base, offsets), input_size, windows.h)
    maps = [penalized(moments, pairs(values, values, valid, offsets))]
    for begin, end in pairwise(since):
        new = windows[late & (ended > begin) & (ended <= end)]
        moments = moments + Moments.of(pairs(values, values, new, offsets), input_size, windows.h)
        maps.append(Ridge.of(moments, moments.solve(maps[0].penalty), maps[0].penalty))
    return StagedRidge(tuple(maps), since, fold.ends)


def _fit_observed(fold: ForecastFold, base: Windows, windows: Windows, valid: Windows) -> StagedRidge:
    """Fit each step on the windows in which its target was observed: once, and once more with all windows."""
    truth, offsets, since = fold.scaled.truth, fold.arrays.offsets, [-fold.sizes.held_out(base.h)]
    maps = [fit_ridge(fold.scaled.y, base, valid, offsets=offsets, truth=truth)]
    if fold.learns_late:
        own = (maps[0].penalty,)
        maps.append(fit_ridge(fold.scaled.y, windows, valid, own, offsets=offsets, truth=truth))
        since.append(0)
    return StagedRidge(tuple(maps), np.array(since), fold.ends)


def _windows(fold: ForecastFold, input_size: int, least: int | None) -> tuple[Windows, np.ndarray]:
    """Return the windows whose targets lie before the cutoff, and when each ended: 0 rows from it or less."""
    arrays = fold.arrays
    first = np.broadcast_to(fold.begin + (least or input_size), fold.rows.shape)
    windows = sliding(
        arrays.offsets, first, fold.rows, input_size, arrays.h, observed=arrays.observed, least=least
    )
    windows = thinned(windows, most(input_size))
    return windows, windows.cutoff + windows.h - fold.ends[windows.series]


def most(input_size: int) -> int:
    """Return how many windows a map of this length is fitted on at most.

    >>> most(24), most(168), most(1344)
    (500000, 106292, 26880)
    """
    return min(500_000, max(20 * input_size, int(WORK / input_size**2)))


def fit(fold: ForecastFold, season: int) -> dict[str, FittedCandidate]:
    """Return the map that reads what the network does as "ridge", and others named by the rows they read."""
    own = fold.sizes.input_size
    others = [each for each in lengths([season, *fold.arrays.longer_seasons]) if each != own]
    found = {"ridge": fit_staged(fold, own, fold.sizes.least)}
    found |= {f"ridge_{length}": fit_staged(fold, length) for length in others}
    return {name: each for name, each in found.items() if each is not None}


candidate = Candidate(
    "ridge",
    place=4,
    fit=fit,
    words="linear maps of windows in closed form; alone, the one that reads as many rows as the network",
)
