import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normcast.data import Columns, Panel, gaps
from tests.data.frames import daily, two

NAN = np.nan


def y_of(values, missing, **options):
    return Panel.from_frame(daily(len(values)).assign(y=values), missing=missing, **options).y.tolist()


def test_a_duplicate_is_refused_with_both_rows():
    table = pd.concat([two(), two().iloc[[9]]], ignore_index=True)
    with pytest.raises(
        ValueError, match=r"t: series 'a', row 14 \(2024-01-02\): the same stamp stands in row 10"
    ):
        Panel.from_frame(table, where="t")


def test_the_last_stamp_of_one_series_may_be_the_first_of_the_next():
    table = pd.DataFrame({"unique_id": [*"aabb"], "ds": [1, 2, 2, 3], "y": [1, 2, 3, 5]})
    assert Panel.from_frame(table).lengths.tolist() == [2, 2]


def test_a_duplicate_without_ids_asks_for_the_id_column():
    with pytest.raises(ValueError, match=r"9 duplicate stamps in all.*duplicates=.*--id-col"):
        Panel.from_frame(pd.concat([daily(9), daily(9)]))


@pytest.mark.parametrize(("policy", "kept"), [("mean", 6.0), ("sum", 12.0), ("first", 2.0), ("last", 10.0)])
def test_duplicates_are_merged_as_asked(policy, kept):
    table = daily(3).assign(x=[1.0, NAN, 3.0])
    again = table.iloc[[1]].assign(y=10.0, x=7.0)
    panel = Panel.from_frame(pd.concat([table, again]), duplicates=policy, hist_exog="x", missing="zero")
    assert panel.y.tolist() == [1.0, kept, 3.0]
    assert panel.hist[1, 0] == (0.0 if policy == "first" else 7.0)
    assert panel.notes[0].startswith("1 duplicate stamps, the first in table: ")
    assert panel.notes[0].endswith(f": kept the {policy}")


def test_a_gap_is_refused_with_its_size_and_place():
    table = two().drop(index=[2, 3, 10]).reset_index(drop=True)
    with pytest.raises(
        ValueError,
        match=r"series 'b', row 3 \(2024-01-05\): 2 stamps absent after 2024-01-02.*3 stamps absent in all",
    ):
        Panel.from_frame(table)


def test_absent_stamps_are_inserted_and_carried_forward():
    panel = Panel.from_frame(two().drop(index=[2, 3, 10]), fill_gaps=True)
    assert panel.y.tolist() == [1, 2, 2, 2, 5, 6, 7, 8, 10, 20, 20, 40, 50]
    assert np.array_equal(panel.time, Panel.from_frame(two()).time)
    assert panel.lengths.tolist() == [8, 5]
    assert panel.observed.all()
    assert "3 stamps absent, inserted as missing, the first 2024-01-03 in series 'b'" in panel.notes


def test_filling_gaps_still_refuses_a_value_that_the_table_lacks():
    table = daily(6).drop(index=3)
    table.loc[1, "y"] = NAN
    with pytest.raises(ValueError, match=r"column 'y', row 2 \(2024-01-02\): the value is missing"):
        Panel.from_frame(table, fill_gaps=True)


def test_one_stray_stamp_does_not_fill_the_memory():
    table = pd.concat([daily(9), daily(1).assign(ds=pd.Timestamp("2250-01-01"))])
    hours = table.assign(ds=[*pd.date_range("2024-01-01", periods=9, freq="h"), pd.Timestamp("2250-01-01")])
    with pytest.raises(ValueError, match=r"row 10 \(2250-01-01\).*filling would make \d+ rows of 10"):
        Panel.from_frame(hours, fill_gaps=True)


@pytest.mark.parametrize(
    ("value", "says"),
    [(NAN, "the value is missing"), (np.inf, "the value is inf"), (-np.inf, "the value is -inf")],
)
@pytest.mark.parametrize("column", ["y", "x"])
def test_what_is_not_finite_is_refused_by_name(column, value, says):
    table = two().assign(x=1.0)
    table.loc[[4, 6], column] = value
    with pytest.raises(
        ValueError, match=rf"series 'b', column '{column}', row 5 \(2024-01-05\): {says}; 2 such values"
    ):
        Panel.from_frame(table, hist_exog="x")


@pytest.mark.parametrize(
    ("policy", "filled"),
    [
        ("last", [1, 2, 2, 4, 5, 5, 7, 7, 7]),
        ("seasonal", [1, 2, 2, 4, 5, 2, 7, 5, 2]),  # in seasons of 3; the third row has none before it
        ("zero", [1, 2, 0, 4, 5, 0, 7, 0, 0]),
        ("mask", [1, 2, 2, 4, 5, 5, 7, 7, 7]),
    ],
)
def test_each_policy_fills_in_its_way(policy, filled):
    y = [1, 2, NAN, 4, 5, NAN, 7, np.inf, NAN]
    assert y_of(y, policy, season=3) == filled


def test_only_the_mask_marks_rows_as_unobserved():
    table = daily(5).assign(y=[1, NAN, 3, 4, 5], x=[1, 2, NAN, 4, 5])
    for policy in ("last", "seasonal", "zero"):
        assert Panel.from_frame(table, hist_exog="x", missing=policy).observed.all()
    panel = Panel.from_frame(table, hist_exog="x", missing="mask")
    assert panel.observed.tolist() == [True, False, True, True, True]
    assert panel.hist[:, 0].tolist() == [1, 2, 2, 4, 5]


@pytest.mark.parametrize("policy", ["last", "seasonal", "mask"])
def test_no_value_crosses_into_the_next_series(policy):
    table = two().assign(y=[1, 2, 3, 4, 5, 6, 7, 8, NAN, NAN, 30, NAN, 50])
    panel = Panel.from_frame(table, missing=policy, season=2)
    assert panel.y[8:].tolist() == [30, 30, 50]


def test_rows_before_the_first_value_are_left_out():
    table = two().assign(x=1.0)
    table.loc[[0, 8], "y"] = NAN
    table.loc[[0, 1], "x"] = NAN
    panel = Panel.from_frame(table, hist_exog="x", missing="last")
    assert panel.lengths.tolist() == [6, 4]
    assert panel.y[0] == 3
    assert "3 rows before the first value" in panel.notes[-2]
    with pytest.raises(ValueError, match="series 'a' has no row with a value in every column"):
        Panel.from_frame(two().assign(y=[*range(8), *[NAN] * 5]), missing="last")


@pytest.mark.parametrize("kind", ["duplicates", "missing"])
def test_an_unknown_policy_is_answered(kind):
    with pytest.raises(ValueError, match=f"no {kind} policy 'lst'.*Did you mean 'last'"):
        Panel.from_frame(daily(), **{kind: "lst"})


VALUES = st.one_of(st.none(), st.floats(-1e6, 1e6), st.just(float("inf")))


@given(st.data(), st.sampled_from(["last", "seasonal", "zero", "mask"]), st.integers(1, 4))
@settings(max_examples=120, deadline=None)
def test_a_fill_uses_no_later_value(data, policy, season):
    n = 12
    column = st.lists(VALUES, min_size=n, max_size=n)
    y, x = np.array(data.draw(column), dtype=float), np.array(data.draw(column), dtype=float)
    absent = data.draw(st.sets(st.integers(2, n - 2), max_size=4))
    cut = data.draw(st.integers(1, n - 1))
    y[0], x[0] = 5.0, 5.0
    other_y, other_x = y.copy(), x.copy()
    other_y[cut:], other_x[cut:] = np.array(data.draw(column))[cut:], 1e9

    def panel(target, exog):
        table = daily(n).assign(y=target, x=exog).drop(index=sorted(absent))
        options = {"freq": "D", "season": season, "missing": policy, "fill_gaps": True}
        return Panel.from_frame(
            table, columns=Columns(time="ds", targets=("y",), hist_exog=("x",)), **options
        )

    one, two = panel(y, x), panel(other_y, other_x)
    for name in ("y", "hist", "observed", "time"):
        assert getattr(one, name)[:cut].tobytes() == getattr(two, name)[:cut].tobytes()


@pytest.mark.parametrize("freq", ["D", "h", "2D", "W-MON", "W", 1, 3])
def test_a_regular_table_is_found_without_counting_steps(freq, monkeypatch):
    stamps = (
        np.arange(6) * freq if isinstance(freq, int) else pd.date_range("2024-01-01", periods=6, freq=freq)
    )
    frame = pd.concat([daily(6, unique_id=name).assign(ds=stamps) for name in "ab"])
    plain = Panel.from_frame(frame, freq=freq)
    monkeypatch.setattr(gaps, "_is_regular", lambda rows, step: False)
    general = Panel.from_frame(frame, freq=freq)
    np.testing.assert_array_equal(plain.time, general.time)
    assert (plain.freq, plain.notes) == (general.freq, general.notes)


def test_a_regular_table_off_its_weekday_is_refused():
    with pytest.raises(ValueError, match="not a whole number of steps 'W-MON'"):
        Panel.from_frame(
            daily(6).assign(ds=pd.date_range("2024-01-02", periods=6, freq="W-TUE")), freq="W-MON"
        )
