"""Theta: beside a slow reference of its own, one series at a time, and beside another library's numbers."""

from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normcast.candidates.past_season import Past, is_seasonal
from normcast.candidates.theta import Theta, candidate, rows_read, theta
from normcast.windows import Scaler
from tests.scoring.places import OFFSETS, check_reads_only_its_own_past, windows_at


def significant(x, season):
    if season == 1 or len(x) <= 2 * season or np.ptp(x) == 0:
        return False
    apart = x - x.mean()
    r = [sum(apart[lag:] * apart[:-lag]) / sum(apart**2) for lag in range(1, season + 1)]
    return abs(r[-1]) > 1.6448536 * np.sqrt((1 + 2 * sum(each**2 for each in r[:-1])) / len(x))


def season_in(x, season, factors):
    """Return the season at each phase, counted from the first value, by classical decomposition."""
    half, weights = season // 2, np.ones(season + 1 - season % 2)
    if season % 2 == 0:
        weights[[0, -1]] = 0.5
    at = [[] for _ in range(season)]
    for t in range(half, len(x) - half):
        trend = sum(weights * x[t - half : t + half + 1]) / season
        at[t % season].append(x[t] / trend if factors else x[t] - trend)
    means = np.array([np.mean(each) for each in at])
    return means / means.mean() if factors else means - means.mean()


def errors_of(line, alpha):
    """Return the sum of squares and the last level, the first level by a regression on its weights."""
    level, errors = 0.0, []
    for value in line:
        errors.append(value - level)
        level += alpha * errors[-1]
    weights = (1 - alpha) ** np.arange(len(line))
    first = np.linalg.lstsq(weights[:, None], np.array(errors), rcond=None)[0][0]
    return sum((errors - first * weights) ** 2), level + first * (1 - alpha) ** len(line)


def slow(x, season, h):
    """The method for one series, step by step, with 0 as its zero."""
    x, phases = np.array(x, dtype=float), np.arange(len(x) + h) % season
    found, factors = np.zeros(season), False
    if significant(x, season):
        factors = (x > 0).all() and (season_in(x, season, True) >= 0.01).all()
        found = season_in(x, season, factors)
    known, ahead = found[phases[: len(x)]], found[phases[len(x) :]]
    rest = x / known if factors else x - known
    t = np.arange(len(x) + h)
    slope, start = np.polyfit(t[: len(x)], rest, 1) if len(x) > 1 else (0.0, rest[0])
    through = start + slope * t
    _, level = min(errors_of(2 * rest - through[: len(x)], alpha) for alpha in np.linspace(0.1, 0.99, 300))
    forecast = (level + through[len(x) :]) / 2
    return forecast * ahead if factors else forecast + ahead


def drawn(rows, season, seed, kind="factor"):
    rng = np.random.default_rng(seed)
    level = 60 + rng.normal(size=rows).cumsum() + rng.normal() * np.arange(rows) / 10
    shape = np.resize(rng.normal(size=season), rows)
    if kind == "factor":
        return np.abs(level) * np.exp(shape / 3) + 1
    return level - 60 + (6 * shape if kind == "added" else 0)


def alone(y, season, h=4, zero=True, **options):
    """Forecast behind the end of one series."""
    window = windows_at([len(y)], input_size=1, h=h)
    offsets, zero = np.array([0, len(y)]), np.zeros(1) if zero else None
    return theta(np.asarray(y, float), window, season, offsets, zero=zero, **options)[0]


@pytest.mark.parametrize("kind", ["factor", "added", "none"])
@pytest.mark.parametrize(
    ("rows", "season"), [(60, 12), (37, 4), (31, 7), (23, 12), (40, 1), (120, 52), (5, 4)]
)
def test_a_forecast_is_that_of_the_method_step_by_step(rows, season, kind):
    for seed in range(5):
        y = drawn(rows, season, seed, kind)
        ours, theirs = alone(y, season, h=season + 2), slow(y, season, h=season + 2)
        # The alphas tried are 0.003 and up to 0.01 apart.
        np.testing.assert_allclose(ours, theirs, atol=0.01 * np.ptp(y))


T = np.arange(60.0)
WALK = 20 + T / 2 + 3 * np.sin(1.7 * T) + 2 * np.sin(0.9 * T * T)
ANOTHERS = {  # AutoTheta(model="STM") of statsforecast 2.1.1, the first four steps
    "factor": (
        WALK * (1 + 0.3 * np.sin(np.pi * T / 6)),
        12,
        [46.9331581, 55.6836452, 59.9958355, 64.6965155],
    ),
    "added": (WALK - 40 + 25 * np.sin(np.pi * T / 6), 12, [7.4145377, 21.2970512, 29.9509043, 34.0019066]),
    "none": (WALK, 1, [48.4829732, 48.7243581, 48.965743, 49.2071279]),
}


@pytest.mark.parametrize("kind", ANOTHERS)
def test_a_forecast_is_that_of_another_library(kind):
    y, season, theirs = ANOTHERS[kind]
    np.testing.assert_allclose(alone(y, season), theirs, rtol=1e-3)  # its alpha is found by another search


def test_a_season_of_factors_or_of_terms_is_continued_exactly():
    factors = 50 * np.resize([0.5, 1.0, 1.7, 0.8], 40)
    np.testing.assert_allclose(alone(factors, 4), factors[:4], rtol=1e-9)
    terms = np.resize([-3.0, 2.0, 1.0], 30)
    np.testing.assert_allclose(alone(terms, 3), terms[:4], rtol=1e-9)


def test_a_season_of_factors_grows_with_the_level_only_above_zero():
    y = (10 + 2 * np.arange(48.0)) * np.resize([0.5, 1.0, 1.7, 0.8], 48)
    swing = [np.ptp(alone(y, 4)), np.ptp(alone(y, 4, zero=False)), np.ptp(alone(y - 10, 4))]
    assert swing[0] > 1.5 * swing[1]
    assert swing[1] == pytest.approx(swing[2])  # one value below zero: terms


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_few_rows_are_enough_and_a_series_that_stays_is_told_to_stay(rows):
    assert np.isfinite(alone(np.arange(rows), 4)).all()
    np.testing.assert_allclose(alone(np.full(rows, 7.0), 4), 7.0)
    np.testing.assert_allclose(alone(np.full(90, 7.0), 4), 7.0)


def test_a_season_far_above_zero_is_not_lost_to_rounding():
    shape = np.resize([-3.0, 2.0, 1.0], 30)
    window = windows_at([30], input_size=1, h=3)
    found = theta(shape, window, 3, np.array([0, 30]), zero=np.array([-1e14]))
    np.testing.assert_allclose(found[0], shape[:3], atol=1e-9)


def test_noise_has_a_season_in_less_than_one_series_of_ten():
    noise = np.random.default_rng(0).normal(size=(80, 4000))
    share = is_seasonal(Past(noise, np.ones(noise.shape, dtype=bool)), 12).mean()
    assert (
        0.02 < share < 0.1
    )  # at lag 12 there are fewer pairs than rows, and the error counts 11 lags of noise


def test_series_of_all_lengths_are_forecast_as_each_alone():
    lengths = np.array([1, 5, 9, 30, 64, 300])
    pieces = [drawn(rows, 4, rows) for rows in lengths]
    offsets = np.concatenate([[0], lengths.cumsum()])
    windows = windows_at(offsets[1:], input_size=200, h=6, series=np.arange(6))
    found = theta(np.concatenate(pieces), windows, 4, offsets, zero=np.zeros(6))
    for ours, piece in zip(found, pieces, strict=True):
        np.testing.assert_allclose(ours, alone(piece, 4, h=6), rtol=1e-12)


def test_chunks_change_nothing_and_more_than_is_read_is_not_read(monkeypatch):
    y = drawn(500, 7, 1)
    windows = windows_at([300, 400, 500], input_size=1, h=3, series=[0, 0, 0])
    found = theta(y, windows, 7, np.array([0, 500]))
    np.testing.assert_allclose(found[1], alone(y[400 - rows_read(7) : 400], 7, h=3, zero=False), rtol=1e-12)
    monkeypatch.setattr("normcast.candidates.past_season.CELLS", 1)
    np.testing.assert_allclose(theta(y, windows, 7, np.array([0, 500])), found, rtol=1e-12)


@given(cutoff=st.integers(31, 68), seed=st.integers(0, 2**16), season=st.sampled_from([1, 4, 5]))
@settings(deadline=None, max_examples=40)
def test_nothing_at_or_after_the_cutoff_and_nothing_of_another_series_is_read(cutoff, seed, season):
    def read(values, windows):
        return theta(values, windows, season, OFFSETS, zero=np.array([0.0, -20.0]))

    check_reads_only_its_own_past(read, cutoff, seed)


@given(
    rows=st.integers(1, 60),
    season=st.sampled_from([1, 4, 7]),
    seed=st.integers(0, 2**16),
    shift=st.floats(-1e3, 1e3),
    scale=st.floats(1e-3, 1e3),
)
@settings(deadline=None, max_examples=40)
def test_terms_follow_any_unit_and_factors_any_scale(rows, season, seed, shift, scale):
    y = drawn(rows, season, seed)
    near = {"rtol": 1e-4, "atol": 1e-4 * scale}
    terms = alone(y, season, zero=False)
    np.testing.assert_allclose(alone(shift + scale * y, season, zero=False), shift + scale * terms, **near)
    np.testing.assert_allclose(alone(scale * y, season), scale * alone(y, season), **near)


def test_scaled_values_are_forecast_as_in_their_own_unit():
    pieces = [drawn(60, 4, 0), 1e3 * drawn(60, 4, 1), drawn(60, 4, 2, "added")]
    y, offsets = np.concatenate(pieces), np.array([0, 60, 120, 180])
    scaler = Scaler.fit(y, offsets, np.full(3, 40))
    series = np.repeat(np.arange(3), 60)
    scaled = SimpleNamespace(
        y=scaler.apply(y, series), target=scaler, arrays=SimpleNamespace(offsets=offsets)
    )
    windows = windows_at(offsets[1:], input_size=1, h=5, series=[0, 1, 2])
    found = scaler.undo(Theta(season=4).forecast(scaled, windows), windows.series)
    for ours, piece in zip(found, pieces, strict=True):
        np.testing.assert_allclose(ours, alone(piece, 4, h=5), rtol=1e-6)


@pytest.mark.parametrize(
    ("rows", "season", "stands"),
    [([90, 80], 12, True), ([90, 900, 9000], 12, True), ([90, 2000, 9000], 12, False), ([90], 168, False)],
)
def test_it_stands_where_series_are_short_and_the_season_is_read_three_times(rows, season, stands):
    fitted = candidate.fit(SimpleNamespace(rows=np.array(rows)), season)
    assert ("theta" in fitted) is stands


def test_what_a_file_keeps_of_it_is_two_numbers():
    fitted = candidate.fit(SimpleNamespace(rows=np.array([90])), 12)
    assert asdict(fitted["theta"]) == {"season": 12}
    assert fitted["theta"].reads == 192
    assert all(rows_read(season) % season == 0 and rows_read(season) <= 400 for season in range(1, 134))
