import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.linear_model import Ridge, RidgeClassifierCV, RidgeCV
from sklearn.metrics import log_loss, r2_score
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from normcast import candidates
from normcast.candidates import of_cases
from normcast.candidates.of_cases import case_candidates
from normcast.candidates.of_cases.neighbour import nearest
from normcast.candidates.of_cases.ridge import PENALTIES, fit_ridge, sharpness

OWN = [c for kind in of_cases.KINDS for c in case_candidates(kind) if not c.needs]
OF_NUMBERS = [c for c in OWN if "numbers" in c.tells]
OF_CLASSES = [c for c in OWN if "classes" in c.tells]
named = {"ids": lambda each: each.name}


def called(name, kind="numbers"):
    return next(each for each in case_candidates(kind) if each.name == name)


def drawn(cases, steps=6, channels=2, seed=0):
    return np.random.default_rng(seed).normal(size=(cases, steps, channels)).astype(np.float32)


def hot(labels, k=None):
    return labels[:, None] == np.arange(k or labels.max() + 1)


def clusters(cases, k=3, spread=1.0, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(k), rng.integers(k, size=cases - k)])
    centres = np.random.default_rng(99).normal(size=(k, 6, 2))
    x = centres[labels] + spread * rng.normal(size=(cases, 6, 2))
    return x.astype(np.float32), labels


def test_a_new_file_stands_among_the_candidates_for_cases(tmp_path, monkeypatch):
    (tmp_path / "zero.py").write_text(
        "import numpy as np\n"
        "from normcast.candidates.of_cases.candidate import CaseCandidate\n"
        "candidate = CaseCandidate('zero', 9, lambda x, y: lambda new: np.zeros(len(new)), ('numbers',))\n"
        "absent = CaseCandidate('absent', 9, candidate.fit, needs=('no_such_package',))\n"
    )
    monkeypatch.setattr(of_cases, "__path__", [*of_cases.__path__, str(tmp_path)])
    assert case_candidates("numbers")[-1].name == "zero"
    assert "zero" not in [each.name for each in case_candidates("classes")]
    assert "absent" not in [each.name for each in case_candidates("numbers")]


@pytest.mark.parametrize("kind", of_cases.KINDS)
def test_every_candidate_for_cases_has_a_name_and_a_place_of_its_own(kind):
    found = case_candidates(kind)
    assert len({each.name for each in found}) == len({each.place for each in found}) == len(found)


def test_candidates_for_forecasts_are_as_before():
    names = [each.name for each in candidates.candidates()]
    assert names == ["naive", "seasonal_naive", "longest_season", "drift", "ridge", "theta", "seasonal_drift"]


def test_a_kind_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="no kind 'number'; kinds are numbers, classes"):
        case_candidates("number")


@pytest.mark.parametrize("candidate", OF_NUMBERS, **named)
@pytest.mark.parametrize("trailing", [(), (1,), (3,), (6, 2)])
def test_numbers_come_out_as_the_targets_went_in(candidate, trailing):
    y = np.random.default_rng(1).normal(size=(20, *trailing))
    told = candidate.fit(drawn(20), y)(drawn(7, seed=1))
    assert told.shape == (7, *trailing)
    assert np.isfinite(told).all()


@pytest.mark.parametrize("candidate", OF_CLASSES, **named)
@pytest.mark.parametrize("labels", [[0, 1, 2], [0, 0, 0], [1, 1, 0, 2] * 5, [0, 0, 0, 2], [1]])
def test_probabilities_are_some_even_for_one_case_of_a_class_or_for_a_class_without_any(candidate, labels):
    told = candidate.fit(drawn(len(labels)), hot(np.array(labels), k=3))(drawn(7, seed=1))
    assert told.shape == (7, 3)
    assert (told >= 0).all()
    np.testing.assert_allclose(told.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize("candidate", OF_CLASSES, **named)
def test_a_label_is_told_as_two_classes_are(candidate):
    x, labels = clusters(60)
    holds = np.stack([labels == 0, labels < 2], axis=1)
    pairs = np.stack([~holds, holds], axis=-1)
    new = drawn(7, seed=1)
    told = candidate.fit(x, pairs)(new)
    assert told.shape == (7, 2, 2)
    np.testing.assert_allclose(told.sum(axis=-1), 1, rtol=1e-12)
    for place in range(2):
        alone = candidate.fit(x, pairs[:, place])(new)
        np.testing.assert_allclose(candidate.fit(x, pairs[:, [place]])(new)[:, 0], alone, rtol=1e-9)


@pytest.mark.parametrize("candidate", OWN, **named)
@pytest.mark.parametrize("x", [drawn(1), 0 * drawn(5), drawn(30, 1, 1)], ids=["one case", "flat", "one step"])
def test_a_single_case_and_windows_without_change_are_no_trouble(candidate, x):
    y = hot(np.arange(len(x)) % 2, k=2) if "numbers" not in candidate.tells else np.arange(float(len(x)))
    assert np.isfinite(candidate.fit(x, y)(x)).all()


@pytest.mark.parametrize("candidate", OWN, **named)
def test_what_is_told_of_a_case_depends_on_no_other_and_nothing_given_is_changed(candidate):
    x, labels = clusters(40)
    y = hot(labels) if "numbers" not in candidate.tells else labels.astype(float)
    new, kept = drawn(9, seed=2), (x.copy(), y.copy())
    told = candidate.fit(x, y)
    first = told(new)
    wild = new.copy()
    wild[:4], wild[5:] = 1e6, np.nan
    np.testing.assert_array_equal(told(wild)[4], first[4])
    np.testing.assert_array_equal(candidate.fit(x, y)(new), first)
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(y, kept[1])


def test_the_mean_and_the_shares_of_the_classes_are_told_of_all():
    y = np.random.default_rng(0).normal(size=(10, 4))
    np.testing.assert_allclose(called("mean").fit(drawn(10), y)(drawn(2)), [y.mean(axis=0)] * 2)
    shares = called("majority", "classes").fit(drawn(4), hot(np.array([2, 0, 2, 2])))(drawn(1))
    assert shares.tolist() == [[0.25, 0, 0.75]]


@pytest.mark.parametrize("cases", [20, 200])  # fewer cases than the 12 x 4 features, and more
def test_the_map_and_what_it_says_of_cases_left_out_are_those_of_scikit_learn(cases):
    x = drawn(cases, 12, 4).reshape(cases, -1).astype(float)
    y = x[:, :3] @ np.ones((3, 2)) + np.random.default_rng(1).normal(size=(cases, 2))
    ours = fit_ridge(x, y)
    alone = Ridge(alpha=ours.penalty).fit(x, y)
    np.testing.assert_allclose(ours.weights, alone.coef_.T, atol=1e-8)
    np.testing.assert_allclose(ours.intercept, alone.intercept_, atol=1e-8)
    left_out = cross_val_predict(Ridge(alpha=ours.penalty), x, y, cv=LeaveOneOut())
    np.testing.assert_allclose(ours.left_out, left_out, atol=1e-8)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**16), cases=st.integers(3, 12), outputs=st.integers(1, 3))
def test_of_all_penalties_the_one_with_the_least_error_left_out_is_taken(seed, cases, outputs):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(cases, 5)), rng.normal(size=(cases, outputs))
    ours = fit_ridge(x, y, penalties=(0.01, 1.0, 100.0))
    errors = [np.square(y - fit_ridge(x, y, [p]).left_out).sum() for p in (0.01, 1.0, 100.0)]
    assert np.square(y - ours.left_out).sum() == min(errors)


def test_the_penalty_chosen_is_that_of_ridge_cv_on_the_same_grid():
    x = drawn(60, 8, 1).reshape(60, -1).astype(float)
    y = x[:, :1] + 2 * np.random.default_rng(3).normal(size=(60, 1))
    alphas = np.array([fit_ridge(x, y, [penalty]).penalty for penalty in PENALTIES])
    assert fit_ridge(x, y).penalty == pytest.approx(RidgeCV(alphas=alphas).fit(x, y).alpha_, rel=1e-12)


@pytest.mark.parametrize("k", [2, 3])
def test_the_classes_are_those_of_ridge_classifier_cv(k):
    x, labels = clusters(80, k, spread=2.0)
    flat, new = x.reshape(80, -1).astype(float), clusters(200, k, spread=2.0, seed=1)[0]
    targets = np.where(hot(labels), 1.0, -1.0)
    alphas = [fit_ridge(flat, targets, [penalty]).penalty for penalty in PENALTIES]
    told = called("ridge", "classes").fit(x, hot(labels))(new)
    theirs = RidgeClassifierCV(alphas=alphas).fit(flat, labels).predict(new.reshape(200, -1))
    np.testing.assert_array_equal(told.argmax(axis=1), theirs)


def test_the_probabilities_are_better_than_any_other_sharpness_on_cases_left_out():
    x, labels = clusters(400, spread=2.5)
    fitted = fit_ridge(x.reshape(400, -1), np.where(hot(labels), 1.0, -1.0))
    scores = fitted.left_out
    best = minimize_scalar(lambda b: log_loss(labels, softmax(b * scores, axis=1)), bounds=(0, 50))
    # The one more case of no class draws it down by about one in 400.
    assert sharpness(scores, hot(labels)) == pytest.approx(best.x, rel=0.02)
    new, truth = clusters(2000, spread=2.5, seed=1)
    told = called("ridge", "classes").fit(x, hot(labels))(new)
    right = told.argmax(axis=1) == truth
    assert told.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.05)  # as sure as it is right


def test_classes_without_a_mistake_are_told_with_less_than_certainty():
    x, labels = clusters(30, spread=0.01)
    told = called("ridge", "classes").fit(x, hot(labels))(x)
    assert (told.argmax(axis=1) == labels).all()
    assert 0.9 < told.max() < 1 - 1e-4


def test_a_linear_signal_is_found_by_the_ridge_and_by_the_last_step_only_where_it_lies_there():
    weights = np.random.default_rng(5).normal(size=(6, 2))

    def scored(name, of):
        x, new = drawn(300), drawn(300, seed=1)
        noise = 0.1 * np.random.default_rng(6).normal(size=300)
        told = called(name).fit(x, of(x) + noise)(new)
        return r2_score(of(new), told)

    assert scored("ridge", lambda x: (x * weights).sum(axis=(1, 2))) > 0.95
    assert scored("last step", lambda x: x[:, -1] @ weights[-1]) > 0.95
    assert scored("last step", lambda x: x[:, 0] @ weights[0]) < 0.05


def test_a_few_cases_of_many_features_are_told_as_by_the_mean_where_there_is_nothing_to_learn():
    y = np.random.default_rng(7).normal(size=40)
    told = called("ridge").fit(drawn(40, 100, 3), y)(drawn(50, 100, 3, seed=1))
    assert np.abs(told - y.mean()).max() < 2 * y.std()


def test_the_nearest_neighbour_is_that_of_scikit_learn():
    x, labels = clusters(90, spread=2.0)
    new = clusters(200, spread=2.0, seed=1)[0]
    flat, y = x.reshape(90, -1), np.random.default_rng(0).normal(size=(90, 2))
    one = KNeighborsClassifier(1).fit(flat, labels)
    told = called("nearest neighbour", "classes").fit(x, hot(labels))(new)
    np.testing.assert_array_equal(told.argmax(axis=1), one.predict(new.reshape(200, -1)))
    numbers = called("nearest neighbour").fit(x, y)(new)
    theirs = KNeighborsRegressor(1).fit(flat, y).predict(new.reshape(200, -1))
    np.testing.assert_array_equal(numbers, theirs)
    right = (cross_val_predict(KNeighborsClassifier(1), flat, labels, cv=LeaveOneOut()) == labels).mean()
    assert np.unique(told.round(12)).tolist() == pytest.approx(sorted([right, (1 - right) / 2]))


def test_the_winner_is_as_sure_as_the_cases_allow():
    easy, labels = clusters(30, k=2, spread=0.01)
    told = called("nearest neighbour", "classes").fit(easy, hot(labels))(easy)
    assert told.max() == pytest.approx(30 / 31)
    alone = called("nearest neighbour", "classes").fit(drawn(3), hot(np.arange(3)))(drawn(3))
    np.testing.assert_allclose(alone, 1 / 3)  # no neighbour is ever of the same class: chance


def test_blocks_change_nothing_and_no_case_is_its_own_neighbour(monkeypatch):
    cases, new = drawn(50).reshape(50, -1), drawn(33, seed=1).reshape(33, -1)
    whole = nearest(new, cases), nearest(cases, cases, to_others=True)
    monkeypatch.setattr("normcast.candidates.of_cases.neighbour.BLOCK_CASES", 7)
    np.testing.assert_array_equal(nearest(new, cases), whole[0])
    np.testing.assert_array_equal(nearest(cases, cases, to_others=True), whole[1])
    np.testing.assert_array_equal(nearest(cases, cases), np.arange(50))
    assert (whole[1] != np.arange(50)).all()


@pytest.mark.parametrize("shape", [(4000, 50), (600, 30_000)])
def test_neighbours_are_found_in_less_than_200_megabytes(shape):
    cases = np.ones(shape, np.float32)
    tracemalloc.start()
    nearest(cases, cases)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6


@pytest.mark.parametrize("kind", of_cases.KINDS)
def test_multirocket_hydra_stands_among_them_where_aeon_and_torch_are_installed(kind, monkeypatch):
    there = {"aeon", "torch"}
    find = "normcast.candidates.of_cases.candidate.find_spec"
    monkeypatch.setattr(find, lambda package: package in there)
    assert case_candidates(kind)[-1].name == "MultiRocket-Hydra"
    there.remove("torch")
    assert "MultiRocket-Hydra" not in [each.name for each in case_candidates(kind)]


def test_multirocket_hydra_tells_the_classes_that_aeons_own_tells():
    pytest.importorskip("aeon")
    pytest.importorskip("torch")
    from aeon.classification.convolution_based import MultiRocketHydraClassifier

    x, labels = waves(60, seed=1)
    new, truth = waves(100, seed=2)
    told = called("MultiRocket-Hydra", "classes").fit(x, hot(labels))(new)
    theirs = MultiRocketHydraClassifier(random_state=0).fit(x.transpose(0, 2, 1), labels)
    # Their ridge tries other penalties, which may turn a close case.
    assert (told.argmax(axis=1) == theirs.predict(new.transpose(0, 2, 1))).mean() >= 0.97
    assert (told.argmax(axis=1) == truth).mean() > 0.75
    numbers = called("MultiRocket-Hydra").fit(x[:, :5], np.stack([labels, labels], axis=1))(new[:, :5])
    assert numbers.shape == (100, 2)


def waves(cases, seed):
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(3), rng.integers(3, size=cases - 3)])
    phase = rng.uniform(0, 6, (cases, 1)) + np.arange(60) * (0.3 + 0.08 * labels)[:, None]
    x = np.sin(phase)[..., None] + rng.normal(size=(cases, 60, 2))
    return x.astype(np.float32), labels
