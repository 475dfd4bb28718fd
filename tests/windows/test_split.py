import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normcast.windows import Cuts, cutoffs, largest_input_size, parted, split
from normcast.windows.split import rows_needed

ROWS, LENGTHS = np.array([18, 28]), np.array([20, 29])


@st.composite
def plans(draw):
    input_size, h = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    valid, calib = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    need = rows_needed(input_size, h, valid, calib)
    rows = np.array(draw(st.lists(st.integers(need, need + 12), min_size=1, max_size=4)))
    lengths = rows + np.array([draw(st.integers(0, 8)) for _ in rows])
    return np.concatenate([[0], np.cumsum(lengths)]), rows, input_size, h, valid, calib


def rows_of(windows, which):
    flat = np.arange(10_000)
    return set(getattr(windows, which)(flat).ravel().tolist())


@given(plans())
@settings(max_examples=200, deadline=None)
def test_no_part_reads_a_target_of_a_later_part(plan):
    offsets, rows, input_size, h, valid, calib = plan
    parts = split(offsets, rows, input_size, h, valid=valid, calib=calib)
    ordered = [parts.train, parts.valid, parts.calib, parts.test]
    for i, earlier in enumerate(ordered):
        for later in ordered[i + 1 :]:
            assert not rows_of(earlier, "targets") & rows_of(later, "targets")
            assert not rows_of(earlier, "inputs") & rows_of(later, "targets")
    cut = (offsets[:-1] + rows)[np.concatenate([part.series for part in ordered[:3]])]
    assert (np.concatenate([part.cutoff + h for part in ordered[:3]]) <= cut).all()


@given(plans())
@settings(max_examples=200, deadline=None)
def test_each_series_has_the_windows_that_were_asked_for(plan):
    offsets, rows, input_size, h, valid, calib = plan
    parts = split(offsets, rows, input_size, h, valid=valid, calib=calib)
    for s, (seen, length) in enumerate(zip(rows, np.diff(offsets), strict=True)):
        train = seen - rows_needed(input_size, h, valid, calib) + 1
        asked = [train, valid, calib, int(seen + h <= length)]
        assert [
            np.sum(part.series == s) for part in (parts.train, parts.valid, parts.calib, parts.test)
        ] == asked
    assert (parts.test.cutoff == (offsets[:-1] + rows)[parts.test.series]).all()


@pytest.mark.parametrize(
    ("rows", "sizes", "said"),
    [
        ([300, 90], (168, 24, 0, 0), "90 rows, but input_size 168 + h 24 needs 192. {} at most 66"),
        (
            [290, 80],
            (168, 24, 0, 0),
            "80 rows before the cutoff (of 90), but input_size 168 + h 24 needs 192. {} at most 56",
        ),
        (
            [300, 74],
            (2, 24, 2, 1),
            "74 rows before the cutoff (of 90), but input_size 2 + h 24 + 25 rows for 2 validation windows + "
            "24 rows for 1 calibration windows needs 75. {} at most 1",
        ),
        (
            [74, 73],
            (2, 24, 2, 1),
            "73 rows before the cutoff (of 90), but input_size 2 + h 24 + 25 rows for 2 validation windows + "
            "24 rows for 1 calibration windows needs 75; 2 series are too short. Lower h or "
            "the number of windows",
        ),
    ],
)
@pytest.mark.parametrize(("ids", "name"), [(("store_1", "store_7"), "'store_7'"), (None, "1")])
def test_a_short_series_is_named_with_what_would_fit(rows, sizes, said, ids, name):
    (input_size, h, valid, calib), offsets = sizes, np.array([0, 300, 390])
    said = said.format("Lower input_size to")
    message = f"Panel: series {name} has {said}, or leave the series out."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        split(offsets, np.array(rows), input_size, h, valid=valid, calib=calib, ids=ids)


def test_what_would_fit_fits():
    offsets, rows = np.array([0, 300, 390]), np.array([300, 90])
    assert np.sum(split(offsets, rows, 66, 24).train.series == 1) == 1
    with pytest.raises(ValueError, match="at most 66"):
        split(offsets, rows, 67, 24)


@pytest.mark.parametrize(
    ("windows", "need"),
    [({}, 192), ({"valid": 2}, 217), ({"calib": 1}, 216), ({"valid": 3, "calib": 2}, 243)],
)
def test_so_many_windows_need_so_many_rows(windows, need):
    assert rows_needed(168, 24, **windows) == need  # of n windows the targets take n + 24 - 1 rows
    assert largest_input_size(np.array([300, 250]), 24, **windows) == 250 - need + 168


@pytest.mark.parametrize(
    ("rule", "sizes", "expected"),
    [
        (Cuts.before, (ROWS, LENGTHS, 2, 2, 3), [[0, 0], [11, 21], [14, 24], [18, 28], [20, 29]]),
        (Cuts.before, (ROWS, LENGTHS, 2, 0, 1), [[0, 0], [16, 26], [16, 26], [18, 28], [20, 29]]),
        (Cuts.before, (ROWS, LENGTHS, 2, 2, 3, 4, 1), [[4, 4], [11, 21], [14, 24], [18, 28], [19, 29]]),
        (Cuts.before, (ROWS, LENGTHS, 2, 2, 0, ROWS // 9), [[2, 3], [15, 25], [18, 28], [18, 28], [20, 29]]),
    ],
)
def test_the_parts_of_two_series_stand_where_a_pencil_puts_them(rule, sizes, expected):
    cuts = rule(*sizes)
    assert [getattr(cuts, each).tolist() for each in ("begin", "valid", "calib", "test", "end")] == expected


def test_a_fold_has_the_windows_of_its_parts_but_those_of_which_nothing_was_observed():
    cuts, observed = Cuts.before(*np.array([[17], [20]]), 3, 1, 0, begin=3), np.ones(20, dtype=bool)
    observed[[7, 8, 9, 14, 17, 18, 19]] = False
    parts = parted(np.array([0, 20]), cuts, 2, 3, observed)  # 3 | 14 | 17 | 20
    assert parts.train.cutoff.tolist() == [5, 6, 8, 9, 10, 11]
    assert parts.valid.cutoff.tolist() == [14]
    assert len(parts.calib) == len(parts.test) == 0


def test_the_largest_input_size_leaves_one_training_window():
    rows = np.array([50, 40])
    size = largest_input_size(rows, 5, valid=3, calib=2)
    parts = split(np.array([0, 50, 90]), rows, size, 5, valid=3, calib=2)
    assert np.sum(parts.train.series == 1) == 1


@pytest.mark.parametrize(("unseen", "name"), [(slice(0, 14), "training"), (slice(14, 17), "validation")])
def test_a_part_of_which_nothing_was_observed_is_named(unseen, name):
    observed = np.ones(20, dtype=bool)
    observed[unseen] = False
    message = (
        f"split: no target of the {name} windows was observed. Choose another missing policy (--missing, "
        "missing=), or give longer series."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        split(np.array([0, 20]), np.array([20]), 3, 2, valid=2, calib=2, observed=observed)


def test_an_unobserved_row_behind_the_cutoff_does_not_cost_the_test_window():
    observed = np.arange(20) != 19
    parts = split(np.array([0, 20]), np.array([18]), 3, 2, observed=observed)
    assert parts.test.cutoff.tolist() == [18]


def test_the_last_origin_forecasts_the_last_rows():
    lengths = np.array([30, 20])
    visible = cutoffs(lengths, h=4, n_windows=3, step_size=2)
    assert visible.tolist() == [[22, 12], [24, 14], [26, 16]]
    assert (visible[-1] + 4 == lengths).all()
    assert cutoffs(lengths, 4, 2).tolist() == [[25, 15], [26, 16]]
    assert cutoffs(np.array([5]), h=4, n_windows=1).tolist() == [[1]]


@pytest.mark.parametrize("name", ["h", "n_windows", "step_size"])
def test_an_origin_needs_sizes_of_at_least_one(name):
    with pytest.raises(ValueError, match=rf"^cutoffs: {name} is 0; it must be at least 1\.$"):
        cutoffs(np.array([30, 20]), **{"h": 1, "n_windows": 1, "step_size": 1, name: 0})


@pytest.mark.parametrize(("ids", "name"), [(("a", "b"), "'b'"), (None, "1")])
def test_a_series_too_short_for_the_first_origin_is_named(ids, name):
    message = (
        f"Panel: series {name} has 20 rows, but 9 windows of h 4, 2 apart, need more than 20. "
        "Lower n_windows, step_size or h, or leave the series out."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        cutoffs(np.array([30, 20]), 4, 9, 2, ids)


@st.composite
def padded_plans(draw):
    input_size, h = draw(st.integers(2, 8)), draw(st.integers(1, 4))
    least = draw(st.integers(1, input_size))
    valid, calib = draw(st.integers(1, 3)), draw(st.integers(0, 3))
    rows = np.array(draw(st.lists(st.integers(least + h, least + h + 25), min_size=1, max_size=4)))
    out = rows >= rows_needed(least, h, valid, calib)
    lengths = rows + np.array([draw(st.integers(0, 4)) for _ in rows])
    sizes = {"valid": valid * out, "calib": calib * out, "least": least}
    return np.concatenate([[0], np.cumsum(lengths)]), rows, input_size, h, sizes


@given(padded_plans())
@settings(max_examples=200, deadline=None)
def test_padded_windows_read_their_own_series_and_no_target_of_a_later_part(plan):
    offsets, rows, input_size, h, sizes = plan
    parts = split(offsets, rows, input_size, h, **sizes)
    ordered = [parts.train, parts.valid, parts.calib, parts.test]
    assert set(parts.train.series) == set(range(len(rows)))
    for i, earlier in enumerate(ordered):
        read = earlier.reads(offsets)
        assert (read >= offsets[earlier.series][:, None]).all()
        assert (earlier.cutoff - offsets[earlier.series] >= sizes["least"]).all()
        for later in ordered[i + 1 :]:
            assert not (set(read.ravel()) | rows_of(earlier, "targets")) & rows_of(later, "targets")


def test_a_series_without_even_a_padded_window_is_named():
    message = (
        "Panel: series 'b' has 13 rows, but a padded window needs 16, of which it reads 12 and forecasts 4; "
        "2 series are too short. Lower h, or leave the series out."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        split(np.array([0, 90, 103, 118]), np.array([90, 13, 15]), 36, 4, least=12, ids=("a", "b", "c"))
