"""Small panels that train in seconds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from normcast.models import Architecture, Conv, Recurrent
from tests.forecasting.ready import ready, saved, table

TINY = Architecture(
    conv=(Conv(filters=4, kernel_size=3),), recurrent=(Recurrent(units=4),), instance_norm="last", skip=True
)


def waves(n_series: int = 2, rows: int = 160, seed: int = 0) -> pd.DataFrame:
    """Weekly waves with noise, each series on a level and a scale of its own."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2024-01-01", periods=rows)
    step = np.arange(rows)
    parts = [
        pd.DataFrame(
            {
                "unique_id": f"s{i}",
                "ds": days,
                "y": 10.0**i * (5 + np.sin(2 * np.pi * step / 7) + 0.2 * rng.normal(size=rows)),
            }
        )
        for i in range(n_series)
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def frame() -> pd.DataFrame:
    return waves()


@pytest.fixture(scope="session")
def small() -> dict:
    """Settings with which a fit takes seconds."""
    return {"h": 3, "input_size": 14, "model": TINY, "epochs": 2, "seeds": 2, "level": (80,)}


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    """The file of a forecaster that is ready to predict."""
    return saved(ready(table()), tmp_path)
