"""Any bytes that are named a table are read as one, or refused in words."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from normcast.data import Panel, read_npz, read_table
from tests.fuzz.campaign import cases, judged, spoiled

pytestmark = pytest.mark.usefixtures("scratch")

GOOD = "unique_id,ds,y,x\n" + "".join(f"{i},2024-01-0{d},{d}.5,1\n" for i in "ab" for d in range(1, 8))
WORDS = "a b y ds unique_id 1 -2.5 1,5 1e999 nan inf true 99999999999999999999 é . \x1a \u2028 \ufeff"
DAYS = "2024-01-01 2024-13-45 2024-01-01T00:00:00+05:30 0001-01-01 9999-12-31"
SIGNS = ['"x"', '"', '""', ",", ";", "\t", "\r", "\n", "\r\n", "\n\n", " ", "\x0c"]
PIECES = [*WORDS.split(" "), *DAYS.split(" "), *SIGNS]
TEXTS = st.one_of(
    st.binary(max_size=80),
    st.text(max_size=60).map(str.encode),
    st.lists(st.sampled_from([*PIECES, ",", ",", "\n", "\n"]), max_size=40).map("".join).map(str.encode),
    spoiled(GOOD.encode()),
    spoiled(GOOD.replace(",", ";").replace(".", ",").encode()),
    spoiled(GOOD.replace("\n", "\r\n").encode()),
)


def read_all(name: str, raw: bytes) -> None:
    Path(name).write_bytes(raw)
    with judged(name):
        table = read_table(name)
        Panel.from_frame(table, where=name)


@cases(1)
@given(TEXTS)
def test_csv(raw):
    read_all("a.csv", raw)


def parquet(frame) -> bytes:
    target = io.BytesIO()
    frame.to_parquet(target)
    return target.getvalue()


WHOLE = parquet(pd.read_csv(io.StringIO(GOOD), parse_dates=["ds"]))


@cases(2)
@given(spoiled(WHOLE) | st.binary(max_size=60).map(lambda inside: b"PAR1" + inside + b"PAR1"))
def test_parquet(raw):
    read_all("a.parquet", raw)


def zipped() -> bytes:
    target = io.BytesIO()
    np.savez(target, x=np.zeros((4, 3, 2)), y=np.arange(4), groups=np.array(list("aabb")))
    return target.getvalue()


@cases(2)
@given(spoiled(zipped()))
def test_npz(raw):
    Path("a.npz").write_bytes(raw)
    with judged("a.npz"):
        read_npz("a.npz")


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from(
        ["a", "2024-01-01", "2024-01-02", "2024-01-02 01:00+02:00", "nan", "1", "1.5", "0000-00-00"]
    ),
    st.datetimes().map(pd.Timestamp),
    st.datetimes(),
    st.dates(),
    st.timedeltas(),
    st.binary(max_size=2),
    st.lists(st.integers(), max_size=2),
    st.just(pd.NA),
    st.just(pd.NaT),
    st.complex_numbers(),
)
STAMPS = st.lists(st.integers(0, 9), min_size=1, max_size=6).map(
    lambda days: [pd.Timestamp("2024-01-01") + pd.Timedelta(day, "D") for day in days]
)
COLUMNS = st.one_of(
    st.lists(VALUES, min_size=1, max_size=6),
    STAMPS,
    st.lists(st.floats(-10, 10), min_size=1, max_size=6),
    st.lists(st.sampled_from("ab"), min_size=1, max_size=6),
)


NAMES = st.lists(st.sampled_from(["unique_id", "ds", "y", "x", "", 0, None]), unique=True, max_size=5)
SORTED = st.integers(4, 8).map(lambda n: list(pd.date_range("2024-01-01", periods=n)))
NUMBERS = st.lists(st.floats(-10, 10), min_size=4, max_size=8)
LIKELY = {"unique_id": st.just(8 * ["a"]), "ds": SORTED, "y": NUMBERS, "x": NUMBERS}


@st.composite
def frames(draw):
    names = draw(
        st.lists(st.sampled_from(["unique_id", "ds", "y", "x", "", 0, None]), unique=True, max_size=5)
    )
    columns = [draw(COLUMNS if draw(st.integers(0, 3)) == 0 else LIKELY.get(name, COLUMNS)) for name in names]
    n = min(map(len, columns), default=0)
    frame = pd.DataFrame(
        {
            name: pd.Series(values[:n], dtype=draw(st.sampled_from([None, object])))
            for name, values in zip(names, columns, strict=True)
        }
    )
    if draw(st.integers(0, 5)) == 0:
        frame = frame.set_index(frame.columns[0]) if len(frame.columns) else frame
    return frame


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "missing": st.sampled_from(["error", "mask", "zero", "x"]),
        "fill_gaps": st.booleans(),
        "duplicates": st.sampled_from(["error", "mean", "first", "last", "x"]),
        "id_col": st.sampled_from(["unique_id", "x", ("unique_id", "x"), 0]),
        "time_col": st.sampled_from(["ds", "x", "y"]),
        "target_col": st.sampled_from(["y", "x", ("y", "x")]),
        "freq": st.sampled_from(["D", "h", "MS", 1, 0, "x"]),
        "hist_exog": st.sampled_from([("x",), ("y",), ("no",)]),
    },
)


@cases(3)
@given(frames(), OPTIONS)
def test_panels(frame, options):
    with judged("frame"):
        Panel.from_frame(frame, **options)
