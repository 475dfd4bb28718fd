"""What is told of cases, where its columns have names, or each case is a set of names."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from normcast.data import Cases

ROWS = np.array([[1, 0], [1, 1], [0, 0]])


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_the_columns_of_a_frame_are_named(frame):
    cases = Cases.of(np.zeros((3, 4)), frame({"rain": ROWS[:, 0], "wind": ROWS[:, 1]}))
    assert cases.target_names == ("rain", "wind")
    np.testing.assert_array_equal(cases.y, ROWS)
    assert cases.at(np.array([2])).target_names == cases.target_names


@pytest.mark.parametrize("of", [list, tuple, lambda sets: np.array(sets, object), pd.Series])
def test_sets_of_names_become_a_column_each(of):
    cases = Cases.of(np.zeros((3, 4)), of([{"rain"}, frozenset({"wind", "rain"}), set()]))
    assert cases.target_names == ("rain", "wind")
    np.testing.assert_array_equal(cases.y, ROWS == 1)
    assert "0 to 1, shape (3, 2)" in cases._repr_html_()


@pytest.mark.parametrize("types", [{"rain": bool}, {"rain": "Int64"}, {"rain": "boolean", "wind": "Int64"}])
def test_columns_of_several_types_or_that_may_miss_values_are_numbers(types):
    frame = pd.DataFrame(ROWS, columns=["rain", "wind"]).astype(types)
    y = Cases.of(np.zeros((3, 4)), frame).y
    assert y.dtype.kind in "iu"
    np.testing.assert_array_equal(y, ROWS)


def test_a_column_that_misses_a_value_is_refused_with_the_case():
    frame = pd.DataFrame({"rain": pd.array([1, 0, None], "Int64"), "wind": [True, False, True]})
    with pytest.raises(ValueError, match="y has nothing for 1 case, the first case 2"):
        Cases.of(np.zeros((3, 4)), frame)


@pytest.mark.parametrize("nothing", [None, np.nan, pd.NA])
def test_nothing_among_names_is_refused_with_the_case(nothing):
    with pytest.raises(ValueError, match=r"here: y has None or NaN among the names of case 1. Leave it out"):
        Cases.of(np.zeros((3, 4)), [{"rain"}, {"wind", nothing}, set()], where="here")


def test_sets_of_one_name_each_are_classes():
    cases = Cases.of(np.zeros((2, 4)), [{"rain"}, {"wind"}])
    assert cases.target_names is None
    assert cases.y.tolist() == ["rain", "wind"]
