"""Windows told by where their targets begin."""

import numpy as np

from normcast.windows import Windows


def windows_at(cutoffs, input_size, h, series=None) -> Windows:
    """Windows whose first target rows are `cutoffs`."""
    cutoffs = np.asarray(cutoffs, dtype=np.int64)
    series = np.zeros(len(cutoffs), dtype=np.int32) if series is None else np.asarray(series, dtype=np.int32)
    return Windows(cutoffs - input_size, series, input_size, h)
