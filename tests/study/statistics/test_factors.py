"""Main effects and interactions of small designs whose effects, intervals and p are worked out by hand."""

import warnings
from math import sqrt

import numpy as np
import pytest

from normcast.study.statistics.factors import aliases, least_squares

TWO_BY_TWO = {"norm": ("none", "batch"), "pool": ("none", "max")}
THREE_BY_TWO = {"norm": ("none", "batch", "layer"), "pool": ("none", "max")}
TWO_CUBED = {"a": ("0", "1"), "b": ("0", "1"), "c": ("0", "1")}
NO_INTERACTIONS = "Interactions are left out: these cells cannot show them all."

# By seed: the network as given, what the norm adds alone, what pooling adds alone, and what both add further.
# So the effects are, by seed: of the norm 2, 3, 4; of pooling 0, -1, -2; of both 2, 2, 2.
GIVEN, NORM, POOL, BOTH = np.array([[9, 10, 11], [1, 2, 3], [-1, -2, -3], [2, 2, 2]], dtype=float)
SCORES = np.stack([GIVEN, GIVEN + POOL, GIVEN + NORM, GIVEN + NORM + POOL + BOTH])[..., None]


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def crossed(axes):
    """Every combination of levels, the last axis changing fastest."""
    cells = [{}]
    for axis, levels in axes.items():
        cells = [cell | {axis: level} for cell in cells for level in levels]
    return cells


def fitted(axes, scores, cells=None, level=0.95, scale=None):
    return least_squares(axes, cells or crossed(axes), scores, alpha=0.05, level=level, scale=scale)


def named(result):
    return {each.name: each for each in result.effects}


def every(result, what):
    return [getattr(each, what) for each in result.effects]


def t_of_two(level):
    """How many standard errors an interval of three seeds reaches; t with 2 degrees has this closed form."""
    return level * sqrt(2 / (1 - level**2))


def p_of_two(t):
    """The two-sided p of t with 2 degrees of freedom."""
    return 1 - t / sqrt(2 + t**2)


def test_effects_are_averaged_over_the_other_axis_and_relative_to_the_given_network():
    result = fitted(TWO_BY_TWO, SCORES)
    assert every(result, "terms") == [(("norm",),), (("pool",),), (("norm", "pool"),)]
    assert every(result, "effect") == pytest.approx([3 / 10, -1 / 10, 2 / 10])
    assert (result.given_score, result.seeds, result.notes) == (10.0, 3, ())
    assert (result.alpha, result.level) == (0.05, 0.95)


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_intervals_are_students_t_with_a_degree_less_than_seeds(level):
    result = fitted(TWO_BY_TWO, SCORES, level=level)
    se = 0.1 / sqrt(3)  # the effects of the norm and of pooling have a deviation of 1 in 10
    reach = t_of_two(level) * se
    assert every(result, "se") == pytest.approx([se, se, 0])
    assert every(result, "low") == pytest.approx([0.3 - reach, -0.1 - reach, 0.2])
    assert every(result, "high") == pytest.approx([0.3 + reach, -0.1 + reach, 0.2])


def test_p_is_the_paired_t_test_and_where_all_seeds_are_equal_the_sign_test():
    norm, pool, both = p_of_two(3 * sqrt(3)), p_of_two(sqrt(3)), 2 * 0.5**3
    result = fitted(TWO_BY_TWO, SCORES)
    assert every(result, "p") == pytest.approx([norm, pool, both])
    assert norm < pool < both
    assert every(result, "holm_p") == pytest.approx([3 * norm, 2 * pool, 2 * pool])


def test_a_scale_is_the_unit_of_effects_but_not_of_the_given_score():
    result = fitted(TWO_BY_TWO, SCORES, scale=2.0)
    assert every(result, "effect") == pytest.approx([3 / 2, -1 / 2, 2 / 2])
    assert result.effects[0].se == pytest.approx(0.5 / sqrt(3))
    assert result.effects[0].p == pytest.approx(p_of_two(3 * sqrt(3)))
    assert result.given_score == 10.0


def test_scores_below_zero_need_a_scale():
    with pytest.raises(ValueError, match=r"main_effects: scores .* go from -1 to 1, so no effect"):
        fitted(TWO_BY_TWO, SCORES - 10)
    with pytest.raises(ValueError, match=r"go from 0 to 0, .* Give scale=, such as its mean loss\."):
        fitted(TWO_BY_TWO, np.zeros((4, 3, 1)))
    assert fitted(TWO_BY_TWO, SCORES - 9).effects[0].effect == pytest.approx(3 / 1)
    assert fitted(TWO_BY_TWO, SCORES - 10, scale=1.0).effects[0].effect == pytest.approx(3)


def test_folds_are_averaged_and_one_without_any_score_is_left_out():
    folds = np.concatenate([SCORES - 1, SCORES + 1, np.full_like(SCORES, np.nan)], axis=2)
    result = fitted(TWO_BY_TWO, folds)
    assert every(result, "effect") == pytest.approx([0.3, -0.1, 0.2])
    assert result.notes == ("1 fold without any finite score is left out.",)


def test_additive_scores_have_no_interaction():
    scores = SCORES.copy()
    scores[3, :, 0] -= BOTH
    result = fitted(TWO_BY_TWO, scores)
    assert every(result, "effect") == pytest.approx([0.2, -0.2, 0], abs=1e-12)
    both = result.effects[2]
    assert (both.p, both.holm_p) == (1.0, 1.0)


def test_effects_that_differ_by_the_rounding_of_large_scores_are_equal():
    large = 1e6 + np.array([[0.1], [0.2], [0.3]])
    result = fitted({"norm": ("none", "batch")}, np.stack([large, large + 0.7]))
    assert result.effects[0].p == 2 * 0.5**3


def test_rounding_is_judged_by_the_finished_scores():
    large = 1e6 + np.array([[0.1], [0.2], [0.3], [0.4]])
    other = large + 0.7
    other[3] = np.nan
    assert fitted({"norm": ("none", "batch")}, np.stack([large, other])).effects[0].p == 2 * 0.5**3


def test_a_seed_that_does_not_give_the_model_is_left_out_with_a_note():
    more = np.concatenate([SCORES, np.full((4, 1, 1), 14.0)], axis=1)  # a seed of no effects
    assert fitted(TWO_BY_TWO, more).seeds == 4
    more[3, 3] = np.nan
    result = fitted(TWO_BY_TWO, more, scale=10.0)
    assert result.notes == ("1 seed with too many unfinished cells left out.",)
    assert result.seeds == 3
    assert every(result, "effect") == pytest.approx([0.3, -0.1, 0.2])
    assert result.effects[0].se == pytest.approx(0.1 / sqrt(3))
    assert result.given_score == (9 + 10 + 11 + 14) / 4  # the given network did finish on it


def test_several_seeds_left_out_are_counted_and_an_unfinished_given_network_has_no_score():
    more = np.concatenate([SCORES, np.full((4, 2, 1), 14.0)], axis=1)
    more[0, 3:] = np.nan
    result = fitted(TWO_BY_TWO, more)
    assert result.notes == ("2 seeds with too many unfinished cells left out.",)
    assert (result.given_score, result.seeds) == (10.0, 3)
    assert every(result, "effect") == pytest.approx([0.3, -0.1, 0.2])


def test_a_seed_with_an_unfinished_cell_is_used_where_the_others_give_the_model():
    cells = crossed(TWO_CUBED)
    a, b, c = np.array([[int(level) for level in cell.values()] for cell in cells]).T
    scores = (10 + 2 * a - b + 4 * a * b + 0 * c)[:, None, None] + np.zeros((1, 3, 1))
    scores[7, 0] = np.nan
    scores[0, 1] = np.nan
    result = fitted(TWO_CUBED, scores)
    assert (result.seeds, result.notes, result.given_score) == (3, (), 10.0)
    assert [each.name for each in result.effects] == ["a", "b", "c", "a x b", "a x c", "b x c"]
    assert every(result, "effect") == pytest.approx([0.4, 0.1, 0, 0.4, 0, 0], abs=1e-12)


def test_an_axis_of_three_levels_has_an_effect_for_each_but_the_first():
    table = {  # scores of a seed, by norm: without pooling and with it
        "none": (10, 12),
        "batch": (13, 15),
        "layer": (9, 8),
    }
    scores = np.array([score for pair in table.values() for score in pair], dtype=float)
    result = fitted(THREE_BY_TWO, np.tile(scores[:, None, None], (1, 3, 1)))
    assert {name: each.effect for name, each in named(result).items()} == pytest.approx(
        {
            "norm=batch": (3 + 3) / 2 / 10,
            "norm=layer": (-1 - 4) / 2 / 10,
            "pool": (2 + 2 - 1) / 3 / 10,
            "norm=batch x pool": 0,  # pooling adds 2 as without a norm
            "norm=layer x pool": (-1 - 2) / 10,
        },
        abs=1e-12,
    )
    assert list(named(result))[:3] == ["norm=batch", "norm=layer", "pool"]
    assert result.effects[4].terms == (("norm=layer", "pool"),)


def test_one_axis_of_three_levels_does_not_interact_with_itself():
    axes = {"norm": ("none", "batch", "layer")}
    result = fitted(axes, np.array([10.0, 12.0, 7.0])[:, None, None] + np.zeros((1, 2, 1)))
    assert [each.name for each in result.effects] == ["norm=batch", "norm=layer"]
    assert every(result, "effect") == pytest.approx([0.2, -0.3])
    assert result.notes == ()


def test_interactions_are_left_out_with_a_note_where_cells_are_one_at_a_time():
    cells = [cell for cell in crossed(TWO_BY_TWO) if cell != {"norm": "batch", "pool": "max"}]
    result = fitted(TWO_BY_TWO, SCORES[:3], cells)
    assert [each.name for each in result.effects] == ["norm", "pool"]
    assert every(result, "effect") == pytest.approx([2 / 10, -2 / 10])  # of each alone
    assert result.notes == (NO_INTERACTIONS,)


def test_notes_tell_of_folds_then_interactions_then_seeds():
    cells = crossed(TWO_BY_TWO)[:3]
    folds = np.concatenate([SCORES[:3], np.full((3, 3, 2), np.nan)], axis=2)
    folds[1, 2] = np.nan
    assert fitted(TWO_BY_TWO, folds, cells).notes == (
        "2 folds without any finite score are left out.",
        NO_INTERACTIONS,
        "1 seed with too many unfinished cells left out.",
    )


def half_fraction():
    """Eight of the sixteen cells of four axes: d is on where an odd number of the others is."""
    return [cell | {"d": str(sum(map(int, cell.values())) % 2)} for cell in crossed(TWO_CUBED)]


def test_interactions_that_are_the_same_in_every_cell_are_one_effect():
    axes = TWO_CUBED | {"d": ("0", "1")}
    groups = ((("a", "b"), ("c", "d")), (("a", "c"), ("b", "d")), (("a", "d"), ("b", "c")))
    assert aliases(axes, half_fraction()) == groups


def test_an_interaction_not_told_from_another_is_named_with_it():
    axes = TWO_CUBED | {"d": ("0", "1")}
    cells = half_fraction()
    on = np.array([cell["a"] == cell["b"] == "1" for cell in cells])
    result = fitted(axes, (10.0 + 2 * on)[:, None, None] + np.zeros((1, 3, 1)), cells)
    found = {name: each.effect for name, each in named(result).items()}
    assert found == pytest.approx(
        {
            "a": 0.1,
            "b": 0.1,
            "c": 0,
            "d": 0,
            "a x b or c x d": 0.2,
            "a x c or b x d": 0,
            "a x d or b x c": 0,
        },
        abs=1e-12,
    )


def test_one_seed_has_effects_but_no_interval_and_no_test():
    result = fitted(TWO_BY_TWO, SCORES[:, 1:2])
    assert every(result, "effect") == pytest.approx([0.3, -0.1, 0.2])
    unknown = [every(result, what) for what in ("low", "high", "se", "p", "holm_p")]
    assert np.isnan(unknown).all()


def test_two_seeds_have_an_interval():
    # Student's t with 1 degree is Cauchy's distribution, of which 1 holds the middle half.
    norm = fitted(TWO_BY_TWO, SCORES[:, :2], level=0.5).effects[0]  # 2 and 3, relative to 9.5
    assert norm.se == pytest.approx(0.5 / 9.5)
    assert (norm.low, norm.high) == pytest.approx((2 / 9.5, 3 / 9.5))


def test_no_seed_that_gives_the_model_is_nothing_known_but_the_given_score():
    scores = SCORES.copy()
    scores[1] = np.nan
    result = fitted(TWO_BY_TWO, scores)
    assert (result.seeds, result.given_score) == (0, 10.0)
    assert len(result.effects) == 3
    assert np.isnan([every(result, what) for what in ("effect", "low", "high", "se", "p", "holm_p")]).all()
    assert result.notes == ("3 seeds with too many unfinished cells left out.",)


def test_a_given_network_that_never_finished_has_no_score():
    scores = SCORES.copy()
    scores[0] = np.nan
    assert np.isnan(fitted(TWO_BY_TWO, scores).given_score)


def test_effects_print_a_line_each_and_then_the_notes():
    cells = crossed(TWO_BY_TWO)[:3]
    assert str(fitted(TWO_BY_TWO, SCORES[:3], cells)).splitlines() == [
        "norm: 20.0 % higher; corrected p = 0.15",  # t is 2 sqrt(3) for both, so p 0.0742, times 2
        "pool: 20.0 % lower; corrected p = 0.15",
        NO_INTERACTIONS,
    ]
