"""Windows as scoring needs them: four fields."""

from typing import NamedTuple

import numpy as np


class Windows(NamedTuple):
    start: np.ndarray
    series: np.ndarray
    input_size: int
    h: int


def windows_at(cutoffs, input_size, h, series=None) -> Windows:
    """Windows whose first target rows are `cutoffs`."""
    cutoffs = np.asarray(cutoffs, dtype=np.int64)
    series = np.zeros(len(cutoffs), dtype=np.int32) if series is None else np.asarray(series, dtype=np.int32)
    return Windows(cutoffs - input_size, series, input_size, h)


def targets(values, windows) -> np.ndarray:
    """The target rows of each window: (n, h)."""
    return np.array([values[s + windows.input_size :][: windows.h] for s in windows.start])
