"""Windows are rows of one series as they stand in the table, with what is told of them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normcast import cut_windows

FRAME = pd.DataFrame(
    {
        "pump": ["b"] * 5 + ["a"] * 4,
        "when": [*pd.date_range("2024-01-01", periods=5), *pd.date_range("2024-02-01", periods=4)],
        "flow": np.arange(9.0),
        "heat": np.arange(9.0) ** 2,
        "state": list("aabbbbaab"),
    }
)
PUMPS = {"target": "state", "id_col": "pump", "time_col": "when"}


@pytest.mark.parametrize("make", [pd.DataFrame, pl.from_pandas])
def test_windows_carry_label_series_and_time_of_their_last_row(make):
    cases = cut_windows(make(FRAME), 2, **PUMPS)
    assert cases.x[:, :, 0].tolist() == [[0, 1], [2, 3], [5, 6], [7, 8]]
    assert cases.y.tolist() == list("abab")
    assert cases.groups.tolist() == list("bbaa")
    assert cases.times.tolist() == pd.to_datetime(FRAME["when"][[1, 3, 6, 8]]).to_numpy("M8[ns]").tolist()
    assert cases.notes == ("2 groups: none is split", "channels: flow and heat")


def test_steps_smaller_than_the_size_overlap():
    cases = cut_windows(FRAME, 3, 1, **PUMPS)
    assert cases.x[:, :, 0].tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [5, 6, 7], [6, 7, 8]]


def test_majority_is_the_most_frequent_label_and_of_equals_the_later():
    one = {"target": "state", "at": "majority", "channels": "flow"}
    assert cut_windows(FRAME, 4, **one).y.tolist() == ["b", "a"]  # of aabb and bbaa
    assert cut_windows(FRAME.assign(state=list("abaabbbab")), 3, **one).y.tolist() == ["a", "b", "b"]


def test_the_target_is_a_channel_only_where_it_is_named():
    frame = FRAME.assign(state=np.arange(9) % 3)
    assert cut_windows(frame, 2, **PUMPS).channels == 2
    assert cut_windows(frame, 2, channels=["state", "flow"], **PUMPS).x[0].tolist() == [[0, 0], [1, 1]]


def test_one_series_has_no_groups_and_its_rows_are_numbered():
    cases = cut_windows(FRAME[["flow", "state"]], 4, target="state")
    assert cases.groups is None
    assert cases.times.tolist() == [4, 8]


def test_seconds_are_times():
    cases = cut_windows(FRAME.assign(s=np.arange(9) / 4), 4, target="state", time_col="s", channels="flow")
    assert cases.times.tolist() == [0.75, 1.75]


def test_rows_out_of_order_are_sorted_and_noted():
    mixed = FRAME.sample(frac=1, random_state=1)
    cases, plain = cut_windows(mixed, 2, **PUMPS), cut_windows(FRAME, 2, **PUMPS)
    for pump in "ab":
        assert np.array_equal(cases.x[cases.groups == pump], plain.x[plain.groups == pump])
    assert cases.notes[0] == "rows of 2 series were not in the order of time: sorted"
    alternating = FRAME.sort_values("when", kind="stable").iloc[[0, 5, 1, 6, 2, 7, 3, 8, 4]]
    assert "sorted" not in " ".join(cut_windows(alternating, 2, **PUMPS).notes)


def test_numbers_of_series_stay_numbers():
    cases = cut_windows(FRAME.assign(pump=[3] * 5 + [1] * 4), 4, **PUMPS)
    assert cases.groups.tolist() == [3, 1]


def test_several_id_columns_name_a_series():
    frame = FRAME.assign(site=["n"] * 3 + ["s"] * 6)
    cases = cut_windows(frame, 2, **{**PUMPS, "id_col": ["pump", "site"]})
    assert cases.groups.tolist() == ["b/n", "b/s", "a/s", "a/s"]


def test_shorter_series_are_left_out_with_their_names():
    cases = cut_windows(FRAME, 5, **PUMPS)
    assert cases.n_cases == 1
    assert cases.notes[-1] == "1 series of fewer than 5 rows left out: 'a'"
    with pytest.raises(ValueError, match=r"no series has 6 rows; the longest has 5. Lower size to at most"):
        cut_windows(FRAME, 6, **PUMPS)


def test_values_outside_of_windows_may_be_missing(tmp_path):
    holey = FRAME.assign(flow=FRAME["flow"].where(FRAME.index != 4))
    assert cut_windows(holey, 2, **PUMPS).n_cases == 4
    with pytest.raises(
        ValueError, match=r"series 'b', row 5: column 'flow' holds nan \(1 such value in all\)"
    ):
        cut_windows(holey, 5, **PUMPS)


def test_a_file_is_cut_as_its_table_is(tmp_path):
    FRAME.to_csv(tmp_path / "pumps.csv", index=False)
    cases, plain = cut_windows(tmp_path / "pumps.csv", 2, **PUMPS), cut_windows(FRAME, 2, **PUMPS)
    assert np.array_equal(cases.x, plain.x)
    assert np.array_equal(cases.times, plain.times)
    with pytest.raises(ValueError, match=r"pumps.csv: no column 'stat'; .* Did you mean 'state'"):
        cut_windows(tmp_path / "pumps.csv", 2, target="stat")


@pytest.mark.parametrize(
    ("frame", "changed", "message"),
    [
        (FRAME, {"size": 0}, "size must be a whole number of at least 1, but is 0"),
        (FRAME, {"step": 0}, "step must be a whole number of at least 1, but is 0"),
        (FRAME, {"at": "first"}, "no at 'first'; ats are last, majority"),
        (FRAME, {"channels": ["flow", "flood"]}, "no column 'flood'.*Did you mean 'flow'"),
        (FRAME, {"channels": ["pump"]}, "channel 'pump' is not numeric"),
        (FRAME[["pump", "when", "state"]], {}, "no column of numbers is left for the channels"),
        (FRAME.assign(state=None), {}, "column 'state', row 1 is empty"),
        (FRAME.iloc[[0, 1, 1, 2, 5, 6]], {}, r"series 'b' has two rows at 2024-01-02 \(rows 2 and 3\)"),
        (FRAME, {"id_col": None, "time_col": "flow", "channels": "heat"}, None),
        (FRAME.assign(flow=1.5), {"id_col": None, "time_col": "flow"}, "the series has two rows at 1.5"),
    ],
)
def test_what_cannot_be_cut_is_refused(frame, changed, message):
    given = {"size": 2, **PUMPS, **changed}
    if message is None:
        assert cut_windows(frame, **given).times.tolist() == [1, 3, 5, 7]
        return
    with pytest.raises(ValueError, match=message):
        cut_windows(frame, **given)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=30),
    st.integers(1, 5),
    st.integers(1, 6),
    st.randoms(use_true_random=False),
)
def test_each_window_is_rows_of_the_table_and_none_is_left_out(ids, size, step, random):
    stamps = list(range(len(ids)))
    random.shuffle(stamps)
    frame = pd.DataFrame({"who": ids, "t": stamps, "v": np.arange(len(ids)) * 1.0, "y": stamps})
    own = {who: rows.sort_values("t") for who, rows in frame.groupby("who", sort=False)}
    wanted = [
        (rows["v"].tolist()[i : i + size], rows["t"].iloc[i + size - 1], who)
        for who, rows in own.items()
        for i in range(0, len(rows) - size + 1, step)
    ]
    if not wanted:
        with pytest.raises(ValueError, match="no series has"):
            cut_windows(frame, size, step, target="y", id_col="who", time_col="t")
        return
    cases = cut_windows(frame, size, step, target="y", id_col="who", time_col="t")
    groups = cases.groups if cases.groups is not None else [ids[0]] * cases.n_cases
    assert list(zip(cases.x[:, :, 0].tolist(), cases.times.tolist(), groups, strict=True)) == wanted
    assert cases.y.tolist() == cases.times.tolist()
