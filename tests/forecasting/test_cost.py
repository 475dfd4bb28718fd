"""What is said of the time that fits take: of the windows that are trained on, and as often as they are."""

import pandas as pd
import pytest

from normcast import Forecaster, Panel
from normcast.forecasting import cost
from normcast.forecasting.learned import build
from normcast.forecasting.support import sizes_of
from normcast.models.size import multiplications
from normcast.tasks import ForecastFold
from normcast.windows.arrays import Arrays
from tests.forecasting.conftest import TINY, waves


@pytest.fixture
def measured(monkeypatch):
    """What the machine is asked to time; it takes a second for each window that a network sees."""
    asked = []
    monkeypatch.setattr(cost, "training_seconds", lambda *given: asked.append(given) or given[1])
    monkeypatch.setattr(cost, "roughly", lambda seconds, cores: f"{seconds:g} s")
    monkeypatch.setattr(cost, "cores", lambda: 2)
    return asked


def series(*rows):
    """Series of so many rows."""
    return pd.concat([waves(1, n).assign(unique_id=str(k)) for k, n in enumerate(rows)], ignore_index=True)


@pytest.mark.parametrize(
    ("table", "given"),
    [
        (series(90, 70), {"input_size": 14, "level": (80,)}),
        (series(60), {"input_size": 14, "level": (), "model": "conv-lstm"}),
        (series(*[60] * 30, 9), {"level": ()}),  # the last is padded, and only trains
        (series(90), {"input_size": 14, "level": (), "epoch_windows": 20}),
    ],
    ids=["levels", "preset", "padded", "few a time"],
)
def test_it_is_of_the_windows_and_the_network_that_are_trained(measured, table, given):
    panel = Panel.from_frame(table)
    settings = Forecaster(h=3, seeds=2, epochs=4, **{"model": TINY, **given}).settings
    sizes = sizes_of(settings, panel, panel.lengths, None)
    arrays = Arrays.of(panel, 3, calendar=settings.calendar)
    fold = ForecastFold.before(arrays, panel.lengths, sizes, 3, settings.scaling)
    model = build(settings, sizes.input_size, arrays, sizes.padded)
    windows = len(fold.split.train)
    visited = min(windows, given.get("epoch_windows", windows)) * 4 / 2  # half of the epochs
    said = cost.estimate(panel, settings, 5)
    assert measured == [(multiplications(model), visited)]
    assert said == (
        f"5 x 2 networks of {model.count_params():,} weights on {windows:,} windows of {sizes.input_size} "
        f"rows; {5 * (2 * visited + 0.5) + 8:g} s."  # half a second for each fit, 8 to compile
    )
