"""What gradients and gates did while an estimator was fitted; it is fitted to the same bits."""

import numpy as np
import pytest

from normcast import Classifier, Regressor
from normcast.engine.trained import Recorded

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 9, 2)).astype("float32")
HOW = {"model": "lstm", "units": 4, "seeds": 2, "epochs": 2, "patience": None}


@pytest.mark.parametrize(
    ("kind", "y"), [(Regressor, X[:, -1, 0]), (Classifier, np.where(X[:, -1, 0] > 0, "up", "down"))]
)
def test_each_network_has_a_flow_of_its_own_and_tells_what_it_tells_without(kind, y):
    plain, recorded = kind(**HOW).fit(X, y, progress=False), kind(**HOW).fit(X, y, progress=False, record=6)
    assert np.array_equal(plain.predict(X), recorded.predict(X))
    assert len(recorded.flow_) == 2
    for flow, trained in zip(recorded.flow_, recorded.learned_.trained, strict=True):
        assert isinstance(recorded, Recorded)
        assert (flow.cases, flow.epochs.tolist()) == (6, [1, 2])
        assert all(norms.shape == (2, 9) for norms in flow.gradients.values())
        assert flow.gradients
        assert trained.flow is flow
    assert not np.array_equal(recorded.flow_[0].loss, recorded.flow_[1].loss)
    with pytest.raises(RuntimeError, match=f"{kind.__name__}: nothing was recorded; fit with record=16"):
        plain.flow_  # noqa: B018


def test_nothing_is_recorded_before_fit_and_a_record_of_no_case_is_refused():
    with pytest.raises(RuntimeError, match="nothing was recorded"):
        Regressor().flow_  # noqa: B018
    with pytest.raises(ValueError, match="Regressor: record must be a whole number of at least 1, but is 0"):
        Regressor(**HOW).fit(X, X[:, -1, 0], record=0)
