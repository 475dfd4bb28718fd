"""What a study's report says first, against results whose truth is known."""

from math import nan

import pytest

from normcast.pages.percent import interval, percent
from normcast.report import StudyReport
from normcast.report.of_study.again import commands
from normcast.report.of_study.answer import judge_study
from normcast.report.of_study.method import method_section
from normcast.report.of_study.reading import still_learning, typical_detectable
from normcast.study import BASELINE
from normcast.study.answer import answer
from normcast.study.statistics import enough_seeds, fewest_seeds
from tests.report import study_demo as demo


def verdict(result):
    return judge_study(StudyReport(result))


def test_the_winner_is_named_with_effect_interval_and_seeds():
    result = demo.study()
    effect = result.comparison.of(demo.BETTER)
    said = verdict(result)
    assert said.tone == "yes"
    assert said.answer.startswith(f"Yes, one change helps: {demo.BETTER}. ")
    assert f"falls by {-100 * effect.effect:.1f} %" in said.answer
    assert f"(95 % interval {-100 * effect.high:.1f} to {-100 * effect.low:.1f} %, 8 seeds)" in said.answer
    assert "lower from 8 of 8 random starts" in said.detail
    assert "corrected for 4 placements" in said.detail
    assert "conv_1: + BatchNormalization after" in said.detail


def test_every_verdict_is_counted_and_the_worst_named():
    result = demo.study()
    points = " ".join(verdict(result).points)
    assert "Of 4 placements measured against the network as given: 1 better, 1 worse, 1 without a" in points
    assert "and 1 undecided" in points
    assert f"Worst: {demo.WORSE} ({percent(result.comparison.of(demo.WORSE).effect)})" in points


def test_without_a_winner_nothing_is_recommended():
    noisy = {demo.NOISY: (0.99, 0.04)}
    result = demo.study({name: demo.TRUTH[name] for name in (BASELINE, demo.WORSE)} | noisy)
    said = verdict(result)
    assert said.tone == "open"
    assert said.answer.startswith("Not decided: no placement is shown to beat the network as given")
    assert f"about {result.reach.more_seeds} more seeds would" in said.answer
    assert "helps" not in said.answer + said.detail


def test_where_all_is_decided_and_nothing_better_the_network_stays():
    said = verdict(demo.study({BASELINE: (1.0, 0.0), demo.WORSE: (1.2, 0.01), demo.SAME: (1.0, 0.0)}))
    assert (said.tone, said.answer) == (
        "no", "No placement beats the network as given. Leave it as it is."
    )  # fmt: skip
    said = verdict(demo.study(dict.fromkeys(demo.TRUTH, (1.0, 0.0))))
    assert "each makes no difference beyond 1.0 %" in said.answer


@pytest.mark.parametrize("seeds", [1, 2])
def test_too_few_seeds_are_said_to_decide_nothing_and_how_many_would(seeds):
    said = verdict(demo.study(seeds=seeds))
    assert said.tone == "open"
    assert said.answer.startswith("Not decided: ")
    assert f"at least {fewest_seeds(4) - seeds} more seeds would" in said.answer
    assert "no difference" not in said.answer + " ".join(said.points)


def test_a_study_that_has_not_come_to_its_first_look_says_so_and_how_it_will_decide():
    result = demo.study(seeds=4, **{"design": "decide", "first seed": 0})
    said = verdict(result)
    assert said.tone == "open"
    assert said.answer.startswith("Not decided yet: the first look is after 5 seeds of every placement.")
    assert "too small" not in answer(result)
    told = " ".join(method_section(StudyReport(result)).text)
    assert "Who looks again and again" in told
    assert "bootstrap" not in told
    assert "--add-seeds" not in commands(StudyReport(result))


def test_the_advised_seeds_are_the_fewest_that_find_a_large_difference():
    least = fewest_seeds(22)
    assert enough_seeds(least, 22).detectable <= 2 < enough_seeds(least - 1, 22).detectable


def test_who_else_is_better_is_said_and_that_the_best_is_not_decided():
    close = {**demo.TRUTH, demo.SAME: (0.905, 0.012)}
    points = " ".join(verdict(demo.study(close)).points)
    assert f"Also better: {demo.SAME} (−" in points
    assert "cannot tell the first from the other" in points


def test_a_study_that_stopped_while_it_still_learned_says_so():
    assert still_learning(demo.study(best_epoch=4)) == 0
    unfinished = demo.study(best_epoch=6)
    assert still_learning(unfinished) == 1
    assert any(point.startswith("Careful: 100 % of the trainings") for point in verdict(unfinished).points)
    assert not any("Careful" in point for point in verdict(demo.study()).points)


def test_the_reach_is_the_median_of_what_each_placement_could_have_shown():
    result = demo.study()
    found = sorted(each.detectable for each in result.comparison.effects)
    assert typical_detectable(result.comparison.effects) == pytest.approx((found[1] + found[2]) / 2)
    assert any("four times out of five" in point for point in verdict(result).points)


def test_a_classifier_is_judged_by_its_loss_and_told_by_its_wrong_cases():
    said = verdict(demo.classify())
    assert "The log loss on data" in said.answer
    assert "% of the cases wrong instead of 10.0 %" in said.detail.replace("9.9", "10.0")


def test_a_placement_that_failed_is_counted_as_worse_without_an_effect():
    failing = [(demo.WORSE, seed) for seed in range(8)]
    result = demo.study(failing=failing)
    assert result.comparison.of(demo.WORSE).verdict == "worse"
    points = " ".join(verdict(result).points)
    assert "1 worse" in points
    assert "nan" not in points


def test_effects_and_intervals_are_written_with_their_signs():
    assert [percent(each) for each in (-0.0004, 0.0004, 0.00001, nan)] == ["−0.04 %", "+0.04 %", "0.0 %", "–"]
    assert interval(-0.02, 0.0) == "−2.0 to 0 %"
    assert interval(-0.00003, 0.02) == "0 to +2.00 %"
