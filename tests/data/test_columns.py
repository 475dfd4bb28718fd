import pandas as pd
import pytest

from normcast.data import Columns, Panel
from tests.data.frames import daily, two


def test_nixtla_names_are_taken_without_a_note():
    panel = Panel.from_frame(two().assign(other=1.0, when=pd.Timestamp("2024-01-01")))
    assert panel.columns == Columns(ids=("unique_id",), time="ds", targets=("y",))
    assert not [note for note in panel.notes if "column" in note]


def test_the_single_time_and_number_are_taken_and_said():
    panel = Panel.from_frame(daily().rename(columns={"ds": "Month", "y": "Passengers"}))
    assert panel.columns == Columns(time="Month", targets=("Passengers",))
    assert "'Month'" in panel.notes[0]
    assert "'Passengers'" in panel.notes[1]


def test_two_numbers_or_two_times_are_no_choice():
    table = daily().rename(columns={"ds": "day", "y": "wind"})
    with pytest.raises(ValueError, match="several numeric columns: wind and rain; columns are day, w"):
        Panel.from_frame(table.assign(rain=1.0))
    with pytest.raises(ValueError, match="several columns look like time: day, night"):
        Panel.from_frame(table.assign(night=table["day"]))
    with pytest.raises(ValueError, match="no numeric column left; columns are day and sky"):
        Panel.from_frame(table[["day"]].assign(sky="blue"))
    with pytest.raises(ValueError, match="no numeric column left beside the exogenous wind"):
        Panel.from_frame(table[["day", "wind"]], hist_exog="wind")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"target_col": "temp_mx"}, r"shop\.csv: no column 'temp_mx'; columns are .*Did you mean 'temp_max'"),
        ({"target_col": "target"}, "no column 'target'.*Did you mean 'y'"),
        ({"time_col": "timestamp"}, "no column 'timestamp'.*Did you mean 'ds'"),
        ({"id_col": ["item_id"]}, "no column 'item_id'"),
        ({"hist_exog": "holiday"}, "no column 'holiday'"),
        ({"hist_exog": "temp_max", "futr_exog": "temp_max"}, "'temp_max' is named for two parts"),
        ({"target_col": ["y", "temp_max"], "id_col": "shop"}, "one target column, or no id column"),
    ],
)
def test_a_wrong_name_is_answered_with_what_there_is(asked, words):
    table = daily().assign(temp_max=2.0, shop="a")
    with pytest.raises(ValueError, match=words):
        Panel.from_frame(table, where="shop.csv", **asked)


def test_columns_survive_json():
    import json

    columns = Columns(("a", "b"), None, ("y",), ("x",), (), ("z",))
    assert Columns.from_dict(json.loads(json.dumps(columns.to_dict()))) == columns


def test_text_categories_and_saved_row_numbers_are_neither_time_nor_target():
    table = daily().rename(columns={"ds": "day", "y": "wind"}).assign(sky="rain 1.5")
    table.insert(0, "Unnamed: 0", range(len(table)))
    columns = Panel.from_frame(table).columns
    assert columns == Columns(time="day", targets=("wind",))


@pytest.mark.parametrize(("mark", "flag"), [("missing", "missing"), (".", r"\."), ("*", r"'\*'")])
def test_a_lone_column_of_numbers_with_a_mark_is_the_target_whose_mark_the_message_names(mark, flag):
    days = pd.date_range("2024-01-01", periods=5).strftime("%Y-%m-%d")
    table = pd.DataFrame({"date": days, "temp": ["1.5", mark, "2", "3", "2.5"]})
    with pytest.raises(ValueError, match=rf"column 'temp' is not numeric: row 2 holds.*--na-value {flag} "):
        Panel.from_frame(table)
