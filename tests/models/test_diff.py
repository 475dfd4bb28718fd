"""The edits that lead from one model to another."""

import keras
import pytest
from keras import layers as L

from normcast.models.edits import Insert, Move, Remove, Replace, Rewire, Set, apply, diff
from tests.models.networks import MODELS, branched, canonical, chain, nested


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


@pytest.mark.parametrize(
    "edits",
    [
        (
            Set("encoder/conv_1", use_bias=False),
            Set("encoder/gru_1", recurrent_dropout=0.2),
            Set("head", units=2),
        ),
        (Remove("encoder/gru_1"), Set("head", units=2)),
        (Replace("encoder", L.GRU(4)),),
    ],
    ids=str,
)
def test_changes_inside_and_outside_a_nested_model_are_all_found(edits):
    a = nested()
    b = apply(a, edits)
    assert canonical(apply(a, diff(a, b))) == canonical(b)
    assert canonical(apply(b, diff(b, a))) == canonical(a)
    assert {edit.layer for edit in edits} <= {edit.layer for edit in diff(a, b)}


def shared(calls, order="xy"):
    ends = {name: keras.Input((3,), name=name) for name in "xy"}
    dense = L.Dense(2, name="dense_1")
    outputs = [dense(ends[name]) for name in "xy"[:calls]]
    return keras.Model([ends[name] for name in order], outputs if calls > 1 else outputs[0])


def test_another_order_of_the_inputs_is_one_edit():
    a, b = shared(2), shared(2, order="yx")
    assert diff(a, b) == (Rewire("(inputs)", ["y", "x"]),)
    assert [x.name for x in apply(a, diff(a, b)).inputs] == ["y", "x"]


def test_a_call_that_the_target_lacks_is_dropped():
    a, b = shared(2), shared(1)
    assert Rewire("dense_1", [], call=1) in diff(a, b)
    assert canonical(apply(a, diff(a, b))) == canonical(b)
