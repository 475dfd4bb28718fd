"""Waves: the time of year and day as sines and cosines, which are known ahead for every stamp."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Shaped

DAY = 86_400_000_000_000  # nanoseconds
YEAR = 365.2425 * DAY


def waves(time: Shaped[np.ndarray, " rows"], step: float) -> Float[np.ndarray, "rows waves"]:
    """Return the time of year and day at each stamp, as sines and cosines.

    Below a day: two harmonics of the day, one of the year; from a day to a year: two of the year. The week is
    left out: a window of whole weeks shows it, and what it shows holds on holidays too.

    Parameters
    ----------
    time : datetime64[ns] or int array (rows,)
        Stamps; integers have no calendar and no waves.
    step : float
        Nanoseconds between rows.

    Returns
    -------
    float32 array (rows, 2 * harmonics)
        In [-1, 1]; no column where there are no waves.

    Examples
    --------
    >>> stamps = np.array(["2024-01-01T00", "2024-01-01T06"], dtype="datetime64[ns]")
    >>> waves(stamps, step=DAY / 4).shape
    (2, 6)
    """
    if not np.issubdtype(time.dtype, np.datetime64) or step > YEAR - DAY:
        return np.zeros((len(time), 0), np.float32)
    harmonics = [(DAY, 1), (DAY, 2), (YEAR, 1)] if step < DAY else [(YEAR, 1), (YEAR, 2)]
    clock = time.view(np.int64)
    told = np.empty((len(time), 2 * len(harmonics)), np.float32)
    for place, (period, number) in enumerate(harmonics):  # one at a time: float64 is twice the result
        turn = 2 * np.pi * number * (clock % int(period)) / period
        told[:, 2 * place], told[:, 2 * place + 1] = np.sin(turn), np.cos(turn)
    return told
