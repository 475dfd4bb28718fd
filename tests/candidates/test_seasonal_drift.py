"""Seasonal drift: the last season and its growth, where growth is seen."""

from dataclasses import asdict
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normcast.candidates import seasonal_naive
from normcast.candidates.seasonal_drift import candidate, seasonal_drift
from tests.scoring.places import OFFSETS, check_reads_only_its_own_past, windows_at


def alone(y, season, h=4):
    """Forecast behind the end of one series."""
    y = np.asarray(y, dtype=float)
    return seasonal_drift(y, windows_at([len(y)], input_size=1, h=h), season, np.array([0, len(y)]))[0]


def slow(y, season, h):
    """The same for one series, season after season from its end."""
    if len(y) < season:
        return np.repeat(y[-1], h)
    seasons = [y[end - season : end] for end in range(len(y), season - 1, -season)][:9]
    steps = [np.mean(later - earlier) for later, earlier in pairwise(seasons)]
    growth = 0.0
    if len(steps) > 1:
        t = np.mean(steps) / (np.std(steps, ddof=1) / np.sqrt(len(steps)))
        growth = np.mean(steps) * max(0, 1 - 1 / t**2)
    return np.array([seasons[0][k % season] + growth * (k // season + 1) for k in range(h)])


@given(rows=st.integers(1, 60), season=st.integers(2, 9), seed=st.integers(0, 2**16), slope=st.floats(-1, 1))
@settings(deadline=None, max_examples=60)
def test_a_forecast_is_that_of_the_method_step_by_step(rows, season, seed, slope):
    y = slope * np.arange(rows) + np.random.default_rng(seed).normal(size=rows)
    np.testing.assert_allclose(alone(y, season, h=20), slow(y, season, h=20), rtol=1e-7, atol=1e-9)


def test_a_line_with_a_season_is_continued_exactly():
    y = 3 + np.arange(70.0) + np.resize([-3.0, 2.0, 1.0, 9.0], 70)
    np.testing.assert_allclose(alone(y[:50], 4, h=20), y[50:])


def test_growth_that_is_not_seen_is_left_out():
    seasons = np.repeat([0.0, 5.0, -5.0, 4.0, 1.0], 4)  # a mean step of 0.25, within 3.8
    assert alone(seasons, 4).tolist() == [1, 1, 1, 1]


def test_more_than_nine_seasons_are_not_read():
    y = np.random.default_rng(0).normal(size=90) + np.arange(90)
    wild = np.where(np.arange(90) < 90 - 9 * 4, 1e9, y)
    np.testing.assert_array_equal(alone(y, 4), alone(wild, 4))
    assert candidate.fit(SimpleNamespace(rows=np.array([90])), 4)["seasonal_drift"].reads == 36


def test_series_of_all_lengths_are_forecast_as_each_alone(monkeypatch):
    rng, lengths = np.random.default_rng(1), np.array([1, 3, 7, 8, 13, 80])
    pieces = [rng.normal(size=rows) + np.arange(rows) for rows in lengths]
    offsets = np.concatenate([[0], lengths.cumsum()])
    windows = windows_at(offsets[1:], input_size=60, h=6, series=np.arange(6))
    found = seasonal_drift(np.concatenate(pieces), windows, 4, offsets)
    for ours, piece in zip(found, pieces, strict=True):
        np.testing.assert_allclose(ours, alone(piece, 4, h=6), rtol=1e-12)
    naive = seasonal_naive(np.concatenate(pieces), windows, 4, offsets)
    np.testing.assert_array_equal(found[:4], naive[:4])  # less than three whole seasons: no growth
    monkeypatch.setattr("normcast.candidates.past_season.CELLS", 1)
    np.testing.assert_allclose(seasonal_drift(np.concatenate(pieces), windows, 4, offsets), found, rtol=1e-12)


@given(cutoff=st.integers(31, 68), seed=st.integers(0, 2**16))
def test_nothing_at_or_after_the_cutoff_and_nothing_of_another_series_is_read(cutoff, seed):
    check_reads_only_its_own_past(lambda y, windows: seasonal_drift(y, windows, 5, OFFSETS), cutoff, seed)


@given(
    rows=st.integers(1, 60), seed=st.integers(0, 2**16), shift=st.floats(-1e3, 1e3), scale=st.floats(-9, 9)
)
@settings(deadline=None)
def test_a_forecast_follows_any_unit(rows, seed, shift, scale):
    y = np.random.default_rng(seed).normal(size=rows)
    np.testing.assert_allclose(alone(shift + scale * y, 7), shift + scale * alone(y, 7), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize(
    ("rows", "season", "stands"), [([30, 36, 99], 12, True), ([30, 35, 99], 12, False), ([99], 1, False)]
)
def test_it_stands_where_there_is_a_season_three_times(rows, season, stands):
    fitted = candidate.fit(SimpleNamespace(rows=np.array(rows)), season)
    assert ("seasonal_drift" in fitted) is stands
    assert not stands or asdict(fitted["seasonal_drift"]) == {"season": 12}
