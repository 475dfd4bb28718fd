import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normcast.windows import cutoffs, largest_input_size, split
from normcast.windows.split import rows_needed


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


def test_a_short_series_is_named_with_what_would_fit():
    offsets = np.array([0, 300, 390])
    with pytest.raises(
        ValueError, match=r"series 'store_7' has 90 rows, but input_size 168 \+ h 24 needs 192"
    ) as error:
        split(offsets, np.array([300, 90]), 168, 24, ids=("store_1", "store_7"))
    assert "Lower input_size to at most 66, or leave the series out" in str(error.value)
    assert len(split(offsets, np.array([300, 90]), 66, 24).train) > 0
    with pytest.raises(ValueError, match=r"'store_7' has 80 rows before the cutoff \(of 90\), but"):
        split(offsets, np.array([290, 80]), 168, 24, ids=("store_1", "store_7"))
    with pytest.raises(ValueError, match="at most 66"):
        split(offsets, np.array([300, 90]), 67, 24)
    with pytest.raises(
        ValueError, match=r"25 rows for 2 validation windows \+ 24 rows for 1 calibration.*Lower h"
    ):
        split(np.array([0, 60]), np.array([60]), 8, 24, valid=2, calib=1)


def test_the_largest_input_size_leaves_one_training_window():
    rows = np.array([50, 40])
    size = largest_input_size(rows, 5, valid=3, calib=2)
    parts = split(np.array([0, 50, 90]), rows, size, 5, valid=3, calib=2)
    assert np.sum(parts.train.series == 1) == 1


def test_unobserved_targets_are_left_out():
    observed = np.ones(20, dtype=bool)
    observed[12] = False
    parts = split(np.array([0, 20]), np.array([20]), 3, 2, valid=2, calib=2, observed=observed)
    assert 12 not in rows_of(parts.train, "targets") | rows_of(parts.valid, "targets")
    assert 12 in rows_of(parts.valid, "inputs")
    with pytest.raises(ValueError, match="every training window has an unobserved target"):
        split(np.array([0, 20]), np.array([20]), 3, 2, observed=np.zeros(20, dtype=bool))


def test_the_last_origin_forecasts_the_last_rows():
    lengths = np.array([30, 20])
    visible = cutoffs(lengths, h=4, n_windows=3, step_size=2)
    assert visible.tolist() == [[22, 12], [24, 14], [26, 16]]
    assert (visible[-1] + 4 == lengths).all()
    for bad in ({"h": 0}, {"n_windows": 0}, {"step_size": 0}):
        with pytest.raises(ValueError, match="must be at least 1"):
            cutoffs(lengths, **{"h": 1, "n_windows": 1, "step_size": 1, **bad})
    with pytest.raises(
        ValueError, match="series 'b' has 20 rows, but 9 windows of h 4, 2 apart, need more than 20"
    ):
        cutoffs(lengths, 4, 9, 2, ids=("a", "b"))
