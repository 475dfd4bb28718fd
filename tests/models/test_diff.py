"""The edits that lead from one model to another."""

import pytest

from normcast.models.edits import Insert, Move, Remove, Replace, Set, apply, diff
from tests.models.networks import MODELS, branched, canonical, chain


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("other", MODELS)
def test_the_diff_leads_from_any_model_to_any_other(make, other):
    a, b = make(), other()
    assert canonical(apply(a, diff(a, b))) == canonical(b)


@pytest.mark.parametrize(
    "edits",
    [
        [Insert("LayerNormalization", after="lstm_1")],
        [Move("dropout_1", after="bn_1")],
        [Remove("bn_1"), Set("lstm_1", units=6)],
        [Replace("lstm_1", {"class_name": "GRU", "config": {"units": 5}})],
    ],
    ids=str,
)
def test_the_diff_is_undone_by_the_diff_back(edits):
    a = chain()
    b = apply(a, edits)
    assert canonical(apply(a, diff(a, b))) == canonical(b)
    back = apply(b, diff(b, a))
    assert canonical(back) == canonical(a)


def test_the_diff_of_equal_models_is_empty():
    net = branched()
    assert diff(net, apply(net, [])) == ()
