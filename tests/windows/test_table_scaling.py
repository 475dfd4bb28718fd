"""Each column of a small table, scaled as by hand."""

from dataclasses import fields

import numpy as np
import pytest

from normcast.windows import Scaler
from normcast.windows.arrays import Arrays
from normcast.windows.table_scaling import TableScaling, standardized

NAN = np.nan


def table(series, stat=None, season=2):
    """Arrays with one empty row behind each series; series: (rows, 1 + exog) by name, the target first."""
    values = [np.asarray(each, dtype=np.float64) for each in series.values()]
    rows = np.array([len(each) for each in values])
    columns = np.concatenate([np.vstack([each, np.full_like(each[:1], NAN)]) for each in values])
    stat = np.zeros((len(rows), 0)) if stat is None else np.array(stat, dtype=np.float64)
    offsets, observed = np.concatenate([[0], np.cumsum(rows + 1)]), np.isfinite(columns[:, 0])
    waves = np.zeros((len(columns), 0), np.float32)
    return Arrays(
        tuple(series), offsets, rows, columns[:, 0], observed, columns[:, 1:], 0, waves, stat, 1, season
    )


def same(one, other):
    """Whether two values that were learned are equal in every field."""
    return all(np.array_equal(getattr(one, each.name), getattr(other, each.name)) for each in fields(one))


SMALL = table(
    {
        "a": [[1, 0, 7], [3, 4, 7], [900, 900, 900]],
        "b": [[10, -1, 0.25], [10, -1, 0.25], [14, 1, 0.75], [14, 1, 0.75], [-9, -9, -9]],
    },
    stat=[[1, 5], [2, 5]],
)


@pytest.mark.parametrize(
    ("kind", "location", "spread"),
    [
        ("standard", [2, 12], [1, 2]),
        ("robust", [2, 12], [1 / 1.349, 4 / 1.349]),  # the quartiles are 1.5 and 2.5, 10 and 14
        ("none", [0, 0], [1, 1]),
    ],
)
def test_each_column_is_scaled_by_the_rows_that_may_be_seen(kind, location, spread):
    scaling = TableScaling.fit(SMALL, np.array([2, 4]), kind)
    scaled = scaling.scaled(SMALL)
    y = [(each - location[0]) / spread[0] for each in (1, 3, 900, NAN)]
    y += [(each - location[1]) / spread[1] for each in (10, 10, 14, 14, -9, NAN)]
    exog = [[-1, 0], [1, 0], [449, 893], [NAN, NAN]]  # by 2 and 2; by 7 and 1, as it is constant
    exog += [[-1, -1], [-1, -1], [1, 1], [1, 1], [-9, -38], [NAN, NAN]]  # by 0 and 1; by 0.5 and 0.25
    np.testing.assert_allclose(scaled.y, y, rtol=1e-14)
    np.testing.assert_allclose(scaled.past, np.column_stack([y, exog]), rtol=1e-6)  # float32
    assert scaled.stat.tolist() == [[-1, 0], [1, 0]]  # by 1.5 and 0.5; by 5 and 1, as it is constant
    assert (scaled.past.dtype, scaled.stat.dtype) == (np.float32, np.float32)
    assert (scaling.kind, scaled.target) == (kind, scaling.target)


def wavy(wrong=NAN):
    """A series of 24 rows and one of 12, both with an outlier in the target and in the exogenous column."""
    first, other = (np.column_stack([np.arange(n) % 5, np.arange(n) % 7.0]) for n in (24, 12))
    first[9, 0] = first[13, 1] = other[6, 1] = other[0, 0] = wrong
    return {"a": first, "b": other}


def test_outliers_neither_scale_nor_are_scaled():
    given, replaced = wavy(wrong=1e9), wavy()
    replaced["a"][9, 0], replaced["a"][13, 1] = 1, 3  # the values of rows 6 and 10: one season of 3 before
    replaced["b"][6, 1], replaced["b"][0, 0] = 3, 2  # that of row 3; in the first row the median, of 1 to 4
    arrays, clean = table(given, season=3), table(replaced, season=3)
    learned, expected = (TableScaling.fit(each, np.array([24, 12]), "standard") for each in (arrays, clean))
    assert same(learned.target, expected.target)
    assert same(learned.exog, expected.exog)
    scaled = learned.scaled(arrays)
    np.testing.assert_array_equal(scaled.past, expected.scaled(clean).past)
    np.testing.assert_array_equal(scaled.arrays.y, clean.y)
    np.testing.assert_array_equal(scaled.arrays.exog, clean.exog)
    assert arrays.y[9] == 1e9


def test_rows_that_may_not_be_seen_teach_nothing():
    wild, rows = wavy(wrong=1e9), np.array([9, 6])
    calm = {
        name: np.vstack([each[: rows[i]], each[rows[i] :] * 0]) for i, (name, each) in enumerate(wild.items())
    }
    one, other = (TableScaling.fit(table(each), rows, "robust") for each in (wild, calm))
    for name in ("target", "exog", "target_bounds", "exog_bounds"):
        assert same(getattr(one, name), getattr(other, name)), name


def test_values_of_learned_columns_without_outliers_are_not_copied():
    scaling = TableScaling.fit(SMALL, np.array([2, 4]), "none")
    cleaned = scaling.cleaned(SMALL)
    assert np.shares_memory(cleaned.y, SMALL.y)
    assert cleaned.exog is SMALL.exog


@pytest.mark.parametrize("kind", ["standard", "robust"])
def test_a_series_that_is_known_keeps_its_scale_and_a_new_one_is_scaled_by_all_its_rows(kind):
    arrays = table(wavy(wrong=2.0), stat=[[1], [3]])
    learned = TableScaling.fit(arrays, np.array([20, 11]), kind)
    assert learned.matched(("a", "b"), arrays) is learned
    grown = {"new": 10 * wavy(wrong=6.0)["a"], "b": 100 + wavy(wrong=3.0)["b"], "also": wavy(wrong=9.0)["b"]}
    other = table(grown, stat=[[8], [9], [10]])
    fresh = TableScaling.fit(other, other.rows, kind)
    matched = learned.matched(("a", "b"), other)
    for part in ("target", "exog", "target_bounds", "exog_bounds"):
        for each in fields(getattr(learned, part)):
            ours, theirs, got = (getattr(getattr(by, part), each.name) for by in (learned, fresh, matched))
            np.testing.assert_array_equal(got, [theirs[0], ours[1], theirs[2]], err_msg=f"{part} {each.name}")
    assert (matched.kind, matched.stat_location, matched.stat_spread) == (kind, [2], [1])


def test_a_known_series_is_scaled_the_same_wherever_it_stands():
    arrays = table(wavy(wrong=1e9))
    learned = TableScaling.fit(arrays, arrays.rows, "standard")
    turned = table(dict(reversed(wavy(wrong=1e9).items())))
    past = learned.matched(arrays.ids, turned).scaled(turned).past
    first, other = np.split(learned.scaled(arrays).past, [25])
    np.testing.assert_array_equal(past, np.concatenate([other, first]))


@pytest.mark.parametrize("lengths", [[3, 3], [4, 2]])
def test_the_columns_of_all_series_are_scaled_as_the_scaler_does(lengths):
    scaler = Scaler(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[2.0, 4.0], [8.0, 16.0]]))
    values, lengths = np.arange(12.0).reshape(6, 2), np.array(lengths)
    got = standardized(scaler, values, lengths)
    np.testing.assert_array_equal(got, scaler.apply(values, np.repeat([0, 1], lengths)))
    assert values[0].tolist() == [0, 1]
