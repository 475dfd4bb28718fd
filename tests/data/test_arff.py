"""An .arff file of the archives is read in both its forms; what is wrong in it is named by line."""

import numpy as np
import pytest

from normcast.data import Cases, read_arff

ONE = """% A comment
@RELATION Gait
@attribute att1 numeric
@attribute 'att 2' REAL
@attribute target {rest,'slow walk'}

@data
"""
COUNTED = ONE.replace("'att 2'", "att2").replace("target {rest,'slow walk'}", "att3 real")
SEVERAL = """@relation Gait
@attribute Gait relational
  @attribute t0 numeric
  @attribute t1 numeric
  @attribute t2 numeric
@end Gait
@attribute activity {Standing,Running}
@data
"""


def written(folder, head, *rows):
    file = folder / "Gait.arff"
    file.write_text(head + "\n".join(rows) + "\n")
    return file


def test_a_row_of_numbers_is_a_series_and_its_last_field_the_label(tmp_path):
    read = read_arff(written(tmp_path, ONE, "0.5,-1e-2,rest", "% none", "3,4,'slow walk'"))
    assert read.parts["x"].tolist() == np.float32([[[0.5], [-0.01]], [[3], [4]]]).tolist()
    assert read.parts["y"].tolist() == ["rest", "slow walk"]
    assert Cases.read(tmp_path / "Gait.arff").notes == ()


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_quoted_text_holds_the_dimensions_of_a_case(tmp_path, quote):
    rows = [f"{quote}1,2,3\\n4,5,6\\n{quote},Running", f"{quote}7,8,9\\n0,0,0{quote},Standing"]
    read = read_arff(written(tmp_path, SEVERAL, *rows))
    assert read.parts["x"].tolist() == [[[1, 4], [2, 5], [3, 6]], [[7, 0], [8, 0], [9, 0]]]
    assert read.parts["y"].tolist() == ["Running", "Standing"]


def test_a_numeric_last_attribute_is_a_target(tmp_path):
    head = ONE.replace("{rest,'slow walk'}", "numeric")
    assert read_arff(written(tmp_path, head, "1,2,0.25")).parts["y"].tolist() == [0.25]
    head = ONE.replace("{rest,'slow walk'}", "string")
    assert read_arff(written(tmp_path, head, "1,2,any")).parts["y"].tolist() == ["any"]


def test_values_missing_at_the_end_of_all_dimensions_end_a_case(tmp_path):
    file = written(tmp_path, SEVERAL, "'1,2,?\\n4,5,?',Running", "'7,8,9\\n1,2,3',Standing")
    read = read_arff(file)
    assert [each.shape for each in read.parts["x"]] == [(2, 2), (3, 2)]
    assert read.notes == ("1 case with values missing at the end: taken as ending there",)
    assert Cases.read(file).x[0].tolist() == [[0, 0], [1, 4], [2, 5]]


@pytest.mark.parametrize(
    ("head", "row", "message"),
    [
        (ONE, "?,2,rest", r"line 8, dimension 1, step 1: the value is missing \('\?'\)"),
        (ONE, "?,?,rest", "line 8, dimension 1, step 1: the value is missing"),
        (ONE, "1,b,rest", "line 8, dimension 1, step 2: 'b' is no finite number"),
        (ONE, "1,2,3,rest", "line 8: has 3 values before the label, but the header has 2 attributes"),
        (ONE, "1,2,?", r"line 8: the label is missing \('\?'\), so nothing can be learned of the case"),
        (COUNTED, "1,2,3", "the last attribute, 'att3' of type"),
        (ONE, "1,2,run", "line 8: 'run' is no label; labels are rest and slow walk"),
        (ONE, "{0 1, 2 rest}", "line 8: has 1 value before the label"),
        (ONE, "rest", "line 8: has 1 value before the label"),
        (SEVERAL, "'1,?,3\\n4,5,6',Running", "line 9, dimension 1, step 2: the value is missing"),
        (SEVERAL, "'1,2,3\\n4,5,?',Running", "line 9, dimension 2, step 3: the value is missing"),
        (SEVERAL, "'1,2,3\\n4,5',Running", "line 9: dimension 2 has 2 steps, but dimension 1 has 3"),
        (ONE.replace("{rest,'slow walk'}", "date"), "1,2,3", "the last attribute is of type 'date'"),
        (ONE.replace("@data", "1,2"), "1,2,rest", "line 7: '1,2' stands before @data"),
        (ONE.replace("@data", ""), "%", "has no line @data"),
        (ONE, "", "has no case after @data"),
        ("@attribute a real\n@data\n", "1", "has 1 attribute, but needs the values"),
        ("@attribute a\n@data\n", "1", "line 1: '@attribute a' is not '@attribute name type'"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, head, row, message):
    with pytest.raises(ValueError, match=message):
        read_arff(written(tmp_path, head, row))


@pytest.mark.parametrize(
    ("head", "rows", "shape"),
    [
        (ONE, ["1,2,?", "3,4,'?'"], (2, 2, 1)),
        (ONE, ["1,2", "3,4"], (2, 2, 1)),
        (COUNTED, ["1,2,3", "3,4,5"], (2, 3, 1)),
        (SEVERAL, ["'1,2,3\\n4,5,6',?"], (1, 3, 2)),
        (SEVERAL, ["'1,2,3\\n4,5,6'"], (1, 3, 2)),
        (SEVERAL.replace("@attribute activity {Standing,Running}\n", ""), ['"1,2,3\\n4,5,6"'], (1, 3, 2)),
    ],
)
def test_cases_to_be_told_of_need_no_label(tmp_path, head, rows, shape):
    read = read_arff(written(tmp_path, head, *rows), needs_y=False)
    assert (set(read.parts), read.parts["x"].shape) == ({"x"}, shape)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none.arff: there is no such file"):
        read_arff(tmp_path / "none.arff")
