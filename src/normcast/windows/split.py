"""Split: the rows of each series in time order, for training, validation, calibration and test.

Where the parts stand is one value, `Cuts`, whatever rule chose it; one function cuts windows from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from normcast.windows.windows import Observed, Offsets, PerSeries, Windows, sliding


@dataclass(frozen=True, eq=False)
class Split:
    """Windows in time order: train, then valid, then calib, then test.

    Targets of different parts never overlap, and no part reads a target of a later one. `split` makes one.

    Parameters
    ----------
    train : Windows
        What a network learns from.
    valid : Windows
        What stops it, and chooses.
    calib : Windows
        What intervals are calibrated on.
    test : Windows
        The window that begins to forecast at the cutoff, of each series that has h rows behind it.

    Examples
    --------
    >>> parts = split(np.array([0, 20]), np.array([18]), input_size=4, h=2, valid=2, calib=3)
    >>> parts.test.cutoff
    array([18])
    """

    train: Windows
    valid: Windows
    calib: Windows
    test: Windows


@dataclass(frozen=True, eq=False)
class Cuts:
    """Where the parts of each series stand, in its own rows from 0.

    Targets of train lie in [begin + input_size, valid), those of valid in [valid, calib), of calib in [calib,
    test), of test in [test, end). A part without rows has no windows.

    Parameters
    ----------
    begin : int array (series,)
        Where the first window begins to read.
    valid : int array (series,)
        Where targets for validation begin.
    calib : int array (series,)
        Where targets for calibration begin.
    test : int array (series,)
        The cutoff, where targets for the test begin.
    end : int array (series,)
        Where they end.

    Examples
    --------
    >>> cuts = Cuts.before(np.array([18]), np.array([20]), h=2, valid=2, calib=3)
    >>> [int(each[0]) for each in (cuts.begin, cuts.valid, cuts.calib, cuts.test, cuts.end)]
    [0, 11, 14, 18, 20]
    """

    begin: PerSeries
    valid: PerSeries
    calib: PerSeries
    test: PerSeries
    end: PerSeries

    @classmethod
    def before(
        cls,
        rows: PerSeries,
        lengths: PerSeries,
        h: int,
        valid: int | PerSeries,
        calib: int | PerSeries,
        begin: int | PerSeries = 0,
        tested: int | PerSeries | None = None,
    ) -> "Cuts":
        """Return the parts before a cutoff, and test for what begins there.

        Parameters
        ----------
        rows : int array (series,)
            Rows of each series before the cutoff.
        lengths : int array (series,)
            All rows of each series.
        h : int
            Rows that a window forecasts.
        valid, calib : int or int array (series,)
            How many windows validate and calibrate, of all series or of each.
        begin : int or int array (series,), default 0
            Rows at the start of each series that come before its first window.
        tested : int or int array (series,) or None, default None
            Rows behind the cutoff that are forecast; None means h.

        Returns
        -------
        Cuts
            Of all series.
        """
        valid, calib = (np.broadcast_to(many, rows.shape) for many in (valid, calib))
        calib_from = rows - _target_rows(calib, h)
        valid_from = calib_from - _target_rows(valid, h)
        end = np.minimum(rows + (h if tested is None else tested), lengths)
        return cls(np.broadcast_to(begin, rows.shape), valid_from, calib_from, rows, end)


def parted(
    offsets: Offsets,
    cuts: Cuts,
    input_size: int,
    h: int,
    observed: Observed | None = None,
    least: int | None = None,
) -> Split:
    """Return the windows of each part.

    Parameters
    ----------
    offsets : int array (series + 1,)
        First row of each series, and the end of the last.
    cuts : Cuts
        Where the parts stand.
    input_size : int
        Rows that a window reads.
    h : int
        Rows that a window forecasts.
    observed : bool array (rows,) or None, default None
        A window of which no target was observed is left out; see `sliding`.
    least : int or None, default None
        Rows of its series that a window reads at least; see `sliding`.

    Returns
    -------
    Split
        The windows, part by part.

    Examples
    --------
    >>> cuts = Cuts.before(np.array([18]), np.array([20]), h=2, valid=2, calib=3)
    >>> len(parted(np.array([0, 20]), cuts, input_size=4, h=2).calib)
    3
    """

    def part(first: PerSeries, end: PerSeries) -> Windows:
        return sliding(offsets, first, end, input_size, h, observed=observed, least=least)

    return Split(
        part(cuts.begin + (least or input_size), cuts.valid),
        part(cuts.valid, cuts.calib),
        part(cuts.calib, cuts.test),
        part(cuts.test, cuts.end),
    )


def split(
    offsets: Offsets,
    rows: PerSeries,
    input_size: int,
    h: int,
    *,
    valid: int | PerSeries = 0,
    calib: int | PerSeries = 0,
    least: int | None = None,
    observed: Observed | None = None,
    ids: Sequence[str] | None = None,
    begin: int | PerSeries = 0,
    tested: int | PerSeries | None = None,
    lengths: PerSeries | None = None,
) -> Split:
    """Plan the split of every series at its cutoff.

    Parameters
    ----------
    offsets : int array (series + 1,)
        First row of each series, and the end of the last.
    rows : int array (series,)
        Rows of each series that may be used: the cutoff.
    input_size : int
        Rows that a window reads.
    h : int
        Rows that a window forecasts.
    valid, calib : int or int array (series,), default 0
        Windows that validate and calibrate, of all series or of each, one row apart, so that n of them take
        n + h - 1 target rows.
    least : int or None, default None
        Rows of its series that a window reads at least where short series are padded.
    observed : bool array (rows,) or None, default None
        False where nothing was observed; see `sliding`.
    ids : sequence of str or None, default None
        Names of the series, for messages.
    begin, tested : int or int array (series,)
        See `Cuts.before`; default 0 and None.
    lengths : int array (series,) or None, default None
        Rows of each series that have values, for messages.

    Returns
    -------
    Split
        The windows, part by part.

    Raises
    ------
    ValueError
        For a series too short, naming it, its rows, the rows needed and the largest input_size, and where
        nothing was observed that trains or validates.

    Examples
    --------
    >>> parts = split(np.array([0, 20]), np.array([18]), input_size=4, h=2, valid=2, calib=3)
    >>> [len(part) for part in (parts.train, parts.valid, parts.calib, parts.test)]
    [6, 2, 3, 1]
    """
    offsets, rows = np.asarray(offsets), np.broadcast_to(np.asarray(rows), (len(offsets) - 1,))
    own = np.maximum(rows - begin, 0)
    if least is None:
        given = np.diff(offsets) if lengths is None else lengths
        refuse_short(own, given, input_size, h, int(np.max(valid)), int(np.max(calib)), ids)
    else:
        refuse_windowless(own, least, h, ids)
    cuts = Cuts.before(rows, np.diff(offsets), h, valid, calib, begin, tested)
    parts = parted(offsets, cuts, input_size, h, observed, least)
    for part, many, name in ((parts.train, 1, "training"), (parts.valid, np.max(valid), "validation")):
        if many and not len(part):
            raise ValueError(
                f"split: no target of the {name} windows was observed. Choose another missing policy "
                "(--missing, missing=), or give longer series."
            )
    # At the cutoff each row is scored by itself, so unobserved ones are no reason to skip the window.
    return replace(parts, test=sliding(offsets, cuts.test, cuts.end, input_size, h, least=least))


Count = TypeVar("Count", int, PerSeries)


def _target_rows(n_windows: Count, h: int) -> Count:
    """Return the target rows of so many windows, one row apart."""
    return (n_windows + h - 1) * (n_windows > 0)


def rows_needed(input_size: int, h: int, valid: int = 0, calib: int = 0) -> int:
    """Return the rows a series must have for one training window and the windows that are held out.

    Parameters
    ----------
    input_size : int
        Rows that a window reads.
    h : int
        Rows that a window forecasts.
    valid, calib : int, default 0
        Windows that validate and calibrate.

    Returns
    -------
    int
        So many rows.

    Examples
    --------
    >>> rows_needed(input_size=168, h=24)
    192
    """
    return input_size + h + _target_rows(valid, h) + _target_rows(calib, h)


def largest_input_size(rows: PerSeries, h: int, valid: int = 0, calib: int = 0) -> int:
    """Return the largest input_size that fits every series.

    Parameters
    ----------
    rows : int array (series,)
        Rows of each series that may be used.
    h : int
        Rows that a window forecasts.
    valid, calib : int, default 0
        Windows that validate and calibrate.

    Returns
    -------
    int
        Below 1 if none fits.

    Examples
    --------
    >>> largest_input_size(np.array([90, 300]), h=24)
    66
    """
    return int(np.min(rows)) - rows_needed(0, h, valid, calib)


def refuse_short(
    rows: np.ndarray,
    lengths: np.ndarray,
    input_size: int,
    h: int,
    valid: int,
    calib: int,
    ids: Sequence[str] | None,
) -> None:
    """Raise ValueError for the shortest series if it is too short, naming it and what would fit."""
    need = rows_needed(input_size, h, valid, calib)
    short = rows < need
    if not short.any():
        return
    s = int(np.argmin(rows))
    fits = largest_input_size(rows, h, valid, calib)
    parts = [f"input_size {input_size}", f"h {h}"]
    parts += [
        f"{n + h - 1} rows for {n} {name} windows"
        for n, name in ((valid, "validation"), (calib, "calibration"))
        if n
    ]
    cut = f" before the cutoff (of {lengths[s]})" if rows[s] < lengths[s] else ""
    advice = f"Lower input_size to at most {fits}" if fits >= 1 else "Lower h or the number of windows"
    raise ValueError(
        f"Panel: series {ids[s] if ids else s!r} has {rows[s]} rows{cut}, but {' + '.join(parts)} "
        f"needs {need}{f'; {short.sum()} series are too short' if short.sum() > 1 else ''}. {advice}, or "
        "leave the series out."
    )


def refuse_windowless(rows: PerSeries, least: int, h: int, ids: Sequence[str] | None) -> None:
    """Raise ValueError for the shortest series if it gives no window, not even one that is padded."""
    short = rows < least + h
    if not short.any():
        return
    s = int(np.argmin(rows))
    many = f"; {short.sum()} series are too short" if short.sum() > 1 else ""
    raise ValueError(
        f"Panel: series {ids[s] if ids else s!r} has {rows[s]} rows, but a padded window needs {least + h}, "
        f"of which it reads {least} and forecasts {h}{many}. Lower h, or leave the series out."
    )


def cutoffs(
    lengths: np.ndarray, h: int, n_windows: int, step_size: int = 1, ids: Sequence[str] | None = None
) -> np.ndarray:
    """Return the rows visible at each rolling origin; the last one forecasts the last h rows.

    Parameters
    ----------
    lengths : int array (series,)
        Rows of each series.
    h : int
        Rows to forecast.
    n_windows : int
        How many origins.
    step_size : int, default 1
        Rows from one origin to the next.
    ids : sequence of str or None, default None
        Names of the series, for messages.

    Returns
    -------
    int array (n_windows, series)
        Rows of each series, ascending.

    Raises
    ------
    ValueError
        If an origin would see no row, or a number is below 1.

    Examples
    --------
    >>> cutoffs(np.array([10, 8]), h=2, n_windows=3, step_size=2)
    array([[4, 2],
           [6, 4],
           [8, 6]])
    """
    for name, value in (("h", h), ("n_windows", n_windows), ("step_size", step_size)):
        if value < 1:
            raise ValueError(f"cutoffs: {name} is {value}; it must be at least 1.")
    lengths = np.asarray(lengths)
    back = h + np.arange(n_windows - 1, -1, -1) * step_size
    visible = lengths[None, :] - back[:, None]  # (n_windows, S)
    if visible.min() < 1:
        s = int(np.argmin(lengths))
        raise ValueError(
            f"Panel: series {ids[s] if ids else s!r} has {lengths[s]} rows, but {n_windows} windows "
            f"of h {h}, "
            f"{step_size} apart, need more than {back[0]}. Lower n_windows, step_size or h, or "
            "leave the series out."
        )
    return visible
