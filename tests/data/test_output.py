"""Tables are written whole, in the form that the ending names."""

import gzip

import pandas as pd
import polars as pl
import pytest

from normcast.data import check_ending, write_table

FRAME = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=3), "y": [1.0, 2.5, None]})


@pytest.mark.parametrize("frame", [FRAME, pl.from_pandas(FRAME)], ids=["pandas", "polars"])
@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_a_written_table_reads_back(tmp_path, frame, ending):
    path = tmp_path / f"table.{ending}"
    write_table(frame, path)
    again = pd.read_parquet(path) if ending == "parquet" else pd.read_csv(path, parse_dates=["ds"])
    pd.testing.assert_frame_equal(again, FRAME, check_dtype=False)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_the_same_table_makes_the_same_gzip_bytes(tmp_path):
    for name in ("one.csv.gz", "two.csv.gz"):
        write_table(FRAME, tmp_path / name)
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "two.csv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "one.csv.gz").read_bytes()).startswith(b"ds,y\n")


def test_another_ending_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"table\.xlsx.*\.csv, \.csv\.gz, \.parquet"):
        check_ending("table.xlsx")


EVIL = ["=cmd|' /C calc'!A0", "+1", "-2", "@sum(1)", "\t=1", "a\r=1", "a;=1", "a=b"]


@pytest.mark.parametrize("made", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_on_request_no_text_of_a_csv_begins_as_a_formula(tmp_path, made):
    frame = made({"unique_id": EVIL, "=y": [-1.5] * len(EVIL)})
    write_table(frame, tmp_path / "plain.csv")
    write_table(frame, tmp_path / "safe.csv", guard_formulas=True)
    assert "\n=cmd" in (tmp_path / "plain.csv").read_text()
    text = (tmp_path / "safe.csv").read_text()
    safe = pd.read_csv(tmp_path / "safe.csv")
    assert '"a;=1"' in text
    assert safe["unique_id"].tolist() == ["'" + each for each in EVIL[:5]] + ["a =1", "a;=1", "a=b"]
    assert safe.columns.tolist() == ["unique_id", "'=y"]
    assert safe["'=y"].tolist() == [-1.5] * len(EVIL)
