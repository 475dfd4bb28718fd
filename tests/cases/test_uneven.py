"""Series of unequal length stand behind zeros, which a network that masks zeros never sees."""

import keras
import numpy as np
import pytest
from keras import layers

from normcast.cases import Regressor
from normcast.data import Cases
from normcast.tasks import CaseScaling


def series(cases=60, seed=0):
    """Series of 4 to 12 steps and 2 channels, far from zero, and what they tell."""
    rng = np.random.default_rng(seed)
    x = [rng.normal(size=(steps, 2)) * 3 + 50 for steps in rng.permuted(4 + np.arange(cases) % 9)]
    return x, np.array([each[:, 0].mean() for each in x])


def masking():
    return keras.Sequential([keras.Input((None, 2)), layers.Masking(0.0), layers.LSTM(4), layers.Dense(1)])


@pytest.mark.parametrize("kind", ["standard", "robust", "none"])
@pytest.mark.parametrize("of", [lambda each: each, lambda each: np.round(each[:, :1] - 50) // 3])
def test_what_fills_up_a_series_is_exactly_zero_once_it_is_scaled_and_nothing_else_is(kind, of):
    x, y = series()
    cases = Cases.of([of(each) for each in x], y).filled_to(20)  # whole numbers are often their median
    scaled = CaseScaling.fit(cases.x, cases.lengths, kind).apply(cases.x, cases.lengths)
    for case, steps in enumerate(cases.lengths):
        assert not scaled[case, :-steps].any()
        assert scaled[case, -steps:].any(axis=1).all()


def test_zeros_in_front_change_neither_what_is_learned_nor_what_is_told():
    x, y = series()
    cases = Cases.of(x, y)
    settings = {"seeds": 1, "epochs": 3, "calibrate": False}
    plain, filled = (
        Regressor(masking(), **settings).fit(each, None, progress=False)
        for each in (cases, cases.filled_to(20))
    )
    alone = plain.predict([x[0][-4:]])[0]
    assert plain.predict([x[0][-4:], *x])[0] == pytest.approx(alone, rel=1e-6)
    for steps in (4, 7, 12):
        assert plain.predict(Cases.of([x[0][-4:]], y[:1]).filled_to(steps))[0] == pytest.approx(
            alone, rel=1e-6
        )
    np.testing.assert_allclose(filled.predict(x), plain.predict(x), rtol=1e-5)
    assert plain.predict([x[0]])[0] != pytest.approx(alone, rel=1e-4)  # earlier steps do count
