"""Two series behind one another, windows told by where their targets begin, and a canary for leaks."""

import numpy as np

from normcast.windows import Windows

OFFSETS = np.array([0, 30, 70])


def two_series():
    return np.random.default_rng(0).normal(size=70)


def windows_at(cutoffs, input_size, h, series=None) -> Windows:
    """Windows whose first target rows are `cutoffs`."""
    cutoffs = np.asarray(cutoffs, dtype=np.int64)
    series = np.zeros(len(cutoffs), dtype=np.int32) if series is None else np.asarray(series, dtype=np.int32)
    return Windows(cutoffs - input_size, series, input_size, h)


def check_reads_only_its_own_past(read, cutoff, seed):
    """read: takes (y, windows) of two series; wild values elsewhere change nothing about the second."""
    y = two_series()
    wild = np.random.default_rng(seed).normal(size=70) * 1e300
    wild[30:cutoff] = y[30:cutoff]
    windows = windows_at([cutoff], input_size=1, h=2, series=[1])
    np.testing.assert_array_equal(read(y, windows), read(wild, windows))
