"""Coverage in words: which intervals may be relied on, and of which series not."""

import numpy as np
import pandas as pd
import pytest

from normcast.scoring import coverages, score

STEPS = 7


def scored(shares, folds=6, width=1.0, still=()):
    """A back-test in which the 80 % interval of each series holds that share of what came."""
    rows = []
    for name, share in shares.items():
        for fold in range(folds):
            held = np.arange(STEPS) < round(share * STEPS)
            y = np.where(held, 0.0, 9.0) if name not in still else np.zeros(STEPS)
            half = width if name not in still else 0.0
            rows.append(pd.DataFrame({
                "unique_id": name, "cutoff": fold, "ds": fold * STEPS + np.arange(STEPS), "y": y, "m": 0.0,
                "m-lo-80": -half, "m-hi-80": half,
            }))  # fmt: skip
    frame = pd.concat(rows, ignore_index=True)
    scales = frame[["unique_id", "cutoff"]].drop_duplicates().assign(scale=1.0)
    return score(frame, scales, [80])


def told(shares, **given):
    (found,) = coverages(scored(shares, **given).folds, "m", [80])
    return found


def test_intervals_that_hold_what_they_say_are_said_to():
    found = told({"a": 6 / 7, "b": 5 / 7})
    assert found.holds
    assert found.near == 100
    assert found.words("m").startswith("The 80 % intervals of m held 79 % of what came, and of series ")


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        (
            {"a": 0.57, "b": 0.57},
            "Do not rely on the 80 % intervals of m: they held 57 % of what came, and of",
        ),
        ({"a": 1.0}, "The 80 % intervals of m are too wide: they held 100 % of what came."),
        ({"a": 0.0}, "Do not rely on the 80 % intervals of m: they held 0 % of what came."),
        (
            {"a": 1, "b": 1, "c": 3 / 7, "d": 5 / 7},
            "held 79 % of what came, and of series c 43 %; for 3 of 4 series (a, b and c) they are not true.",
        ),
    ],
)
def test_intervals_that_fail_are_said_to(shares, words):
    found = told(shares)
    assert not found.holds
    assert words in found.words("m")


@pytest.mark.parametrize("share", [5 / 7, 1.0, 3 / 7])
def test_a_single_fold_is_not_enough_to_condemn_intervals(share):
    found = told({"a": share}, folds=1)
    assert found.holds
    assert found.words("m") == f"The 80 % intervals of m held {100 * share:.0f} % of what came."


def test_a_single_fold_is_not_enough_to_condemn_a_series():
    assert told({"a": 6 / 7, "b": 5 / 7, "c": 1.0, "d": 4 / 7}, folds=1).off == ()


def test_a_series_that_stood_still_and_was_told_to_is_no_evidence():
    scores = scored({"a": 0.57, "quiet": 1.0}, still=("quiet",))
    board = scores.overall.set_index("metric")["value"]
    assert board["coverage-80"] == pytest.approx(100 * 4 / 7)
    assert told({"a": 0.57, "quiet": 1.0}, still=("quiet",)).n_series == 1
    assert "near-80" not in board
    told_of = "Intervals are judged without quiet: such a series stood still, and so did its forecast."
    assert scores.notes[-1] == told_of


def test_the_share_of_series_near_the_level_stands_in_the_scores():
    board = scored({"a": 6 / 7, "b": 5 / 7, "c": 2 / 7, "d": 1.0}).overall.set_index("metric")["value"]
    assert board["near-80"] == 50
