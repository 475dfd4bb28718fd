"""A .ts file is read line by line; what is wrong in it is named by line and dimension."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normcast.data import Cases, read_ts

HEAD = """# A comment, with : and ,
@problemName Gait
@timeStamps false
@univariate false
@dimensions 2
@equalLength true
@seriesLength 3
@classLabel true rest walk
@data
"""


def written(folder, rows, head=HEAD):
    file = folder / "Gait.ts"
    file.write_text(head + "\n".join(rows) + "\n")
    return file


def test_dimensions_become_channels_and_the_last_field_the_label(tmp_path):
    read = read_ts(written(tmp_path, ["1,2,3:4,5,6:walk", "", "# more", " 7, 8e0 ,9:1,1,1 : rest"]))
    assert read.parts["x"].tolist() == [[[1, 4], [2, 5], [3, 6]], [[7, 1], [8, 1], [9, 1]]]
    assert read.parts["x"].dtype == np.float32
    assert read.parts["y"].tolist() == ["walk", "rest"]
    assert read.notes == ()


def test_series_of_unequal_lengths_are_a_list_and_become_cases(tmp_path):
    head = "@univariate true\n@equalLength false\n@classLabel true a b\n@data\n"
    file = written(tmp_path, ["1,2,3:a", "4:b"], head)
    assert [each.shape for each in read_ts(file).parts["x"]] == [(3, 1), (1, 1)]
    cases = Cases.read(file)
    assert cases.x[:, :, 0].tolist() == [[1, 2, 3], [0, 0, 4]]
    assert cases.lengths.tolist() == [3, 1]


def test_targets_are_numbers(tmp_path):
    read = read_ts(written(tmp_path, ["1,2:0.5", "3,4:-2"], "@univariate true\n@targetlabel true\n@data\n"))
    assert read.parts["y"].tolist() == [0.5, -2.0]


def test_words_of_the_header_are_read_in_any_case_with_tabs_and_line_ends_of_windows(tmp_path):
    file = tmp_path / "a.ts"
    file.write_bytes(b"\xef\xbb\xbf# caf\xe9\r\n@CLASSLABEL\tTrue a b\r\n@DATA\r\n1,2:a\r\n")
    assert read_ts(file).parts["y"].tolist() == ["a"]


def test_a_header_that_says_another_length_is_noted(tmp_path):
    read = read_ts(written(tmp_path, ["1,2:4,5:walk"]))
    assert read.notes == ("@seriesLength says 3, but series have 2 steps",)
    read = read_ts(written(tmp_path, ["1,2:4,5:walk", "1:2:walk"]))
    assert read.notes == ("@equalLength is true, but series have 1 to 2 steps",)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,?,3:4,5,6:walk", r"line 11, dimension 1, step 2: the value is missing \('\?'\)"),
        ("1,2,3:4,5,NaN:walk", r"line 11, dimension 2, step 3: the value is missing \('NaN'\)"),
        ("1,2,3:4,,6:walk", r"line 11, dimension 2, step 2: the value is missing \(''\)"),
        ("1,2,3:4,five,6:walk", "line 11, dimension 2, step 2: 'five' is no finite number"),
        ("1,2,3:4,1e99,6:walk", "line 11, dimension 2, step 2: '1e99' is no finite number"),
        ("1,2,3:4,5:walk", "line 11: dimension 2 has 2 steps, but dimension 1 has 3"),
        ("1,2,3:walk", "line 11: has 1 dimension, but should have 2"),
        ("1,2,3:4,5,6:run", "line 11: 'run' is no label; labels are rest and walk"),
        ("1,2,3:4,5,6:?", r"line 11: the label is missing \('\?'\), so nothing can be learned"),
        ("1,2,3:4,5,6:", r"line 11: the label is missing \(''\)"),
        (f"1,2,3:4,5,6:{'w' * 1001}", "line 11: 'w{40}' is no label"),
        ("1,2,3", "line 11: there is no colon between values and label"),
        ("(0,1),(1,2):(0,4),(1,5):walk", r"line 11: values with time stamps, \(t,v\),\(t,v\), are not read"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(tmp_path, row, message):
    with pytest.raises(ValueError, match=f"Gait.ts, {message}"):
        read_ts(written(tmp_path, ["1,2,3:4,5,6:walk", row]))


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (HEAD.replace("Stamps false", "Stamps true"), "@timeStamps true: values with time stamps"),
        (HEAD.replace("@data", ""), "line 10: '1,2,3:4,5,6:walk' stands before @data"),
        (HEAD.replace("true rest walk", "false"), "says neither '@classLabel true' nor '@targetlabel true'"),
        ("@classLabel true a\n@data\n#", "has no case after @data"),
        ("@classLabel true a\n#", "has no line @data"),
    ],
)
def test_a_header_that_cannot_be_read_is_refused(tmp_path, head, message):
    with pytest.raises(ValueError, match=message):
        read_ts(written(tmp_path, ["1,2,3:4,5,6:walk"], head))


@pytest.mark.parametrize("rows", [["1,2,3:4,5,6:?", "1,2,3:4,5,6:"], ["1,2,3:4,5,6", "7,8,9:1,1,1"]])
def test_cases_to_be_told_of_need_no_label_where_the_header_names_some(tmp_path, rows):
    read = read_ts(written(tmp_path, rows), needs_y=False)
    assert set(read.parts) == {"x"}
    assert read.parts["x"].shape == (2, 3, 2)
    assert read.notes == ()


def test_labels_of_some_cases_are_not_read_and_that_is_said(tmp_path):
    read = read_ts(written(tmp_path, ["1,2,3:4,5,6:?", "1,2,3:4,5,6:walk"]), needs_y=False)
    assert "y" not in read.parts
    assert read.notes == ("1 of 2 cases without a label: those of the others are not read",)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none.ts: there is no such file"):
        read_ts(tmp_path / "none.ts")


@st.composite
def series(draw):
    channels = draw(st.integers(1, 3))
    value = st.floats(width=32, allow_nan=False, allow_infinity=False)
    row = st.lists(st.lists(value, min_size=channels, max_size=channels), min_size=1, max_size=5)
    return draw(st.lists(row, min_size=1, max_size=5))


@settings(deadline=None)
@given(series(), st.data())
def test_what_is_written_comes_back(tmp_path_factory, cases, data):
    labels = data.draw(st.lists(st.sampled_from(["a", "1", "b-c"]), min_size=len(cases), max_size=len(cases)))
    text = [
        ":".join([*(",".join(map(repr, each)) for each in zip(*case, strict=True)), label])
        for case, label in zip(cases, labels, strict=True)
    ]
    head = "@classLabel true a 1 b-c\n@data\n"
    read = read_ts(written(tmp_path_factory.mktemp("ts"), text, head))
    assert read.parts["y"].tolist() == labels
    for got, case in zip(read.parts["x"], cases, strict=True):
        assert np.array_equal(got, np.array(case, dtype=np.float32))
