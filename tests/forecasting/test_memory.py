"""What a forecaster holds on to: nothing of a fold that was scored, and one reading of a table."""

import gc
import pickle
import sys
import weakref

import numpy as np
import pandas as pd
import pytest

from normcast import Forecaster, Panel
from normcast.cli import run
from tests.forecasting.conftest import waves

QUICK = {"h": 3, "input_size": 14, "level": (80,), "model": "ridge"}


@pytest.fixture
def learned(monkeypatch):
    """What each fold held while it was learned; no fold may find another's still there."""
    module = sys.modules["normcast.forecasting.backtest"]
    learn, before = module.learn, []

    def learning(*arguments, **named):
        gc.collect()
        assert not any(held() is not None for held, _ in before), "a scored fold still holds its columns"
        found = learn(*arguments, **named)
        past, start = found.fold.scaled.past, found.fold.split.train.start
        before.append((weakref.ref(found.fold.scaled), (past.copy(), start.copy())))
        return found

    monkeypatch.setattr(module, "learn", learning)
    return before


def test_a_fold_that_was_scored_holds_no_columns_beside_the_next_and_gives_them_again(frame, learned):
    forecaster = Forecaster(**QUICK)
    forecaster.cross_validation(frame, n_windows=3, progress=False)
    gc.collect()
    assert len(learned) == 3
    assert not any(held() is not None for held, _ in learned)
    for fold, (_, (past, start)) in zip(forecaster.backtest_.folds, learned, strict=True):
        np.testing.assert_array_equal(fold.fold.scaled.past, past)
        np.testing.assert_array_equal(fold.fold.split.train.start, start)
        np.testing.assert_array_equal(fold.fold.rows, fold.rows)
        assert fold.fold.sizes == fold.sizes


def test_what_was_learned_can_be_sent_to_another_process(frame):
    forecaster = Forecaster(**QUICK).fit(frame, progress=False)
    forecaster.cross_validation(frame, n_windows=2, progress=False)
    again = pickle.loads(pickle.dumps(forecaster))
    pd.testing.assert_frame_equal(again.predict(), forecaster.predict())
    assert again.backtest_.folds[0].fold.sizes == forecaster.backtest_.folds[0].sizes


def test_a_command_reads_its_table_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    waves().to_csv("waves.csv", index=False)
    read, from_frame = [], Panel.from_frame
    monkeypatch.setattr(Panel, "from_frame", lambda *a, **k: read.append(1) or from_frame(*a, **k))
    quick = ["--model", "ridge", "--level", "80", "--n-windows", "2", "--input-size", "14"]
    assert run(["forecast", "waves.csv", "--h", "3", *quick, "--report", "report.html"]) == 0
    assert len(read) == 1


def test_a_panel_that_was_read_once_gives_what_its_table_gives(frame):
    once, anew = Forecaster(**QUICK), Forecaster(**QUICK)
    panel = once.panel(frame)
    for forecaster, table in ((once, panel), (anew, frame)):
        forecaster.cross_validation(table, n_windows=2, progress=False)
        forecaster.fit(table, progress=False)
    pd.testing.assert_frame_equal(once.backtest_.frame, anew.backtest_.frame)
    pd.testing.assert_frame_equal(once.predict(), anew.predict())


def test_a_panel_that_was_read_with_other_columns_is_refused(frame):
    networks = {**QUICK, "model": "conv-lstm"}
    panel = Forecaster(**networks).panel(frame.assign(price=1.0))
    with pytest.raises(ValueError, match=r"hist_exog is \('price',\), but the panel was read with \(\)"):
        Forecaster(**networks, hist_exog="price").fit(panel, progress=False)
    with pytest.raises(ValueError, match=f"season is 5, but the panel was read with {panel.season}"):
        Forecaster(**networks, season=5).fit(panel, progress=False)
