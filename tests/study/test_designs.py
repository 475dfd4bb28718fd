"""Designs as combinatorics, their aliases checked column by column, and effects that were planted."""

from itertools import combinations, product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normcast.study.designs import (
    Design,
    Halving,
    MainEffects,
    factorial,
    fractional,
    halving,
    main_effects,
    one_at_a_time,
    survivors,
)

AXES = {"norm": ("none", "batch", "layer"), "pool": ("none", "max"), "se": ("off", "on")}
axes_of_any_size = st.lists(st.integers(2, 4), min_size=1, max_size=4).map(
    lambda sizes: {f"axis{i}": tuple(f"level{j}" for j in range(n)) for i, n in enumerate(sizes)}
)


def two_level(k):
    return {f"x{i}": ("off", "on") for i in range(k)}


def signs(design):
    """The columns of a two-level design, -1 for the first level; (cells, axes)."""
    return np.array(
        [[1 if cell[x] == levels[1] else -1 for x, levels in design.axes.items()] for cell in design.cells]
    )


@given(axes_of_any_size)
@settings(max_examples=30, deadline=None)
def test_one_at_a_time_is_the_given_network_and_each_other_level_alone(axes):
    design = one_at_a_time(axes)
    first, *others = design.cells
    assert first == {axis: levels[0] for axis, levels in axes.items()}
    changed = [[(axis, cell[axis]) for axis in axes if cell[axis] != first[axis]] for cell in others]
    assert changed == [[(axis, level)] for axis, levels in axes.items() for level in levels[1:]]


@given(axes_of_any_size)
@settings(max_examples=30, deadline=None)
def test_factorial_has_every_combination_once_and_starts_as_given(axes):
    design = factorial(axes)
    assert len({tuple(cell.items()) for cell in design.cells}) == len(design.cells)
    assert len(design.cells) == prod(len(levels) for levels in axes.values())
    assert design.cells[0] == one_at_a_time(axes).cells[0]


@pytest.mark.parametrize(
    ("k", "runs"),
    [
        (1, 2),
        (2, 4),
        (3, 8),
        (4, 8),
        (5, 16),
        (6, 16),
        (7, 16),
        (8, 16),
        (9, 32),
        (10, 32),
        (11, 32),
        (16, 32),
        (17, 64),
    ],
)
def test_fractional_has_the_runs_of_the_standard_tables(k, runs):
    design = fractional(two_level(k))
    assert len(design.cells) == runs
    assert len({tuple(cell.items()) for cell in design.cells}) == runs
    assert design.cells[0] == dict.fromkeys(two_level(k), "off")


@pytest.mark.parametrize("k", range(3, 18))
def test_no_main_effect_is_aliased_with_another_or_with_a_two_way_interaction(k):
    columns = signs(fractional(two_level(k)))
    assert (columns.sum(axis=0) == 0).all()
    assert np.array_equal(columns.T @ columns, len(columns) * np.eye(k))
    for i, j in combinations(range(k), 2):
        assert not (columns.T @ (columns[:, i] * columns[:, j])).any()


@pytest.mark.parametrize("k", range(3, 12))
def test_aliases_are_the_interactions_whose_columns_are_equal(k):
    design = fractional(two_level(k))
    columns = dict(zip(design.axes, signs(design).T, strict=True))
    together = {frozenset(pair) for group in design.aliases for pair in combinations(group, 2)}
    for one, other in combinations(combinations(design.axes, 2), 2):
        same = np.array_equal(prod(columns[x] for x in one), prod(columns[x] for x in other))
        assert same == (frozenset((one, other)) in together)


@pytest.mark.parametrize(
    ("k", "words"), [(4, 1), (5, 0), (6, 3), (7, 7), (8, 14), (9, 6), (10, 10), (11, 25)]
)
def test_as_few_interactions_are_aliased_as_in_the_standard_tables(k, words):
    columns = signs(fractional(two_level(k)))
    four = [c for c in combinations(range(k), 4) if abs(columns[:, c].prod(axis=1).sum()) == len(columns)]
    assert (
        len(four) == words
    )  # words of length four in the defining relation, by the minimum aberration tables


def test_a_fraction_of_three_levels_raises():
    with pytest.raises(ValueError, match=r"axis 'norm' has 3 levels \(none, batch, layer\)"):
        fractional(AXES)


@pytest.mark.parametrize("make", [one_at_a_time, factorial, fractional])
def test_axes_without_a_choice_raise(make):
    with pytest.raises(ValueError, match="axes is empty"):
        make({})
    with pytest.raises(ValueError, match="needs two or more that differ"):
        make({"norm": ("none",)})
    with pytest.raises(ValueError, match="needs two or more that differ"):
        make({"norm": ("none", "none")})


def test_a_design_counts_its_runs_and_comes_back_from_json():
    for design in (one_at_a_time(AXES), factorial(AXES), fractional(two_level(6))):
        assert design.runs(seeds=5, folds=3) == len(design.cells) * 15
        assert Design.from_json(design.to_json()) == design


def scores_of(design, truth, n_seeds=6, noise=0.0, seed=0):
    """Scores with mean `truth(cell)`; a seed shifts all cells alike; (cells, seeds, folds)."""
    rng = np.random.default_rng(seed)
    luck = rng.normal(0, 0.1, size=(n_seeds, 2))
    return np.array([truth(cell) + luck + rng.normal(0, noise, size=luck.shape) for cell in design.cells])


def by_name(effects):
    return {each.name: each for each in effects.effects}


def test_planted_effects_come_back_from_a_factorial_of_mixed_levels():
    design = factorial(AXES)

    def truth(cell):
        norm = {"none": 0.0, "batch": 0.3, "layer": -0.2}[cell["norm"]]
        both = cell["norm"] == "batch" and cell["pool"] == "max"
        return 2.0 + norm + 0.1 * (cell["pool"] == "max") + 0.4 * both

    found = by_name(main_effects(design, scores_of(design, truth), scale=1.0))
    assert found["norm=batch"].effect == pytest.approx(0.3 + 0.4 / 2)  # averaged over pool
    assert found["norm=layer"].effect == pytest.approx(-0.2)
    assert found["pool"].effect == pytest.approx(0.1 + 0.4 / 3)  # averaged over norm
    assert found["norm=batch x pool"].effect == pytest.approx(0.4)
    assert found["norm=layer x pool"].effect == pytest.approx(0.0, abs=1e-12)
    assert found["se"].effect == pytest.approx(0.0, abs=1e-12)


def test_planted_effects_come_back_from_a_fraction_with_aliases_named():
    design = fractional(two_level(6))

    def truth(cell):
        on = {x: level == "on" for x, level in cell.items()}
        return 1.0 + 0.2 * on["x1"] + 0.5 * (on["x0"] and on["x5"])

    found = by_name(main_effects(design, scores_of(design, truth), scale=1.0))
    assert found["x1"].effect == pytest.approx(0.2)
    assert [found[x].effect for x in ("x0", "x5")] == pytest.approx([0.25, 0.25])
    (holder,) = (each for each in found.values() if ("x0", "x5") in each.terms)
    assert holder.effect == pytest.approx(0.5)
    assert " or " in holder.name


def test_effects_one_at_a_time_are_differences_to_the_given_network():
    design = one_at_a_time(AXES)
    scores = 1 + np.random.default_rng(0).random((len(design.cells), 5, 2))
    result = main_effects(design, scores)
    differences = scores.mean(axis=(1, 2))[1:] / scores[0].mean() - 1
    assert [each.effect for each in result.effects] == pytest.approx(differences)
    assert result.notes == ("Interactions are left out: these cells cannot show them all.",)


def test_errors_are_from_seed_to_seed_not_from_the_luck_that_cells_share():
    design = factorial(two_level(2))
    result = main_effects(design, scores_of(design, lambda cell: 1.0 + (cell["x0"] == "on"), noise=0.001))
    assert result.effects[0].se < 0.002  # the luck that seeds share is a hundred times larger
    assert result.effects[0].holm_p < 0.001
    low, high = result.effects[0].low, result.effects[0].high
    assert low < result.effects[0].effect < high


def test_noise_alone_is_called_an_effect_at_most_5_percent_of_times():
    design = factorial(two_level(3))
    wrong = 0
    for study in range(200):
        result = main_effects(design, scores_of(design, lambda _: 1.0, n_seeds=8, noise=0.1, seed=study))
        wrong += any(each.holm_p < 0.05 for each in result.effects)
    assert wrong <= 17  # the 99th percentile of 200 draws at 5 %


def test_an_unfinished_cell_is_borne_where_the_rest_determine_the_model():
    design = factorial(two_level(3))

    def truth(cell):
        return 1.0 + 0.25 * (cell["x0"] == "on")

    scores = scores_of(design, truth)
    scores[3] = np.nan
    result = main_effects(design, scores, scale=1.0)
    assert result.effects[0].effect == pytest.approx(0.25)
    scores[4:, 0] = np.nan
    assert main_effects(design, scores).seeds == 5
    assert "1 seed with too many" in main_effects(design, scores).notes[0]


def test_nothing_finished_is_nothing_known():
    design = factorial(two_level(2))
    result = main_effects(design, np.full((4, 3, 2), np.nan))
    assert result.seeds == 0
    assert np.isnan([each.effect for each in result.effects]).all()
    assert MainEffects.from_json(result.to_json()) == result


def test_scores_that_do_not_fit_the_design_raise():
    with pytest.raises(ValueError, match=r"must be \(cells, seeds, folds\) with the 4 cells"):
        main_effects(factorial(two_level(2)), np.ones((3, 2, 2)))
    with pytest.raises(ValueError, match="Give scale="):
        main_effects(factorial(two_level(2)), -np.ones((4, 2, 2)))


@given(st.integers(2, 200), st.integers(1, 20), st.integers(1, 100), st.integers(2, 4))
@settings(max_examples=50, deadline=None)
def test_halving_goes_from_all_candidates_to_two_and_to_all_training(n, seeds, epochs, eta):
    plan = halving(n, seeds, epochs, eta=eta)
    assert (plan.rungs[0].candidates, plan.rungs[-1].candidates) == (n, 2)
    assert (plan.rungs[-1].seeds, plan.rungs[-1].epochs) == (seeds, epochs)
    for before, after in zip(plan.rungs, plan.rungs[1:], strict=False):
        assert after.candidates == max(2, -(-before.candidates // eta))
        assert before.seeds * before.epochs <= after.seeds * after.epochs
        assert after.first_seed == before.first_seed + before.seeds
    assert plan.epochs(folds=2) == 2 * sum(rung.candidates * rung.seeds * rung.epochs for rung in plan.rungs)
    assert plan.runs() == sum(rung.candidates * rung.seeds for rung in plan.rungs)
    assert Halving.from_json(plan.to_json()) == plan


def test_halving_takes_from_the_seeds_before_it_takes_from_the_epochs():
    rungs = halving(18, seeds=9, epochs=50, eta=3).rungs
    assert [(rung.seeds, rung.epochs) for rung in rungs] == [(3, 17), (3, 50), (9, 50)]


def test_halving_costs_less_than_training_all():
    plan = halving(40, seeds=10, epochs=50)
    assert plan.epochs() < 40 * 10 * 50 / 4


@pytest.mark.parametrize(
    "wrong", [{"n_candidates": 1}, {"eta": 1}, {"seeds": 0}, {"epochs": 0}, {"min_seeds": 0}]
)
def test_a_plan_of_nothing_raises(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
        halving(**{"n_candidates": 9, "seeds": 3, "epochs": 10} | wrong)


def test_the_baseline_always_advances_and_failures_last():
    scores = {name: np.full((4, 1), value) for name, value in {"given": 9.0, "a": 2.0, "b": 1.0}.items()}
    scores["failing"] = np.full((4, 1), np.nan)
    assert survivors(scores, "given", keep=3) == ("given", "b", "a")
    assert survivors(scores, "given", keep=9) == ("given", "b", "a", "failing")
    assert survivors(scores, "given", keep=1) == ("given",)
    assert survivors(scores, "given", keep=2, lower_is_better=False) == ("given", "a")


def test_survivors_of_an_unknown_baseline_raise():
    with pytest.raises(ValueError, match="Did you mean 'given'"):
        survivors({"given": np.ones((2, 1))}, "givn", keep=1)


def test_every_pair_of_two_levels_meets_equally_often_in_a_fraction():
    columns = signs(fractional(two_level(8)))
    for i, j in combinations(range(8), 2):
        met = [((columns[:, i] == a) & (columns[:, j] == b)).sum() for a, b in product((-1, 1), repeat=2)]
        assert met == [4, 4, 4, 4]
