"""Any bytes that are named a workbook, or a file of cases, are read as one, or refused in words."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from normcast.data import Cases, Panel, read_table
from normcast.data.case_file import read_case_file
from tests.fuzz.campaign import cases, judged, spoiled

pytestmark = pytest.mark.usefixtures("scratch")


def workbook() -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["ds", "y", "x"])
    for day in range(1, 8):
        sheet.append([f"2024-01-{day:02}", day, f"{day} kg"])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@st.composite
def spoiled_inside(draw, whole: bytes) -> bytes:
    """A zip of which one member is spoiled, or left out, and which is in order as a zip."""
    with zipfile.ZipFile(io.BytesIO(whole)) as held:
        members = {name: held.read(name) for name in held.namelist()}
    name = draw(st.sampled_from(sorted(members)))
    if draw(st.integers(0, 9)) == 0:
        del members[name]
    else:
        members[name] = draw(spoiled(members[name]))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for each, content in members.items():
            archive.writestr(each, content)
    return target.getvalue()


BOOK = workbook()


@cases(10)
@given(spoiled_inside(BOOK) | spoiled(BOOK) | st.binary(max_size=60).map(b"PK\3\4".__add__))
def test_xlsx(raw):
    Path("a.xlsx").write_bytes(raw)
    with judged("a.xlsx"):
        Panel.from_frame(read_table("a.xlsx"), where="a.xlsx")


WORDS = "1 -2.5 1e9 1e999 nan ? inf a b walk 1,5 é '' ' \\n { } ( ) : ; @data # % \t"
VALUE = st.sampled_from(WORDS.split(" "))
LINES = (
    st.lists(VALUE | st.sampled_from([",", ",", ":", "\n", "\n"]), max_size=40).map("".join).map(str.encode)
)
TS = [
    "@problemName a\n@timeStamps false\n@univariate true\n@classLabel true rest walk\n@data\n"
    "1,2,3:walk\n4,5,6:rest\n",
    "@dimensions 2\n@seriesLength 3\n@equalLength true\n@targetLabel true\n@data\n"
    "1,2,3:4,5,6:7\n1,2,3:4,5,6:0.5\n",
]
STEPS = "@attribute t0 real\n@attribute t1 real\n"
ARFF = [
    f"@relation a\n{STEPS}@attribute kind {{rest,walk}}\n@data\n0.5,1,walk\n1,?,rest\n",
    f"@relation a\n@attribute s relational\n{STEPS}@end s\n@attribute c {{a,b}}\n"
    "@data\n'1,2\\n3,4',a\n'5,6\\n7,8',b\n",
    f"{STEPS}@attribute y numeric\n@data\n0.5,1,2\n1,2,3\n",
]


def texts(wholes):
    body = LINES.map(lambda lines: b"@data\n" + lines)
    headers = st.sampled_from([whole.partition("@data")[0].encode() for whole in wholes])
    return st.one_of(
        *(spoiled(whole.encode()) for whole in wholes), st.tuples(headers, body).map(b"".join), LINES
    )


def read_all(name: str, needs_y: bool) -> None:
    with judged(name):
        found = read_case_file(name, needs_y=needs_y)
        Cases.of(found.parts["x"], found.parts.get("y"))


@cases(4)
@given(texts(TS), st.booleans())
def test_ts(raw, needs_y):
    Path("a.ts").write_bytes(raw)
    read_all("a.ts", needs_y)


@cases(4)
@given(texts(ARFF), st.booleans())
def test_arff(raw, needs_y):
    Path("a.arff").write_bytes(raw)
    read_all("a.arff", needs_y)


def packed(array) -> bytes:
    target = io.BytesIO()
    np.save(target, array)
    return target.getvalue()


def parts() -> bytes:
    target = io.BytesIO()
    np.savez(target, x=np.zeros((4, 3, 2)), y=np.arange(4), groups=np.array(list("aabb")))
    return target.getvalue()


ARRAYS = st.one_of(
    *(
        spoiled(packed(each))
        for each in (np.zeros((4, 3, 2)), np.arange(4), np.array(list("aabb")), np.zeros(4, bool))
    )
)


@cases(4)
@given(ARRAYS, ARRAYS, st.booleans())
def test_npy(x, y, needs_y):
    Path("x.npy").write_bytes(x)
    Path("y.npy").write_bytes(y)
    read_all("x.npy", needs_y)


@cases(4)
@given(spoiled_inside(parts()) | spoiled(parts()), st.booleans())
def test_npz(raw, needs_y):
    Path("a.npz").write_bytes(raw)
    read_all("a.npz", needs_y)
