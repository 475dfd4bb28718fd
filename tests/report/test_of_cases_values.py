"""What the report of an evaluation says: verdicts, coverage, reliability, groups, the hardest cases."""

from dataclasses import replace

import numpy as np
import pytest

from normcast.cases.evaluation import Told
from normcast.report import CaseReport
from normcast.report.of_cases.classes import in_words as calibration_in_words
from normcast.report.of_cases.coverage import binomial_interval, coverages
from normcast.report.of_cases.groups import group_scores
from normcast.report.of_cases.hardest import channels_of, hardest, series_of
from normcast.report.of_cases.reliability import reliability
from normcast.report.of_cases.verdict import FEWEST, compare, judge
from tests.report import cases_demo as demo

SAID = {
    "better": "is better than ridge",
    "worse": "is worse than ridge",
    "open": "is not told apart from ridge",
}
TONES = {"better": "yes", "worse": "no", "open": "open"}
TRUTHS = {
    "numbers better": (lambda groups: demo.numbers(1, 2, groups=groups), "better"),
    "numbers worse": (lambda groups: demo.numbers(2, 1, groups=groups), "worse"),
    "numbers as good": (lambda groups: demo.numbers(1, 1, groups=groups), "open"),
    "classes better": (lambda groups: demo.classes(0.95, 0.6, groups=groups), "better"),
    "classes worse": (lambda groups: demo.classes(0.6, 0.95, groups=groups), "worse"),
    "labels better": (lambda groups: demo.labels(0.95, 0.8, groups=groups), "better"),
    "labels worse": (lambda groups: demo.labels(0.6, 0.95, groups=groups), "worse"),
    "classes as good": (lambda groups: demo.classes(0.8, 0.8, groups=groups), "open"),
}


@pytest.mark.parametrize("groups", [None, np.arange(demo.CASES) // 10], ids=["cases", "groups"])
@pytest.mark.parametrize("truth", TRUTHS)
def test_the_verdict_is_the_truth_that_was_planted(truth, groups):
    make, outcome = TRUTHS[truth]
    found = judge(CaseReport(make(groups)))
    assert SAID[outcome] in found.answer
    assert found.tone == TONES[outcome]
    assert "nan" not in f"{found.answer} {found.detail}"
    assert ("over 12 groups, each drawn whole, of 120 cases" in found.detail) == (groups is not None)


def test_twenty_networks_as_good_as_ridge_are_hardly_ever_told_apart():
    outcomes = [compare(demo.numbers(1, 1, seed=seed))[0].outcome for seed in range(20)]
    assert outcomes.count("open") >= 16  # 1 in 20 by chance, and a bootstrap is a little too sure


@pytest.mark.parametrize("count", [1, 2, FEWEST - 1])
def test_of_few_groups_no_winner_is_named(count):
    found = demo.numbers(1, 5, groups=np.arange(demo.CASES) % count)
    verdict = judge(CaseReport(found))
    assert verdict.tone == "open"
    assert ("there is only 1 group." if count == 1 else f"there are only {count} groups.") in verdict.answer
    assert ("is not to be trusted" in verdict.detail) == (count > 1)
    assert ("has no interval" in verdict.detail) == (count == 1)
    assert "nan" not in f"{verdict.answer} {verdict.detail}"


def test_groups_that_agree_within_make_the_interval_wider():
    own = np.repeat(np.random.default_rng(3).normal(size=12), 10)
    found = demo.numbers(1, 1)
    values = found.told["normcast"].values + 3 * own
    found = replace(found, told={**found.told, "normcast": Told(values, {})})
    alone, grouped = (
        compare(replace(found, groups=groups))[0] for groups in (None, np.arange(demo.CASES) // 10)
    )
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)


def test_two_that_tell_the_same_are_a_draw_also_where_rounding_differs():
    found = demo.numbers(1, 1)
    same = Told(found.told["ridge"].values * (1 + 1e-12), {})
    verdict = judge(CaseReport(replace(found, told={**found.told, "normcast": same})))
    assert verdict.answer.startswith("A draw: normcast is not told apart from ridge")


def test_without_a_baseline_there_is_no_verdict():
    found = demo.numbers()
    verdict = judge(CaseReport(replace(found, told={"normcast": found.told["normcast"]})))
    assert (verdict.tone, verdict.answer) == (
        "open",
        "Not measured: no baseline was evaluated beside normcast.",
    )


@pytest.mark.parametrize(
    ("width", "said"), [(1.2816, "within the noise"), (0.6, "too narrow"), (3.0, "too wide")]
)
def test_a_coverage_that_chance_does_not_explain_is_said(width, said):
    (point,) = judge(CaseReport(demo.numbers(width=width))).points
    assert said in point
    assert point.startswith("The 80 % interval held")


def test_numbers_of_one_case_count_as_one_for_the_noise_of_coverage():
    (together,) = coverages(demo.numbers(outputs=4))
    assert together.cases == demo.CASES
    assert together.high - together.low > 0.1


def test_the_binomial_interval_is_that_of_scipy():
    from scipy.stats import binomtest

    for hits, cases in ((0, 7), (3, 7), (7, 7), (80, 100)):
        wanted = binomtest(hits, cases).proportion_ci(method="exact")
        assert binomial_interval(hits, cases) == pytest.approx((wanted.low, wanted.high))


def test_reliability_finds_a_network_that_is_too_sure():
    fair, sure = demo.classes(0.8, sure=0.8, cases=400), demo.classes(0.6, sure=0.95, cases=400)
    assert reliability(fair).whole.lean == 0
    assert reliability(sure).whole.lean == 1
    assert reliability(sure).error == pytest.approx(0.35, abs=0.06)
    assert "the network is too sure: 95 % sure and" in calibration_in_words(reliability(sure), 400)


def test_bins_have_equally_many_cases_and_few_cases_make_few_bins():
    assert {each.cases for each in reliability(demo.classes(cases=120)).bins} == {12}
    assert {each.cases for each in reliability(demo.labels(cases=120)).bins} == {36}  # 3 labels each
    assert [each.cases for each in reliability(demo.classes(cases=23)).bins] == [6, 6, 6, 5]
    assert len(reliability(demo.classes(cases=4)).bins) == 1


def test_groups_come_worst_first_with_the_scores_of_their_cases():
    groups = np.array(["b", "a", "c"])[np.arange(demo.CASES) % 3]
    for found in (demo.numbers(groups=groups), demo.classes(groups=groups)):
        scores = group_scores(found)
        main = CaseReport(found).main
        assert [each.cases for each in scores] == [40, 40, 40]
        for each in scores:
            own = found.scores("normcast", np.flatnonzero(groups == each.name))
            assert each.ours == pytest.approx(own[main])
        ours = [each.ours for each in scores]
        assert ours == sorted(ours, reverse=main == "MAE")


def test_the_hardest_are_the_largest_errors_each_number_in_its_spread():
    found = demo.numbers(outputs=2)
    values = found.told["normcast"].values.copy()
    values[17, 0] += 1000
    actual = found.actual * [1, 1e6]
    values[:, 1] *= 1e6
    assert hardest(replace(found, actual=actual, told={"normcast": Told(values, {})}))[0] == 17


def test_of_classes_only_those_told_wrongly_are_hard():
    found = demo.classes(0.97)
    wrong = np.flatnonzero(found.table["normcast"] != found.table["actual"])
    assert set(hardest(found)) <= set(wrong)
    assert len(hardest(demo.classes(1.0))) == 0


def test_zeros_before_a_shorter_series_are_not_drawn():
    found = demo.uneven(demo.numbers())
    assert series_of(found, 0).shape == (5, demo.CHANNELS)
    np.testing.assert_array_equal(series_of(found, 0), found.cases.x[0, -5:])
    assert series_of(found, 1).shape == (demo.STEPS, demo.CHANNELS)


def test_the_channels_that_vary_most_are_drawn():
    values = np.arange(12.0)[:, None] * [0, 5, 1, 4, 3, 2]
    assert channels_of(values) == [1, 3, 4, 5]
