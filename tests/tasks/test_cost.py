"""What training costs is said roughly: tens of seconds, or minutes."""

import pytest

from normcast.tasks.cost import roughly, training_seconds


@pytest.mark.parametrize(
    ("seconds", "cores", "words"),
    [
        (0, 1, "about 10 seconds on 1 core"),
        (44, 1, "about 40 seconds on 1 core"),
        (87, 2, "about 90 seconds on 2 cores"),
        (90, 2, "about 90 seconds on 2 cores"),
        (91, 2, "about 2 minutes on 2 cores"),
        (3600, 16, "about 60 minutes on 16 cores"),
    ],
)
def test_a_time_is_said_in_tens_of_seconds_up_to_90_and_then_in_minutes(seconds, cores, words):
    assert roughly(seconds, cores) == words


def test_six_operations_for_each_multiplication_of_each_window_at_25_gigaflops():
    assert training_seconds(1_000_000, windows=5000) == 6 * 1e6 * 5000 / 25e9 == 1.2


def test_large_networks_are_up_to_two_and_a_half_times_as_fast_for_each_multiplication():
    assert training_seconds(2_000_000, windows=5000) == training_seconds(1_000_000, windows=5000)
    assert training_seconds(60_000_000, windows=5000) == 6 * 6e7 * 5000 / (2.5 * 25e9)
