"""Sizes: the rows a network reads, and the windows that validation and calibration get."""

import re

import numpy as np
import pytest

from normcast.tasks import Sizes
from normcast.tasks.sizes import check_support, fitting_input_size, needed
from normcast.windows.windows import count_windows


@pytest.mark.parametrize(
    ("h", "season", "rows", "input_size"),
    [
        (14, 7, 1000, 56),  # eight weeks
        (30, 7, 1000, 63),  # twice the horizon, in whole weeks
        (14, 7, 83, 56),
        (14, 7, 82, 55),
        (2, 7, 4, 1),
        (2, 7, 3, 1),
    ],
)
def test_a_network_reads_whole_seasons_where_the_series_are_long_enough(h, season, rows, input_size):
    assert fitting_input_size(h, season, rows) == input_size


@pytest.mark.parametrize("h", [1, 5, 14])
def test_the_input_shrinks_until_a_series_has_as_many_windows_as_the_horizon_is_long(h):
    rows = 3 * h + 20
    size = fitting_input_size(h, season=7, rows=rows)
    assert size > 1
    assert count_windows(np.array([rows - size]), h) == h


@pytest.mark.parametrize(
    ("rows", "h", "level", "sizes"),
    [  # a tenth of the median series' rows are targets, of n - h + 1 windows
        ([100], 5, (), Sizes(56, n_valid=6, n_calib=0)),
        ([90, 12, 70], 5, (), Sizes(56, n_valid=4, n_calib=0, least=5)),  # 12 rows decide nothing
        ([69], 5, (), Sizes(69 - 6 - 10 + 1, n_valid=2, n_calib=0)),
        ([40], 5, (), Sizes(40 - 5 - 10 + 1, n_valid=1, n_calib=0)),
        ([30_000], 5, (), Sizes(56, n_valid=1996, n_calib=0)),  # 2000 rows at most
        ([50_000], 300, (), Sizes(602, n_valid=2701, n_calib=0)),  # or ten horizons
        ([100], 5, (80,), Sizes(56, n_valid=6, n_calib=6)),
        ([60], 5, (80,), Sizes(60 - 6 - 8 - 10 + 1, n_valid=2, n_calib=4)),  # 80 % needs 4 windows
        ([80, 90], 5, (90, 80), Sizes(56, n_valid=4, n_calib=5)),  # 90 % needs 9, of two
        ([60, 90], 5, (90, 80), Sizes(56, n_valid=5, n_calib=9, least=5)),  # or of the one that is long
    ],
)
def test_sizes_of_a_plan_are_those_written_out(rows, h, level, sizes):
    assert Sizes.plan(np.array(rows), season=7, h=h, level=level) == sizes


def test_an_input_size_that_is_given_is_kept():
    assert Sizes.plan(np.array([60]), season=7, h=5, level=(), input_size=9) == Sizes(9, 2, 0)


@pytest.mark.parametrize(
    ("sizes", "h", "rows"),
    [(Sizes(9, 3, 0), 4, 6), (Sizes(9, 3, 2), 4, 6 + 5), (Sizes(9, 1, 0), 1, 1), (Sizes(9, 1, 1), 1, 2)],
)
def test_windows_one_row_apart_hold_out_as_many_rows_as_their_targets_take(sizes, h, rows):
    assert sizes.held_out(h) == rows


def test_the_highest_level_says_how_many_calibration_windows_are_needed():
    assert needed((80, 95, 90)) == 19
    assert needed(()) == 0


@pytest.mark.parametrize(("most", "largest"), [(18, "94.7"), (1, "50")])
def test_a_level_that_these_windows_cannot_support_is_refused_with_the_largest_one(most, largest):
    message = (
        f"level: 95 needs 19 calibration windows, and these rows give at most {most}. With them the largest "
        f"level is {largest}; lower the level, or give longer series."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_support((95, 80), most)


@pytest.mark.parametrize("most", [19, 0, -3])
def test_enough_windows_are_no_error_nor_is_none_at_all_where_the_split_names_the_series(most):
    check_support((95,), most)


def test_a_plan_takes_a_level_while_one_window_is_left_to_train_on():
    # Of 60 rows a training window takes 1 + 5 and two of validation 6: 48 are left, of 44
    # windows, and as many of the other series.
    rows = np.array([60, 60])
    assert Sizes.plan(rows, season=7, h=5, level=(98.87,)) == Sizes(1, n_valid=2, n_calib=44)
    with pytest.raises(ValueError, match=r"^level: 98\.91 needs 91 calibration windows"):
        Sizes.plan(rows, season=7, h=5, level=(98.91,))
