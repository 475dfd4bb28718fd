"""Waves: the time of year, week and day as sines and cosines, which are known ahead for every stamp."""

from __future__ import annotations

import numpy as np

DAY = 86_400_000_000_000  # nanoseconds
WEEK = 7 * DAY
YEAR = 365.2425 * DAY

# Harmonics of the day, the week and the year by the step between rows: a wave that a step cannot show, or
# that a few years of rows cannot teach, is left out.
HARMONICS = ((DAY, (2, 2, 1)), (WEEK, (0, 2, 2)), (366 * DAY, (0, 0, 2)))


def waves(time: np.ndarray, step: float) -> np.ndarray:
    """Return the waves at each stamp, in [-1, 1]: (n, 2 * harmonics) float32.

    time: (n,) datetime64[ns], or integers, which have no calendar and no waves; step: nanoseconds between
    rows. Below a day: two harmonics of the day, two of the week, one of the year; from a day to a week: two
    of the week, two of the year; above, two of the year.

    >>> stamps = np.array(["2024-01-01T00", "2024-01-01T06"], dtype="datetime64[ns]")
    >>> waves(stamps, step=DAY / 4).shape
    (2, 10)
    """
    if not np.issubdtype(time.dtype, np.datetime64):
        return np.zeros((len(time), 0), np.float32)
    counts = next((each for longest, each in HARMONICS if step < longest), (0, 0, 0))
    clock = time.view(np.int64)
    columns = [
        wave(2 * np.pi * harmonic * (clock % int(period)) / period)
        for period, count in zip((DAY, WEEK, YEAR), counts, strict=True)
        for harmonic in range(1, count + 1)
        for wave in (np.sin, np.cos)
    ]
    return np.stack(columns, axis=1).astype(np.float32) if columns else np.zeros((len(time), 0), np.float32)
