"""What a number of seeds can decide, said beforehand."""

import pytest

from normcast.study.statistics import SeedCheck, enough_seeds


def test_one_seed_decides_nothing():
    check = enough_seeds(1, 20)
    assert not check.can_decide
    assert check.detectable == float("inf")
    assert "decides nothing" in str(check)
    assert SeedCheck.from_json(check.to_json()) == check


def test_two_seeds_cannot_decide_about_twenty_placements():
    check = enough_seeds(2, 20)
    assert not check.can_decide
    assert check.detectable > 100
    assert check.wilcoxon_floor == 0.5


def test_eight_seeds_can_though_the_signed_rank_test_could_never():
    check = enough_seeds(8, 20)
    assert check.can_decide
    assert check.wilcoxon_floor == 0.0078125
    assert check.wilcoxon_floor * 20 > 0.05


def test_the_advice_is_the_fewest_seeds_that_find_a_large_difference():
    advised = int(str(enough_seeds(2, 20)).split("at least ")[1].split()[0])
    assert enough_seeds(advised, 20).detectable <= 2 < enough_seeds(advised - 1, 20).detectable


@pytest.mark.parametrize("wrong", [(0, 1), (1, 0), (1.5, 2)])
def test_a_number_below_one_raises(wrong):
    with pytest.raises(ValueError, match="at least 1"):
        enough_seeds(*wrong)


def test_an_alpha_that_is_no_probability_raises():
    with pytest.raises(ValueError, match="alpha must be in"):
        enough_seeds(5, 5, alpha=5)
