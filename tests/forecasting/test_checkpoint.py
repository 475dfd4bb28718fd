"""A back-test that was interrupted goes on where it was, and ends as one that was not."""

import numpy as np
import pandas as pd
import pytest

from normcast import Forecaster

draws = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "ds": pd.date_range("2024-01-01", periods=150),
        "y": np.sin(np.arange(150) * 2 * np.pi / 7) + 0.3 * draws.standard_normal(150),
    }
)


def forecaster():
    return Forecaster(h=3, input_size=7, level=(), model="conv-lstm", epochs=3, seeds=2, patience=9)


def trained(folder, until=None):
    """Cross-validate; stop as Ctrl-C would after so many epochs. Returns the table and the epochs trained."""
    seen = []

    def progress(fold, now):
        seen.append((fold, now.epoch))
        if len(seen) == until:
            raise KeyboardInterrupt

    return forecaster().cross_validation(TABLE, n_windows=2, progress=progress, checkpoint=folder), seen


def test_an_interrupted_back_test_goes_on_bit_for_bit(tmp_path):
    whole, epochs = trained(None)
    assert epochs == [(fold, epoch) for fold in (0, 1) for epoch in (0, 1, 2, 3)]
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, until=7)
    again, left = trained(tmp_path)
    pd.testing.assert_frame_equal(again, whole, check_exact=True)
    assert not {(0, 1), (0, 2), (1, 0), (1, 1)} & set(left)
    assert left[-1] == (1, 3)
    pd.testing.assert_frame_equal(trained(tmp_path)[0], whole, check_exact=True)
    with pytest.raises(
        ValueError, match=r"fold-0\.safetensors: it belongs to a training with other arguments"
    ):
        Forecaster(h=3, input_size=7, level=(), model="conv-lstm", epochs=4, seeds=2).cross_validation(
            TABLE, n_windows=2, checkpoint=tmp_path
        )
