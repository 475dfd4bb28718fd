"""Guided cases find what chance does not, and say what they found."""

import pytest

from tests.fuzz.guided import guided

pytest.importorskip("atheris", reason="tests/requirements-fuzz.txt is not installed")

PLANTED = "tests.fuzz.planted"


def test_a_fault_behind_four_bytes_is_found_and_the_bytes_are_told():
    outcome = guided("planted", 200_000, PLANTED)
    assert "KeyError: 'planted'" in outcome.failure
    assert outcome.failing[:4] == b"norm"


def test_a_door_without_a_fault_has_all_its_cases():
    outcome = guided("sound", 1_000, PLANTED)
    assert (outcome.cases, outcome.failure) == (1_000, "")
    assert outcome.came == [["sound", "refused", 1_000]]


def test_a_process_that_dies_is_a_failure():
    assert "the process ended with" in guided("dying", 1_000, PLANTED).failure
