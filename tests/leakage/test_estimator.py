"""The canary of Regressor and Classifier: a network knows nothing of the cases it is calibrated by."""

import numpy as np
import pytest

from normcast import canary
from normcast.cases import Classifier, Regressor
from normcast.tasks import CaseTask, InputScaling
from tests.cases.ready import CASES, drawn, label, level

QUICK = {"model": "lstm", "seeds": 2, "epochs": 2, "units": 3, "calibrate": True}
X = drawn(0)


@pytest.mark.parametrize(
    ("estimator", "y"), [(Regressor(**QUICK), level(X)), (Classifier(**QUICK, patience=1), label(X))]
)
@pytest.mark.parametrize("groups", [None, np.arange(CASES) // 10])
def test_held_out_cases_change_nothing_that_a_network_learned(estimator, y, groups):
    report = canary(estimator, (X, y, groups))
    assert report.passed, report
    assert len(report.cutoffs) == 2
    assert any("cases have no missing values" in note for note in report.notes)


def test_a_scaling_that_saw_all_cases_is_caught(monkeypatch):
    def leaky(self, train, scaling=None):
        return InputScaling.fit(self.cases)

    monkeypatch.setattr(CaseTask, "scaling_of", leaky)
    report = canary(Regressor(**QUICK), (X, level(X)), ways=["noise"])
    assert not report.passed
    assert {"scaling of inputs", "weight 0"} <= {leak.what.split(": ")[-1] for leak in report.leaks}


def test_where_nothing_is_held_out_nothing_can_be_tested():
    with pytest.raises(
        ValueError, match=r"canary: Classifier holds nothing out to calibrate by.*calibrate=True"
    ):
        canary(Classifier(**{**QUICK, "calibrate": False}), (X, label(X)))
