"""What a forecaster holds on to: nothing of a fold that was scored."""

import gc
import sys
import weakref

import numpy as np
import pytest

from normcast import Forecaster

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
