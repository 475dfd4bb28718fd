"""What `python -m benchmarks truth` counts as right, as wrong, and as power per second."""

import numpy as np
import pytest
from benchmarks.truths import Told, fixed, rows, told

MARGIN = 0.1


@pytest.mark.parametrize(
    ("verdict", "effect", "right", "wrong"),
    [
        ("worse", 0.5, 1, False),
        ("better", -0.5, 1, False),
        ("no difference", 0.05, 1, False),
        ("worse", 0.05, 0, False),
        ("undecided", 0.5, 0, False),
        ("better", 0.5, 0, True),
        ("worse", 0.0, 0, True),
        ("no difference", MARGIN, 0, True),
        ("no difference", -0.5, 0, True),
    ],
)
def test_a_verdict_is_right_wrong_or_neither(verdict, effect, right, wrong):
    assert told({"placed": verdict}, {"placed": effect}, MARGIN, 1.0) == Told(right, wrong, 1.0)


def test_a_fixed_design_is_told_by_its_first_seeds_alone_and_corrects_claims_of_no_difference():
    draws = np.random.default_rng(0)
    given = 1 + draws.normal(0, 0.01, (40, 1))
    scores = {"given": given} | {str(i): given + draws.normal(0, 0.15, (40, 1)) for i in range(10)}
    scores["harmful"] = given + 0.5 + draws.normal(0, 0.01, (40, 1))
    truths = dict.fromkeys(map(str, range(10)), 0.0) | {"harmful": 0.5}
    found = fixed(scores, truths, MARGIN, np.full(40, 2.0))
    assert (found[8].seconds, found[40].seconds) == (16.0, 80.0)
    assert found[8].right == 1
    assert found[40].right > 3
    cut = {name: each[:8] for name, each in scores.items()}
    assert fixed(cut, truths, MARGIN, np.full(8, 2.0)) == {5: found[5], 8: found[8]}


def test_power_per_second_is_what_is_decided_rightly_in_the_time_of_the_same_studies():
    decided = [Told(2, False, 10.0), Told(0, True, 1000.0)]
    tables = {0: {8: Told(1, False, 8.0), 40: Told(3, False, 40.0)}}
    found = {(row.name, row.against): row for row in rows(decided, tables, 4, least=2.0)}
    assert found["power per second", "40 seeds for all"].value == pytest.approx((2 / 10) / (3 / 40), abs=0.01)
    assert found["power per second", "8 seeds for all"].value == pytest.approx((2 / 10) / (1 / 8), abs=0.01)
    # Between 8 seeds and 40, half of the way in what is decided is half of the way in time.
    assert found["power per second", "the fewest seeds for all that decide as much"].value == 2.4
    assert found["deciding: studies with any wrong decision, of 2", ""].ok is False
