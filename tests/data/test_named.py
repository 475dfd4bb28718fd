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


def test_sets_of_one_name_each_are_classes():
    cases = Cases.of(np.zeros((2, 4)), [{"rain"}, {"wind"}])
    assert cases.target_names is None
    assert cases.y.tolist() == ["rain", "wind"]
