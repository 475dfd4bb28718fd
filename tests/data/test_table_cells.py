"""Numbers as people write them: thousands, decimal commas, percent, currencies, words for none."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from normcast.data import Panel, read_table
from normcast.data.number_text import decide
from normcast.data.told import notes_of


def column(folder: Path, cells: list[str], separator: str = ",") -> tuple[list, str]:
    path = folder / "a.csv"
    rows = [f'"{cell}"{separator}{at}' for at, cell in enumerate(cells)]
    path.write_text("\n".join([f"v{separator}row", *rows]) + "\n", encoding="utf-8")
    table = read_table(path)
    return table["v"].tolist(), " | ".join(notes_of(table))


@pytest.mark.parametrize(
    ("cells", "separator", "values", "said"),
    [
        (["9,004", "10,541"], ",", [9004, 10541], "',' separates thousands: '9,004' is read as 9004"),
        (["9,004.5", "12"], ";", [9004.5, 12], "',' separates thousands"),
        (["1.234,5", "12"], ";", [1234.5, 12], "'.' separates thousands: '1.234,5' is read as 1234.5"),
        (["9.104", "1.234.567"], ",", [9104, 1234567], "'.' separates thousands: '9.104' is read as 9104"),
        (["9.104", "8.200"], ";", [9.104, 8.2], "a decimal point, though each cell could have thousands"),
        (["9,104", "8,200"], ";", [9.104, 8.2], "a decimal comma, though each cell could have thousands"),
        (["9,104", "8,2"], ";", [9.104, 8.2], ""),
        (["1,5", "2,75"], ",", [1.5, 2.75], "a decimal comma: '1,5' is read as 1.5"),
        (["0,123", "2,755"], ",", [0.123, 2.755], "a decimal comma"),
        (["45%", "7 %"], ",", [45, 7], "values are in '%': '45%' is read as 45"),
        (["$1,200.50", "-$3"], ",", [1200.5, -3], "',' separates thousands, values are in '$'"),
        (["3 €", "1 200,50 €"], ";", [3, 1200.5], "a decimal comma, values are in '€'"),
        (["\N{MINUS SIGN}1", "2"], ",", [-1, 2], ""),
        (["45.00 EUR", "1,200.50 EUR", "-"], ",", [45, 1200.5, np.nan], "values are in 'EUR'"),
        (["12 kg", "1 200,5 kg"], ";", [12, 1200.5], "values are in 'kg': '1 200,5 kg' is read as 1200.5"),
        (["20 °C", "-3°C"], ",", [20, -3], "values are in '°C': '20 °C' is read as 20"),
        (["3 km/h", "4 km/h"], ",", [3, 4], "values are in 'km/h'"),
        (["12kg", "1 200,5kg"], ";", [12, 1200.5], "values are in 'kg': '1 200,5kg' is read as 1200.5"),
        (["EUR 45", "EUR 1,200.50"], ",", [45, 1200.5], "values are in 'EUR'"),
        (["45EUR", "EUR -3"], ",", [45, -3], "values are in 'EUR'"),
        (["US$ 45", "US$7"], ",", [45, 7], "values are in 'US$'"),
        (["₹45", "₹ 7"], ",", [45, 7], "values are in '₹'"),
        (["kr 45", "kr 7"], ",", [45, 7], "values are in 'kr'"),
        (["5 m3", "7 m3"], ",", [5, 7], "values are in 'm3'"),
        (["5 kWh/m2", "7kWh/m2"], ",", [5, 7], "values are in 'kWh/m2'"),
        (["5 pcs.", "7 pcs."], ",", [5, 7], "values are in 'pcs.'"),
        (["5m/s", "7m/s"], ",", [5, 7], "values are in 'm/s'"),
        (["1,500", "(1,200)"], ",", [1500, -1200], "brackets are a minus"),
        (["5", "(7)"], ",", [5, -7], "brackets are a minus: '(7)' is read as -7"),
        (["$5", "($1,200.50)", "$(3)"], ",", [5, -1200.5, -3], "values are in '$', brackets are a minus"),
        (["1e3", "$2"], ",", [1000, 2], "values are in '$'"),
    ],
)
def test_a_column_is_read_as_all_its_cells_say(tmp_path, cells, separator, values, said):
    got, notes = column(tmp_path, cells, separator)
    assert np.array_equal(got, values, equal_nan=True)
    assert said in notes if said else notes == ""


@pytest.mark.parametrize(
    "cells",
    [
        ["9,104", "9.104"],  # one has thousands, and nothing says which
        ["45%", "0.4"],
        ["$5", "5 €"],
        ["1,2,3", "4"],
        ["01.02.2024", "02.02.2024"],
        ["18.00.00", "19.00.00"],
        ["2024-01-01", "2024-01-02"],
        ["1,000", "many"],
        ["12 kg", "3 g"],
        ["12 kg", "3"],
        ["6 PM", "7 PM"],
        ["5 May", "6 May"],
        ["1A", "2A"],
        ["4th", "5th"],
        ["2018 Q3", "2019 Q3"],
        ["SKU 12", "SKU 13"],
        ["(-5)", "6"],
        ["12kg", "3lb"],
        ["18h", "19h"],
        ["store 1", "store 2"],
        ["-", "shop"],
    ],
)
def test_cells_that_no_one_way_reads_stay_text(tmp_path, cells):
    assert column(tmp_path, cells) == (cells, "")


def test_dots_of_a_file_between_commas_are_decimals_without_a_word(tmp_path):
    assert column(tmp_path, ["9.104", "8.200"]) == ([9.104, 8.2], "")


def test_words_for_none_among_numbers_are_missing_and_counted(tmp_path):
    got, notes = column(tmp_path, ["1.5", "-", "?", "N/A", "n/a", "null", "--", "-", "", "2"])
    assert got[0] == 1.5
    assert np.isnan(got[1:9]).all()
    assert "2 cells '-', 1 cell '?' and 1 cell '--' read as missing" in notes
    assert "1 cell 'N/A', 1 cell 'n/a' and 1 cell 'null' read as missing" in notes


def test_words_for_none_alone_among_numbers_are_counted_too(tmp_path):
    assert column(tmp_path, ["1.5", "null", "2"])[1] == "column 'v': 1 cell 'null' read as missing"


def test_a_column_decided_by_a_late_cell_is_read_so_from_the_first(tmp_path):
    got, _ = column(tmp_path, ["9.104"] * 5000 + ["1.234.567"])
    assert got == [9104] * 5000 + [1234567]


def test_the_panel_tells_of_thousands(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("ds,y\n" + "".join(f'2024-01-{day:02},"{day},000"\n' for day in range(1, 10)))
    panel = Panel.from_frame(read_table(path))
    assert panel.y.tolist() == [1000.0 * day for day in range(1, 10)]
    assert panel.notes[0] == "column 'y': ',' separates thousands: '1,000' is read as 1000"


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ("3 g", "holds '3 g' (line 9 of the file). It is in 'g', others of the column are in 'kg'"),
        ("3", "holds '3' (line 9 of the file). It has no unit, others of the column are in 'kg'"),
        ("many", "holds 'many' (line 9 of the file). Turn it into numbers"),
    ],
)
def test_a_column_of_two_units_is_named_with_line_and_cell(tmp_path, odd, words):
    path = tmp_path / "a.csv"
    cells = [*(f"{day} kg" for day in range(1, 8)), odd]
    path.write_text("ds,y\n" + "".join(f"2024-01-{day:02},{cell}\n" for day, cell in enumerate(cells, 1)))
    with pytest.raises(ValueError, match=r"column 'y' is not numeric: row \d holds") as error:
        Panel.from_frame(read_table(path), target_col="y")
    assert words in str(error.value)


def written(value: float, digits: int, thousands: str, decimal: str) -> str:
    text = f"{value:,.{digits}f}"
    return text.replace(",", "\0").replace(".", decimal).replace("\0", thousands)


@given(
    st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=30),
    st.sampled_from([(".", ","), (",", "."), (".", " "), (",", "'"), (".", "")]),
    st.sampled_from([1, 2, 4]),
    st.sampled_from(",;\t"),
)
def test_numbers_written_in_one_way_are_read_back(numbers, signs, digits, separator):
    values = [number / 10**digits for number in numbers]
    cells = [written(value, digits, signs[1], signs[0]) for value in values]
    way = decide(cells, separator)
    assert way is not None
    assert way.is_clear
    assert [way.number(cell) for cell in cells] == values


@given(
    st.lists(st.integers(-(10**8), 10**8), min_size=4, max_size=20),
    st.integers(0, 3),
    st.booleans(),
    st.sampled_from(",;\t"),
)
def test_a_table_between_lines_of_words_is_read_back(tmp_path_factory, numbers, above, comments, separator):
    values = [number / 100 for number in numbers]
    rows = [f'2024-01-{day:02}{separator}"{value:,.2f}"' for day, value in enumerate(values, 1)]
    head = ["Exported by me"] * above + (["# a comment, of two"] if comments else [])
    if comments:
        rows.insert(1, "# another")
    path = tmp_path_factory.mktemp("a") / "a.csv"
    path.write_text("\n".join([*sorted(head), f"ds{separator}y", *rows]) + "\n", encoding="utf-8")
    assert read_table(path)["y"].tolist() == values
