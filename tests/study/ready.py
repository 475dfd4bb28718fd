"""Small studies that are quick to train."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from normcast.models import Architecture, Conv, Recurrent
from normcast.study import Study

SMALL = Architecture(conv=(Conv(filters=2),), recurrent=(Recurrent(units=3, norm="batch"),))


def table(rows: int = 160, seed: int = 0) -> pd.DataFrame:
    """Return a noisy weekly wave as a table of one series."""
    draws = np.random.default_rng(seed)
    y = np.sin(2 * np.pi * np.arange(rows) / 7) + 0.3 * draws.standard_normal(rows) + 5
    return pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=rows), "y": y})


def small_study(store: str | Path | None = None, data: Any = None, **settings: Any) -> Study:
    """Return a study of a few placements, a few seeds and a few epochs."""
    given = {"h": 2, "input_size": 8, "seeds": 2, "epochs": 2, "axes": ["recurrent-dropout"], "folds": 2}
    return Study(SMALL, table() if data is None else data, store=store, **{**given, **settings})
