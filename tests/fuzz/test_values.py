"""Every value of ours comes out of a text whole, or not at all."""

import json
import pkgutil
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Literal, get_args, get_origin, get_type_hints

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import normcast
from normcast.models.edits import Edit, apply, edits_from_json
from normcast.plain import Plain
from tests.fuzz.campaign import PLAIN, SCALARS, cases, judged


def kinds():
    """Every class that is read from text."""
    for module in pkgutil.walk_packages(normcast.__path__, "normcast."):
        if "__main__" not in module.name:
            import_module(module.name)
    waiting, found = [Plain], []
    while waiting:
        waiting += waiting[0].__subclasses__()
        found.append(waiting.pop(0))
    return [kind for kind in found[1:] if kind.__module__.startswith("normcast.")]


KINDS = kinds()


def plausible(kind):
    """Values of a declared type, as text has them, and now and then of another."""
    kind = getattr(kind, "array_type", kind)
    origin, inner = get_origin(kind) or kind, get_args(kind)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.fixed_dictionaries({each.name: plausible(hints[each.name]) for each in fields(kind)})
    if origin is Literal:
        return st.sampled_from(inner) | SCALARS
    if origin in (tuple, list) and inner:
        return st.lists(plausible(inner[0]), max_size=4)
    if origin is dict:
        return st.dictionaries(st.text(max_size=3), plausible(inner[1]) if inner else PLAIN, max_size=3)
    if inner:
        return st.one_of(*map(plausible, inner))
    numbers = st.floats() | st.integers(-2, 5)
    known = {
        int: st.integers(-2, 9),
        float: numbers,
        str: st.sampled_from(["relu", "a", "batch", "lstm", ""]),
        bool: st.booleans(),
        np.ndarray: st.lists(numbers | st.lists(numbers, max_size=2), max_size=3),
    }
    return known.get(kind, PLAIN) | PLAIN if kind in known else PLAIN


def read_back(kind, plain):
    """What was read is written, and read again the same."""
    given_text = json.dumps(plain, default=str)
    with judged("from_json"):
        value = kind.from_json(given_text)
        assert kind.from_json(value.to_json()).to_json() == value.to_json()
    with judged("from_dict"):
        kind.from_dict(plain)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_values(kind):
    @cases(len(KINDS))
    @given(plausible(kind) | PLAIN | st.text(max_size=20))
    def read(plain):
        read_back(kind, plain)

    read()


L = keras.layers


def network() -> keras.Model:
    inputs = keras.Input((6, 2), name="x")
    a = L.Conv1D(3, 2, padding="causal", name="conv")(inputs)
    b = L.BatchNormalization(name="norm")(a)
    x = L.Add(name="add")([a, L.Dropout(0.1, name="drop")(b)])
    return keras.Model(inputs, L.Dense(1, name="head")(L.LSTM(3, name="lstm")(x)))


NET = network()
LAYERS = st.sampled_from(
    ["x", "conv", "norm", "add", "drop", "lstm", "head", "(inputs)", "(outputs)", "a", ""]
)
CLASSES = st.sampled_from(
    [
        "Dense",
        "LSTM",
        "GRU",
        "Dropout",
        "Conv1D",
        "LayerNormalization",
        "Add",
        "Concatenate",
        "Lambda",
        "TimeDistributed",
        "Bidirectional",
        "RNN",
        "InputLayer",
        "Sequential",
        "Reshape",
        "UpSampling1D",
        "Embedding",
        "Flatten",
        "no",
    ]
)
ARGUMENTS = st.dictionaries(
    st.sampled_from(
        [
            "units",
            "rate",
            "filters",
            "kernel_size",
            "activation",
            "name",
            "layer",
            "cell",
            "axis",
            "unroll",
            "padding",
            "return_sequences",
            "dtype",
            "kernel_initializer",
            "target_shape",
            "size",
            "seed",
            "momentum",
            "dilation_rate",
        ]
    ),
    st.integers(0, 5)
    | st.booleans()
    | st.sampled_from(["relu", "same", "float16"])
    | st.floats(0, 1)
    | PLAIN,
    max_size=3,
)
SPECS = st.recursive(
    st.fixed_dictionaries(
        {"class_name": CLASSES}, optional={"config": ARGUMENTS, "module": st.just("keras.layers")}
    ),
    lambda inner: st.fixed_dictionaries(
        {
            "class_name": CLASSES,
            "config": st.dictionaries(
                st.sampled_from(["layer", "cell", "layers", "backward_layer"]),
                inner | st.lists(inner, max_size=2),
                max_size=2,
            ),
        }
    ),
    max_leaves=3,
)
INPUTS = st.recursive(
    LAYERS
    | st.sampled_from(["conv:1", "lstm#1", "conv:x", "#", ":"])
    | st.fixed_dictionaries({"value": PLAIN}),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
INNER = st.sampled_from(["conv", "norm", "add", "drop", "lstm"])
FITTING = st.sampled_from(
    [
        {"class_name": "Dropout", "config": {"rate": 0.2}},
        {"class_name": "LayerNormalization"},
        {"class_name": "Dense", "config": {"units": 3}},
        {"class_name": "Bidirectional", "config": {"layer": {"class_name": "GRU", "config": {"units": 2}}}},
        {
            "class_name": "normcast>LSTM",
            "registered_name": "normcast>LSTM",
            "config": {"units": 2, "norm": "layer"},
        },
        {"class_name": "Activation", "config": {"activation": "relu"}},
    ]
)
LIKELY = st.one_of(
    st.sampled_from(
        [{"units": 2}, {"filters": 2}, {"momentum": 0.5}, {"rate": 0.5}, {"trainable": False}, {"axis": 1}]
    ).flatmap(
        lambda config: st.fixed_dictionaries(
            {"edit": st.just("set"), "layer": INNER, "config": st.just(config)}
        )
    ),
    st.fixed_dictionaries({"edit": st.just("insert"), "what": FITTING, "after": INNER}),
    st.fixed_dictionaries({"edit": st.just("insert"), "what": FITTING, "before": INNER}),
    st.fixed_dictionaries({"edit": st.just("move"), "layer": INNER, "after": INNER}),
    st.fixed_dictionaries({"edit": st.just("remove"), "layer": INNER}),
    st.fixed_dictionaries({"edit": st.just("rewire"), "layer": INNER, "inputs": st.lists(INNER, max_size=2)}),
)
ONE_EDIT = LIKELY | st.one_of(
    st.fixed_dictionaries({"edit": st.just("set"), "layer": LAYERS, "config": ARGUMENTS}),
    st.fixed_dictionaries(
        {"edit": st.just("insert"), "what": SPECS | CLASSES}, optional={"after": LAYERS, "before": LAYERS}
    ),
    st.fixed_dictionaries({"edit": st.just("remove"), "layer": LAYERS}),
    st.fixed_dictionaries(
        {"edit": st.just("move"), "layer": LAYERS}, optional={"after": LAYERS, "before": LAYERS}
    ),
    st.fixed_dictionaries({"edit": st.just("replace"), "layer": LAYERS, "what": SPECS}),
    st.fixed_dictionaries(
        {"edit": st.just("rewire"), "layer": LAYERS},
        optional={
            "inputs": INPUTS,
            "call": st.integers(-1, 2),
            "arguments": st.dictionaries(st.text(max_size=8), PLAIN, max_size=2),
        },
    ),
    st.dictionaries(st.sampled_from(["edit", "layer", "what", "config"]), PLAIN, max_size=4),
)
EDITS = st.lists(ONE_EDIT, min_size=1, max_size=3) | PLAIN


@cases(40)
@given(EDITS)
def test_edits(plain):
    with judged("edits"):
        edits = edits_from_json(json.dumps(plain))
        assert all(isinstance(each, Edit) and str(each) and repr(each) for each in edits)
        apply(NET, edits)
