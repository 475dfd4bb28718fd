import time

import numpy as np
import pytest
from scipy import stats

from normcast.scoring import class_scores, number_scores, score_interval

DRAWS = 400


def mean_of(values):
    return lambda places: {"mean": float(values[places].mean())}


def test_the_interval_of_a_mean_is_the_percentile_interval_of_scipy():
    values = np.random.default_rng(0).gamma(2, size=200)
    low, high = score_interval(mean_of(values), 200, draws=4000, level=90)["mean"]
    scipys = stats.bootstrap(
        (values,), np.mean, n_resamples=4000, confidence_level=0.9, method="percentile", rng=1
    ).confidence_interval
    # Two times 4000 draws: the bounds differ by chance, by some hundredths of their distance.
    np.testing.assert_allclose([low, high], scipys, atol=0.05 * (scipys.high - scipys.low))


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(1)
    held = []
    for _ in range(200):
        low, high = score_interval(mean_of(rng.normal(size=60)), 60, draws=200, level=80)["mean"]
        held.append(low <= 0 <= high)
    assert 0.7 < np.mean(held) < 0.9  # 3.5 standard errors of 200 tosses at 0.8


def test_whole_groups_are_drawn():
    groups = np.array(["b", "a", "b", "c", "a", "b"])
    seen = []

    def scorer(places):
        names, counts = np.unique(groups[places], return_counts=True)
        for name, count in zip(names, counts, strict=True):
            own = np.flatnonzero(groups == name)
            assert count % len(own) == 0
            np.testing.assert_array_equal(
                np.sort(places[groups[places] == name]), np.sort(np.tile(own, count // len(own)))
            )
        seen.append(sum(counts / [(groups == name).sum() for name in names]))
        return {"n": float(len(places))}

    low, high = score_interval(scorer, groups, draws=DRAWS)["n"]
    assert set(seen) == {3.0}  # as many groups as there are
    assert (low, high) == (3, 9)  # at the ends three times the one case of c, or the three of b


def test_groups_of_like_cases_make_wider_intervals_and_groups_of_one_the_same():
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(20), 10)
    values = rng.normal(size=20)[groups] + 0.1 * rng.normal(size=200)
    widths = [np.diff(score_interval(mean_of(values), g, draws=DRAWS)["mean"])[0] for g in (200, groups)]
    assert widths[1] > 2 * widths[0]
    alone = score_interval(mean_of(values), np.arange(200), draws=DRAWS)
    assert alone == score_interval(mean_of(values), 200, draws=DRAWS)


def test_a_seed_gives_the_same_interval_and_another_seed_another():
    values = np.random.default_rng(3).normal(size=50)
    first, again, other = (score_interval(mean_of(values), 50, DRAWS, seed=seed) for seed in (0, 0, 1))
    assert first == again != other


def test_a_higher_level_is_wider():
    values = np.random.default_rng(4).normal(size=50)
    inner, outer = (score_interval(mean_of(values), 50, DRAWS, level)["mean"] for level in (50, 95))
    assert outer[0] < inner[0] < inner[1] < outer[1]


def test_draws_without_a_score_are_left_out_and_all_of_them_make_nan():
    labels = np.array([0] * 7 + [1])
    sure = np.random.default_rng(5).dirichlet([1, 1], size=8)

    def scorer(places):
        area = class_scores(labels[places], np.arange(2), sure[places])["ROC AUC"]
        return {"area": area, "none": float("nan")}

    found = score_interval(scorer, 8, draws=DRAWS)
    assert 0 <= found["area"][0] <= found["area"][1] <= 1
    assert np.isnan(found["none"]).all()


@pytest.mark.parametrize("one", [1, np.zeros(9)])
def test_a_single_case_or_group_has_no_interval(one):
    assert np.isnan(score_interval(mean_of(np.arange(9.0)), one, draws=5)["mean"]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "no cases to draw from"),
        ((np.zeros(0),), "no cases to draw from"),
        ((5, 0), "draws must be a whole number of at least 1, but is 0"),
        ((5, 10, 0.95), "did you mean 95"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        score_interval(mean_of(np.arange(5.0)), *arguments)


def test_a_thousand_draws_of_a_thousand_cases_take_no_more_than_seconds():
    rng = np.random.default_rng(6)
    labels, sure = rng.integers(5, size=1000), rng.dirichlet(np.ones(5), size=1000)
    actual, predicted = rng.normal(size=(2, 1000))
    bounds = {80: np.stack([predicted - 1, predicted + 1], axis=-1)}
    started = time.perf_counter()
    score_interval(lambda i: class_scores(labels[i], np.arange(5), sure[i]), 1000)
    score_interval(lambda i: number_scores(actual[i], predicted[i], {80: bounds[80][i]}), 1000)
    assert time.perf_counter() - started < 10  # about 1 on an idle core
