import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normcast.windows import default_input_size, sliding
from normcast.windows.windows import count_windows


def slow(offsets, first, end, input_size, h, step, observed):
    """The same windows, one by one."""
    found = []
    for s in range(len(offsets) - 1):
        target = max(first[s], input_size)
        while target + h <= end[s]:
            row = offsets[s] + target
            if observed[row : row + h].any():
                found.append((row - input_size, s))
            target += step
    return found


@st.composite
def cases(draw):
    lengths = draw(st.lists(st.integers(0, 15), min_size=1, max_size=4))
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    first = [draw(st.integers(0, 10)) for _ in lengths]
    end = [draw(st.integers(0, n)) for n in lengths]
    observed = np.array(
        draw(st.lists(st.booleans(), min_size=sum(lengths), max_size=sum(lengths))), dtype=bool
    )
    sizes = [draw(st.integers(1, 4)) for _ in range(3)]
    return offsets, np.array(first), np.array(end), *sizes, observed


@given(cases())
@settings(max_examples=300, deadline=None)
def test_windows_are_those_of_the_slow_loop(case):
    offsets, first, end, input_size, h, step, observed = case
    windows = sliding(offsets, first, end, input_size, h, step, observed)
    assert list(zip(windows.start, windows.series, strict=True)) == slow(*case)
    assert windows.start.dtype == np.int64
    assert windows.series.dtype == np.int32
    inside = (windows.start >= offsets[windows.series]) & (windows.cutoff + h <= offsets[1:][windows.series])
    assert inside.all()


def test_inputs_end_where_targets_begin():
    windows = sliding(np.array([0, 5, 9]), np.array([0, 0]), np.array([5, 4]), input_size=2, h=1)
    flat = np.arange(9.0)
    assert windows.inputs(flat).tolist() == [[0, 1], [1, 2], [2, 3], [5, 6], [6, 7]]
    assert windows.targets(flat).tolist() == [[2], [3], [4], [7], [8]]
    assert windows.cutoff.tolist() == [2, 3, 4, 7, 8]
    assert windows.inputs(np.stack([flat, -flat], 1)).shape == (5, 2, 2)
    part = windows[np.array([0, 3])]
    assert len(part) == 2
    assert part.targets(flat).tolist() == [[2], [7]]


def test_one_row_lies_between_windows_unless_a_step_is_given():
    stretch = np.array([0, 9]), np.array([2]), np.array([8]), 2, 3
    assert sliding(*stretch).cutoff.tolist() == [2, 3, 4, 5]
    assert sliding(*stretch, 2).cutoff.tolist() == [2, 4]
    assert count_windows(np.array([9, 4, 3, 2, 0]), h=3).tolist() == [7, 2, 1, 0, 0]
    assert count_windows(np.array([9, 4, 3, 2, 0]), h=3, step=4).tolist() == [2, 1, 1, 0, 0]


@pytest.mark.parametrize("name", ["input_size", "h", "step"])
def test_sizes_are_at_least_one(name):
    with pytest.raises(ValueError, match=rf"^sliding: {name} is 0; it must be at least 1\.$"):
        sliding(
            np.array([0, 5]), np.array([0]), np.array([5]), **{"input_size": 1, "h": 1, "step": 1, name: 0}
        )


def test_a_stretch_ends_with_its_series():
    offsets, none = np.array([0, 5, 12]), np.array([0, 0])
    assert len(sliding(offsets, none, np.array([5, 7]), 1, 1)) == 4 + 6
    with pytest.raises(
        ValueError, match=r"^sliding: targets of series 1 would reach row 8, but it has 7 rows\.$"
    ):
        sliding(offsets, none, np.array([5, 8]), 1, 1)


@pytest.mark.parametrize(
    ("h", "season", "rows"),
    [
        *((1, season, rows) for season, rows in [(1, 24), (4, 16), (5, 40), (7, 56), (12, 36), (52, 104)]),
        *((1, season, 7 * season) for season in (2, 24, 48, 365)),
        (28, 7, 56),
        (29, 7, 63),  # twice the horizon is 58: nine weeks
        (50, 1, 100),
    ],
)
def test_the_default_input_is_whole_seasons_and_at_least_twice_the_horizon(h, season, rows):
    assert default_input_size(h, season) == rows
