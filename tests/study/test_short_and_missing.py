"""Short series and missing cells: a study reads of them what a forecaster reads, and says so as it does."""

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from normcast import Forecaster, Study, canary
from normcast.engine import ObservedLoss
from normcast.report import StudyReport, render
from normcast.study import Placement
from normcast.study.job import training_from_json
from normcast.study.placements import placements

from .ready import SMALL, small_study

H = 3  # of at most 39 rows a fold tests three, as one window of a back-test does


def weekly(*rows: int, holes: tuple[int, ...] = ()) -> pd.DataFrame:
    """Noisy weekly waves of so many rows each, that end together, without these rows of the first."""
    draws, parts = np.random.default_rng(0), []
    for number, n in enumerate(rows):
        y = np.sin(2 * np.pi * np.arange(n) / 7) + 0.2 * draws.normal(size=n) + number
        ds = pd.date_range(end="2024-03-31", periods=n)
        parts.append(pd.DataFrame({"unique_id": f"s{number}", "ds": ds, "y": y}))
    parts[0].loc[list(holes), "y"] = np.nan
    return pd.concat(parts, ignore_index=True)


TABLES = {
    "short": (weekly(39, 38, 36, 16, 12), {}),
    "missing": (weekly(39, 38, holes=(5, 20, 29, 30)), {"missing": "mask"}),
    "both": (weekly(39, 38, 36, 16, 12, holes=(5, 20, 29, 34)), {"missing": "mask"}),
}


def study_of(name, **settings):
    frame, how = TABLES[name]
    return small_study(data=frame, **{"h": H, "input_size": None, **how, **settings})


@pytest.mark.parametrize("name", TABLES)
def test_the_same_table_gives_a_forecaster_and_a_study_the_same_windows(name):
    frame, how = TABLES[name]
    forecaster = Forecaster(h=H, model=SMALL, epochs=1, seeds=1, level=(), minimum=None)
    forecaster.cross_validation(frame, n_windows=2, step_size=H, refit=False, progress=False, **how)
    learned, study = forecaster.backtest_.folds[0], study_of(name)
    task = study.subject.task
    assert task.sizes == learned.sizes
    assert task.sizes.padded == (name != "missing")
    for part in ("train", "valid"):
        ours, theirs = getattr(task.fold(0), part), learned.fold.batches(part)
        (own, target), (other, truth) = (each.at(np.arange(len(theirs))) for each in (ours, theirs))
        assert len(ours) == len(theirs)
        np.testing.assert_array_equal(own["past"], other["past"])
        np.testing.assert_array_equal(target, truth)
    assert study.subject.model.input_shape == learned.fitted.model.input_shape
    assert set(study.notes) <= set(forecaster.backtest_.panel.notes)
    assert any("under a mask" in note for note in study.notes) == (name != "missing")


@pytest.mark.parametrize("name", TABLES)
def test_the_canary_finds_no_leak(name):
    frame, how = TABLES[name]
    report = canary(study_of(name, placements=[Placement("raw", scaling="target only")]), frame, **how)
    assert report.passed, str(report)
    assert len(report.cutoffs) == 2


def test_a_study_of_both_is_trained_scored_and_told_with_its_baselines(tmp_path):
    study = study_of("both", store=tmp_path / "s.db", folds=1, axes=["input"])
    result = study.run(processes=1)
    assert all(np.isfinite(values).all() for values in result.scores.values())
    assert all(np.isfinite(fold["mase"]) for folds in result.baselines.values() for fold in folds)
    assert result.notes == study.notes
    page = render(StudyReport(result))
    assert "Notes on the data" in page
    assert "padded on the left under a mask</li>" in page
    again = study_of("both", store=tmp_path / "s.db", folds=1, axes=["input"])  # the same, made anew
    again.run(processes=1)


def test_a_norm_at_the_input_stands_behind_the_mark():
    model = SMALL.build(8, 1, 2, padded=True)
    for each in placements(model, axes=["input"]):
        arranged = each.applied(model)
        past = np.random.default_rng(0).normal(size=(2, 8, 2)).astype("float32")
        past[..., -1] = np.arange(8) >= 3
        other = past.copy()
        other[:, :3, 0] = 99.0
        np.testing.assert_array_equal(*(arranged.predict(x, verbose=0) for x in (past, other)))


def test_series_too_short_to_be_padded_are_refused_together_or_left_out():
    frame = weekly(39, 38, 10, 9)  # two folds leave 4 and 3 rows, and a padded window has 3 + 3
    with pytest.raises(ValueError, match=r"2 of 4 series cannot be used: 's2' has 10 rows \(4 before the f"):
        small_study(data=frame, h=H)
    study = small_study(data=frame, h=H, short="skip")
    assert study.subject.task.panel.ids == ("s0", "s1")
    assert "2 of 4 series left out, as asked (short=skip)" in study.notes[-1]
    with pytest.raises(ValueError, match=r"^Study: no short 'pad'"):
        small_study(data=frame, h=H, short="pad")


def net(loss):
    model = keras.Sequential([keras.Input((8, 1)), layers.LSTM(2, name="lstm"), layers.Dense(H)])
    model.compile("sgd", loss=loss)
    return model


def own_loss(y, told):
    return keras.ops.mean(keras.ops.abs(y - told), axis=-1)


@pytest.mark.parametrize(
    ("loss", "whole"),
    [("mse", False), (keras.losses.Huber(0.5), False), ("cosine_similarity", True), (own_loss, True)],
)
def test_a_loss_of_whole_windows_leaves_out_those_with_a_missing_target_and_says_so(loss, whole):
    frame, how = TABLES["missing"]
    study = Study(net(loss), frame, axes=["recurrent-dropout"], seeds=1, **how)
    assert isinstance(study.training.loss, ObservedLoss) == (not whole)
    assert study.subject.task.whole == whole
    assert any("windows with a missing target train nothing: the loss" in n for n in study.notes) == whole


def test_a_placement_with_a_loss_of_its_own_leaves_out_what_was_not_observed_too():
    study = study_of("missing", placements=[Placement("mae", training={"loss": "mae"})])
    job = study.plan.jobs(study.subject, [key for key in study.plan.keys if key.placement == "mae"], 1)[0]
    loss = training_from_json(job.training).loss
    assert isinstance(loss, ObservedLoss)
    assert "absolute" in loss.loss.name


def test_several_seasons_give_the_longest_to_a_baseline():
    study = small_study(season=[7, 28], seeds=1, epochs=1, axes=["recurrent-dropout"])
    assert study.facts["season"] == 7
    assert study.facts["longer seasons"] == [28]
    assert "longest season" in study.run(processes=1).baselines
