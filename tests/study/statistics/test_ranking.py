"""The ranking against scipy's and Demsar's numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from normcast.study.statistics import Ranking, rank

# Demsar 2006, table 6: AUC of C4.5, with m, with cf, and with both, on 14 data sets.
DEMSAR = np.array(
    [
        [0.763, 0.599, 0.954, 0.628, 0.882, 0.936, 0.661, 0.583, 0.775, 1.000, 0.940, 0.619, 0.972, 0.957],
        [0.768, 0.591, 0.971, 0.661, 0.888, 0.931, 0.668, 0.583, 0.838, 1.000, 0.962, 0.666, 0.981, 0.978],
        [0.771, 0.590, 0.968, 0.654, 0.886, 0.916, 0.609, 0.563, 0.866, 1.000, 0.965, 0.614, 0.9751, 0.946],
        [0.798, 0.569, 0.967, 0.657, 0.898, 0.931, 0.685, 0.625, 0.875, 1.000, 0.962, 0.669, 0.975, 0.970],
    ]
)
NAMES = ("C4.5", "+m", "+cf", "+m+cf")


def column(values):
    return np.asarray(values, dtype=float)[:, None]


def test_demsars_example_has_demsars_ranks_and_critical_difference():
    ranking = rank(
        {name: column(row) for name, row in zip(NAMES, DEMSAR, strict=True)}, lower_is_better=False
    )
    ranks = dict(zip(ranking.names, ranking.ranks, strict=True))
    assert ranks == pytest.approx({"C4.5": 3.143, "+m": 2.000, "+cf": 2.893, "+m+cf": 1.964}, abs=1e-3)
    assert ranking.critical_difference == pytest.approx(1.25, abs=0.005)
    # Demsar's F of 3.69 is without the correction for ties, which makes it a little larger.
    assert stats.f.sf(4.5, 3, 39) < ranking.friedman_p < stats.f.sf(3.69, 3, 39)


@given(st.integers(0, 50))
@settings(max_examples=20, deadline=None)
def test_the_p_is_iman_and_davenports_of_scipys_friedman_statistic(seed):
    n, k = 9, 4
    scores = np.random.default_rng(seed).integers(0, 6, size=(k, n)).astype(float)
    chi2 = stats.friedmanchisquare(*scores).statistic
    f = (n - 1) * chi2 / (n * (k - 1) - chi2)
    ranking = rank({str(i): column(row) for i, row in enumerate(scores)})
    assert ranking.friedman_p == pytest.approx(stats.f.sf(f, k - 1, (k - 1) * (n - 1)), rel=1e-6)


def test_a_run_that_did_not_finish_shares_the_last_rank_of_its_seed():
    scores = {"a": column([1.0, np.nan, 1.0]), "b": column([2.0, 1.0, 2.0]), "c": column([3.0, np.nan, 3.0])}
    ranking = rank(scores)
    assert ranking.names == ("a", "b", "c")
    assert ranking.ranks == pytest.approx(((1 + 2.5 + 1) / 3, (2 + 1 + 2) / 3, (3 + 2.5 + 3) / 3))


def test_a_seed_on_which_nothing_finished_is_left_out():
    scores = {"a": column([1.0, np.nan]), "b": column([2.0, np.nan])}
    assert rank(scores).seeds == 1


def test_identical_placements_are_one_clique():
    same = column(np.arange(8))
    ranking = rank(dict.fromkeys("abc", same))
    assert (ranking.friedman_p, ranking.cliques) == (1.0, (("a", "b", "c"),))


def test_no_cliques_are_made_where_friedman_sees_no_difference():
    noise = np.random.default_rng(1).normal(size=(6, 10))
    ranking = rank({str(i): column(row) for i, row in enumerate(noise)})
    assert ranking.friedman_p > 0.05
    assert len(ranking.cliques) == 1


def test_two_seeds_that_agree_prove_nothing():
    assert rank({"a": column([1, 1]), "b": column([2, 2])}).friedman_p == 0.5
    assert rank({"a": column([1, 1]), "b": column([1, 1]), "c": column([2, 2])}).friedman_p == pytest.approx(
        1 / 3
    )


def test_cliques_overlap_where_neighbours_are_close_but_the_ends_are_not():
    rng = np.random.default_rng(0)
    scores = {str(i): column(i * 0.7 + rng.normal(size=30)) for i in range(5)}
    ranking = rank(scores)
    ranks = dict(zip(ranking.names, ranking.ranks, strict=True))
    assert len(ranking.cliques) > 1
    for clique in ranking.cliques:
        assert ranks[clique[-1]] - ranks[clique[0]] < ranking.critical_difference
    assert ranks[ranking.names[-1]] - ranks[ranking.names[0]] >= ranking.critical_difference
    assert {name for clique in ranking.cliques for name in clique} == set(scores)


def test_a_ranking_comes_back_from_json_and_prints_every_name():
    scores = {"a": column([1.0, np.nan]), "b": column([2.0, 1.0])}
    ranking = rank(scores)
    assert Ranking.from_json(ranking.to_json()) == ranking
    assert all(name in str(ranking) for name in scores)


def test_letters_mark_what_is_not_told_apart():
    noise = np.random.default_rng(0).normal(size=20)
    ranking = rank({"bad": column(noise + 2), "good": column(noise), "as good": column(noise)})
    assert str(ranking).splitlines() == [
        f"20 seeds, Friedman p = {ranking.friedman_p:.2g}, critical difference 0.74 ranks",
        "  1.50  good  a",
        "  1.50  as good  a",
        "  3.00  bad  b",
    ]


def test_the_letters_after_z_are_numbers():
    names = [f"p{i}" for i in range(28)]
    ranking = Ranking(tuple(names), (1.0,) * 28, tuple((name,) for name in names), 1.0, 0.5, 2, 0.05)
    marks = [line.split()[-1] for line in str(ranking).splitlines()[1:]]
    assert (marks[0], marks[25:]) == ("a", ["z", "(27)", "(28)"])


def test_one_name_alone_is_ranked_first():
    ranking = rank({"a": column([1.0, 2.0])})
    assert (ranking.names, ranking.ranks, ranking.cliques) == (("a",), (1.0,), (("a",),))
    assert Ranking.from_json(ranking.to_json()) == ranking


def test_placements_that_never_finished_are_one_clique_without_ranks():
    ranking = rank({"a": column([np.nan, np.nan]), "b": column([np.nan, np.nan])})
    assert (ranking.seeds, ranking.friedman_p, ranking.critical_difference) == (0, 1.0, np.inf)
    assert np.isnan(ranking.ranks).all()
    assert ranking.cliques == (("a", "b"),)


def test_equal_ranks_keep_the_order_given():
    names = tuple(f"placement {i}" for i in range(40))
    same = column([1.0, 2.0])
    assert rank(dict.fromkeys(names, same)).names == names
    half = {name: column([i % 2, i % 2]) for i, name in enumerate(names)}
    assert rank(half).names == names[::2] + names[1::2]
