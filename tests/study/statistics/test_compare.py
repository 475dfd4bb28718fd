"""What `compare` says of scores whose meaning is plain, and of what it cannot compare."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normcast.study.statistics import Comparison, Effect, compare

SEEDS, FOLDS = 10, 3


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def noise(seed, sd=0.01, shape=(SEEDS, FOLDS)):
    return np.random.default_rng(seed).normal(0, sd, size=shape)


GIVEN = 1 + noise(0, 0.1)
GOOD = 0.9 * GIVEN + noise(1)
BAD = 1.1 * GIVEN + noise(2)


def one(placement, given=GIVEN, **settings):
    return compare({"given": given, "one": placement}, "given", resamples=199, **settings).of("one")


def test_effect_is_the_mean_paired_difference_over_the_mean_baseline():
    effect = one(GOOD)
    assert effect.effect == pytest.approx(GOOD.mean() / GIVEN.mean() - 1)
    assert effect.low < effect.effect < effect.high < 0
    assert (effect.verdict, effect.seeds_better, effect.seeds_worse) == ("better", SEEDS, 0)


def test_folds_are_not_counted_as_further_seeds():
    repeated = [np.repeat(each, 50, axis=1) for each in (BAD, GIVEN)]
    assert one(*repeated).p == pytest.approx(one(BAD).p)


def test_where_higher_is_better_the_verdict_turns_round_but_not_the_effect():
    effect = one(BAD, lower_is_better=False)
    assert effect.effect > 0
    assert (effect.verdict, effect.seeds_better) == ("better", SEEDS)


@pytest.mark.parametrize("n", [3, 10])
def test_identical_scores_are_no_difference_with_p_1(n):
    effect = one(GIVEN[:n].copy(), GIVEN[:n])
    assert (effect.verdict, effect.p, effect.wilcoxon_p, effect.effect) == ("no difference", 1.0, 1.0, 0.0)
    assert "identical on all" in effect.sentence


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_seeds_decide_nothing_not_even_that_nothing_changed(n):
    for scores in (GIVEN[:n].copy(), GOOD[:n], 1.0001 * GIVEN[:n]):
        effect = one(scores, GIVEN[:n])
        assert (effect.verdict, effect.more_seeds) == ("undecided", None)
        assert "a verdict needs at least 3" in effect.sentence


def test_a_clear_difference_that_is_too_small_to_matter_is_no_difference():
    effect = one(1.002 * GIVEN)
    assert effect.holm_p < 0.05
    assert effect.verdict == "no difference"
    assert "not zero is clear" in effect.sentence
    assert one(1.002 * GIVEN, min_effect=0.0).verdict == "worse"


def test_a_noisy_difference_is_undecided_and_says_how_many_seeds_would_decide():
    effect = one(GIVEN + 0.02 + noise(5, 0.2))
    assert effect.verdict == "undecided"
    assert effect.more_seeds >= 1
    assert f"about {effect.more_seeds} more seeds would decide" in effect.sentence


def test_a_difference_clear_alone_but_not_among_many_is_undecided():
    scores = {"given": GIVEN} | {str(i): GIVEN + noise(100 + i, 0.05) for i in range(30)}
    comparison = compare(scores, "given", resamples=99)
    alone = [each for each in comparison.effects if each.p < 0.05 <= each.holm_p]
    assert alone
    assert all(
        "clear if it were the only placement" in each.sentence
        for each in alone
        if each.verdict == "undecided"
    )


def test_equal_differences_need_enough_seeds():
    assert one(GIVEN[:3] - 0.5, GIVEN[:3]).verdict == "undecided"
    assert one(GIVEN - 0.5).verdict == "better"


def test_a_placement_that_fails_too_often_is_not_better():
    few, many = GOOD.copy(), GOOD.copy()
    few[0, 1] = np.nan
    many[:2, 1] = np.inf
    assert (one(few).verdict, one(few).failed, one(few).paired) == ("better", 1, 9)
    assert (one(many).verdict, one(many).share_failed) == ("undecided", 0.2)
    assert "failed on 2 of 10 seeds" in one(many).sentence


def test_a_placement_that_fails_too_often_is_not_of_no_difference_but_can_be_worse():
    same, bad = GIVEN.copy(), BAD.copy()
    same[:2] = bad[:2] = np.nan
    assert one(same).verdict == "undecided"
    assert one(bad).verdict == "worse"


def test_a_placement_that_always_fails_is_worse_if_the_baseline_does_not():
    assert one(np.full_like(GIVEN, np.nan)).verdict == "worse"
    assert one(np.full_like(GIVEN, np.nan), np.full_like(GIVEN, np.nan)).verdict == "undecided"


def test_seeds_on_which_the_baseline_failed_are_left_out_and_noted():
    given = GIVEN.copy()
    given[:3] = np.nan
    comparison = compare({"given": given, "one": GOOD}, "given", resamples=99)
    assert comparison.of("one").paired == 7
    assert comparison.of("one").effect == pytest.approx(GOOD[3:].mean() / GIVEN[3:].mean() - 1)
    assert "did not finish on 3 of 10 seeds" in comparison.notes[0]


def test_a_fold_that_no_run_could_be_scored_on_is_left_out_and_noted():
    scores = {"given": GIVEN.copy(), "one": GOOD.copy()}
    for table in scores.values():
        table[:, 1] = np.nan
    comparison = compare(scores, "given", resamples=99)
    assert comparison.of("one").verdict == "better"
    assert comparison.notes == ("1 fold without any finite score is left out.",)


def test_a_scale_takes_the_place_of_a_baseline_that_may_be_zero_or_negative():
    gap = noise(7, 0.1)
    effect = one(gap - 0.5, gap, scale=2.0)
    assert effect.effect == pytest.approx(-0.25)
    assert effect.verdict == "better"
    with pytest.raises(ValueError, match="Give scale="):
        one(gap - 0.5, gap)
    with pytest.raises(ValueError, match="scale must be a number above 0"):
        one(gap - 0.5, gap, scale=0.0)


def test_the_correction_counts_every_placement():
    scores = {"given": GIVEN, "bad": GIVEN + noise(8, 0.05)}
    alone = compare(scores, "given", resamples=99).of("bad")
    failing = {f"failing {i}": np.full_like(GIVEN, np.nan) for i in range(4)}
    among = compare(scores | failing, "given", resamples=99).of("bad")
    assert among.holm_p == pytest.approx(min(1.0, 5 * alone.p))
    assert (among.p, among.low, among.high) == (alone.p, alone.low, alone.high)
    assert among.detectable > alone.detectable == pytest.approx(alone.detectable_alone)


def test_a_unit_of_the_scores_changes_nothing():
    in_kelvin, in_millikelvin = one(GOOD), one(1000 * GOOD, 1000 * GIVEN)
    assert in_millikelvin.effect == pytest.approx(in_kelvin.effect)
    assert in_millikelvin.p == pytest.approx(in_kelvin.p)
    assert in_millikelvin.sentence == in_kelvin.sentence


def test_values_come_back_from_json_equal_undefined_ones_too():
    scores = {"given": GIVEN, "good": GOOD, "failing": np.full_like(GIVEN, np.nan)}
    comparison = compare(scores, "given", resamples=99)
    assert Comparison.from_json(comparison.to_json()) == comparison
    assert "NaN" not in comparison.to_json()


def test_print_names_every_placement_and_the_best_first():
    comparison = compare({"given": GIVEN, "bad": BAD, "good": GOOD}, "given", resamples=99)
    text = str(comparison)
    assert text.index("good: better") < text.index("bad: worse")
    assert comparison.named("better") == ("good",)


def test_the_strongest_effect_is_named_first_and_one_that_is_not_known_last():
    effects = {"unknown": np.nan, "weak": 0.1, "none": 0.0, "strong": -0.3, "middling": 0.2}
    every = tuple(Effect(name, 5, 5, 0, effect=each, sentence="-") for name, each in effects.items())
    comparison = Comparison("given", 0.12346, 0, 5, every, 0.01, 0.05, 0.95, True, np.nan, ("A note.",))
    assert comparison.named("undecided") == ("strong", "middling", "weak", "unknown", "none")
    assert comparison.named("better") == ()
    order = ("strong", "middling", "weak", "unknown", "none")
    assert str(comparison).splitlines() == [
        "against given (0.1235), 5 seeds, 5 placements",
        *(f"{name}: -" for name in order),
        "A note.",
    ]


scores_of_anything = st.lists(
    st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.0 + 1e-15, 3.0, np.nan, np.inf]), min_size=4, max_size=4),
    min_size=2,
    max_size=4,
)


@given(scores_of_anything, st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_no_scores_break_it_or_contradict_themselves(rows, n):
    scores = {str(i): np.array(row)[:n, None] for i, row in enumerate(rows)}
    finished = scores["0"][np.isfinite(scores["0"])]
    if len(finished) and finished.max() == 0:
        return
    comparison = compare(scores, "0", resamples=50)
    assert Comparison.from_json(comparison.to_json()) == comparison
    for effect in comparison.effects:
        assert effect.sentence.startswith(effect.verdict)
        assert "nan" not in effect.sentence
        if effect.verdict == "better":
            assert effect.holm_p < 0.05
            assert effect.effect < 0
            assert effect.share_failed <= 0.1


def test_an_unknown_baseline_says_which_there_are():
    with pytest.raises(
        ValueError, match=r"no placement 'givn'; placements are given, one\. Did you mean 'given'"
    ):
        compare({"given": GIVEN, "one": GOOD}, "givn")
    with pytest.raises(KeyError, match="Did you mean 'one'"):
        compare({"given": GIVEN, "one": GOOD}, "given", resamples=99).of("on")


def test_what_cannot_be_paired_raises():
    with pytest.raises(ValueError, match=r"'one' have shape \(9, 3\), those of 'given' \(10, 3\)"):
        one(GOOD[1:])
    with pytest.raises(ValueError, match="scores is empty"):
        compare({}, "given")
    with pytest.raises(ValueError, match=r"must be \(seeds, folds\)"):
        one(GOOD[:, 0], GIVEN[:, 0])
    with pytest.raises(ValueError, match=r"must be \(seeds, folds\)"):
        one(GOOD[:0], GIVEN[:0])


@pytest.mark.parametrize("wrong", [{"min_effect": -0.1}, {"min_effect": 1}, {"alpha": 0}, {"level": 95}])
def test_a_setting_out_of_range_raises(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be in"):
        one(GOOD, **wrong)


def test_a_baseline_alone_is_compared_with_nothing():
    assert compare({"given": GIVEN}, "given").effects == ()


def test_the_score_is_the_mean_over_the_seeds_where_both_finished():
    effect = one(np.array([[2.0], [4.0], [9.0], [np.nan]]), np.array([[1.0], [2.0], [np.nan], [5.0]]))
    assert (effect.score, effect.paired, effect.failed) == (3.0, 2, 1)
    assert effect.effect == pytest.approx(1.5 / 1.5)
