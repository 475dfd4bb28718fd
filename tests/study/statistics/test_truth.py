"""Simulated studies in which the truth is known: how often the verdicts are wrong, and how often right."""

import numpy as np
import pytest
from scipy import stats

from normcast.study.statistics import compare, decide
from normcast.study.statistics.paired import equivalence, holm, t_test

STUDIES, SEEDS, FOLDS = 200, 8, 3


def verdicts(study: int) -> dict[str, str]:
    """One small study: seeds share their luck, folds theirs; six no-ops, one twin, one harmful placement."""
    rng = np.random.default_rng(study)
    luck = 1 + rng.normal(0, 0.05, size=(SEEDS, 1)) + rng.normal(0, 0.1, size=FOLDS)

    def trained(effect: float) -> np.ndarray:
        return luck * (1 + effect) + rng.normal(0, 0.02, size=(SEEDS, FOLDS))

    given = trained(0.0)
    scores = {"given": given, "twin": given.copy(), "harmful": trained(0.05)}
    scores |= {f"no-op {i}": trained(0.0) for i in range(6)}
    effects = compare(scores, "given", resamples=19).effects
    return {each.name: each.verdict for each in effects}


@pytest.fixture(scope="module")
def studies():
    return [verdicts(study) for study in range(STUDIES)]


def in_forties(hits: list[bool]) -> list[int]:
    return np.array(hits).reshape(-1, 40).sum(axis=1).tolist()


def test_a_no_op_is_better_or_worse_in_at_most_4_of_40_studies(studies):
    for i in range(6):
        decided = in_forties([each[f"no-op {i}"] in ("better", "worse") for each in studies])
        assert max(decided) <= 4, decided


def test_any_of_six_no_ops_is_better_or_worse_in_at_most_5_percent_of_studies(studies):
    wrong = sum(any(each[f"no-op {i}"] in ("better", "worse") for i in range(6)) for each in studies)
    assert wrong <= stats.binom.ppf(0.99, STUDIES, 0.05)


def test_a_placement_that_does_nothing_at_all_is_never_a_difference(studies):
    assert {each["twin"] for each in studies} == {"no difference"}


def test_a_planted_harmful_placement_is_worse_in_at_least_36_of_40_studies(studies):
    assert min(in_forties([each["harmful"] == "worse" for each in studies])) >= 36


@pytest.mark.parametrize("draw", ["normal", "exponential", "standard_t"])
def test_holm_keeps_the_chance_of_any_false_claim_below_alpha(draw):
    rng = np.random.default_rng(5)
    shape = (400, 20, 10)
    noise = rng.standard_t(3, size=shape) if draw == "standard_t" else getattr(rng, draw)(size=shape)
    # A placement and its baseline are alike, so what is left of skewness after pairing is none.
    differences = noise - (rng.exponential(size=shape) if draw == "exponential" else 0)
    ps = np.array([[t_test(each, 1.0) for each in study] for study in differences])
    wrong = sum((holm(study) < 0.05).any() for study in ps)
    assert wrong <= stats.binom.ppf(0.99, 400, 0.05)


def test_an_effect_of_exactly_the_margin_is_called_none_at_most_5_percent_of_times():
    rng = np.random.default_rng(6)
    baseline = rng.normal(1, 0.05, size=(2000, 10))
    placement = baseline * 1.01 + rng.normal(0, 0.005, size=baseline.shape)
    ps = np.array([equivalence(p - b, b, 0.01, 1.0) for p, b in zip(placement, baseline, strict=True)])
    assert stats.binom.ppf(0.001, 2000, 0.05) <= (ps < 0.05).sum() <= stats.binom.ppf(0.999, 2000, 0.05)


# Of each truth in turn: no effect, one of exactly the margin, one beyond it; relative to a spread of 2 %.
MARGIN, TRUTHS = 0.02, np.resize([0.0, 0.02, 0.06], 12)


@pytest.fixture(scope="module")
def looked_at():
    """Return 120 studies that were looked at up to 27 seeds; all placements share the baseline's luck."""
    found = []
    for study in range(120):
        rng = np.random.default_rng(study)
        given = 1 + rng.normal(0, 0.014, size=(27, 1))
        scores = {str(i): 1 + each + rng.normal(0, 0.014, size=(27, 1)) for i, each in enumerate(TRUTHS)}
        found.append(decide({"given": given, **scores}, "given", min_effect=MARGIN, scale=1.0))
    return found


def test_of_all_looks_and_placements_any_is_decided_wrongly_in_at_most_5_percent_of_studies(looked_at):
    wrong = {0.0: {"better", "worse"}, 0.02: {"better", "no difference"}, 0.06: {"better", "no difference"}}
    errors = sum(
        any(each.verdict in wrong[truth] for each, truth in zip(own.comparison.effects, TRUTHS, strict=True))
        for own in looked_at
    )
    assert errors <= stats.binom.ppf(0.99, len(looked_at), 0.05)


def test_any_interval_of_any_look_misses_its_effect_in_at_most_5_percent_of_studies(looked_at):
    def misses(own):
        return any(
            not low <= TRUTHS[int(name)] <= high
            for look in own.looks
            for name, (_, low, high) in look.effects.items()
        )

    assert sum(map(misses, looked_at)) <= stats.binom.ppf(0.99, len(looked_at), 0.05)


def test_most_of_what_is_beyond_the_margin_is_decided_rightly(looked_at):
    right = [own.comparison.of(str(i)).verdict == "worse" for own in looked_at for i in range(2, 12, 3)]
    assert np.mean(right) > 0.95
