"""What labelled networks say in words of their own is read as the facts it means, or as none."""

import pytest
from benchmarks.corpus_facts import facts_of
from benchmarks.corpus_models import build

LAYERS = [
    {"name": "x", "class_name": "InputLayer", "config": {"shape": [8, 3]}},
    {"name": "lstm", "class_name": "LSTM", "config": {"units": 4, "return_sequences": True}},
]


def entry(*layers, **told):
    return {"layers": [*LAYERS, *layers], "compile": {}, "data": {}, **told}


@pytest.mark.parametrize(
    ("text", "is_random"),
    [("random 80/20", True), ("random by engine unit", False), ("in time order", False)],
)
def test_a_split_by_unit_is_no_random_split(text, is_random):
    assert (facts_of(entry(data={"split": text})).data.split == "random") is is_random


@pytest.mark.parametrize(
    ("text", "seen"), [("whole series", "all"), ("training rows", "train"), ("StandardScaler", None)]
)
def test_a_scaler_saw_all_rows_only_if_that_is_said(text, seen):
    assert facts_of(entry(data={"scaler": text})).data.normalizer_fit_on == seen


def test_a_loss_is_known_by_its_output_and_its_logits():
    told = {
        "compile": {"loss": {"b": "SparseCategoricalCrossentropy(from_logits=True)"}},
        "outputs": ["a", "b"],
    }
    first, second = facts_of(entry(**told)).training.losses
    assert first is None
    assert (second.name, second.from_logits) == ("sparse_categorical_crossentropy", True)


def test_a_lambda_has_the_shape_it_is_told_to_have():
    last = {"name": "last", "class_name": "Lambda", "config": {"function": "x[:, -1]", "output_shape": [4]}}
    assert build(entry(last))[0].output_shape == (None, 4)


def test_states_go_into_the_layer_that_reads_them():
    first = {"name": "first", "class_name": "LSTM", "config": {"units": 5, "return_state": True}}
    second = {"name": "second", "class_name": "LSTM", "config": {"units": 5}, "inbound": ["x", "first"]}
    net, _ = build(entry({**first, "inbound": ["x"]}, second, outputs=["second"]))
    assert len(net.get_layer("second")._inbound_nodes[0].input_tensors) == 3
