"""Sizes: how many rows a network reads, and how many windows validation and calibration get."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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


def least_read(h: int, season: int) -> int:
    """Return the rows that a padded window reads at least: a season, but no more than the horizon, and two.

    >>> least_read(h=18, season=12), least_read(h=6, season=12), least_read(h=1, season=1)
    (12, 6, 2)
    """
    return max(2, min(h, season))


@dataclass(frozen=True)
class Sizes:
    """How many windows of each series validate and calibrate, and how many rows each reads.

    `Sizes.plan` chooses them.

    Parameters
    ----------
    input_size : int
        Rows that a window reads.
    n_valid : int
        Windows of each series that validate, one row apart.
    n_calib : int
        Windows of each series that calibrate.
    least : int or None, default None
        The rows of its series that a window reads at least, where windows of short series are padded; None
        where no series is short, and none is padded.
    """

    input_size: int
    n_valid: int
    n_calib: int
    least: int | None = None

    @classmethod
    def plan(
        cls,
        rows: np.ndarray,
        season: int,
        h: int,
        level: Sequence[float],
        input_size: int | None = None,
        moving: np.ndarray | None = None,
        pads: bool = True,
        held: int | None = None,
        n_calib: int = 0,
        judge: int = 0,
    ) -> Sizes:
        """Choose sizes for series of these many rows; an input_size that is not given shrinks to fit.

        Of the series that are long enough for the sizes, the one of median length decides, so that short
        series shrink nothing for the others. These are padded, or where not `pads` lack the `rows_needed`.

        Parameters
        ----------
        rows : int array (series,)
            Rows of each series before the cutoff.
        season : int
            In rows.
        h : int
            Rows to forecast.
        level : sequence of float
            Percent; () for no intervals, and no calibration.
        input_size : int or None, default None
            Rows that a window reads; by default chosen.
        moving : bool array (series,) or None, default None
            Which series ever changed, since others do not calibrate; by default all.
        pads : bool, default True
            Whether short series are padded.
        held : int or None, default None
            Rows at the end of each series that are not trained on, of which validation and calibration each
            take half; by default their shares. With them nothing is padded, since a series without that room
            would train on them.
        n_calib : int, default 0
            Windows to calibrate at least, where there are levels and held does not say.
        judge : int, default 0
            Windows of each series, of both kinds, that are held out at least as far as that costs the input
            no row.

        Returns
        -------
        Sizes
            Of all series.

        Raises
        ------
        ValueError
            For a level that these rows could never support, and for too few held rows.
        """
        moving = np.ones(len(rows), dtype=bool) if moving is None else moving

        def planned(some: np.ndarray) -> Sizes:
            count = int(moving[some].sum())
            return cls.of_typical(rows[some], season, h, level, input_size, count, held, n_calib, judge)

        full = of_full_length(rows, h, planned)
        sizes = planned(full)
        if level:
            count = max(1, int(moving[full].sum()))
            check_support(level, calibration_room(rows[full], h, count, held=held))
        short = rows < sizes.rows_needed(h)
        if not pads or held is not None or not short.any() or short.all():
            return sizes
        return replace(sizes, least=min(sizes.input_size, least_read(h, season)))

    @classmethod
    def of_typical(
        cls,
        rows: np.ndarray,
        season: int,
        h: int,
        level: Sequence[float],
        input_size: int | None,
        moving: int,
        held: int | None,
        least_calib: int = 0,
        judge: int = 0,
    ) -> Sizes:
        """Choose sizes for series of which the one of median length decides, whatever the others lack."""
        usual = typical(rows)
        if held is None:
            read, n_calib = input_size or default_input_size(h, season), ceil(needed(level) / max(1, moving))
            n_valid = max(
                valid_windows(usual, h), few_windows(usual, h, read, judge - n_calib, parts=1 + bool(level))
            )
            n_calib = max(n_valid, n_calib, least_calib) if level else 0
        else:
            n_valid, n_calib = halves(held, h, bool(level))
        held_out = cls(1, n_valid, n_calib).held_out(h)
        return cls(input_size or fitting_input_size(h, season, usual - held_out), n_valid, n_calib)

    @property
    def padded(self) -> bool:
        """Whether windows of short series are padded."""
        return self.least is not None

    def rows_needed(self, h: int) -> int:
        """Return the rows a series must have for one whole window to train, and what is held out."""
        return rows_needed(self.input_size, h, self.n_valid, self.n_calib)

    def rows_to_train(self, h: int) -> int:
        """Return the rows a series must have to take part: fewer where windows are padded."""
        return self.rows_needed(h) if self.least is None else self.least + h

    def held_out(self, h: int) -> int:
        """Return the rows at the end of each series that are not trained on."""
        return self.n_valid + h - 1 + (self.n_calib + h - 1 if self.n_calib else 0)

    def holds_out(self, rows: np.ndarray, h: int) -> np.ndarray:
        """Return which series of so many rows validate and calibrate, (S,): all, or those with the room."""
        if self.least is None:
            return np.ones(len(rows), dtype=bool)
        return rows >= self.least + h + self.held_out(h)

    def trained(self, rows: np.ndarray, h: int) -> np.ndarray:
        """Return the rows of each series that are trained on, of so many before the cutoff, (S,)."""
        return rows - self.held_out(h) * self.holds_out(rows, h)


def of_full_length(rows: np.ndarray, h: int, planned: Callable[[np.ndarray], Sizes]) -> np.ndarray:
    """Return which series have a whole window for the sizes that are planned for them alone, (S,).

    planned: takes a mask of series. All are returned where none is long enough.
    """
    full = np.ones(len(rows), dtype=bool)
    while True:
        short = full & (rows < planned(full).rows_needed(h))
        if not short.any():
            return full
        if (short == full).all():
            return np.ones(len(rows), dtype=bool)
        full = full & ~short


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


def few_windows(rows: int, h: int, input_size: int, most: int, parts: int) -> int:
    """Return so many validation windows, or fewer where they would cost the input rows.

    parts: that get as many, 2 where some calibrate, too.

    >>> [few_windows(52, h=8, input_size=16, most=4, parts=parts) for parts in (1, 2)]
    [4, 3]
    """
    return max(0, min(most, (rows - input_size - 2 * h + 1) // parts - h + 1))


def halves(held: int, h: int, calibrates: bool) -> tuple[int, int]:
    """Return the windows of validation and of calibration that take just so many rows; none without levels.

    Raises ValueError for fewer rows than one window of each.

    >>> halves(10, h=3, calibrates=True), halves(10, h=3, calibrates=False)
    ((3, 3), (8, 0))
    """
    n_calib = calibrating(held, h) if calibrates else 0
    n_valid = held - h + 1 - (n_calib + h - 1 if calibrates else 0)
    if min(n_valid, n_calib if calibrates else 1) < 1:
        what = f"validation{' and calibration' if calibrates else ''} of h {h}"
        raise ValueError(
            f"train_end, valid_end: {held} rows lie between them, but {what} need "
            f"{2 * h if calibrates else h} at least. Move them apart."
        )
    return n_valid, n_calib


def calibrating(held: int, h: int) -> int:
    """Return the calibration windows of a series of which so many rows are held out; below 1 for none.

    >>> calibrating(10, h=3), calibrating(5, h=3)
    (3, 0)
    """
    return (held - 2 * (h - 1)) // 2


def calibration_room(
    rows: np.ndarray, h: int, count: int, input_size: int = 1, held: int | None = None
) -> int:
    """Return the most calibration windows that so many series could give; one window is left to train.

    held: rows that are not trained on, where they are given.
    """
    if held is not None:
        return calibrating(held, h) * count
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
