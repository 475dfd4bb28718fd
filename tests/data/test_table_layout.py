"""Where the table stands in a file: comments, lines above it, rows of types, empty ends."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normcast.data import Panel, read_table
from normcast.data.told import line_of_first_row, notes_of

ROWS = "".join(f"2024-01-{day:02},{day}.5\n" for day in range(1, 10))
GOOD = "ds,y\n" + ROWS


def put(folder: Path, text: str, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def read(folder: Path, text: str, name: str = "a.csv"):
    table = read_table(put(folder, text, name))
    return table, " | ".join(notes_of(table))


@pytest.mark.parametrize(
    ("above", "line"),
    [
        ("Exported by StoreTool 4.1\nPeriod: 2023\n\n", 4),
        ("Exported, by, the tool\n", 2),
        ("Report,\nPeriod,2023\n\n", 4),
        ("Report;2023;x\nand more\n", 3),
    ],
)
def test_lines_above_the_table_are_passed_over_and_said(tmp_path, above, line):
    table, notes = read(tmp_path, above + GOOD)
    assert table.equals(read_table(put(tmp_path, GOOD, "b.csv")))
    assert f"the table starts at line {line}" in notes
    assert line_of_first_row(table) == line + 1


def test_lines_padded_with_separators_above_the_table_are_passed_over(tmp_path):
    text = "Report,,\nPeriod,2023,\nds,y,z\n" + "2024-01-01,1,2\n2024-01-02,2,3\n"
    table, notes = read(tmp_path, text)
    assert table.columns.tolist() == ["ds", "y", "z"]
    assert "starts at line 3" in notes


def test_a_good_table_has_no_notes(tmp_path):
    assert read(tmp_path, GOOD)[1] == ""
    assert read(tmp_path, ",y\n" + ROWS)[1] == ""  # an index without a name, as pandas writes it


def test_comment_lines_are_passed_over_and_counted(tmp_path):
    body = ROWS.splitlines(keepends=True)
    text = "# made, by\n#\n\nds,y\n" + "".join(body[:4]) + "# a note, of two\n" + "".join(body[4:])
    table, notes = read(tmp_path, text)
    assert table.equals(read_table(put(tmp_path, GOOD, "b.csv")))
    assert notes == "3 lines starting with # passed over"
    late, notes = read(tmp_path, GOOD + "# checked by me\n")
    assert len(late) == 9
    assert "1 line starting with #" in notes


def test_what_starts_with_a_hash_but_belongs_to_the_table_stays(tmp_path):
    assert read(tmp_path, "#ds,y\n" + ROWS)[0].columns.tolist() == ["#ds", "y"]
    assert read(tmp_path, "# of me\n#ds,y\n" + ROWS)[0].columns.tolist() == ["#ds", "y"]
    table, notes = read(tmp_path, "shop,y\n#1,5\n#2,6\n")
    assert table["shop"].tolist() == ["#1", "#2"]
    assert notes == ""
    assert read(tmp_path, 'y,said\n1,"a\n# b, c, d"\n2,e\n')[0]["said"][0] == "a\n# b, c, d"


@pytest.mark.parametrize("name", ["a.rdb", "a.txt", "a.tsv", "a.csv"])
def test_a_row_of_types_is_passed_over_and_said(tmp_path, name):
    text = "# USGS\nsite\tds\tflow\n5s\t20d\t14n\n" + "".join(f"1\t2024-01-0{d}\t{d}\n" for d in range(1, 4))
    table, notes = read(tmp_path, text, name)
    assert table["flow"].tolist() == [1, 2, 3]
    assert "line 3, a row of column types (5s 20d 14n), is passed over" in notes


def test_rows_that_all_look_like_types_are_data(tmp_path):
    assert len(read(tmp_path, "a,b\n5s,6s\n7s,8s\n")[0]) == 2


def test_packed_text_has_the_endings_of_text(tmp_path):
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress(GOOD.replace(",", "\t").encode(), mtime=0))
    assert read_table(path).equals(read_table(put(tmp_path, GOOD)))


def test_empty_rows_and_columns_at_the_end_are_passed_over_and_counted(tmp_path):
    table, notes = read(tmp_path, "ds;y;;\n2024-01-01;1,5;;\n2024-01-02;;;\n;;;\n;;;\n")
    assert table.shape == (2, 2)
    assert notes == "2 empty rows at the end passed over | 2 empty columns at the end passed over"


def test_empty_fields_beyond_the_header_are_passed_over(tmp_path):
    table, notes = read(tmp_path, "ds;y,,,\n2024-01-01;1,5;;\n2024-01-02;2,5;;,\n")
    assert table["y"].tolist() == [1.5, 2.5]
    assert notes == "2 empty columns at the end of lines passed over"


def test_a_value_beyond_the_header_is_refused_with_its_line(tmp_path):
    with pytest.raises(ValueError, match="line 3 has 3 fields, the header has 2; 2 such lines"):
        read(tmp_path, "ds;y\n2024-01-01;1\n2024-01-02;2;7\n2024-01-03;2;\n")


def test_thousands_without_quotes_are_refused_rather_than_taken_for_a_header(tmp_path):
    with pytest.raises(ValueError, match="line 2 has 3 fields, the header has 2"):
        read(tmp_path, "ds,y\n2024-01-01,9,004\n2024-01-02,9,104\n2024-01-03,9,204\n")


def test_lines_are_numbered_as_in_the_file_under_comments_and_lines_above(tmp_path):
    with pytest.raises(ValueError, match="line 13 has 1 fields"):
        read(tmp_path, "# me\n# too\n" + GOOD + "oops\n")


def test_an_error_of_the_panel_names_the_line_and_the_flag(tmp_path):
    path = put(tmp_path, "# me\n" + GOOD.replace("3.5", "broken"))
    with pytest.raises(ValueError, match=r"row 3 holds 'broken' \(line 5 of the file\).*--na-value broken"):
        Panel.from_frame(read_table(path), target_col="y")


def test_the_line_is_not_named_once_rows_are_gone(tmp_path):
    table = read_table(put(tmp_path, GOOD))
    assert line_of_first_row(table[2:]) is None
    assert line_of_first_row(table.sort_values("y", ascending=False)) is None
    assert line_of_first_row(read_table(put(tmp_path, 'ds,y\n"a\nb",1\nc,2\n'))) is None


def test_the_panel_tells_how_its_file_was_read(tmp_path):
    panel = Panel.from_frame(read_table(put(tmp_path, "Export\n\n" + GOOD)))
    assert panel.notes[0].startswith("the table starts at line 3")


BITS = ["a", "ds", "y", "1", "2.5", "9,104", "-", "#", "# x", "N/A", "5s", "%", " ", '"', *",;\t", *"\n\n\n"]


@given(st.lists(st.sampled_from(BITS), min_size=1, max_size=60).map("".join))
def test_whatever_stands_in_a_file_is_a_table_or_is_refused_by_name(tmp_path_factory, text):
    path = put(tmp_path_factory.mktemp("a"), text)
    refused = ""
    try:
        rows = len(read_table(path))
    except ValueError as error:
        rows, refused = 0, str(error)
    assert rows or refused.startswith(str(path))
