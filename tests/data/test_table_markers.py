"""Numbers that stand for a missing value: read as such where asked, named where not, no false alarm."""

import inspect
from typing import Any

import numpy as np
import pandas as pd
import pytest

from normcast.cli.options import shared
from normcast.cli.options import table as table_options
from normcast.data import Panel, read_table
from normcast.data.datasets import weather
from normcast.data.markers import asked_for, marked_missing, marker_notes, markers
from normcast.data.told import notes_of

RNG = np.random.default_rng(7)
WAVE = np.round(50 + 10 * np.sin(np.arange(300) * 2 * np.pi / 7) + RNG.normal(0, 1, 300), 1)


def with_mark(mark: float, many: int, values: np.ndarray = WAVE) -> np.ndarray:
    changed = values.astype(float)
    changed[:: len(values) // many][:many] = mark
    return changed


@pytest.mark.parametrize("mark", [-9999.0, -999.0, -99.9, -200.0, 9999.0, 99999.0, 999.9, 32767.0, 1e20])
def test_a_mark_far_from_the_rest_is_found(mark):
    many = 5
    found = markers(with_mark(mark, many))
    assert [value for value, _ in found] == [mark]


def test_two_marks_in_one_column_are_both_found():
    values = with_mark(-9999, 11)
    values[1:9:2] = -999
    assert [mark for mark, _ in markers(values)] == [-9999, -999]


@pytest.mark.parametrize(
    "values",
    [
        WAVE,
        with_mark(-9999, 2),  # twice may be chance
        with_mark(0, 50),
        with_mark(-1, 50, RNG.poisson(2, 300)),
        np.full(300, -5.0),
        np.full(300, 99.0),
        RNG.poisson(0.2, 300) * 99.0,
        np.minimum(100.0, RNG.normal(95, 10, 300)),  # a humidity sensor at its end
        np.where(RNG.random(300) < 0.1, -10.0, RNG.normal(5, 6, 300)),
        np.where(RNG.random(300) < 0.5, 1000.0, 0.0),  # on and off
        np.where(RNG.random(300) < 0.1, 1500.0, WAVE),  # promotions
        np.array([]),
        np.full(9, np.nan),
    ],
)
def test_ordinary_columns_raise_no_alarm(values):
    assert markers(values) == []


def test_the_weather_data_raise_no_alarm():
    table = weather().select_dtypes("number")
    assert marker_notes(table.to_numpy(dtype=float), table.columns, np.array([0, len(table)])) == ()


def test_a_series_of_one_value_far_from_the_others_is_no_mark():
    values = np.concatenate([WAVE, np.full(50, -5000.0)])[:, None]
    assert marker_notes(values, ["y"], np.array([0, 300, 350])) == ()
    assert marker_notes(values, ["y"], np.array([0, 350])) != ()


def test_the_panel_names_the_mark_and_the_flag_and_keeps_the_number():
    table = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=300), "y": with_mark(-9999, 11)})
    panel = Panel.from_frame(table)
    assert panel.y.min() == -9999
    note = next(note for note in panel.notes if "-9999" in note)
    assert note.startswith("-9999 stands in 11 of 300 rows of 'y'")
    assert "--na-value -9999" in note
    read = Panel.from_frame(table, na_values=-9999)
    assert read.y.min() >= 0
    assert "10 missing values of 'y' were filled: last, left out of scores and training" in read.notes
    with pytest.raises(ValueError, match="the value is missing"):
        Panel.from_frame(table, na_values=-9999, missing="error")


@pytest.mark.parametrize("marks", ["-9999", -9999, -9999.0, ["-9999"], ("-9999", "x")])
def test_marks_that_are_asked_for_are_missing_and_counted(tmp_path, marks):
    path = tmp_path / "a.csv"
    path.write_text("ds,y\na,1.5\nb,-9999.0\nc,-9999\n")
    table = read_table(path, na_values=marks)
    assert table["y"].isna().tolist() == [False, True, True]
    assert "column 'y': 2 cells '-9999" in notes_of(table)[0]


def test_a_word_that_is_asked_for_makes_a_column_numbers(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("ds,y\na,1\nb,Bagged\nc,3\n")
    assert read_table(path)["y"].tolist() == ["1", "Bagged", "3"]
    table = read_table(path, na_values="Bagged")
    assert table["y"].fillna(0).tolist() == [1, 0, 3]


def test_marks_are_missing_in_parquet_too(tmp_path):
    pd.DataFrame({"y": [1, -9]}).to_parquet(tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet", na_values=-9)["y"].isna().tolist() == [False, True]


def test_a_mark_that_stands_nowhere_is_said(tmp_path):
    table, notes = marked_missing(pd.DataFrame({"y": [1, 2]}), [-9, "x"])
    assert table["y"].tolist() == [1, 2]
    assert notes == ["no cell holds -9 and x, which was to be read as missing"]


def test_what_a_command_asks_for_ends_with_it():
    table = pd.DataFrame({"y": [1, -9]})
    with asked_for(["-9"]):
        assert marked_missing(table, None)[0]["y"].isna().any()
    assert not marked_missing(table, None)[0]["y"].isna().any()
    assert table["y"].tolist() == [1, -9]


def test_the_flag_reaches_every_file_that_the_command_reads(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("ds,y\na,1\nb,-9999\nc,3\n")

    @shared(table_options)
    def command(table: dict[str, Any]) -> int:
        assert "na_value" not in table
        return int(read_table(path)["y"].isna().sum())

    given = {name: each.default for name, each in inspect.signature(table_options).parameters.items()}
    assert command(**given) == 0
    assert command(**{**given, "na_value": ["-9999"]}) == 1
