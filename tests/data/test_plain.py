"""Tables of every sort come back from plain values and arrays, as a file holds them."""

import datetime
import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from safetensors.numpy import load, save

from normcast.data import Panel, future_rows
from normcast.data.plain import read_dtype, write_zone

DAYS = pd.date_range("2024-03-20", periods=12)
ZONED = DAYS.tz_localize("Europe/Berlin")
STAMPS = {
    "days": DAYS,
    "zoned days, over a clock change": ZONED,
    "zoned hours, over a clock change": pd.date_range(
        "2024-03-30 20:00", periods=12, freq="h", tz="Europe/Berlin"
    ),
    "an offset": DAYS.tz_localize(datetime.timezone(datetime.timedelta(hours=5, minutes=30))),
    "dates": DAYS.date,
    "text": DAYS.strftime("%d.%m.%Y"),
    "text in a zone": [f"{day:%Y-%m-%d}T00:00:00+02:00" for day in DAYS],
    "categorical text": pd.Categorical(DAYS.strftime("%Y-%m-%d")),
    "integers": np.arange(5, 29, 2, dtype="int32"),
    "nullable integers": pd.array(range(12), dtype="Int64"),
    "yyyymmdd": DAYS.strftime("%Y%m%d").astype(int),
    "periods": pd.period_range("2024-01", periods=12, freq="M"),
    "arrow": pd.Series(ZONED.as_unit("us")).astype("timestamp[us, tz=Europe/Berlin][pyarrow]"),
}
POLARS = {
    "days": pl.Date,
    "microseconds": pl.Datetime("us"),
    "zoned": pl.Datetime("ms", "Europe/Berlin"),
    "text": pl.String,
}
IDS = {
    "integers": np.arange(2, dtype="uint8"),
    "floats": np.array([0.1, np.inf]),
    "categories": pd.Categorical(["b", "a"], categories=["a", "c", "b"], ordered=True),
    "stamps": pd.to_datetime(["2020-01-01", "2021-01-01"]).tz_localize("America/New_York"),
    "object": np.array([3, "x"], dtype=object),
    "nullable text": pd.array(["a", "b"], dtype="string"),
    "arrow": pd.array([1, 2], dtype="int64[pyarrow]"),
}


def by_way_of_a_file(panel: Panel) -> Panel:
    values, arrays = panel.to_parts()
    return Panel.from_parts(json.loads(json.dumps(values)), load(save(arrays)))


def written(panel: Panel):
    """The h rows after each series, as a forecast would write them, and what the panel is besides."""
    stamps = panel.stamps_after(3)
    return panel.frame(np.repeat(np.arange(panel.n_series), 3), stamps.ravel(), {"x": np.zeros(stamps.size)})


def assert_comes_back(frame, **columns) -> Panel:
    panel = Panel.from_frame(frame, **columns).tail(4)
    back = by_way_of_a_file(panel)
    one, other = written(panel), written(back)
    if isinstance(one, pl.DataFrame):
        assert one.schema == other.schema
    else:
        assert list(one.dtypes) == list(other.dtypes)
    assert one.equals(other)
    for name in ("offsets", "time", "y", "observed", "hist", "futr", "stat", "futr_ahead"):
        assert np.array_equal(getattr(panel, name), getattr(back, name)), name
        assert getattr(panel, name).dtype == getattr(back, name).dtype
    for name in ("columns", "ids", "freq", "season", "frame_type", "notes"):
        assert getattr(panel, name) == getattr(back, name)
    # New rows of the same table are read alike.
    again = [Panel.from_frame(frame, columns=each.columns, freq=each.freq) for each in (panel, back)]
    assert np.array_equal(again[0].time, again[1].time)
    return back


def table(stamps=DAYS) -> pd.DataFrame:
    parts = [pd.DataFrame({"unique_id": i, "ds": stamps, "y": np.arange(12.0) ** 2}) for i in "ab"]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("stamps", STAMPS.values(), ids=STAMPS)
def test_every_sort_of_stamp_comes_back(stamps):
    assert_comes_back(table(stamps))


@pytest.mark.parametrize("dtype", POLARS.values(), ids=POLARS)
def test_every_sort_of_polars_stamp_comes_back(dtype):
    frame = pl.DataFrame({"unique_id": ["a"] * 12, "ds": DAYS.to_numpy(), "y": np.arange(12.0) ** 2})
    stamps = pl.col("ds").dt.strftime("%Y-%m-%d") if dtype == pl.String else pl.col("ds").cast(dtype)
    assert_comes_back(frame.with_columns(stamps, pl.col("unique_id").cast(pl.Enum(["b", "a"]))))


@pytest.mark.parametrize("values", IDS.values(), ids=IDS)
def test_ids_of_every_type_come_back(values):
    frame = table()
    frame["unique_id"] = pd.Series(values).repeat(12).reset_index(drop=True)
    assert_comes_back(frame)


def test_polars_ids_of_every_type_come_back():
    days = [datetime.date(2020, 1, 1)] * 12 + [datetime.date(2020, 2, 1)] * 12
    frame = pl.DataFrame({"y": np.arange(24.0) ** 2, "ds": [*range(12)] * 2, "day": days})
    frame = frame.with_columns(
        pl.Series("store", ["x"] * 12 + ["y"] * 12, dtype=pl.Categorical),
        pl.Series("when", [datetime.datetime(2020, 1, 1)] * 24),
        pl.Series("open", [True] * 24),
        pl.Series("number", [2**63 + 1] * 24, dtype=pl.UInt64),
    )
    assert_comes_back(frame, id_col=["day", "store", "when", "open", "number"], target_col="y")


def test_several_id_columns_a_wide_table_and_a_table_without_ids_or_stamps_come_back():
    assert_comes_back(table().assign(shop=7), id_col=["unique_id", "shop"], target_col="y")
    wide = pd.DataFrame({"ds": DAYS, "oil": np.arange(12.0) ** 2, "gas": np.arange(12.0)[::-1] ** 3})
    assert_comes_back(wide, target_col=["oil", "gas"])
    assert_comes_back(wide[["oil"]])
    assert_comes_back(pl.from_pandas(wide[["oil"]]))


def test_exogenous_columns_come_back_with_the_known_future_rows():
    frame = table().assign(past=np.arange(24.0), price=np.arange(24.0) / 3, size=2.0)
    frame.loc[frame.groupby("unique_id").cumcount() >= 10, "y"] = np.nan
    back = assert_comes_back(frame, hist_exog="past", futr_exog="price", stat_exog="size")
    assert future_rows(back, None, 2).shape == (2, 2, 1)


def test_a_tail_is_the_last_rows_of_each_series():
    panel = Panel.from_frame(table())
    tail = panel.tail([2, 3])
    assert tail.lengths.tolist() == [2, 3]
    assert tail.y.tolist() == [100.0, 121.0, 81.0, 100.0, 121.0]
    assert np.array_equal(tail.stamps_after(2), panel.stamps_after(2))
    with pytest.raises(ValueError, match="tail: series 'a' has 12 rows, cannot keep 13"):
        panel.tail(13)


def test_a_tail_of_series_of_one_length_is_that_of_each():
    frame = table().assign(past=np.arange(24.0), price=np.arange(24.0) / 3)
    panel = Panel.from_frame(frame, hist_exog="past", futr_exog="price")
    tail = panel.tail(5)
    at = np.r_[7:12, 19:24]
    assert tail.lengths.tolist() == [5, 5]
    for name in ("time", "y", "observed", "hist", "futr"):
        np.testing.assert_array_equal(getattr(tail, name), getattr(panel, name)[at])


def test_ids_that_a_file_does_not_keep_are_refused_by_name():
    frame = table()
    frame["unique_id"] = frame["unique_id"].map(
        {"a": datetime.date(2020, 1, 1), "b": datetime.date(2021, 1, 1)}
    )
    with pytest.raises(ValueError, match="id column 'unique_id' holds values of type date"):
        Panel.from_frame(frame).to_parts()


def test_a_zone_without_a_name_is_kept_as_its_offset_or_refused():
    from dateutil import tz

    assert write_zone(tz.tzoffset(None, 3600)) == "UTC+01:00"
    with pytest.raises(ValueError, match="has no name that a file could keep"):
        write_zone(tz.gettz("Europe/Berlin"))


def test_a_type_that_needs_a_library_which_is_not_there_names_the_extra(monkeypatch):
    monkeypatch.setattr("normcast.data.plain.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"normcast\[polars\]"):
        read_dtype({"polars": "Int64"})
    with pytest.raises(ImportError, match=r"normcast\[parquet\]"):
        read_dtype({"pandas": "int64[pyarrow]"})
