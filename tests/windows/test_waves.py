"""The calendar as waves."""

import numpy as np
import pytest

from normcast.windows.waves import DAY, waves


@pytest.mark.parametrize(
    ("step", "columns"), [(DAY / 48, 6), (DAY, 4), (7 * DAY, 4), (30 * DAY, 4), (91 * DAY, 4), (366 * DAY, 0)]
)
def test_a_step_has_the_waves_that_it_can_show(step, columns):
    time = np.arange("2020-01-01", "2021-01-01", dtype="datetime64[D]").astype("M8[ns]")
    assert waves(time, step).shape == (366, columns)


def test_waves_are_sines_and_cosines_of_the_turns_of_day_and_year():
    root = 0.5**0.5
    hour = waves(np.array(["1970-01-01T03", "1970-01-01T18"], dtype="datetime64[ns]"), DAY / 24)
    np.testing.assert_allclose(hour[:, :4], [[root, root, 1, 0], [-1, 0, 0, -1]], atol=1e-6)
    turn = 2 * np.pi * 0.75 / 365.2425
    np.testing.assert_allclose(hour[1, 4:], [np.sin(turn), np.cos(turn)], rtol=1e-6)
    turn = 2 * np.pi * 31 / 365.2425
    month = waves(np.array(["1970-02-01"], dtype="datetime64[ns]"), DAY)
    np.testing.assert_allclose(month[0], [f(k * turn) for k in (1, 2) for f in (np.sin, np.cos)], rtol=1e-6)
    assert (hour.dtype, month.dtype) == (np.float32, np.float32)


def test_the_same_hour_of_another_day_is_the_same_but_for_the_year():
    time = np.array(["2024-03-04T05", "2024-03-12T05", "2024-03-12T06"], dtype="datetime64[ns]")
    day = waves(time, DAY / 24)[:, :4]
    np.testing.assert_allclose(day[0], day[1], atol=1e-5)
    assert np.abs(day[1] - day[2]).max() > 0.1


def test_the_same_day_of_another_year_is_nearly_the_same():
    time = np.array(["2021-07-01", "2025-07-01", "2025-12-30"], dtype="datetime64[ns]")
    year = waves(time, 30 * DAY)
    np.testing.assert_allclose(year[0], year[1], atol=0.03)
    assert np.abs(year[1] - year[2]).max() > 1


def test_integers_have_no_calendar():
    assert waves(np.arange(5), step=1).shape == (5, 0)


def test_stamps_before_1970_have_waves_too():
    assert np.abs(waves(np.array(["1949-01-01"], dtype="datetime64[ns]"), DAY)).max() <= 1
