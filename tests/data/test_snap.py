import numpy as np
import pandas as pd
import polars as pl
import pytest

from normcast.data import Panel
from normcast.data.clock import Clock

HOURS = pd.date_range("2024-01-01", periods=48, freq="h")


def jittered(seconds=4):
    off = np.random.default_rng(0).integers(-seconds, seconds + 1, len(HOURS))
    return pd.DataFrame({"time": HOURS + pd.to_timedelta(off, unit="s"), "v": np.arange(48.0) % 7})


def test_jitter_is_refused_by_name_with_the_way_out():
    with pytest.raises(ValueError, match=r"hourly sensor with jitter of up to 4 s.*--resample h"):
        Panel.from_frame(jittered())


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_jitter_is_snapped_to_the_nearest_step(library):
    table = jittered() if library == "pandas" else pl.DataFrame(jittered().to_dict("list"))
    panel = Panel.from_frame(table, time_col=Clock(resample="h"))
    assert (panel.time == HOURS.to_numpy()).all()
    assert (panel.y == np.arange(48.0) % 7).all()
    assert any("the nearest h, at most 4 s away" in note for note in panel.notes)
    early = next(n for n in range(48) if jittered()["time"][n] < HOURS[n])
    for rows in (slice(-3, None), slice(early, early + 1)):  # one row alone does not tell a step
        later = Panel.from_frame(table[rows], columns=Panel.from_parts(*panel.to_parts()).columns, freq="h")
        assert (later.time == HOURS[rows].to_numpy()).all()


def test_finer_rows_are_taken_to_the_step_they_lie_in_for_each_series():
    quarters = pd.date_range("2024-01-01", periods=8, freq="15min").astype(str)
    table = pd.DataFrame({"unique_id": ["b"] * 8 + ["a"] * 8, "ds": [*quarters] * 2, "y": np.arange(16.0)})
    table.loc[1, "y"] = np.nan
    for by, first in (("mean", 5 / 3), ("sum", 5.0), ("last", 3.0)):
        panel = Panel.from_frame(table, time_col=Clock("ds", resample="h", by=by))
        assert set(panel.ids) == {"a", "b"}
        assert panel.y[panel.offsets[panel.ids.index("b")]] == pytest.approx(first)
        assert (panel.freq, len(panel.y)) == ("h", 4)
        assert panel.write_stamps(panel.stamps_after(1)[0]).tolist() == ["2024-01-01 02:00:00"]


def test_rows_after_a_step_do_not_change_it():
    table = jittered()
    wild = table.assign(v=table["v"].where(table.index < 40, 1e9))
    first, second = (Panel.from_frame(each, time_col=Clock(resample="h")) for each in (table, wild))
    assert (first.y[:40] == second.y[:40]).all()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"resample": "hr"}, "Did you mean 'h'"),
        ({"resample": "h", "by": "median"}, "no way to resample 'median'"),
        ({"resample": "3"}, "is no step of time"),
    ],
)
def test_a_wrong_way_to_resample_is_named(given, words):
    with pytest.raises(ValueError, match=words):
        Clock("ds", **given)


def test_an_unusual_step_is_no_jitter():
    stamps = pd.date_range("2024-01-01", periods=20, freq="3601s")
    assert Panel.from_frame(pd.DataFrame({"ds": stamps, "y": np.arange(20.0)})).freq == "3601s"
