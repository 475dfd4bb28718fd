"""Estimators in scikit-learn's hands."""

import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from normcast.cases import Classifier, Regressor
from tests.cases.ready import drawn, label, level
from tests.cases.test_classifier import network

QUICK = {"model": "lstm", "seeds": 1, "epochs": 1, "units": 4}


def test_it_knows_which_kind_each_is():
    assert is_regressor(Regressor())
    assert is_classifier(Classifier())
    assert not is_classifier(Regressor())


@pytest.mark.parametrize("model", ["lstm", network(3, "softmax")], ids=["preset", "keras"])
def test_a_clone_has_the_same_parameters_and_is_not_fitted(model):
    given = Classifier(model, seeds=1, epochs=1).fit(drawn(0), label(drawn(0)), progress=False)
    copy = clone(given)
    assert copy.get_params() == given.get_params()
    assert copy.fitted_ is None


def test_parameters_are_set_together_or_not_at_all():
    given = Regressor("lstm")
    assert given.set_params(units=3, epochs=2).units == 3
    with pytest.raises(ValueError, match=r"Regressor: no parameter 'unit'; .*Did you mean 'units'\?"):
        given.set_params(unit=3)
    with pytest.raises(ValueError, match="seeds must be"):
        given.set_params(units=5, seeds=0)
    assert given.units == 3


def test_folds_by_group_are_scored():
    x = drawn(0)
    scores = cross_val_score(
        Classifier(**QUICK),
        x,
        label(x),
        groups=np.arange(len(x)) // 20,
        cv=GroupKFold(2),
        error_score="raise",
    )
    assert scores.shape == (2,)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_a_pipeline_ends_in_one_and_a_grid_searches_its_sizes():
    x = drawn(0)
    steps = Pipeline([("halved", FunctionTransformer(lambda x: x / 2)), ("net", Regressor(**QUICK))])
    search = GridSearchCV(steps, {"net__units": [2, 4]}, cv=2, error_score="raise")
    search.fit(x, level(x), net__progress=False)
    assert search.best_params_["net__units"] in (2, 4)
    assert search.predict(x[:3]).shape == (3,)
