"""Verdicts and their sentences, from effects whose numbers are set by hand."""

from functools import partial
from math import nan

import pytest

from normcast.study.statistics.effect import Effect
from normcast.study.statistics.power import seeds_to_equate, seeds_to_see
from normcast.study.statistics.verdict import Rules, judged, more_seeds

RULES = Rules(min_effect=0.01, alpha=0.05, level=0.95, lower_is_better=True)
CLEAR = {"effect": -0.03, "low": -0.04, "high": -0.02, "spread": 0.01, "p": 0.0005, "holm_p": 0.004}
HIGHER = {"effect": 0.03, "low": 0.02, "high": 0.04}
UNCLEAR = {"p": 0.5, "holm_p": 1.0, "spread": 0.05}
FAILING = {"failed": 5, "failure_p": 0.002}


def said(rules=RULES, n_tests=4, baseline_failed=0, **changed):
    """Judge an effect of ten seeds, clearly lower unless something is changed."""
    counts = {"seeds": 10, "paired": 10, "failed": 0, "seeds_better": 9, "seeds_worse": 1}
    effect = Effect("placed", **{**counts, **CLEAR, "equivalence_p": 0.9, "failure_p": 1.0, **changed})
    return judged(effect, rules, baseline_failed, partial(more_seeds, rules=rules, n_tests=n_tests))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({}, "better: 3.0 % lower (95 % interval 2.0 to 4.0 %) on 9 of 10 seeds; corrected p = 0.004."),
        (
            {**HIGHER, "seeds_better": 2, "seeds_worse": 8},
            "worse: 3.0 % higher (95 % interval 2.0 to 4.0 %) on 8 of 10 seeds; corrected p = 0.004.",
        ),
        (
            {"holm_p": 0.0009, "high": 0.01},
            "better: 3.0 % lower (95 % interval −4.0 to +1.0 %) on 9 of 10 seeds; corrected p < 0.001.",
        ),
        (
            {"holm_p": 0.001, "high": 0.0},
            "better: 3.0 % lower (95 % interval −4.0 to 0 %) on 9 of 10 seeds; corrected p = 0.001.",
        ),
        (
            {**HIGHER, "low": 0.0, "seeds_better": 2, "seeds_worse": 8},
            "worse: 3.0 % higher (95 % interval 0 to +4.0 %) on 8 of 10 seeds; corrected p = 0.004.",
        ),
        (
            {"seeds_better": 0, "seeds_worse": 0, "p": 1.0, "holm_p": 1.0},
            "no difference: the scores are identical on all 10 seeds.",
        ),
        (
            {"effect": 0.002, "equivalence_p": 0.03, **UNCLEAR},
            "no difference beyond 1 %: 0.2 % higher, and shown to be within 1 % (equivalence p = 0.03).",
        ),
        (
            {"effect": -0.002, "equivalence_p": 0.03},
            "no difference beyond 1 %: 0.2 % lower, and shown to be within 1 % (equivalence p = 0.03). "
            "That it is not zero is clear (corrected p = 0.004), but it is too small to matter.",
        ),
        (
            {"effect": 0.0, "equivalence_p": 0.03, **UNCLEAR},
            "no difference beyond 1 %: 0 %, and shown to be within 1 % (equivalence p = 0.03).",
        ),
    ],
)
def test_what_is_decided_is_said_with_its_numbers(changed, sentence):
    found = said(**changed)
    assert found.sentence == sentence
    assert sentence.startswith(found.verdict)
    assert found.more_seeds is None


def test_of_a_score_that_should_be_high_a_higher_one_is_better():
    high = Rules(min_effect=0.01, alpha=0.05, level=0.9, lower_is_better=False)
    assert said(high, **HIGHER).sentence == (
        "better: 3.0 % higher (90 % interval 2.0 to 4.0 %) on 9 of 10 seeds; corrected p = 0.004."
    )
    assert said(high, seeds_better=1, seeds_worse=9).sentence.startswith("worse: 3.0 % lower")


@pytest.mark.parametrize(
    ("changed", "start"),
    [
        ({**UNCLEAR}, "3.0 % lower (95 % interval 2.0 to 4.0 %); if it is so, about "),
        ({**UNCLEAR, "effect": 0.0, "low": -0.01, "high": 0.01}, "0 % (95 % interval −1.0 to +1.0 %); if"),
        ({**UNCLEAR, "low": nan, "high": nan}, "3.0 % lower; if it is so, about "),
        (
            {**UNCLEAR, "p": 0.02, "holm_p": 0.08},
            "3.0 % lower (95 % interval 2.0 to 4.0 %); clear if it were the only placement (p = 0.02), but "
            "not among all (corrected p = 0.08); if it is so, about ",
        ),
    ],
)
def test_what_is_undecided_says_how_many_seeds_would_decide(changed, start):
    found = said(**changed)
    assert found.verdict == "undecided"
    assert found.sentence.startswith(f"undecided: {start}")
    assert found.sentence.endswith(f"about {found.more_seeds} more seeds would decide.")


def test_an_interval_that_is_not_known_decides_nothing():
    assert said(low=nan, high=nan).verdict == "undecided"


@pytest.mark.parametrize(
    "border",
    [
        {"holm_p": 0.05, "p": 0.05},
        {"equivalence_p": 0.05, "holm_p": 1.0, "p": 1.0},
        {"p": 0.05, "holm_p": 0.2},
    ],
)
def test_a_p_of_exactly_alpha_claims_nothing(border):
    found = said(**border)
    assert found.verdict == "undecided"
    assert "only placement" not in found.sentence


def test_ties_alone_are_not_identical_scores():
    assert said(seeds_better=0, seeds_worse=0, **UNCLEAR).verdict == "undecided"
    assert said(seeds_better=0, seeds_worse=1, p=1.0, holm_p=1.0).verdict == "undecided"
    assert said(seeds_better=1, seeds_worse=0, p=1.0, holm_p=1.0).verdict == "undecided"


def test_three_seeds_are_the_fewest_with_a_verdict():
    assert said(seeds=3, paired=3).verdict == "better"
    found = said(seeds=3, paired=2)
    assert (found.verdict, found.more_seeds) == ("undecided", None)
    assert found.sentence == "undecided: 2 seeds on which both finished; a verdict needs at least 3."


@pytest.mark.parametrize(
    ("effect", "deviation", "paired", "seeds"),
    [(-0.03, 0.05, 10, 10), (0.002, 0.02, 10, 10), (-0.03, 0.05, 9, 12)],
)
def test_further_seeds_are_the_fewest_that_show_it_or_rule_it_out(effect, deviation, paired, seeds):
    found = said(**UNCLEAR | {"effect": effect, "spread": deviation}, paired=paired, seeds=seeds)
    needed = [seeds_to_see(effect, deviation, 0.05 / 4), seeds_to_equate(effect, deviation, 0.01, 0.05)]
    further = min(each for each in needed if each is not None) - paired
    assert found.more_seeds - 1 < further * seeds / paired <= found.more_seeds


def test_at_least_one_more_seed_is_asked_for():
    found = said(**UNCLEAR | {"spread": 0.001})
    assert found.more_seeds == 1
    assert "about 1 more seed would decide" in found.sentence


def test_an_effect_that_a_thousand_seeds_would_not_decide_says_so():
    found = said(**UNCLEAR | {"effect": 0.01, "spread": 0.5, "low": nan})
    assert found.more_seeds is None
    assert found.sentence == (
        "undecided: 1.0 % higher; if it is so, more than 1,000 seeds would be needed to decide."
    )


def test_more_failures_than_the_baselines_are_worse():
    found = said(**FAILING, baseline_failed=1, paired=5)
    assert (found.verdict, found.more_seeds) == ("worse", None)
    assert found.sentence == "worse: it failed on 5 of 10 seeds, the baseline on 1; corrected p = 0.002."


@pytest.mark.parametrize(("failed", "failure_p"), [(5, 0.05), (4, 0.002)])
def test_failures_that_may_be_luck_or_are_the_baselines_too_decide_nothing(failed, failure_p):
    found = said(failed=failed, failure_p=failure_p, baseline_failed=4)
    assert (found.verdict, found.more_seeds) == ("undecided", None)
    assert found.sentence == (
        f"undecided: it failed on {failed} of 10 seeds, the baseline on 4; above 10 % the seeds that are "
        "left decide nothing."
    )


def test_one_failure_in_ten_is_not_too_many():
    assert said(failed=1, failure_p=0.002, paired=9).verdict == "better"


def test_scores_that_are_left_may_be_worse_but_not_better():
    assert said(failed=2, **HIGHER, seeds_better=1, seeds_worse=7).verdict == "worse"
    assert said(failed=2).verdict == "undecided"


@pytest.mark.parametrize(
    ("wrong", "value"),
    [("min_effect", 1), ("min_effect", -0.001), ("alpha", 1), ("alpha", 0), ("level", 1), ("level", 0)],
)
def test_rules_out_of_range_are_refused(wrong, value):
    numbers = {"min_effect": 0.0, "alpha": 0.05, "level": 0.95, "lower_is_better": True}
    assert Rules(**numbers).min_effect == 0
    with pytest.raises(ValueError, match=rf"compare: {wrong} must be in .*, but is {value}\."):
        Rules(**{**numbers, wrong: value})
