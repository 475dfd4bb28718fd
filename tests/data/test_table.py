import builtins
import gzip
from pathlib import Path

import pandas as pd
import pytest

from normcast.data import read_table

GOOD = "ds,y\n2024-01-01,1.5\n2024-01-02,2.5\n"


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_each_separator_is_recognised(tmp_path, separator):
    table = read_table(put(tmp_path, "a.csv", GOOD.replace(",", separator)))
    assert table.columns.tolist() == ["ds", "y"]
    assert table["y"].tolist() == [1.5, 2.5]


def test_gzip_and_parquet_hold_the_same_table_as_csv(tmp_path):
    plain = read_table(put(tmp_path, "a.csv", GOOD))
    plain.to_parquet(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(
        read_table(put(tmp_path, "a.csv.gz", gzip.compress(GOOD.encode(), mtime=0))), plain
    )
    pd.testing.assert_frame_equal(read_table(tmp_path / "a.parquet"), plain)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        GOOD + "\n\n",
        GOOD.replace("\n", "\r\n\r\n"),
    ],
)
def test_marks_line_ends_and_blank_lines_change_nothing(tmp_path, text):
    table = read_table(put(tmp_path, "a.csv", text))
    assert table.columns.tolist() == ["ds", "y"]
    assert len(table) == 2


def test_decimal_commas_are_read_where_the_comma_separates_nothing(tmp_path):
    table = read_table(put(tmp_path, "a.csv", "ds;y;shop\n2024-01-01;;1,x\n2024-01-02;-1,5;2\n"))
    assert table["y"].tolist()[1] == -1.5
    assert table["shop"].tolist() == ["1,x", "2"]
    both = read_table(put(tmp_path, "b.csv", "ds;y;z\n2024-01-01;1,5;2.5\n"))
    assert both["y"].tolist() == [1.5]
    assert both["z"].tolist() == [2.5]


def test_quotes_may_hold_separators_and_line_breaks(tmp_path):
    table = read_table(put(tmp_path, "a.csv", 'ds,"y, in ""kg"""\n"2024\n01",3\n2024-02,4\n'))
    assert table.columns.tolist() == ["ds", 'y, in "kg"']
    assert len(table) == 2


def test_a_single_column_is_a_table(shared_data):
    assert read_table(shared_data / "taylor_halfhourly_demand.csv.gz").shape == (4032, 1)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "", "empty"),
        ("a.csv", "\n \n", "empty"),
        ("a.csv", "ds,y\n", "no rows; columns are ds, y"),
        ("a.csv", "ds,y,y\n1,2,3\n", "'y' stands twice, at columns 2 and 3"),
        ("a.csv", "ds,y\n1,2\n3\n4,5\n", "line 3 has 1 fields, the header has 2"),
        ("a.csv", 'ds,y\n"1\n0",2\n3,4,5\n', "line 4 has 3 fields"),
        ("a.csv", 'ds,y\n1,"2\n3,4\n', "quote is opened and never closed, the last one on line 2"),
        ("a.csv", "2024-01-01,7\n2024-01-02,8\n", r"line 1 holds values \(2024-01-01, 7\), not the names"),
        ("a.csv", "a;01.02.2024;7,5\nb;02.02.2024;8,5\n", "line 1 holds values"),
        (
            "a.txt",
            "ds y\n2024-01-01 7\n2024-01-02 8\n",
            "'ds y' is one column, for spaces separate no fields",
        ),
        ("a.csv", "ds,y\n1,\xfc\n".encode("latin-1"), r"byte 7 is b'\\xfc'"),
        ("a.csv", "ds,y\n".encode("utf-16"), "UTF-16"),
        ("a.csv", b"ds,y\n1,\x002\n", "zero byte at byte 7"),
        ("a.csv", gzip.compress(b"ds,y\n1,2\n", mtime=0), "is gzip"),
        ("a.csv", b"PK\x03\x04....", "Excel"),
        ("a.csv.gz", GOOD, "is not gzip"),
        ("a.csv.gz", gzip.compress(GOOD.encode() * 50, mtime=0)[:-9], "damaged or cut off"),
        ("a.parquet", GOOD, "is not Parquet"),
        ("a.parquet", b"PAR1 and nothing PAR1", "not readable Parquet"),
        ("a.xls", GOOD, "ending is not one of .csv"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path, name, content, words):
    path = put(tmp_path, name, content)
    with pytest.raises(ValueError, match=words) as error:
        read_table(path)
    assert str(error.value).startswith(str(path))


def test_an_absent_file_is_answered_with_the_one_that_is_there(tmp_path):
    put(tmp_path, "weather.csv", GOOD)
    with pytest.raises(FileNotFoundError, match=r"no such file\. Did you mean .*weather\.csv"):
        read_table(tmp_path / "wether.csv")
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_table(tmp_path / "nowhere" / "a.csv")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        read_table(tmp_path)


def test_parquet_whose_texts_are_broken_is_refused_where_it_is_read(tmp_path):
    path = tmp_path / "a.parquet"
    pd.DataFrame({"id": ["first", "second"], "y": [1, 2]}).to_parquet(path, compression=None)
    path.write_bytes(path.read_bytes().replace(b"second", b"sec\xff\xfed"))
    with pytest.raises(ValueError, match=r"a.parquet: is not readable Parquet: .*UTF-?8"):
        read_table(path)


def test_parquet_without_pyarrow_names_the_extra(tmp_path, monkeypatch):
    pd.DataFrame({"y": [1]}).to_parquet(tmp_path / "a.parquet")
    real = builtins.__import__

    def without(name, *rest, **named):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'pip install "normcast\[parquet\]"'):
        read_table(tmp_path / "a.parquet")
