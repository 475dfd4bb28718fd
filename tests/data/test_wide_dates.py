"""Tables whose column names are times are read as a row for each series, where asked."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normcast.data import Panel, melted, read_table
from normcast.data.wide_dates import asked_for

MONTHS = pd.period_range("2018-01", "2022-12", freq="M").astype(str).tolist()


def wide(names=MONTHS, series=3):
    draws = np.random.default_rng(0)
    rows = {name: draws.integers(0, 99, series) for name in names}
    return pd.DataFrame({"Product": [f"p{i}" for i in range(series)], **rows})


def test_a_row_becomes_a_series_in_the_order_of_its_columns():
    long, table = melted(wide()), wide()
    assert list(long.columns) == ["Product", "time", "value"]
    assert long["time"].tolist() == MONTHS * 3
    assert long["value"].tolist() == table[MONTHS].to_numpy().ravel().tolist()


@settings(max_examples=20, deadline=None)
@given(series=st.integers(1, 4), count=st.integers(3, 30))
def test_what_was_melted_is_pivoted_back(series, count):
    table = wide(MONTHS[:count], series)
    back = melted(table).pivot(index="Product", columns="time", values="value")
    np.testing.assert_array_equal(back.to_numpy(), table[MONTHS[:count]].to_numpy())


@pytest.mark.parametrize(
    ("names", "step"),
    [
        (MONTHS, "MS"),
        ([f"{year}Q{q}" for year in range(2010, 2020) for q in range(1, 5)], "QS"),
        (pd.date_range("2024-01-01", periods=40).strftime("%Y-%m-%d").tolist(), "D"),
        ([f"{day.month}/{day.day}/{day:%y}" for day in pd.date_range("2020-01-22", periods=40)], "D"),
        (pd.date_range("2016-01-01", periods=40, freq="MS").strftime("%b-%y").tolist(), "MS"),
        (pd.date_range("2016-01-01", periods=40, freq="MS").strftime("%B %Y").tolist(), "MS"),
        ([str(year) for year in range(1960, 2022)], 1),
    ],
)
def test_the_names_are_understood_as_times(names, step):
    panel = Panel.from_frame(melted(wide(names)), id_col="Product")
    assert (panel.n_series, panel.freq) == (3, step)


def test_a_grid_of_years_and_months_is_one_series():
    values = np.arange(60).reshape(5, 12).astype(float)
    values[-1, 9:] = np.nan  # have not come yet
    grid = pd.DataFrame(values, columns=[f"{pd.Timestamp(2024, m, 1):%b}" for m in range(1, 13)])
    long = melted(grid.assign(Year=range(2018, 2023)))
    assert long["time"].tolist() == MONTHS[:57]
    assert long["value"].tolist() == list(range(57))
    assert Panel.from_frame(long).freq == "MS"


def test_the_message_of_a_wide_table_says_how_to_read_it():
    with pytest.raises(
        ValueError, match=r"The names 2018-01 to 2022-12 are times.*--wide \(normcast\.data\.melted"
    ):
        Panel.from_frame(wide(), id_col="Product")


def test_a_file_is_read_so_where_asked_and_says_it(tmp_path):
    wide().to_csv(tmp_path / "wide.csv", index=False)
    with asked_for(True):
        table = read_table(tmp_path / "wide.csv")
    panel = Panel.from_frame(table)
    assert panel.ids == ("p0", "p1", "p2")
    assert "series named by: Product" in panel.notes
    assert "wide: 3 rows became 180, columns 2018-01 to 2022-12 one time each" in panel.notes
    assert list(read_table(tmp_path / "wide.csv").columns) == ["Product", *MONTHS]


def test_years_with_several_texts_and_a_column_of_numbers_beside_them_need_no_other_flag(tmp_path):
    years = [str(year) for year in range(1960, 2022)]
    wide(years).assign(Code=["a", "b", "c"], Total=7.5).to_csv(tmp_path / "bank.csv", index=False)
    with asked_for(True):
        panel = Panel.from_frame(read_table(tmp_path / "bank.csv"))
    assert panel.ids == ("p0/a", "p1/b", "p2/c")
    assert panel.columns.targets == ("value",)
    assert panel.stamps_after(1).tolist() == [[2022]] * 3


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (pd.DataFrame({"ds": [1, 2], "y": [3, 4]}), "--wide reads tables whose column names are times"),
        (wide().assign(value=1), "has a column 'value' of its own"),
    ],
)
def test_other_tables_are_refused(table, told):
    with pytest.raises(ValueError, match=told):
        melted(table)
