"""Ids: reading them run by run gives what hashing every one of them gives."""

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from normcast.data import Panel, ids
from tests.data.frames import two

WORDS = ["b", "a", "", "ab", "\u00e4", "b "]
TYPES = ["str", "string", "object", "category", "int64", "Int64", "float64", "M8[s]", "polars", "Categorical"]


def column(numbers, kind):
    """A narwhals column of that type whose values stand for these numbers."""
    words = [WORDS[number] for number in numbers]
    if kind in ("polars", "Categorical"):
        series = pl.Series("id", words, dtype=pl.String if kind == "polars" else pl.Categorical)
    elif kind in ("str", "string", "object", "category"):
        series = pd.Series(words, name="id", dtype=kind, index=np.arange(len(words)) % 3)
    else:
        series = pd.Series(numbers, name="id").astype(kind)
    return nw.from_native(series, series_only=True)


@pytest.mark.parametrize("kind", TYPES)
@given(runs=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), min_size=1, max_size=12))
def test_ids_read_by_runs_are_those_of_every_row(kind, runs):
    numbers = [number for number, many in runs for _ in range(many)]
    expected, names = pd.factorize(np.array(numbers))
    codes, firsts = ids._codes(column(numbers, kind), "table")
    np.testing.assert_array_equal(codes, expected)
    assert firsts.tolist() == [numbers.index(name) for name in names]


@pytest.mark.parametrize("kind", TYPES)
def test_rows_that_stand_together_are_hashed_once(kind):
    given = column([1] * 6 + [0] * 6, kind)
    begins = ids._runs(given)
    of_objects = str(getattr(given.to_native(), "dtype", "")) == "object"  # as "str" is before pandas 3
    assert begins is None if of_objects else begins.tolist() == [0, 6]
    assert ids._runs(column([0, 1] * 6, kind)) is None


@pytest.mark.parametrize("values", [["a", "a", None, "b"], [1.0, 1.0, np.nan, 2.0]])
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_the_row_of_an_empty_id_is_named(values, frame):
    series = nw.from_native(frame({"id": values}), eager_only=True)["id"]
    with pytest.raises(ValueError, match="id column 'id', row 3: the id is empty"):
        ids._codes(series, "table")


@pytest.mark.parametrize("make", [lambda t: t, pl.from_pandas])
def test_interleaved_and_shuffled_rows_make_the_panel_of_sorted_ones(make):
    table = two(9)
    whole = Panel.from_frame(make(table))
    for mixed in (table.sort_values("ds", kind="stable"), table.sample(frac=1, random_state=1)):
        panel = Panel.from_frame(make(mixed))
        first = panel.ids.index("a"), panel.ids.index("b")
        for name, s in zip("ab", first, strict=True):
            t = whole.ids.index(name)
            mine, theirs = (p.y[p.offsets[k] : p.offsets[k + 1]] for p, k in ((panel, s), (whole, t)))
            np.testing.assert_array_equal(mine, theirs)
        assert panel.freq == whole.freq


def test_two_id_columns_that_interleave_make_their_own_series():
    shops, goods = np.tile([1, 2], 8), np.repeat(["x", "y"], 8)
    table = pd.DataFrame({"s": shops, "g": goods, "ds": np.tile(np.repeat(range(4), 2), 2), "y": range(16)})
    panel = Panel.from_frame(table, id_col=["s", "g"], time_col="ds", target_col="y")
    assert panel.ids == ("1/x", "2/x", "1/y", "2/y")
    assert panel.y.reshape(4, 4)[:, 0].tolist() == [0, 1, 8, 9]
