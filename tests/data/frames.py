"""Small tables that the tests of the data floor share."""

import numpy as np
import pandas as pd


def daily(n: int = 10, **columns: object) -> pd.DataFrame:
    """One daily series from 2024-01-01 that is not constant, with further columns."""
    return pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=n), "y": np.arange(n) + 1.0, **columns})


def two(n: int = 8) -> pd.DataFrame:
    """Two daily series, b before a, of unlike lengths."""
    b, a = daily(n).assign(unique_id="b"), daily(n - 3).assign(unique_id="a", y=lambda t: t["y"] * 10)
    return pd.concat([b, a], ignore_index=True)[["unique_id", "ds", "y"]]
