"""Reach: a study that could not have seen a change says so, and how many more seeds would."""

import numpy as np
import pytest
from scipy import stats

from normcast.study.statistics import compare, fewest_seeds, reach
from normcast.study.statistics.power import half_width, seeds_to_see, seen
from normcast.study.statistics.reach import Reach, fold_spread

GIVEN = np.linspace(0.95, 1.05, 40)[:, None]


def found(scores, **settings):
    settings = {"resamples": 199, **settings}
    return reach(compare(scores, "given", **settings), scores)


def drawn(seeds, effect, deviation, seed=0, folds=1):
    """The given network and one whose change has this mean and deviation over seeds; no training."""
    draws = np.random.default_rng(seed)
    given = np.repeat(GIVEN[:seeds], folds, axis=1)
    return {"given": given, "placed": given + effect + draws.normal(0, deviation, (seeds, 1))}


def test_an_effect_that_few_seeds_hide_is_not_called_none_and_more_seeds_show_it():
    few = drawn(5, -0.02, 0.05, seed=3)
    assert compare(few, "given").of("placed").verdict == "undecided"
    said = found(few)
    assert not said.can_see
    assert f"too small to say: about {said.more_seeds} more seeds would" in str(said)
    draws = np.random.default_rng(1).normal(-0.02, 0.05, (5 + said.more_seeds, 1))
    given = np.ones_like(draws)
    assert compare({"given": given, "placed": given + draws}, "given").of("placed").verdict == "better"


def swinging(effect):
    return {"given": GIVEN, "placed": GIVEN + effect + 0.03 * np.resize([1.0, -1.0], (40, 1))}


def test_an_effect_whose_interval_is_within_what_matters_is_not_unseen():
    scores = swinging(0.006)
    assert compare(scores, "given", level=0.5).of("placed").verdict == "undecided"
    said = found(scores, level=0.5)
    assert said.can_see
    assert (said.more_seeds, said.unseen) == (0, ())
    assert "is known to lie within ± 1 %: a change of 1 % would have shown" in str(said)


def test_a_narrow_interval_that_holds_a_change_that_matters_is_unseen():
    scores = swinging(0.006)
    said = found(scores)
    assert said.half_width < said.min_effect < 0.006 + said.half_width
    assert said.unseen == ("placed",)
    assert said.more_seeds > 0
    assert "may hide a change of 1 % or more" in str(said)


def test_what_can_only_do_harm_is_told_from_what_may_help():
    scores = swinging(0.006)
    said = found(scores)
    assert said.hopeful == ()
    assert "a change of 1 % or more, for the worse alone" in str(said)
    mirrored = {"given": scores["given"], "placed": 2 * scores["given"] - scores["placed"]}
    assert found(mirrored).hopeful == ("placed",)
    gains = reach(compare(scores, "given", lower_is_better=False), scores)
    assert gains.hopeful == ("placed",)


def test_of_many_placements_each_interval_is_corrected_for_all():
    alone, scores = found(drawn(8, 0.0, 0.03)), drawn(8, 0.0, 0.03)
    among = found({**scores, **{f"p{k}": 1.2 * scores["given"] for k in range(9)}})
    assert (alone.level, among.level) == pytest.approx((0.95, 0.995))
    assert among.half_width > alone.half_width
    assert among.more_seeds > alone.more_seeds


def test_where_all_is_decided_nothing_is_left_to_say():
    said = found({"given": GIVEN, "worse": 1.2 * GIVEN, "same": GIVEN.copy()})
    assert (said.undecided, said.more_seeds, str(said)) == ((), 0, "")


@pytest.mark.parametrize(("seeds", "deviation"), [(6, 0.03), (10, 0.03), (10, 0.06), (20, 0.06)])
def test_the_announced_number_is_about_the_one_that_shows_a_change_that_matters(seeds, deviation):
    said = [found(drawn(seeds, 0.0, deviation, study), resamples=19) for study in range(200)]
    announced = np.array([seeds + each.more_seeds for each in said if not each.can_see and each.more_seeds])
    assert len(announced) > 160  # the others are decided, by luck, or beyond any number
    true = seeds_to_see(0.01, deviation, 0.05)
    assert np.median(announced) == pytest.approx(true, rel=0.2)
    assert np.mean(np.abs(np.log(announced / true)) < np.log(3)) > 0.9  # the spread of 6 values, squared


@pytest.mark.parametrize("shift", [0.0, 0.005])
def test_the_number_is_the_fewest_that_show_such_a_change_and_leave_the_effect_seen(shift):
    swing = 0.03 * np.resize([1.0, -1.0], (8, 1))
    scores = {"given": GIVEN[:8], "placed": GIVEN[:8] + shift * GIVEN[:8].mean() + swing}
    said, effect = found(scores), compare(scores, "given").of("placed")

    def is_enough(n):
        shown = seen(0.01 / effect.spread, n, 0.05) >= 0.8
        return shown and half_width(effect.spread, n, 0.95) <= 0.01 - abs(effect.effect)

    assert (is_enough(8 + said.more_seeds), is_enough(7 + said.more_seeds)) == (True, False)
    assert said.half_width == pytest.approx(stats.t.ppf(0.975, 7) * effect.spread / 8**0.5)


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_seeds_see_nothing_and_ask_for_the_fewest_that_do(n):
    said = found({"given": GIVEN[:n], "same": GIVEN[:n].copy(), "other": 0.9 * GIVEN[:n]})
    assert said.unseen == ("same", "other")
    assert said.more_seeds == fewest_seeds(2) - n
    assert f"at least {said.more_seeds} more seeds would" in said.too_small
    assert "no difference" not in str(said)


def test_a_number_beyond_a_thousand_is_not_announced():
    scores = drawn(8, 0.0, 0.5)
    said = found({**scores, "calm": scores["given"] + 0.03 * np.resize([1, -1], 8)[:, None]})
    assert said.beyond == ("placed",)
    assert 0 < said.more_seeds < 1000
    assert "more seeds would for 1 of 2" in said.too_small
    assert "More seeds will hardly tell about placed" in str(said)
    alone = found(scores)
    assert alone.more_seeds is None
    assert "not even 1,000 more seeds would" in alone.too_small


def test_what_fails_too_often_is_not_promised_by_more_seeds():
    scores = drawn(8, 0.0, 0.001)
    scores["placed"][:2] = np.nan
    said = found(scores)
    assert (said.can_see, said.more_seeds, said.beyond) == (False, None, ("placed",))


def test_a_min_effect_of_zero_is_never_seen():
    said = found(drawn(20, 0.0, 0.01), min_effect=0.0)
    assert (said.can_see, said.more_seeds) == (False, None)
    assert "give a min_effect above 0" in str(said)


def test_folds_that_disagree_are_named_and_not_to_be_mended_by_seeds():
    scores = drawn(8, 0.0, 0.002, folds=2)
    scores["placed"] = scores["placed"] + np.array([0.05, -0.05])
    said = found(scores)
    assert said.uneven == "placed"
    assert said.fold_spread == pytest.approx(0.1 / 2**0.5, rel=0.1)
    assert "more data (groups, or longer series) would tell more, not more seeds" in str(said)


def test_of_studies_whose_folds_differ_by_luck_few_name_a_placement():
    def named(study):
        draws = np.random.default_rng(study)
        given = np.ones((8, 3))
        others = {f"p{k}": given + draws.normal(0, 0.05, (8, 3)) for k in range(8)}
        return found({"given": given, **others}, resamples=9).uneven != ""

    assert np.mean([named(study) for study in range(60)]) <= 0.12  # 5 % and the luck of 60; 34 % uncorrected


def test_the_spread_over_folds_is_that_of_a_two_way_layout():
    draws = np.random.default_rng(2)
    table = 3 + draws.normal(0, 1, (6, 1)) + draws.normal(0, 0.4, (1, 4)) + draws.normal(0, 0.5, (6, 4))
    seed, fold = np.indices(table.shape).reshape(2, -1)

    def left(*factors):  # sum of squares that these factors leave, by least squares
        columns = np.column_stack([np.ones(24), *(f == level for f in factors for level in range(1, 6))])
        return float(((table.ravel() - columns @ np.linalg.lstsq(columns, table.ravel())[0]) ** 2).sum())

    luck = left(seed, fold) / (5 * 3)
    by_fold = (left(seed) - left(seed, fold)) / 3
    spread, p = fold_spread(np.vstack([table, [1, 1, 1, np.nan]]))
    assert spread == pytest.approx(((by_fold - luck) / 6) ** 0.5)
    assert p == pytest.approx(stats.f.sf(by_fold / luck, 3, 15))


def test_two_seeds_or_one_fold_have_no_spread_and_no_luck_leaves_no_doubt():
    swap = np.array([[0.5, -0.5]] * 3)
    assert fold_spread(swap[:2]) == (0.0, 1.0)
    assert fold_spread(swap[:, :1]) == (0.0, 1.0)
    assert fold_spread(swap) == (pytest.approx(0.5**0.5), 0.0)


def test_folds_that_agree_are_not_uneven():
    assert fold_spread(np.ones((8, 1)) * np.array([0.1, 0.1])) == (0.0, 1.0)


def test_the_reach_is_written_and_read_back():
    said = found(drawn(5, 0.0, 0.05))
    assert Reach.from_json(said.to_json()).to_dict() == said.to_dict()
