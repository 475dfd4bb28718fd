"""ForecastFold: the rows before one cutoff, split and scaled, as a forecaster learns from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from normcast.data import Panel
from normcast.engine import Batches
from normcast.tasks.sizes import Sizes
from normcast.tasks.task import thinned
from normcast.windows import Split, Windows, split
from normcast.windows.arrays import Arrays, Scaled
from normcast.windows.table_scaling import TableScaling

ORIGINS, MOST_WINDOWS = 64, 20_000
CHUNK = 4096  # windows laid out at once


def still(arrays: Arrays | Panel, rows: np.ndarray) -> np.ndarray:
    """Return which series never changed in their first `rows` rows, (series,)."""
    pieces = [arrays.y[first : first + n] for first, n in zip(arrays.offsets[:-1], rows, strict=True)]
    return np.array([bool((piece == piece[0]).all()) for piece in pieces])


def split_before(
    data: Arrays | Panel,
    rows: np.ndarray,
    sizes: Sizes,
    h: int,
    begin: int | np.ndarray = 0,
    tested: np.ndarray | None = None,
) -> Split:
    """Return the windows before the cutoff after the first `rows` rows of each series; see `ForecastFold`.

    begin, tested: see `Cuts.before`.
    """
    out = sizes.holds_out(rows - begin, h)
    return split(
        data.offsets,
        rows,
        sizes.input_size,
        h,
        valid=sizes.n_valid * out,
        calib=sizes.n_calib * out,
        least=sizes.least,
        observed=data.observed,
        ids=data.ids,
        begin=begin,
        tested=tested,
        lengths=data.lengths if isinstance(data, Panel) else data.rows,
    )


@dataclass(frozen=True, eq=False)
class ForecastFold:
    """The rows before one cutoff, split and scaled: nothing in it has seen a later one.

    It is what a candidate is fitted on. `before` makes one.

    Parameters
    ----------
    arrays : Arrays
        The panel, laid out.
    split : Split
        Its windows by part.
    scaling : TableScaling
        Learned from the training rows alone.
    scaled : Scaled
        All columns, scaled by it.
    rows : int array (series,)
        Rows of each series before the cutoff, of which the first `begin` come before its first window.
    sizes : Sizes
        Of its parts.
    begin : int or int array (series,), default 0
        See `rows`.
    learns_late : bool, default True
        Whether what is fitted again at no cost may, at last, learn from the rows that are held out, too.
    """

    arrays: Arrays
    split: Split
    scaling: TableScaling
    scaled: Scaled
    rows: np.ndarray
    sizes: Sizes
    begin: int | np.ndarray = 0
    learns_late: bool = True

    @property
    def padded(self) -> bool:
        """Whether windows of short series are padded."""
        return self.sizes.padded

    @property
    def ends(self) -> np.ndarray:
        """The flat row of each series at which the cutoff is, (series,)."""
        return self.arrays.offsets[:-1] + self.rows

    @property
    def holds_out(self) -> np.ndarray:
        """Which series validate and calibrate, (series,)."""
        return self.sizes.holds_out(self.rows - self.begin, self.arrays.h)

    def origins(self, most: int = ORIGINS) -> Windows:
        """Return the windows of some origins, evenly spread over what is held out.

        An origin has a window of each series that holds out; of very many windows, some are left out.

        Parameters
        ----------
        most : int, default ORIGINS
            How many origins at most.

        Returns
        -------
        Windows
            In the order of the parts.
        """
        valid, calib = self.split.valid, self.split.calib
        start, series = (np.concatenate([getattr(p, n) for p in (valid, calib)]) for n in ("start", "series"))
        windows = Windows(start, series, valid.input_size, valid.h)
        time = windows.cutoff - self.ends[windows.series]
        times = np.unique(time)
        windows = windows[np.isin(time, times[thinned(len(times), most)])]
        return windows[thinned(len(windows), MOST_WINDOWS)]

    @property
    def still(self) -> np.ndarray:
        """Which series never changed before the cutoff, (series,)."""
        return still(self.arrays, self.rows)

    @classmethod
    def before(
        cls,
        arrays: Arrays,
        rows: np.ndarray,
        sizes: Sizes,
        h: int,
        scaling: str,
        begin: int | np.ndarray = 0,
        tested: np.ndarray | None = None,
        learns_late: bool = True,
    ) -> ForecastFold:
        """Split at a cutoff, and scale by what trains.

        A series without the room to hold out trains only.

        Parameters
        ----------
        arrays : Arrays
            The panel, laid out.
        rows : int array (series,)
            Rows of each series before the cutoff.
        sizes : Sizes
            How much validates and calibrates, and how much a window reads.
        h : int
            Rows to forecast.
        scaling : {"standard", "robust", "none"}
            What is taken off and divided by; see `Scaler.fit`.
        begin : int or int array (series,), default 0
            Rows at the start of each series that come before its first window.
        tested : int array (series,) or None, default None
            Rows behind the cutoff that are forecast; None means h.
        learns_late : bool, default True
            Whether what is fitted again at no cost may, at last, learn from the rows that are held out, too.

        Returns
        -------
        ForecastFold
            The fold.

        Raises
        ------
        ValueError
            For a series that is too short for these sizes, naming it.

        Examples
        --------
        >>> import pandas as pd
        >>> from normcast.data import Panel
        >>> panel = Panel.from_frame(pd.DataFrame({"ds": range(60), "y": [float(i % 4) for i in range(60)]}))
        >>> sizes = Sizes(8, n_valid=5, n_calib=5)
        >>> fold = ForecastFold.before(Arrays.of(panel, h=2), panel.lengths, sizes, h=2, scaling="standard")
        >>> fold.truth("valid").shape
        (5, 2)
        """
        parts = split_before(arrays, rows, sizes, h, begin, tested)
        learned = TableScaling.fit(arrays, sizes.trained(rows - begin, h) + begin, scaling)
        return cls(arrays, parts, learned, learned.scaled(arrays), rows, sizes, begin, learns_late)

    def batches(self, part: str) -> Batches:
        """Return the windows of a part as the network reads them.

        Parameters
        ----------
        part : {"train", "valid", "calib", "test"}
            Which part.

        Returns
        -------
        Batches
            With the target, NaN where nothing was observed.
        """
        return self.scaled.batches(getattr(self.split, part), self.padded)

    def truth(self, part: str) -> np.ndarray:
        """Return what was observed in the windows of a part.

        Parameters
        ----------
        part : {"train", "valid", "calib", "test"}
            Which part.

        Returns
        -------
        array (windows, h)
            Scaled; NaN where nothing was observed.
        """
        return getattr(self.split, part).targets(self.scaled.truth)

    @property
    def least_target(self) -> float:
        """The least target of the training windows that was observed, scaled; NaN where none was."""
        train, truth = self.split.train, self.scaled.truth
        parts = (train[first : first + CHUNK].targets(truth) for first in range(0, len(train), CHUNK))
        return float(np.fmin.reduce([np.fmin.reduce(part, axis=None) for part in parts]))

    @property
    def has_unobserved(self) -> bool:
        """Whether a target of a training or validation window was not observed."""
        parts, observed = (self.split.train, self.split.valid), self.arrays.observed
        return any(bool(part.unobserved(observed).any()) for part in parts)
