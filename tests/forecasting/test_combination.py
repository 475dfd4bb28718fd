"""How much of each candidate and of the networks is in a forecast."""

from unittest.mock import ANY

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from normcast.forecasting.combination import NETWORK, Combination, widths
from normcast.forecasting.shares import Shares
from normcast.forecasting.trial import WITNESSES, Trial, by_inverse

QUANTILES = (0.1, 0.5, 0.9)
Y = np.random.default_rng(0).normal(size=(200, 3))
TIME = np.arange(200) - 220


def quantiles(median, spread=1.2816):
    """Quantiles of normal errors around a median."""
    return median[..., None] + spread * np.array([-1.0, 0.0, 1.0])


def trial(points, network, y=Y, unit=None, time=None, series=None):
    """Of one series, unless it is said of which."""
    series = np.zeros(len(y), int) if series is None else series
    unit = np.ones(len(y)) if unit is None else unit
    return Trial(points, network, y, unit, TIME[: len(y)] if time is None else time, series, series.max() + 1)


def tried(network, **candidates):
    return trial({name: Y + error for name, error in candidates.items()}, network).chosen(QUANTILES)


def test_a_network_that_is_right_is_taken_whole_and_one_that_is_wrong_not_at_all():
    right = tried(quantiles(Y), a=0.5, b=-0.6, c=3.0)
    assert right.weights == {NETWORK: 1.0}
    wrong = tried(quantiles(Y + 9), a=0.5, b=0.5, c=3.0)
    assert wrong.weights == {"a": 0.5, "b": 0.5}
    assert wrong.share == 0


def test_a_series_that_repeats_itself_is_told_of_without_dividing_by_its_error():
    assert tried(quantiles(Y + 1), a=0.0).remark() == "; the network adds nothing"
    assert tried(quantiles(Y), a=0.0).remark() == "; without the network as good"
    assert tried(quantiles(Y), a=1.0).remark() == "; without the network worse"


def test_parts_weigh_by_the_thirtieth_power_of_their_errors():
    chosen = tried(quantiles(Y + 1.0), a=-1.03, b=-1.1, c=9.0)
    whole = 1 + 1.03**-30 + 1.1**-30
    expected = {NETWORK: 1 / whole, "a": 1.03**-30 / whole, "b": 1.1**-30 / whole}
    assert chosen.weights == pytest.approx(expected)
    assert chosen.errors["combined"] < chosen.errors["candidates"]
    assert chosen.describe() == "68 % network, 28 % a, 4 % b"


def walk(noise, naive=1.0, series=None, step=10):
    """A trial of a candidate and of the last value, whose errors are `naive`, at origins `step` apart."""
    draws = np.random.default_rng(5)
    sizes = np.abs(1 + noise * draws.normal(size=(len(Y), 1)))
    points = {"naive": Y + naive, "a": Y + sizes * np.ones(3)}
    series = np.zeros(len(Y), int) if series is None else series
    return trial(points, None, time=step * (np.arange(len(Y)) - len(Y)), series=series).chosen(QUANTILES)


def test_what_is_not_shown_to_be_better_than_the_last_value_is_none():
    assert walk(0.5, naive=1.02).weights == {"naive": 1.0}
    assert walk(0.02, naive=1.02).weights.keys() == {"a", "naive"}
    assert walk(0.5, naive=1.4).weights == {"a": 1.0}
    assert "nothing is shown to be better" in walk(0.5, naive=1.02).remark()
    assert "nothing" not in walk(0.02, naive=1.02).remark()


def test_who_errs_a_fifth_less_needs_no_other_witness_and_alike_gains_are_no_chance():
    assert walk(0.5, naive=1.4, step=0).weights == {"a": 1.0}
    assert walk(0.0, naive=1.1).weights.keys() == {"a", "naive"}
    assert walk(0.0, naive=0.95).weights == {"naive": 1.0}


def test_a_stretch_of_time_is_as_long_as_the_horizon():
    gains = np.repeat([0.1, 0.02], 3)[:, None] * np.ones(
        3
    )  # six origins, of which three lie within h = 3 rows
    few = trial({"naive": Y[:6] + 1, "a": Y[:6] + 1 - gains}, None, Y[:6], time=np.arange(6) - 20)
    assert few.chosen(QUANTILES).weights == {"naive": 1.0}
    apart = trial({"naive": Y[:6] + 1, "a": Y[:6] + 1 - gains}, None, Y[:6], time=3 * np.arange(6) - 20)
    assert apart.chosen(QUANTILES).weights.keys() == {"a", "naive"}


def test_series_without_a_window_are_no_witnesses():
    near = np.where(np.arange(200) < 100, 0, WITNESSES)  # of 31 series, two have any
    assert walk(0.02, naive=1.1, step=10, series=near).weights.keys() == {"a", "naive"}


def test_intervals_of_the_last_value_are_not_widened_for_a_choice_that_was_not_taken():
    assert walk(0.5, naive=1.02).optimism == 1


def test_origins_of_one_stretch_of_time_are_one_witness():
    assert walk(0.02, naive=1.1, step=10).weights == {"a": pytest.approx(0.945, abs=0.01), "naive": ANY}
    near = np.arange(200) // 100  # all origins within h rows, of two series
    assert walk(0.02, naive=1.1, step=0, series=near).weights == {"naive": 1.0}
    many = np.arange(200) % WITNESSES
    assert walk(0.02, naive=1.1, step=0, series=many).weights.keys() == {"a", "naive"}


def test_errors_count_in_the_unit_of_each_series():
    unit = np.where(np.arange(200) % 2, 100.0, 1.0)
    large = np.where(np.arange(200) % 2, 50.0, 0.0)[:, None] + np.zeros(3)  # 0.5 units of one half
    small = np.where(np.arange(200) % 2, 0.0, 5.0)[:, None] + np.zeros(3)  # 5 units of the other
    both = {"large": Y + large, "small": Y + small, "c": Y + 900, "d": Y + 900}
    chosen = trial(both, None, Y, unit).chosen(QUANTILES)
    assert chosen.errors["large"] == pytest.approx(0.25)
    assert chosen.errors["small"] == pytest.approx(2.5)


def test_a_network_alone_has_the_widths_that_were_chosen_for_it():
    errors = np.random.default_rng(9).normal(size=Y.shape)
    wide = (Y + 0.1 * errors)[..., None] + np.array([-9.0, 0.0, 9.0])
    chosen = tried(wide, a=5.0, b=6.0, c=7.0)
    assert (chosen.weights, chosen.spread) == ({NETWORK: 1.0}, 0.0)
    assert chosen.errors["candidates"] == pytest.approx(5)
    told = chosen.combined({}, wide, np.zeros(200, int))
    assert np.ptp(told, axis=-1).max() < 1


def test_a_series_without_a_unit_and_what_nobody_observed_count_nowhere():
    y, unit = Y.copy(), np.ones(200)
    y[:20], unit[20:40] = np.nan, np.nan
    points = {"a": Y + np.where(np.arange(200) < 40, 99.0, 1.0)[:, None]}
    assert trial(points, None, y, unit).chosen(QUANTILES).errors["a"] == pytest.approx(1)


def test_widths_are_those_of_the_networks_where_these_are_right_and_of_errors_where_not():
    around = {"a": 40 * np.random.default_rng(1).normal(size=Y.shape)}
    sizes = np.where(np.arange(200) % 2, 5.0, 0.05)[:, None]
    errors = sizes * np.random.default_rng(2).normal(size=Y.shape)
    knows = quantiles(Y + errors) - (Y + errors)[..., None]
    knowing = (Y + errors)[..., None] + knows * sizes[..., None]
    assert tried(knowing, **around).spread >= 0.8
    blind = (Y + errors)[..., None] + 40 * knows
    assert tried(blind, **around).spread == 0


def test_without_networks_the_widths_are_those_of_the_errors():
    noise = np.random.default_rng(3).normal(size=Y.shape)
    chosen = tried(None, a=noise)
    assert chosen.weights == {"a": 1.0}
    assert chosen.spread == 0
    np.testing.assert_allclose(chosen.widths, [[-1.28, 0, 1.28]] * 3, atol=0.35)
    told = chosen.combined({"a": np.zeros((2, 3))}, None, np.zeros(2, int))
    np.testing.assert_allclose(told, np.broadcast_to(chosen.widths, (2, 3, 3)))


def test_a_network_alone_is_what_it_said_to_the_last_bit():
    said = np.sort(np.random.default_rng(4).normal(size=(5, 3, 3)), axis=-1)
    assert Combination.alone(NETWORK, np.zeros((3, 3))).combined({}, said, np.zeros(5, int)) is said


@given(st.lists(st.floats(0, 100) | st.just(float("nan")), min_size=1, max_size=9), st.sampled_from([8, 30]))
def test_weights_add_up_and_never_rise_with_the_error(errors, power):
    weights = by_inverse(np.array(errors), power)
    assert weights.sum() == pytest.approx(1)
    assert ((weights == 0) | (weights >= 0.02)).all()
    known = np.where(np.isnan(errors), np.inf, errors)
    order = np.argsort(known, kind="stable")
    assert (np.diff(weights[order]) <= 1e-12).all()
    assert weights[order[0]] == weights.max()


def test_widths_of_a_step_that_nobody_observed_are_none():
    errors = np.array([[np.nan, 1.0], [np.nan, 3.0]])
    np.testing.assert_allclose(widths(errors, QUANTILES), [[0, 0, 0], [-0.8, 0, 0.8]])
    assert widths(errors, ()).tolist() == [[0.0], [0.0]]


def test_errors_are_larger_where_nothing_was_chosen_by_them():
    draws = np.random.default_rng(6)
    alike = {str(name): Y[:24] + draws.normal(size=(24, 1)) for name in range(40)}  # none is the better one
    assert 1.1 < trial(alike, None, Y[:24]).chosen(QUANTILES).optimism <= 2
    steady = trial({"a": Y + 1.0, "b": Y + 5.0}, None).chosen(QUANTILES)
    assert steady.optimism == 1
    once = trial({"a": Y[:1] + 1.0}, None, Y[:1]).chosen(QUANTILES)
    assert once.optimism == 1  # a single origin cannot tell


def test_it_comes_back_from_its_text_and_is_held_to_what_it_weighs():
    chosen = tried(quantiles(Y + 0.7), a=-0.3, b=-0.3, c=-0.3)
    again = Combination.from_json(chosen.to_json())
    assert again.weights == chosen.weights
    np.testing.assert_array_equal(again.widths, chosen.widths)
    again.check({"a", "b", "c"}, 1, (3, 3), True)
    for parts, shape, network in (
        ({"a", "b"}, (3, 3), True),
        ({"a", "b", "c", "d"}, (3, 3), True),
        ({"a", "b", "c"}, (2, 3), True),
        ({"a", "b", "c"}, (3, 3), False),
    ):
        with pytest.raises(ValueError, match=r"it weighs|its widths have shape|spread is"):
            again.check(parts, 1, shape, network)
    with pytest.raises(ValueError, match="do not add up to 1"):
        Combination(Shares.alike({"a": 0.5}), 0.0, np.zeros((1, 1)), {}).check({"a"}, 1, (1, 1), False)


SERIES = np.arange(200) % 2


def unlike():
    """Two series, each told well by another candidate."""
    noise = np.random.default_rng(7).normal(size=(200, 3))
    right = (SERIES == 0)[:, None]
    points = {"a": Y + np.where(right, 0.1, 1.0) * noise, "b": Y + np.where(right, 1.0, 0.1) * noise[::-1]}
    return trial(points, None, series=SERIES).chosen(QUANTILES)


def test_series_that_are_unlike_have_weights_of_their_own():
    shares = unlike().shares
    assert shares.parts == ("a", "b")
    np.testing.assert_allclose(shares.own, [[1, 0], [0, 1]], atol=0.02)
    assert shares.usual.tolist() == [0.5, 0.5]
    told = {"a": np.zeros((3, 3)), "b": np.ones((3, 3))}
    np.testing.assert_allclose(shares.of(told, np.array([0, 1, 0]))[:, 0], [0, 1, 0], atol=0.02)


def test_series_that_are_alike_share_their_weights():
    noise = np.random.default_rng(8).normal(size=(200, 3))
    alike = {"a": Y + noise, "b": Y + 1.02 * noise, "c": Y + 0.98 * noise}
    assert not trial(alike, None, series=SERIES).chosen(QUANTILES).shares.differ


def test_series_that_are_not_known_have_the_usual_weights_and_those_that_are_keep_theirs():
    combination = unlike()
    again = Combination.from_json(combination.to_json()).matched(("x", "y"), ("new", "y"))
    np.testing.assert_array_equal(again.shares.own, [[0.5, 0.5], combination.shares.own[1]])
    again.check({"a", "b"}, 2, (3, 3), False)
    with pytest.raises(ValueError, match="weights of 2 series, but there are 3"):
        again.check({"a", "b"}, 3, (3, 3), False)
    assert "which have weights of their own" in again.describe()


def test_without_a_part_the_others_are_as_large_beside_each_other():
    shares = Shares(("a", "b", "c"), np.array([0.2, 0.2, 0.6]), np.array([[0.0, 0.1, 0.9], [0.0, 0.0, 1.0]]))
    rest = shares.without("c")
    np.testing.assert_allclose(rest.usual, [0.5, 0.5])
    np.testing.assert_allclose(rest.own, [[0, 1], [0.5, 0.5]])
    with pytest.raises(ValueError, match="nothing but a"):
        Shares.alike({"a": 1.0}).without("a")
