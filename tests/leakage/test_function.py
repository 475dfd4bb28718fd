"""The canary of a user's function: planted leaks are found, where they are; causal ones pass."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.signal import filtfilt, lfilter

from normcast import canary


def frame(rows: int = 60) -> pd.DataFrame:
    """Two series with a few missing values, their rows mixed."""
    draws = np.random.default_rng(0)
    y = draws.normal(size=2 * rows)
    y[[17, 18, 70, 90]] = np.nan
    days = np.tile(pd.date_range("2024-01-01", periods=rows), 2)
    table = pd.DataFrame({"unique_id": np.repeat(["a", "b"], rows), "ds": days, "y": y})
    return table.assign(
        sold=draws.integers(0, 9, 2 * rows), open=y > 0, day=table["ds"].dt.day_name().to_numpy()
    )


def by_series(what):
    return lambda table: table.assign(z=table.groupby("unique_id")["y"].transform(what))


LEAKS = {
    "global standardization": lambda table: table.assign(z=table["y"] / table["y"].std()),
    "standardization of each series": by_series(lambda y: (y - y.mean()) / y.std()),
    "centred rolling mean": by_series(lambda y: y.rolling(5, center=True, min_periods=1).mean()),
    "filled from behind": by_series(lambda y: y.bfill()),
    "interpolated": by_series(lambda y: y.interpolate()),
    "two-sided filter": by_series(lambda y: filtfilt([0.5], [1, -0.5], y.fillna(0))),
    "the next value": by_series(lambda y: y.shift(-1)),
    "largest of all": by_series(lambda y: y / y.abs().max()),
    "ranks": by_series(lambda y: y.rank()),
    "length of the table": lambda table: table.assign(z=np.arange(len(table)) / len(table)),
    "outliers left out": lambda table: table[table["y"] < table["y"].quantile(0.9)],
    "codes of all words": lambda table: table["day"].astype("category").cat.codes,
}  # fmt: skip

CAUSAL = {
    "expanding mean": by_series(lambda y: y.expanding().mean()),
    "standardized by the past": by_series(lambda y: (y - y.expanding().mean()) / y.expanding().std()),
    "trailing rolling mean": by_series(lambda y: y.rolling(7).mean()),
    "lag": by_series(lambda y: y.shift(2)),
    "filled from before": by_series(lambda y: y.ffill()),
    "exponential mean": by_series(lambda y: y.ewm(alpha=0.3).mean()),
    "one-sided filter": by_series(lambda y: lfilter([0.5], [1, -0.5], y.fillna(0))),
    "rows of missing values left out": lambda table: table.dropna(),
    "sorted, index kept": lambda table: table.sort_values("ds").assign(z=1.0),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_planted_leak_is_found(name):
    report = canary(LEAKS[name], frame())
    assert not report.passed
    assert str(report).startswith("Leakage in")


@pytest.mark.parametrize("name", CAUSAL)
def test_a_causal_function_passes(name):
    report = canary(CAUSAL[name], frame())
    assert report.passed, str(report)
    assert report.values > 1000
    assert report.changed == ("y", "sold", "open", "day")
    assert report.ways == ("noise", "scale", "missing", "end")


def test_a_leak_says_column_row_and_amount():
    table = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=10), "y": np.arange(10.0)})
    report = canary(lambda given: given.assign(y=given["y"].shift(-1)), table, ways="scale")
    (leak,) = report.leaks
    assert (leak.what, leak.place) == ("column 'y'", "row 3 (2024-01-03)")
    assert leak.cutoff == "2024-01-03"
    assert (leak.before, leak.after) == ("3", "12")  # 4.5 - 2 * (3 - 4.5) + 4.5
    assert (leak.differing, leak.of) == (1, 3)
    assert leak.difference == 9


def test_cutoffs_stand_right_behind_missing_values_too():
    table = pd.DataFrame({"ds": range(200), "y": np.arange(200.0)})
    table.loc[[3, 4], "y"] = np.nan
    assert "4" in canary(lambda given: given.ffill(), table).cutoffs
    assert not canary(lambda given: given.bfill(), table).passed


def test_polars_tables_are_tested_as_pandas_ones():
    table = pl.from_pandas(frame())
    assert canary(lambda given: given.with_columns(z=pl.col("y").cum_sum().over("unique_id")), table).passed
    report = canary(lambda given: given.with_columns(z=pl.col("y") - pl.col("y").mean()), table)
    assert [leak.what for leak in report.leaks] == ["column 'z'"]


@pytest.mark.parametrize("shape", [(40,), (40, 3), (40, 2, 2)])
def test_arrays_have_time_on_their_first_axis(shape):
    array = np.random.default_rng(0).normal(size=shape)
    assert canary(lambda x: np.cumsum(x, axis=0), array).passed
    report = canary(lambda x: x[::-1], array)
    assert report.cutoffs == ("row 12", "row 24", "row 36")
    assert report.leaks[0].place == "row 1"


def test_columns_known_ahead_are_left_as_they_are():
    table = frame()
    ahead = by_series(lambda y: y.ffill())
    lead = lambda given: ahead(given).assign(next=given.groupby("unique_id")["sold"].shift(-1))  # noqa: E731
    assert not canary(lead, table).passed
    report = canary(lead, table, futr_exog="sold", ways=["noise", "scale", "missing"])
    assert report.passed
    assert "sold" not in report.changed


def test_the_table_is_not_changed():
    table = frame()
    before = table.copy(deep=True)

    def in_place(given):
        given["y"] = given["y"].ffill()
        return given

    canary(in_place, table)
    pd.testing.assert_frame_equal(table, before)


def test_what_the_function_does_not_read_and_refuses_is_said():
    assert "reads none" in canary(lambda given: given["ds"], frame(), ways="noise").notes[0]

    def careful(given):
        if given["y"].abs().max() > 100:
            raise ValueError("too large")
        return given["y"].ffill()

    report = canary(careful, frame())
    assert report.passed
    assert "too large" in "".join(report.notes)
    assert "noise" not in report.ways


def test_a_function_of_chance_proves_nothing():
    draws = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"gives other values when it runs again on the same table: .*seed"):
        canary(lambda given: given["y"] + draws.normal(size=len(given)), frame())


@pytest.mark.parametrize(
    ("function", "error", "words"),
    [
        (lambda given: 3, TypeError, "returned int"),
        (lambda given: given.dropna().reset_index(drop=True), ValueError, "returned 116 rows for 120 rows"),
        (lambda given: given.sort_values("ds").reset_index(drop=True), ValueError, "in another order"),
    ],
)
def test_what_a_function_must_return_is_said(function, error, words):
    with pytest.raises(error, match=words):
        canary(function, frame())


def test_errors_say_what_to_do():
    with pytest.raises(TypeError, match="data is missing"):
        canary(len)
    with pytest.raises(TypeError, match=r"not int\. Of another estimator test a function"):
        canary(3, frame())
    with pytest.raises(TypeError, match="Did you mean 'time_col'"):
        canary(len, frame(), time_cl="ds")
    with pytest.raises(ValueError, match="Did you mean 'noise'"):
        canary(len, frame(), ways="nois")
    with pytest.raises(ValueError, match="no column 'when'"):
        canary(len, frame(), time_col="when")
    twice = frame().rename(columns={"ds": "one"}).assign(two=frame()["ds"])
    with pytest.raises(ValueError, match="several columns look like time: one, two"):
        canary(len, twice)
    with pytest.raises(ValueError, match="one stamp only"):
        canary(lambda given: given, frame().head(1))


def test_a_report_is_plain_values():
    plain = canary(LEAKS["ranks"], frame()).to_dict()
    assert plain["passed"] is False
    assert plain["leaks"][0]["what"] == "column 'z'"
    assert plain["comparisons"] > 10
