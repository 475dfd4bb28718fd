"""Looks: placements stop as soon as it is clear what they do, and more seeds never change that."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from normcast.study.statistics import Looked, compare, decide, look_seeds, reach
from normcast.study.statistics.spending import share


def drawn(seeds=40, seed=0, luck=0.02, **effects):
    """The given network, and one with each of these mean effects; luck: its spread over seeds."""
    draws = np.random.default_rng(seed)
    base = 1 + draws.normal(0, 0.03, (seeds, 1))
    placed = {name: base + effect + draws.normal(0, luck, (seeds, 1)) for name, effect in effects.items()}
    return {"given": base, **placed}


def cut(scores, seeds):
    return {name: table[:seeds] for name, table in scores.items()}


@st.composite
def studies(draw):
    """Studies of any effects, some of whose runs fail."""
    effects = draw(st.lists(st.sampled_from([0.0, 0.01, -0.03, 0.2]), min_size=1, max_size=4))
    seed, luck = draw(st.integers(0, 999)), draw(st.sampled_from([0.0, 0.002, 0.02]))
    scores = drawn(30, seed, luck, **{f"p{i}": each for i, each in enumerate(effects)})
    failing = draw(st.sampled_from([0.0, 0.05, 0.5]))
    draws = np.random.default_rng(seed)
    return {name: np.where(draws.random(each.shape) < failing, np.nan, each) for name, each in scores.items()}


@settings(max_examples=25, deadline=None)
@given(studies(), st.integers(1, 30))
def test_more_seeds_never_change_what_earlier_looks_said(scores, seeds):
    part, whole = decide(cut(scores, seeds), "given"), decide(scores, "given")
    assert part.looks == whole.looks[: len(part.looks)]
    for look in part.looks:
        for name in look.decided:
            assert part.comparison.of(name) == whole.comparison.of(name)


@settings(max_examples=15, deadline=None)
@given(studies())
def test_a_placement_stops_once_and_its_later_seeds_are_not_read(scores):
    whole = decide(scores, "given")
    stops = [(name, look.seeds) for look in whole.looks for name in look.decided]
    assert len(stops) == len({name for name, _ in stops})
    assert set(whole.active) == set(scores) - {"given"} - {name for name, _ in stops}
    assert decide(scores | {name: scores[name][:seeds] for name, seeds in stops}, "given") == whole


@settings(max_examples=15, deadline=None)
@given(studies(), st.sampled_from([12, 18, 27]))
def test_more_seeds_to_spend_never_change_what_was_decided_with_fewer(scores, most):
    few, many = decide(scores, "given", most=most), decide(scores, "given", most=60)
    for few_look, many_look in zip(few.looks, many.looks, strict=False):
        if few_look.seeds <= most:
            assert few_look.decided.items() <= many_look.decided.items()


def failing(seed):
    """A study some of whose placements fail, each as often as it may be."""
    draws = np.random.default_rng(seed)
    base = 1 + draws.normal(0, 0.03, (40, 1))
    found = {"given": base}
    for name in "abcde"[: draws.integers(2, 6)]:
        table = base + draws.normal(0, draws.choice([0.0, 0.02, 0.08, 0.3]), (40, 1))
        found[name] = np.where(draws.random((40, 1)) < draws.choice([0, 0.1, 0.3, 0.5, 0.7]), np.nan, table)
    return found


def test_what_fails_is_judged_the_same_whether_others_were_set_aside_or_not():
    for seed in range(60):
        scores = failing(seed)
        few, many = decide(cut(scores, 18), "given", most=18), decide(scores, "given", most=40)
        for name in scores.keys() - {"given", *few.looks[-1].aside}:
            ends = [[look.seeds for look in each.looks if name in look.decided] for each in (few, many)]
            assert not ends[0] or ends[0] == ends[1]
            assert not ends[0] or few.comparison.of(name) == many.comparison.of(name)


def hard(spread=0.08):
    """One that is a little worse, beyond what 40 seeds tell of it, and one that is plainly worse."""
    swing = np.resize([1.0, -1.0], 40)[:, None] * spread
    base = np.linspace(0.97, 1.03, 40)[:, None]
    return {"given": base, "hard": base + 0.002 + swing, "plain": base * 1.2 + swing / 20}


def test_a_placement_that_the_seeds_there_may_be_would_hardly_decide_is_set_aside():
    found = decide(hard(), "given", most=40)
    (look,) = [each for each in found.looks if each.aside]
    assert (look.seeds, look.aside, found.active) == (18, ("hard",), ())
    effect = found.comparison.of("hard")
    assert (effect.seeds, effect.verdict) == (18, "undecided")
    assert effect.more_seeds is None or effect.more_seeds > 40
    rows = hard() | {"hard": hard()["hard"][:18]}
    assert decide(rows, "given", most=40) == found  # its later seeds are not asked for


def test_with_more_seeds_to_spend_it_goes_on():
    found = decide(hard() | {"hard": hard()["hard"][:18]}, "given", most=900)
    assert (found.active, found.seeds) == (("hard",), 27)
    assert decide(hard(), "given").looks[-1].active == ("hard",)  # without a bound it is never set aside


@settings(max_examples=15, deadline=None)
@given(studies(), st.randoms(use_true_random=False))
def test_the_order_of_placements_does_not_matter(scores, random):
    names = list(scores)
    random.shuffle(names)
    turned = decide({name: scores[name] for name in names}, "given")
    whole = decide(scores, "given")
    assert [look.decided for look in turned.looks] == [look.decided for look in whole.looks]
    assert all(turned.comparison.of(name) == whole.comparison.of(name) for name in names if name != "given")


def test_a_look_needs_all_seeds_of_the_baseline_and_of_all_that_have_not_stopped():
    scores = drawn(harmful=0.5, nothing=0.005)
    found = decide(scores | {"nothing": scores["nothing"][:11]}, "given")
    assert [look.seeds for look in found.looks] == [5, 8]
    assert (found.active, found.seeds) == (("nothing",), 12)
    assert decide(cut(scores, 11) | {"nothing": scores["nothing"]}, "given").looks == found.looks
    assert decide(cut(scores, 5), "given").seeds == 8


def test_before_the_first_look_nothing_is_decided_however_clear():
    found = decide(cut(drawn(harmful=0.5), 4), "given")
    assert (found.looks, found.active, found.seeds) == ((), ("harmful",), 5)
    effect = found.comparison.of("harmful")
    assert (effect.verdict, effect.paired) == ("undecided", 4)
    assert "4 seeds; the first look is at 5" in effect.sentence
    assert effect.effect == pytest.approx(0.5, abs=0.05)


def test_identical_scores_are_no_difference_at_the_first_look_and_make_the_others_no_harder():
    scores = drawn(harmful=0.5)
    same = {f"same {i}": scores["given"].copy() for i in range(20)}
    found = decide(scores | same, "given")
    assert {found.looks[0].decided[name] for name in same} == {"no difference"}
    assert "identical on all 5 seeds" in found.comparison.of("same 0").sentence
    assert found.looks[0].level == decide(scores, "given").looks[0].level


def test_all_levels_together_are_at_most_alpha_and_hardly_less():
    found = decide(drawn(60, a=0.0, b=0.0, c=0.0), "given", min_effect=0.0)
    assert [look.seeds for look in found.looks] == [5, 8, 12, 18, 27, 40, 60]
    assert all(look.level == pytest.approx(0.05 * share(place) / 3) for place, look in enumerate(found.looks))
    every = [share(look) for look in range(200)]
    assert min(every) > 0
    assert sum(every) == pytest.approx(1)
    assert sum(every) <= 1 + 1e-12


def test_a_placement_is_worse_at_the_first_look_whose_t_test_is_below_its_level():
    scores = drawn(60, seed=7, worse=0.02, nothing=0.002)
    found = decide(scores, "given", min_effect=0.0)
    ends = next(look for look in found.looks if "worse" in look.decided)
    for look in found.looks[: found.looks.index(ends) + 1]:
        p = stats.ttest_rel(scores["worse"][: look.seeds, 0], scores["given"][: look.seeds, 0]).pvalue
        assert (p < look.level) == (look is ends)
    assert ends.seeds > 5
    assert found.comparison.of("worse").holm_p == pytest.approx(0.05 * p / ends.level)


def test_a_placement_is_of_no_difference_at_the_first_look_whose_one_sided_tests_are_below_its_level():
    scores = drawn(60, seed=3, nothing=0.002, luck=0.03)
    found = decide(scores, "given", min_effect=0.03, scale=1.0)
    ends = next(look for look in found.looks if "nothing" in look.decided)
    for look in found.looks:
        differences = (scores["nothing"] - scores["given"])[: look.seeds, 0]
        below = stats.ttest_1samp(differences, 0.03, alternative="less").pvalue
        above = stats.ttest_1samp(differences, -0.03, alternative="greater").pvalue
        assert (max(below, above) < look.level) == (look is ends)
    assert ends.seeds > 5
    assert found.comparison.of("nothing").verdict == "no difference"


def test_intervals_are_t_intervals_at_the_level_of_the_look_and_shrink():
    scores = drawn(90, seed=5, a=0.01, b=0.01)
    found = decide(scores, "given", min_effect=0.0, scale=1.0)
    widths = []
    for look in found.looks:
        differences = (scores["a"] - scores["given"])[: look.seeds, 0]
        known = stats.ttest_1samp(differences, 0.0).confidence_interval(1 - look.level)
        assert look.effects["a"] == pytest.approx((differences.mean(), *known))
        widths.append(known.high - known.low)
    assert widths[-1] < widths[0] / 3


def test_an_effect_relative_to_a_wavering_baseline_leaves_out_zero_just_where_the_t_test_is_clear():
    found = decide(drawn(60, seed=4, worse=0.03, nothing=0.002), "given", min_effect=0.0)
    for look in found.looks:
        for name, (_, low, high) in look.effects.items():
            assert (low <= 0 <= high) == (look.decided.get(name) is None)


def test_a_placement_that_fails_often_is_worse_once_that_is_no_luck_and_never_better():
    scores = drawn(40, failing=-0.3)
    scores["failing"][::3] = np.nan
    found = decide(scores, "given")
    assert set(found.looks[0].decided.values()) <= {"worse"}
    assert found.comparison.of("failing").verdict == "worse"
    assert "it failed on" in found.comparison.of("failing").sentence
    always = decide(scores | {"failing": np.full((40, 1), np.nan)}, "given")
    assert always.comparison.of("failing").verdict == "worse"
    assert len(always.looks) < len(found.looks)


def test_where_the_baseline_fails_no_placement_is_compared_and_none_is_blamed():
    scores = drawn(12, harmful=0.5, nothing=0.0)
    scores["given"][:4] = np.nan
    found = decide(scores, "given")
    assert found.comparison.of("harmful").paired == 4
    assert "did not finish on 4 of 12 seeds" in found.comparison.notes[0]
    assert found.comparison.of("nothing").verdict == "undecided"


def test_differences_without_spread_need_as_many_seeds_as_their_signs_do():
    scores = {"given": np.ones((40, 1)), "shifted": np.full((40, 1), 1.5)}
    found = decide(scores, "given")
    assert [look.decided for look in found.looks] == [{}, {"shifted": "worse"}]
    assert decide(cut(scores, 5), "given").comparison.of("shifted").more_seeds == 3


def test_of_an_accuracy_more_is_better():
    found = decide(drawn(12, more=0.5), "given", lower_is_better=False)
    assert found.looks[0].decided == {"more": "better"}


def test_what_stays_undecided_says_how_many_more_seeds_the_look_needs_that_would_decide():
    scores = drawn(90, seed=1, nothing=0.0, luck=0.03)
    few = decide(cut(scores, 8), "given", min_effect=0.03)
    effect = few.comparison.of("nothing")
    assert f"about {effect.more_seeds} more seeds would decide" in effect.sentence
    assert 8 + effect.more_seeds in look_seeds()
    later = decide(cut(scores, 8 + effect.more_seeds), "given", min_effect=0.03)
    assert later.comparison.of("nothing").verdict == "no difference"
    never = decide(cut(scores, 8), "given", min_effect=0.0).comparison.of("nothing")
    assert never.more_seeds is None or never.more_seeds > 100


def test_the_reach_of_a_study_that_decides_does_not_say_that_it_could_see_what_it_left_undecided():
    for seed in range(5):
        scores = drawn(8, seed=seed, a=0.0, b=0.01, c=0.0)
        found = decide(scores, "given")
        said = reach(found.comparison, scores)
        assert said.can_see == (not found.active)


def test_looks_are_the_same_however_many_seeds_there_may_be_in_the_end():
    assert look_seeds(60) == (5, 8, 12, 18, 27, 40, 60)
    assert look_seeds(20) == look_seeds(26) == (5, 8, 12, 18)
    assert look_seeds()[:7] == look_seeds(60)
    with pytest.raises(ValueError, match="most is 4, but the first look is at 5 seeds"):
        look_seeds(4)


def test_what_was_found_comes_back_from_its_text():
    found = decide(drawn(12, harmful=0.5, nothing=0.0), "given")
    assert Looked.from_json(found.to_json()) == found


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="no placement 'gifen'"):
        decide(drawn(5, a=0.0), "gifen")
    with pytest.raises(ValueError, match="must be"):
        decide({"given": np.ones(8), "a": np.ones(8)}, "given")
    with pytest.raises(ValueError, match="Every placement needs the same"):
        decide({"given": np.ones((8, 1)), "a": np.ones((8, 2))}, "given")


def test_at_one_look_the_same_placements_are_judged_by_the_same_tests_as_in_compare():
    scores = cut(drawn(8, seed=2, a=0.1, b=0.0), 5)
    once, looked = compare(scores, "given", resamples=19), decide(scores, "given").comparison
    for name in ("a", "b"):
        one, other = once.of(name), looked.of(name)
        assert (one.p, one.wilcoxon_p, one.effect, one.spread) == (
            other.p, other.wilcoxon_p, other.effect, other.spread,
        )  # fmt: skip
