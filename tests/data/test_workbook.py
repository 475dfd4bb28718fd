"""An .xlsx is read as the CSV that it would be saved as; one that is none, or too large, is refused."""

import datetime
import io
import sys
import zipfile

import numpy as np
import pytest

from normcast import budgets
from normcast.cli.asked import as_asked
from normcast.data import Cases, Panel, read_table
from normcast.data.told import notes_of

openpyxl = pytest.importorskip(
    "openpyxl", reason='reading Excel needs openpyxl: pip install "normcast[xlsx]"'
)


def written(path, *sheets):
    """A workbook of these sheets, (title, rows) each."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def days(*values):
    return [("day", "sold"), *((datetime.datetime(2024, 1, 1 + at), each) for at, each in enumerate(values))]


def test_the_first_sheet_is_read_with_dates_as_dates_and_numbers_as_numbers(tmp_path):
    path = written(tmp_path / "a.xlsx", ("Data", days(1.5, 2, 4)), ("Notes", [("more",), ("words",)]))
    panel = Panel.from_frame(read_table(path))
    assert (panel.freq, panel.y.tolist(), panel.columns.time) == ("D", [1.5, 2, 4], "day")
    assert panel.write_stamps(panel.time).tolist() == ["2024-01-01", "2024-01-02", "2024-01-03"]
    noon = [("ds", "y"), *((datetime.datetime(2024, 1, 1, 12 * at), at) for at in range(2))]
    table = read_table(written(tmp_path / "b.xlsx", ("Data", noon)))
    assert table["ds"].tolist() == ["2024-01-01 00:00:00", "2024-01-01 12:00:00"]


def test_cells_are_read_as_those_of_a_text_are(tmp_path):
    rows = [("Sales of shop 7",), (None,), *days("1,200 kg", "-", "3 kg"), (None, None)]
    table = read_table(written(tmp_path / "a.xlsx", ("Data", rows)))
    assert np.array_equal(table["sold"], [1200, np.nan, 3], equal_nan=True)
    told = " | ".join(notes_of(table))
    for words in ("the table starts at line 3", "values are in 'kg'", "1 cell '-' read as missing"):
        assert words in told
    marked = read_table(written(tmp_path / "b.xlsx", ("Data", days(1, -9999, 3))), na_values=-9999)
    assert marked["sold"].isna().tolist() == [False, True, False]


def test_a_sheet_is_chosen_by_name_also_by_the_flag(tmp_path):
    path = written(tmp_path / "a.xlsx", ("Jan", days(1, 2)), ("Feb", days(5, 6)))
    assert read_table(path, sheet="Feb")["sold"].tolist() == [5, 6]
    with as_asked({"table": {"sheet": "Feb"}}, path):
        assert read_table(path)["sold"].tolist() == [5, 6]
    assert read_table(path)["sold"].tolist() == [1, 2]
    with pytest.raises(ValueError, match=r"a\.xlsx: no sheet 'Fev'; sheets are Jan, Feb.*Did you mean 'Feb'"):
        read_table(path, sheet="Fev")
    refused = pytest.raises(ValueError, match=r"a\.csv: --sheet Feb is given, but only an \.xlsx has sheets")
    with refused, as_asked({"table": {"sheet": "Feb"}}, "a.csv"):
        pass


def test_a_first_sheet_without_numbers_is_refused_with_the_flag_and_one_with_them_is_told(tmp_path):
    cover = ("Info", [("note", "by"), ("read me", "Ann")])
    with pytest.raises(
        ValueError, match=r"a\.xlsx: sheet 'Info', the first, has no numbers.*--sheet 'My data'"
    ):
        read_table(written(tmp_path / "a.xlsx", cover, ("My data", days(1, 2))))
    panel = Panel.from_frame(read_table(written(tmp_path / "b.xlsx", ("Data", days(1, 2)), cover)))
    assert panel.notes[0] == "sheet 'Data' is read, the first; others are Info (--sheet, sheet=)"


def test_a_long_table_of_cases_may_be_a_workbook(tmp_path):
    rows = [
        ("id", "t", "x", "label"),
        ("p", 0, 1.5, "a"),
        ("p", 1, 2, "a"),
        ("q", 0, 3, "b"),
        ("q", 1, 4, "b"),
    ]
    cases = Cases.read(written(tmp_path / "long.xlsx", ("Data", rows)))
    assert (cases.x[..., 0].tolist(), cases.ids.tolist()) == ([[1.5, 2], [3, 4]], ["p", "q"])


def other_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("words.txt", "none")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_text("ds,y\n1,2\n"), "is named .xlsx but is no Excel workbook"),
        (lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0" + bytes(99)), "may be an old .xls, or be locked"),
        (other_zip, "is not a readable workbook"),
        (
            lambda path: path.write_bytes(written(path, ("D", days(1, 2))).read_bytes()[:-40]),
            "not a readable",
        ),
        (lambda path: written(path, ("D", [("day", "sold")])), "has a header but no rows"),
    ],
)
def test_what_is_no_workbook_is_refused_by_name(tmp_path, make, words):
    make(tmp_path / "a.xlsx")
    with pytest.raises(ValueError, match=f"a.xlsx: .*{words}"):
        read_table(tmp_path / "a.xlsx")


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = written(tmp_path / "a.xlsx", ("Data", [("a", "b"), *[(0, "0" * 200)] * 3000]))
    monkeypatch.setattr(budgets, "FREE", 1000)
    monkeypatch.setattr(budgets, "MOST_EXPANSION", 5)
    with pytest.raises(ValueError, match=r"bytes unpack to .*, more than"):
        read_table(path)


def test_a_few_cells_far_apart_do_not_fill_the_memory(tmp_path, monkeypatch):
    packed = io.BytesIO(written(tmp_path / "a.xlsx", ("Data", days(1, 2))).read_bytes())
    far = "".join(f'<row r="{at}"><c r="XFD{at}"><v>1</v></c></row>' for at in range(1, 200))
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:
        for member in old.namelist():
            body = old.read(member)
            if member.endswith("sheet1.xml"):
                head, _, _ = body.partition(b"<sheetData>")
                body = head + b"<sheetData>" + far.encode() + b"</sheetData></worksheet>"
            new.writestr(member, body)
    monkeypatch.setattr(budgets, "FREE", 2**20)
    with pytest.raises(ValueError, match=r"b\.xlsx: is not a readable workbook: its .* bytes unpack to"):
        read_table(tmp_path / "b.xlsx")


def test_without_openpyxl_the_extra_is_named(tmp_path, monkeypatch):
    path = written(tmp_path / "a.xlsx", ("Data", days(1, 2)))
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ImportError, match=r'needs openpyxl\. Install it: pip install "normcast\[xlsx\]"'):
        read_table(path)
