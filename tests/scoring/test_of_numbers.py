import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from normcast.scoring import number_scores, quantiles_of, score
from normcast.scoring.quantiles import level_columns

SEEDS = st.integers(0, 2**16)


def drawn(seed, shape=(40,)):
    rng = np.random.default_rng(seed)
    actual = rng.normal(3, 2, size=shape)
    predicted = actual + rng.normal(0.1, 1, size=shape)
    intervals = {
        level: np.stack([predicted - width, predicted + width], axis=-1)
        for level, width in ((80, 1.2 * rng.random(shape)), (95, 2 * rng.random(shape)))
    }
    return actual, predicted, intervals


@pytest.mark.parametrize("shape", [(40,), (40, 1), (40, 3), (40, 5, 2)])
def test_errors_and_r2_are_those_of_scikit_learn(shape):
    actual, predicted, _ = drawn(1, shape)
    scores = number_scores(actual, predicted)
    flat = actual.reshape(40, -1), predicted.reshape(40, -1)
    expected = {
        "MAE": metrics.mean_absolute_error(*flat),
        "RMSE": metrics.mean_squared_error(*flat) ** 0.5,
        "R2": metrics.r2_score(*flat, multioutput="variance_weighted"),
    }
    assert scores == pytest.approx(expected, rel=1e-12)


def test_scrps_and_coverage_are_those_of_a_back_test_with_the_same_rows():
    actual, predicted, intervals = drawn(2)
    frame = pd.DataFrame({"unique_id": "a", "cutoff": 0, "ds": range(1, 41), "y": actual})
    columns = [intervals[95][:, 0], intervals[80][:, 0], predicted, intervals[80][:, 1], intervals[95][:, 1]]
    frame = frame.assign(**dict(zip(level_columns("m", [80, 95]), columns, strict=True)))
    scales = pd.DataFrame({"unique_id": ["a"], "cutoff": [0], "scale": [1.0]})
    table = score(frame, scales, [80, 95]).overall.set_index("metric")["value"]
    scores = number_scores(actual, predicted, intervals)
    assert scores["sCRPS"] == pytest.approx(table["scaled_crps"], rel=1e-9)
    for level in (80, 95):
        assert scores[f"coverage-{level}"] == pytest.approx(table[f"coverage-{level}"], rel=1e-12)


def test_scrps_is_the_pinball_loss_of_scikit_learn_over_the_mean_size():
    actual, predicted, intervals = drawn(3)
    columns = [intervals[95][:, 0], intervals[80][:, 0], predicted, intervals[80][:, 1], intervals[95][:, 1]]
    losses = [
        metrics.mean_pinball_loss(actual, column, alpha=quantile)
        for column, quantile in zip(columns, quantiles_of([80, 95]), strict=True)
    ]
    scores = number_scores(actual, predicted, intervals)
    assert scores["sCRPS"] == pytest.approx(2 * np.mean(losses) / np.abs(actual).mean(), rel=1e-12)


def test_names_stand_in_order_with_the_levels_ascending_and_no_scrps_without_intervals():
    actual, predicted, intervals = drawn(4)
    turned = {95: intervals[95], 80.0: intervals[80]}
    assert list(number_scores(actual, predicted, turned)) == [
        *("MAE", "RMSE", "R2", "sCRPS", "coverage-80", "coverage-95")
    ]
    assert list(number_scores(actual, predicted)) == ["MAE", "RMSE", "R2"]


def test_a_perfect_prediction_has_no_error_and_the_mean_an_r2_of_zero():
    actual, _, _ = drawn(5, (30, 2))
    assert number_scores(actual, actual) == {"MAE": 0, "RMSE": 0, "R2": 1}
    mean = np.broadcast_to(actual.mean(axis=0), actual.shape)
    assert number_scores(actual, mean)["R2"] == pytest.approx(0, abs=1e-12)


def test_r2_leaves_out_numbers_that_never_change_and_is_nan_where_none_does():
    actual, predicted, _ = drawn(6, (30, 2))
    actual[:, 1] = 0.1  # its mean over 30 cases is not 0.1 to the last bit
    alone = number_scores(actual[:, 0], predicted[:, 0])["R2"]
    assert number_scores(actual, predicted)["R2"] == pytest.approx(alone, rel=1e-12)
    assert np.isnan(number_scores(actual[:, 1], predicted[:, 1])["R2"])
    assert np.isnan(number_scores(actual[:1], predicted[:1])["R2"])


def test_scrps_is_nan_where_all_that_came_is_zero():
    _, predicted, intervals = drawn(7)
    assert np.isnan(number_scores(np.zeros(40), predicted, intervals)["sCRPS"])


def test_bounds_belong_to_the_interval():
    actual = np.array([1.0, 2.0, 3.0])
    bounds = np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]])
    assert number_scores(actual, actual, {50: bounds})["coverage-50"] == pytest.approx(200 / 3)


def test_whole_numbers_are_scored_as_they_are():
    assert number_scores(np.array([1, 2, 4]), np.array([1.0, 2.0, 3.0]))["MAE"] == pytest.approx(1 / 3)


@given(seed=SEEDS, factor=st.floats(0.1, 50))
def test_another_unit_scales_errors_and_leaves_the_rest(seed, factor):
    actual, predicted, intervals = drawn(seed)
    scores = number_scores(actual, predicted, intervals)
    scaled = number_scores(factor * actual, factor * predicted, {80: factor * intervals[80]})
    expected = {**scores, **number_scores(actual, predicted, {80: intervals[80]})}
    for name in ("R2", "sCRPS"):
        assert scaled[name] == pytest.approx(expected[name], rel=1e-9)
    for name in ("MAE", "RMSE"):
        assert scaled[name] == pytest.approx(factor * expected[name], rel=1e-9)


@given(seed=SEEDS)
def test_the_order_of_cases_does_not_matter_and_two_copies_score_as_one(seed):
    actual, predicted, intervals = drawn(seed, (20, 2))
    scores = number_scores(actual, predicted, intervals)
    order = np.random.default_rng(seed).permutation(20)
    for places in (order, np.tile(order, 2)):
        bounds = {level: each[places] for level, each in intervals.items()}
        # another order of adding up changes the last bits
        assert number_scores(actual[places], predicted[places], bounds) == pytest.approx(scores, rel=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"actual": np.zeros(0), "predicted": np.zeros(0)}, r"actual \(0,\) holds no numbers"),
        ({"intervals": {0.8: np.zeros((2, 2))}}, "0.8 is outside"),
        ({"predicted": np.array([1.0, np.nan])}, "predicted has 1 values .* first in case 1"),
        ({"actual": np.array([np.inf, 1.0])}, "actual has 1 values .* first in case 0"),
        ({"intervals": {80: np.array([[0.0, 1.0], [np.nan, 1.0]])}}, "interval 80 has 1 values"),
    ],
)
def test_what_cannot_be_scored_is_refused(change, message):
    given = {"actual": np.array([1.0, 2.0]), "predicted": np.array([1.0, 2.0])}
    with pytest.raises(ValueError, match=message):
        number_scores(**{**given, **change})


def test_shapes_that_do_not_fit_are_refused_with_both_of_them():
    told = number_scores.__wrapped__ if hasattr(number_scores, "__wrapped__") else number_scores
    with pytest.raises(ValueError, match=r"predicted is \(2, 1\), but actual \(2,\) needs \(2,\)"):
        told(np.zeros(2), np.zeros((2, 1)))
    with pytest.raises(ValueError, match=r"interval 80 is \(2,\), but actual \(2,\) needs \(2, 2\)"):
        told(np.zeros(2), np.zeros(2), {80: np.zeros(2)})
