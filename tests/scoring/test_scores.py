import re

import numpy as np
import pandas as pd
import pytest
from utilsforecast import losses

from normcast.scoring import quantiles_of, score

KEYS = ("unique_id", "cutoff")
LEVELS = (80, 95)
BOUNDS = [("lo", 95, 0.025), ("lo", 80, 0.1), ("hi", 80, 0.9), ("hi", 95, 0.975)]


def backtest(seed=0, h=4):
    """Two series, three folds, two models with bounds and one without, in another order than sorted."""
    rng = np.random.default_rng(seed)
    rows = [
        {"unique_id": name, "cutoff": cutoff, "ds": cutoff + step, "y": 10 + 5 * rng.normal()}
        for cutoff in (100, 110, 120)
        for name in ("b", "a")
        for step in range(1, h + 1)
    ]
    frame = pd.DataFrame(rows)
    for model in ("normcast", "ridge", "bare"):
        frame[model] = frame["y"] + 3 * rng.normal(size=len(frame))
        for side, level, q in BOUNDS if model != "bare" else []:
            frame[f"{model}-{side}-{level}"] = frame[model] + 8 * (q - 0.5)
    keys = frame[["unique_id", "cutoff"]].drop_duplicates()
    return frame, keys.assign(scale=rng.uniform(1, 3, len(keys)))


def by_hand(rows, model, scale):
    """All metrics of one series and fold, in plain loops."""
    y, f = rows["y"].to_numpy(), rows[model].to_numpy()
    values = {
        "mae": sum(abs(a - b) for a, b in zip(y, f, strict=True)) / len(y),
        "mse": sum((a - b) ** 2 for a, b in zip(y, f, strict=True)) / len(y),
        "smape": sum(200 * abs(a - b) / (abs(a) + abs(b)) for a, b in zip(y, f, strict=True)) / len(y),
    }
    values |= {"mase": values["mae"] / scale, "rmse": values["mse"] ** 0.5}
    if model != "bare":
        pinball = 0.0
        for q, column in [(0.5, model), *((q, f"{model}-{side}-{level}") for side, level, q in BOUNDS)]:
            for actual, bound in zip(y, rows[column], strict=True):
                pinball += q * (actual - bound) if actual >= bound else (1 - q) * (bound - actual)
        values["scaled_crps"] = 2 * pinball / 5 / sum(abs(y))
        for level in LEVELS:
            inside = (rows[f"{model}-lo-{level}"] <= y) & (y <= rows[f"{model}-hi-{level}"])
            values[f"coverage-{level}"] = 100 * inside.sum() / len(y)
    return values


def value(table, **keys):
    for key, wanted in keys.items():
        table = table[table[key] == wanted]
    assert len(table) == 1
    return table["value"].item()


def test_every_score_of_every_fold_is_what_plain_loops_give():
    frame, scales = backtest()
    scores = score(frame, scales, LEVELS)
    seen = 0
    for (name, cutoff), rows in frame.groupby(["unique_id", "cutoff"]):
        scale = scales[(scales["unique_id"] == name) & (scales["cutoff"] == cutoff)]["scale"].item()
        for model in ("normcast", "ridge", "bare"):
            for metric, expected in by_hand(rows, model, scale).items():
                found = value(scores.folds, unique_id=name, cutoff=cutoff, model=model, metric=metric)
                assert found == pytest.approx(expected, rel=1e-12), (name, cutoff, model, metric)
                seen += 1
    assert seen == len(scores.folds)  # and nothing else, so no CRPS of a model without bounds


@pytest.mark.parametrize(
    ("levels", "models", "bounded", "metrics"),
    [
        (LEVELS, ["normcast", "ridge", "bare"], ["normcast", "ridge"], ["80", "95"]),
        ([80], ["ridge", "bare"], ["ridge"], ["80"]),
        ([], ["normcast", "bare"], [], []),
        (LEVELS, ["bare"], [], []),
    ],
)
def test_models_and_metrics_stand_in_the_order_given(levels, models, bounded, metrics):
    frame, scales = backtest()
    own = [column for column in frame if column in KEYS or column.split("-")[0] in models]
    scores = score(frame[[*own, "ds", "y"]], scales, levels)
    points = [(model, metric) for metric in ("mase", "mae", "mse", "rmse", "smape") for model in models]
    crps = [(model, "scaled_crps") for model in bounded]
    shares = [(model, f"coverage-{level}") for level in metrics for model in bounded]
    near = [(model, f"near-{level}") for model in bounded for level in metrics]
    wide, step = scores.overall, scores.by_step[scores.by_step["step"] == 2]
    assert list(zip(wide["model"], wide["metric"], strict=True)) == points + crps + shares + near
    assert list(zip(step["model"], step["metric"], strict=True)) == points + shares
    assert list(scores.by_cutoff) == ["cutoff", "model", "metric", "value"]


def test_the_order_of_the_rows_changes_no_score():
    frame, scales = backtest()
    expected = score(frame, scales, LEVELS)
    turned = score(frame[::-1].reset_index(drop=True), scales[::-1], LEVELS)
    for name in ("folds", "overall", "by_series", "by_cutoff", "by_step"):
        pd.testing.assert_frame_equal(getattr(turned, name), getattr(expected, name), rtol=1e-12)


def test_a_category_of_ids_that_no_row_has_is_not_scored():
    frame, scales = backtest()
    expected = score(frame, scales, LEVELS)
    kind = pd.CategoricalDtype(["a", "b", "nobody"])
    scores = score(frame.astype({"unique_id": kind}), scales.astype({"unique_id": kind}), LEVELS)
    for name in ("folds", "overall", "by_series", "by_cutoff", "by_step"):
        got = getattr(scores, name)
        got = got.astype({"unique_id": "str"}) if "unique_id" in got else got
        pd.testing.assert_frame_equal(got, getattr(expected, name), rtol=1e-12)


@pytest.mark.parametrize(
    ("table", "keys"), [("overall", []), ("by_series", ["unique_id"]), ("by_cutoff", ["cutoff"])]
)
def test_wider_scores_are_means_of_the_folds(table, keys):
    scores = score(*backtest(), LEVELS)
    wider = getattr(scores, table)
    for _, row in wider[~wider["metric"].str.startswith("near-")].iterrows():
        folds = scores.folds
        for key in [*keys, "model", "metric"]:
            folds = folds[folds[key] == row[key]]
        assert row["value"] == pytest.approx(np.mean(list(folds["value"])), rel=1e-12)


def test_scores_per_step_average_that_step_over_series_and_folds():
    frame, scales = backtest()
    scores = score(frame, scales, LEVELS)
    rows = frame.merge(scales, on=["unique_id", "cutoff"])
    rows = rows[rows["ds"] - rows["cutoff"] == 3]
    error = (rows["y"] - rows["ridge"]).abs()
    expected = {
        "mae": error.mean(),
        "mse": (error**2).mean(),
        "rmse": np.sqrt((error**2).mean()),
        "mase": (error / rows["scale"]).mean(),
        "coverage-80": 100 * ((rows["ridge-lo-80"] <= rows["y"]) & (rows["y"] <= rows["ridge-hi-80"])).mean(),
    }
    for metric, slow in expected.items():
        assert value(scores.by_step, step=3, model="ridge", metric=metric) == pytest.approx(slow, rel=1e-12)
    assert sorted(scores.by_step["step"].unique()) == [1, 2, 3, 4]


def test_mase_is_that_of_utilsforecast_when_the_scales_come_from_the_same_rows():
    frame, _ = backtest()
    rng = np.random.default_rng(1)
    history = pd.concat(
        pd.DataFrame({"unique_id": name, "ds": np.arange(130), "y": rng.normal(size=130)})
        for name in ("a", "b")
    )
    rows = []
    for name, cutoff in frame[["unique_id", "cutoff"]].drop_duplicates().itertuples(index=False):
        y = history[(history["unique_id"] == name) & (history["ds"] <= cutoff)]["y"].to_numpy()
        rows.append({"unique_id": name, "cutoff": cutoff, "scale": np.abs(y[7:] - y[:-7]).mean()})
    theirs = losses.mase(frame, ["ridge"], seasonality=7, train_df=history)
    ours = score(frame, pd.DataFrame(rows), LEVELS).folds
    for _, row in theirs.iterrows():
        found = value(ours, unique_id=row["unique_id"], cutoff=row["cutoff"], model="ridge", metric="mase")
        assert found == pytest.approx(row["ridge"], rel=1e-12)


def test_a_zero_or_missing_scale_gives_nan_a_note_and_no_share_in_the_mean():
    frame, scales = backtest()
    scales.loc[scales["unique_id"] == "a", "scale"] = [0.0, np.nan, 0.0]
    frame.loc[frame["unique_id"] == "a", "y"] *= -1  # errors across zero would be infinite, not NaN
    scores = score(frame, scales, LEVELS)
    assert np.isnan(value(scores.by_series, unique_id="a", model="ridge", metric="mase"))
    overall = value(scores.overall, model="ridge", metric="mase")
    assert overall == pytest.approx(value(scores.by_series, unique_id="b", model="ridge", metric="mase"))
    assert any("MASE leaves out 3 of 6 forecasts (a)" in note for note in scores.notes)


def test_a_fold_whose_scale_is_not_given_has_all_other_scores():
    frame, scales = backtest()
    without, full = score(frame, scales[1:], LEVELS), score(frame, scales, LEVELS)
    changed = (
        (full.folds["unique_id"] == "b") & (full.folds["cutoff"] == 100) & (full.folds["metric"] == "mase")
    )
    assert changed.sum() == 3
    pd.testing.assert_frame_equal(without.folds, full.folds.assign(value=full.folds["value"].mask(changed)))


def test_notes_count_folds_once_and_name_five_series():
    names = list("gfedcba")
    frame = pd.DataFrame(
        {"unique_id": [*names, "a"], "cutoff": 1, "ds": [2] * 7 + [3], "y": [0.0] * 7 + [np.nan]}
    )
    frame = frame.assign(**dict.fromkeys(["m", "m-lo-80", "m-hi-80", "n", "n-lo-80", "n-hi-80"], 1.0))
    scales = pd.DataFrame({"unique_id": names, "cutoff": 1, "scale": 0.0})
    assert score(frame, scales, [80]).notes == (
        "1 of 8 back-test rows have no observed value; not scored.",
        "MASE leaves out 7 of 7 forecasts (a, b, c, d, e and 2 more): before the cutoff nothing changes from "
        "season to season, so the MASE scale is zero.",
        "scaled CRPS leaves out 7 of 7 forecasts (a, b, c, d, e and 2 more): the values are zero throughout "
        "the fold.",
    )


def test_a_fold_of_zeros_has_no_scaled_crps_and_says_so():
    frame, scales = backtest()
    frame.loc[(frame["unique_id"] == "b") & (frame["cutoff"] == 110), "y"] = 0.0
    scores = score(frame, scales, LEVELS)
    assert np.isnan(value(scores.folds, unique_id="b", cutoff=110, model="ridge", metric="scaled_crps"))
    assert any("scaled CRPS leaves out 1 of 6 forecasts (b)" in note for note in scores.notes)


def test_rows_without_an_observed_value_are_left_out_and_noted():
    frame, scales = backtest()
    frame.loc[2, "y"] = np.nan
    scores = score(frame, scales, LEVELS)
    rows = frame[(frame["unique_id"] == "b") & (frame["cutoff"] == 100)].dropna()
    assert value(scores.folds, unique_id="b", cutoff=100, model="bare", metric="mae") == pytest.approx(
        (rows["y"] - rows["bare"]).abs().mean()
    )
    assert scores.notes == ("1 of 24 back-test rows have no observed value; not scored.",)


def test_smape_is_bounded_by_200_percent_and_zero_where_both_are_zero():
    frame = pd.DataFrame({"unique_id": "a", "cutoff": 0, "ds": [1, 2], "y": [0.0, -3.0], "m": [0.0, 3.0]})
    scores = score(frame, pd.DataFrame({"unique_id": ["a"], "cutoff": [0], "scale": [1.0]}), [])
    assert value(scores.overall, model="m", metric="smape") == 100.0


def test_a_model_with_a_forecast_that_is_no_number_is_refused():
    frame, scales = backtest()
    frame.loc[[5, 9], "ridge-lo-80"] = np.inf, np.nan
    message = (
        "score: frame: column 'ridge-lo-80' has 2 values that are NaN or infinite, the first in series 'a' "
        "at 102 (cutoff 100); a model is scored only on finite forecasts."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        score(frame, scales, LEVELS)


@pytest.mark.parametrize("column", ["unique_id", "cutoff", "ds", "y"])
def test_a_missing_column_is_named(column):
    frame, scales = backtest()
    with pytest.raises(ValueError, match=f"^score: frame: no column '{column}'; columns are "):
        score(frame.drop(columns=column), scales, LEVELS)


@pytest.mark.parametrize("column", ["unique_id", "cutoff", "scale"])
def test_a_missing_column_of_the_scales_is_named(column):
    frame, scales = backtest()
    with pytest.raises(ValueError, match=f"^score: scales: no column '{column}'; columns are "):
        score(frame, scales.drop(columns=column), LEVELS)


def test_the_quantiles_scored_are_those_of_the_levels():
    assert [q for *_, q in BOUNDS[:2]] + [0.5] + [q for *_, q in BOUNDS[2:]] == list(quantiles_of(LEVELS))


@pytest.mark.parametrize("name", ["scale", "step", "value", "model", "metric"])
def test_a_model_may_be_called_as_a_column_of_the_scores(name):
    frame, scales = backtest()
    own = "normcast"
    told = {each: each.replace(own, name, 1) for each in frame if each.split("-")[0] == own}
    plain, renamed = score(frame, scales, [80]), score(frame.rename(columns=told), scales, [80])
    for table in ("folds", "overall", "by_series", "by_cutoff", "by_step"):
        expected = getattr(plain, table).replace({"model": {own: name}})
        pd.testing.assert_frame_equal(getattr(renamed, table), expected)
