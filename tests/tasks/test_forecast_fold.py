"""The rows before one cutoff, split and scaled by what trains."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from normcast.data import Panel
from normcast.tasks import ForecastFold, Sizes
from normcast.windows.arrays import Arrays

# Of 18 rows the last 2 + 1 windows of h 2 are held out: 3 rows for validation, 2 for calibration.
SIZES, H = Sizes(4, n_valid=2, n_calib=1), 2
FIRST = {"train": range(4, 12), "valid": [13, 14], "calib": [16], "test": [18]}  # rows that are forecast


def fold_of(y, scaling="standard", missing="error"):
    panel = Panel.from_frame(pd.DataFrame({"ds": np.arange(len(y)), "y": y}), season=1, missing=missing)
    return ForecastFold.before(Arrays.of(panel, H), panel.lengths - 2, SIZES, H, scaling)


@pytest.mark.parametrize(
    ("scaling", "centre", "spread"),
    [  # of the 13 rows that train: 0 to 12
        ("none", 0, 1),
        ("standard", 6, np.sqrt(14)),
        ("robust", 6, (9 - 3) / 1.349),
    ],
)
@pytest.mark.parametrize("part", FIRST)
def test_the_windows_of_a_part_are_scaled_by_the_rows_that_train(scaling, centre, spread, part):
    fold = fold_of(np.arange(20.0), scaling)
    cutoff = np.array(FIRST[part])[:, None]
    if part == "train":
        cutoff = cutoff[:8]
    truth = (cutoff + np.arange(2) - centre) / spread
    np.testing.assert_allclose(fold.truth(part), truth)
    batches = fold.batches(part)
    inputs, target = batches.at(np.arange(len(batches)))
    np.testing.assert_allclose(target, truth, rtol=1e-6, atol=1e-6)  # float32
    past = (cutoff + np.arange(-4, 0) - centre) / spread
    np.testing.assert_allclose(inputs["past"][..., 0], past, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("padded", [False, True])
def test_a_row_that_nobody_observed_is_read_and_is_no_target(padded):
    y = np.arange(20.0)
    y[[7, 8, 14]] = np.nan
    fold = fold_of(y, "none", missing="mask")
    fold = replace(fold, sizes=replace(fold.sizes, least=4 if padded else None))
    assert fold.has_unobserved
    assert fold.split.train.cutoff.tolist() == [4, 5, 6, 8, 9, 10, 11]  # of that of 7 nothing was observed
    assert fold.split.valid.cutoff.tolist() == [13, 14]
    np.testing.assert_array_equal(fold.truth("valid"), [[13, np.nan], [np.nan, 15]])
    for part in ("train", "valid"):
        _, target = fold.batches(part).at(np.arange(len(fold.truth(part))))
        np.testing.assert_array_equal(target, fold.truth(part))
    inputs, _ = fold.batches("train").at(np.array([6]))
    assert inputs["past"][0, :, 0].tolist() == [6, 6, 9, 10]


def test_a_fold_whose_every_target_was_observed_says_so():
    y = np.arange(20.0)
    y[[2, 18]] = np.nan  # one is read only, one comes behind the cutoff
    assert not fold_of(y, missing="mask").has_unobserved


def test_a_series_that_is_too_short_is_named_with_what_it_needs():
    message = (
        "Panel: series 'y' has 10 rows before the cutoff (of 12), but input_size 4 + h 2 + 3 rows for 2 "
        "validation windows + 2 rows for 1 calibration windows needs 11. Lower input_size to at most 3, or "
        "leave the series out."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fold_of(np.arange(12.0))


def test_origins_are_spread_over_all_that_is_held_out():
    y = np.random.default_rng(0).normal(size=400)
    panel = Panel.from_frame(pd.DataFrame({"ds": np.arange(len(y)), "y": y}), season=1)
    fold = ForecastFold.before(Arrays.of(panel, H), panel.lengths - 2, Sizes(4, 40, 30), H, "standard")
    assert len(fold.origins()) == 70 // 2
    assert fold.origins(7).cutoff.tolist() == [326, 336, 346, 356, 367, 377, 387]
    held = {*fold.split.valid.cutoff, *fold.split.calib.cutoff}
    assert set(fold.origins(100).cutoff) == held
