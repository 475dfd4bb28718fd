"""What the page says, against the values it was given."""

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from normcast.data import Panel
from normcast.pages.charts import forecast_chart
from normcast.pages.drawing import inline_svg
from normcast.report import LearningCurve, SplitPart
from normcast.report.of_forecast import charts, tables
from normcast.report.of_forecast.reading import SHOWN_HORIZONS, history_of
from normcast.report.of_forecast.sections import forecast_page
from normcast.report.of_forecast.selection import chosen, tail
from normcast.report.of_forecast.timeline import timeline
from normcast.report.of_forecast.trust import opening
from normcast.report.of_forecast.verdict import compare, judge
from normcast.scoring import Scores, score


def scored(**folds) -> Scores:
    """Scores of models whose error is one number per fold; one series, one step, MASE scale 1."""
    count = len(next(iter(folds.values())))
    rows = [
        {"unique_id": "a", "cutoff": k, "ds": k + 1, "y": 10.0} | {m: 10 + e[k] for m, e in folds.items()}
        for k in range(count)
    ]
    scales = pd.DataFrame({"unique_id": "a", "cutoff": range(count), "scale": 1.0})
    return score(pd.DataFrame(rows), scales, [])


def texts(table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_the_interval_is_that_of_a_paired_t_test_over_folds():
    ours, theirs = [1.0, 1.2, 0.9, 1.1], [1.3, 1.35, 1.25, 1.2]
    (comparison,) = compare(scored(normcast=ours, ridge=theirs), "normcast")
    oracle = stats.ttest_1samp(np.subtract(ours, theirs), 0).confidence_interval(0.95)
    assert (comparison.low, comparison.high) == pytest.approx((oracle.low, oracle.high))
    assert (comparison.won, comparison.folds, comparison.outcome) == (4, 4, "better")
    assert comparison.change == pytest.approx(1.05 / 1.275 - 1)


@pytest.mark.parametrize(
    ("ours", "theirs", "tone", "answer"),
    [
        (
            [1.0, 1.01, 0.99],
            [2.0, 2.02, 1.99],
            "yes",
            "Yes: the error of normcast is 50 % below that of ridge",
        ),
        (
            [2.0, 2.02, 1.99],
            [1.0, 1.01, 0.99],
            "no",
            "No: the error of normcast is 100 % above that of ridge",
        ),
        (
            [1.0, 2.0, 1.5],
            [1.5, 1.4, 1.75],
            "open",
            "No winner inside the noise: the error of normcast is 3 % below",
        ),
        (
            [1.0],
            [2.0],
            "open",
            "Not proven: on the one fold tested, the error of normcast is 50 % below that of ridge",
        ),
        (
            [1.0, 1.0],
            [1.0, 1.0],
            "open",
            "A draw: the error of normcast is that of ridge",
        ),
    ],
)
def test_the_first_sentence_claims_no_more_than_the_folds_show(ours, theirs, tone, answer):
    verdict = judge(scored(normcast=ours, ridge=theirs, drift=[5.0] * len(ours)), "normcast")
    assert verdict.tone == tone
    assert verdict.answer.startswith(answer)


def test_a_model_that_is_its_baseline_but_for_rounding_is_a_draw_and_wins_nothing():
    ours = [1.0, 1.2, 0.9]
    scores = scored(normcast=ours, ridge=[error * (1 + 1e-6) for error in ours])
    (comparison,) = compare(scores, "normcast")
    assert (comparison.won, comparison.low, comparison.high) == (0, 0, 0)
    verdict = judge(scores, "normcast")
    assert verdict.answer == "A draw: the error of normcast is that of ridge, the best simple baseline."
    assert verdict.detail.endswith("The two agree in every fold.")
    board = tables.scoreboard(scores, ["normcast", "ridge"], [])
    assert [row[1].best for row in board.rows] == [True, True]
    assert tables.duels([comparison], "normcast", "mase").rows[0][1].text == "0.0 %"


def test_the_answer_is_about_the_best_baseline_and_names_the_others_too():
    scores = scored(normcast=[1.0, 1.01, 0.99], drift=[4.0, 4.1, 4.0], ridge=[2.0, 2.02, 1.99])
    verdict = judge(scores, "normcast")
    assert "MASE 1.00 against 2.00" in verdict.detail
    assert "75 % below that of drift (clearly)" in verdict.detail


def test_without_a_scale_the_answer_falls_back_to_the_absolute_error():
    rows = pd.DataFrame(
        {"unique_id": "a", "cutoff": [0, 1], "ds": [1, 2], "y": 1.0, "normcast": 1.5, "drift": 3.0}
    )
    scores = score(rows, pd.DataFrame({"unique_id": "a", "cutoff": [0, 1], "scale": 0.0}), [])
    assert "MAE 0.50 against 2.00" in judge(scores, "normcast").detail.replace("0.500", "0.50").replace(
        "2.000", "2.00"
    )


def test_the_scoreboard_prints_every_score_and_marks_the_best(weather):
    table = tables.scoreboard(weather.scores, tables.models_in(weather), weather.levels)
    assert table.head == (
        "model",
        "MASE",
        "MAE",
        "MSE",
        "RMSE",
        "sMAPE, %",
        "scaled CRPS",
        "inside 80 %",
        "inside 95 %",
        "series near 80 %",
        "series near 95 %",
    )
    overall = weather.scores.overall.set_index(["model", "metric"])["value"]
    for row in table.rows:
        assert float(row[1].text) == pytest.approx(overall[row[0].text, "mase"], abs=6e-4)
        assert float(row[8].text.removesuffix(" %")) == pytest.approx(
            overall[row[0].text, "coverage-95"], abs=0.06
        )
    assert [row[1].best for row in table.rows] == [True, False, False, False]  # sorted by it


def test_the_best_coverage_is_the_one_nearest_its_level(many):
    table = tables.scoreboard(many.scores, tables.models_in(many), many.levels)
    wide = many.scores.overall.pivot_table(index="model", columns="metric", values="value")
    distance = (wide["coverage-80"] - 80).abs()
    assert [row[0].text for row in table.rows if row[7].best] == [distance.idxmin()]
    assert distance.idxmin() != wide["coverage-80"].idxmin()


def test_many_series_show_the_worst_and_the_best_ten(many):
    worst, best = tables.series_tables(many.scores, "normcast", "ridge")
    mine = many.scores.by_series.query("model == 'normcast' and metric == 'mase'").dropna()
    order = mine.sort_values("value")["unique_id"].tolist()
    assert [row[0].text for row in worst.rows] == order[::-1][:10]
    assert [row[0].text for row in best.rows] == order[:10]


def test_of_many_series_those_drawn_reach_from_the_best_to_the_worst(many):
    mine = many.scores.by_series.query("model == 'normcast' and metric == 'mase'").dropna()
    order = mine.sort_values("value")["unique_id"].tolist()
    assert chosen(many) == [order[i] for i in (0, 6, 11, 17, 22, 28)]


def test_the_forecast_comes_first_and_every_step_of_every_series_is_in_a_table(weather, many):
    for report, tables_of in ((weather, 2), (many, 1)):
        first = forecast_page(report).sections[0]
        assert (first.key, first.folded, len(first.tables)) == ("forecast", "", tables_of)
        printed = [row for table in first.tables for row in texts(table)]
        assert all(table.tall for table in first.tables)
        assert len(printed) == len(report.forecast)
        bare = [f"{value:.1f}" for value in report.forecast["normcast"]]
        assert [f"{float(row[-5].replace(chr(8722), '-')):.1f}" for row in printed] == pytest.approx(bare)
    assert [row[0] for row in printed] == many.forecast["unique_id"].tolist()


def test_of_a_long_forecast_the_first_steps_of_each_series_are_printed(weather, monkeypatch):
    monkeypatch.setattr(tables, "MOST_ROWS", 10)
    shown = tables.forecast_tables(weather, apart=6)
    assert [(table.caption, len(table.rows)) for table in shown] == [
        ("Forecast of New York: the first 5 of 14 steps", 5),
        ("Forecast of Seattle: the first 5 of 14 steps", 5),
    ]


def test_the_page_opens_with_what_the_forecasts_missed_by_and_what_their_intervals_held(weather, many):
    assert opening(weather).answer == judge(weather.scores, "normcast").answer
    assert opening(weather).detail.startswith(
        "At 5 cutoffs in the past, normcast was nearer to what came than"
    )
    assert "% intervals of normcast" in opening(many).detail
    one = weather.backtest[weather.backtest["unique_id"] == "Seattle"]
    scales = one[["unique_id", "cutoff"]].drop_duplicates().assign(scale=1.0)
    lone = replace(
        weather, series=weather.series.tail(1), backtest=one, scores=score(one, scales, weather.levels)
    )
    missed = np.abs(one["normcast"] - one["y"]).mean()
    assert f"normcast missed by {missed:.2f} on average" in opening(lone).detail


def test_the_evidence_stands_with_the_scoreboard_and_every_model_is_explained(weather):
    board = next(each for each in forecast_page(weather).sections if each.key == "scores")
    assert board.text[1] == judge(weather.scores, "normcast").detail
    assert {"fold, cutoff", "normcast", "drift", "ridge", "MASE"} <= {word for word, _ in board.terms}


def test_the_history_of_a_fold_ends_at_its_cutoff(weather):
    cutoff = weather.backtest["cutoff"].min()
    rows = tail(weather, "Seattle", cutoff)
    assert rows["ds"].max() == cutoff
    assert len(rows) == 3 * weather.h


def test_rows_before_the_first_cutoff_are_shown_however_far_apart_the_cutoffs_are():
    days = pd.date_range("2024-01-01", periods=200)
    panel = Panel.from_frame(
        pd.DataFrame({"unique_id": np.repeat(["a", "b"], 200), "ds": [*days, *days], "y": np.arange(400.0)})
    )
    folds = [SimpleNamespace(rows=panel.lengths - behind) for behind in (150, 80, 10)]
    history = history_of(panel, SimpleNamespace(panel=panel, folds=folds), h=5)
    known = history[history["ds"] <= days[49]]
    assert known.groupby("unique_id")["ds"].count().tolist() == [SHOWN_HORIZONS * 5] * 2
    assert len(history_of(panel, None, h=5)) == SHOWN_HORIZONS * 5 * 2


def test_a_forecast_is_drawn_from_the_last_observed_value_through_every_step(weather):
    ahead = weather.forecast.query("unique_id == 'Seattle'")
    spec = forecast_chart(tail(weather, "Seattle"), ahead, "normcast", weather.levels)
    wide, narrow, observed, line, points = spec["layer"]
    assert [row["y"] for row in line["data"]["values"][1:]] == ahead["normcast"].tolist()
    assert line["data"]["values"][0] == observed["data"]["values"][-1]
    assert [row["y"] for row in wide["data"]["values"]] == ahead["normcast-lo-95"].tolist()
    assert [row["y2"] for row in narrow["data"]["values"]] == ahead["normcast-hi-80"].tolist()
    assert points["data"]["values"][0]["text"].startswith("2016-01-01: forecast ")


def test_stamps_are_drawn_as_the_clock_showed_them():
    ds = pd.Series(pd.date_range("2020-03-29", periods=4, freq="h", tz="Europe/Paris"))  # 02:00 is left out
    frame = pd.DataFrame({"ds": ds, "y": 1.0, "m": 1.0})
    line = forecast_chart(frame, frame, "m", [])["layer"][0]
    assert [row["x"][11:16] for row in line["data"]["values"]] == ["00:00", "01:00", "03:00", "04:00"]


def test_the_best_epoch_is_marked_where_its_validation_loss_is():
    curve = LearningCurve(0, "fold 1", loss=(0.9, 0.5, 0.4), val_loss=(1.0, 0.8, 0.6, 0.7), best_epoch=2)
    train, valid, dot = charts.curve_chart([curve])["layer"]
    assert [row["x"] for row in train["data"]["values"]] == [1, 2, 3]
    assert [row["x"] for row in valid["data"]["values"]] == [0, 1, 2, 3]
    assert dot["data"]["values"][0]["y"] == 0.6
    without_start = replace(curve, val_loss=(0.8, 0.6, 0.7))
    assert charts.curve_chart([without_start])["layer"][2]["data"]["values"][0]["y"] == 0.6


def test_a_training_run_that_ran_away_is_drawn_with_a_gap():
    loss = (np.float32(0.5), float("inf"), float("nan"))
    curve = LearningCurve(0, "fold 1", loss=loss, val_loss=loss, best_epoch=1)
    spec = charts.curve_chart([curve])
    assert [row["y"] for row in spec["layer"][0]["data"]["values"]] == [0.5, None, None]
    assert "best epoch 1" in inline_svg(spec, "Loss by epoch")


def test_epochs_are_counted_to_the_end_of_the_longest_run():
    runs = [LearningCurve(seed, "f", (1.0,) * n, (1.0,) * n, 1) for seed, n in enumerate((9, 30))]
    axes = [layer["encoding"]["x"]["axis"]["values"] for layer in charts.curve_chart(runs)["layer"][:2]]
    assert axes[0] == axes[1] == [0, 5, 10, 15, 20, 25, 30]


def test_bars_of_the_split_follow_each_other_and_end_with_the_test(weather):
    drawn = timeline(weather.split)
    assert [fold for fold, _ in drawn.rows] == [f"fold {k}" for k in range(1, 6)]
    for _, bars in drawn.rows:
        assert [bar.part for bar in bars] == ["train", "validation", "calibration", "test"]
        assert bars[0].left == 0
        assert bars[0].faded
        assert all(a.left + a.width <= b.left + 0.5 for a, b in pairwise(bars))
    last = drawn.rows[-1][1][-1]
    assert last.left + last.width == pytest.approx(100, abs=0.5)
    assert drawn.began == "2012-01-01"


def test_bars_of_a_counted_split_and_of_a_single_row_can_be_seen():
    parts = [SplitPart("fold 1", "train", 0, 97), SplitPart("fold 1", "validation", 98, 98)]
    drawn = timeline([*parts, SplitPart("fold 1", "test", 99, 99)])
    assert all(bar.width > 0.3 for bar in drawn.rows[0][1])
    assert timeline([]) is None


def test_settings_versions_and_code_are_printed(weather):
    sections = {section.key: section for section in forecast_page(weather).sections}
    assert ["level", "80, 95"] in texts(sections["settings"].tables[0])
    assert ["jax", "0.10.2"] in texts(sections["settings"].tables[1])
    assert ["together", "1 min 30 s"] in texts(sections["settings"].tables[2])
    assert dict(sections["again"].code)["Command line"] == weather.command


def test_a_missing_column_or_half_a_back_test_is_refused(weather):
    with pytest.raises(ValueError, match="ForecastReport: history: no column 'ds'"):
        replace(weather, history=weather.history.rename(columns={"ds": "date"}))
    with pytest.raises(ValueError, match="backtest and scores belong together"):
        replace(weather, scores=None)
    with pytest.raises(ValueError, match=r"SplitPart: no part 'valid'; .* Did you mean 'validation'"):
        SplitPart("fold 1", "valid", 0, 1)
