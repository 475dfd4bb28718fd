"""Edits as values: they compare, print as one line, travel as JSON."""

import keras
import pytest
from keras import layers as L

from normcast.layers import LSTM, SqueezeExcite1D
from normcast.models.edits import (
    Compile,
    Edit,
    Insert,
    Move,
    Remove,
    Replace,
    Rewire,
    Set,
    edits_from_json,
    edits_to_json,
)

EDITS = [
    Set("lstm_1", activation="tanh", kernel_initializer=keras.initializers.HeNormal(seed=1)),
    Insert(L.SpatialDropout1D(0.1, name="sd"), before="conv_1"),
    Insert("LayerNormalization", after="lstm_1"),
    Remove("bn_1"),
    Move("dropout_1", after="bn_1"),
    Replace("lstm_1", "GRU"),
    Rewire("add_1", [["conv_1", "conv_2"]], call=0, arguments={"training": True}),
]


def test_a_misspelt_layer_class_is_refused_when_the_edit_is_made():
    with pytest.raises(ValueError, match="LayerNormalization"):
        Insert("LayerNormalisation", after="lstm_1")


@pytest.mark.parametrize("edit", EDITS, ids=str)
def test_an_edit_round_trips_through_json_and_prints_as_one_line(edit):
    (again,) = edits_from_json(edits_to_json([edit]))
    assert again == edit
    assert hash(again) == hash(edit)
    assert "\n" not in str(edit)
    assert edit.layer in str(edit)


def test_edits_of_an_unknown_kind_are_refused():
    with pytest.raises(ValueError, match="Did you mean 'remove'"):
        Edit.from_dict({"edit": "remov", "layer": "x"})


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (Insert(SqueezeExcite1D(name="se"), after="conv_1"), "conv_1: + SqueezeExcite1D after"),
        (Insert(SqueezeExcite1D(ratio=2), after="conv_1"), "conv_1: + SqueezeExcite1D(ratio=2) after"),
        (Replace("lstm_1", LSTM(4, norm="layer")), "lstm_1: -> LSTM(units=4, norm='layer')"),
        (Replace("conv_1", L.Conv1D(4, 3)), "conv_1: -> Conv1D(filters=4, kernel_size=3)"),
        (
            Insert(L.TimeDistributed(L.Dense(3)), after="a"),
            "a: + TimeDistributed(layer=Dense(units=3)) after",
        ),
        (
            Insert(keras.Sequential([keras.Input((3,)), L.Dense(3)]), after="a"),
            "a: + Sequential(2 layers) after",
        ),
        (
            Set("a", kernel_initializer=keras.initializers.RandomNormal(stddev=0.1, seed=3)),
            "a: kernel_initializer=RandomNormal(stddev=0.1)",
        ),
        (Set("a", kernel_regularizer=keras.regularizers.L2(0.5)), "a: kernel_regularizer=L2(l2=0.5)"),
        (Insert(L.Lambda(lambda x: x), after="a"), "a: + Lambda(function=lambda) after"),
    ],
)
def test_an_edit_prints_what_differs_from_the_defaults(edit, line):
    assert str(edit) == line
    assert str(Edit.from_dict(edit.to_dict())) == line


@pytest.mark.parametrize(
    ("edit", "line", "value"),
    [
        (
            Insert("Flatten", before="head"),
            "head: + Flatten before",
            "Insert(Flatten, before='head')",
        ),
        (
            Insert("Flatten", after="head"),
            "head: + Flatten after",
            "Insert(Flatten, after='head')",
        ),
        (Move("bn_1", before="head"), "bn_1: moved before head", "Move('bn_1', before='head')"),
        (Move("bn_1", after="head"), "bn_1: moved after head", "Move('bn_1', after='head')"),
    ],
    ids=repr,
)
def test_an_edit_says_on_which_side_the_layer_is_to_stand(edit, line, value):
    assert (str(edit), repr(edit)) == (line, value)


@pytest.mark.parametrize(
    ("edit", "line", "value"),
    [
        (Rewire("head", "bn_1"), "head: reads bn_1", "Rewire('head', inputs=['bn_1'])"),
        (
            Rewire("add_1", [("a", "b#1")], call=0),
            "add_1: reads a, b#1",
            "Rewire('add_1', inputs=[['a', 'b#1']])",
        ),
        (
            Rewire("take", ["a", {"value": 3}], call=2),
            "take (call 3): reads a, 3",
            "Rewire('take', inputs=['a', {'value': 3}], call=2)",
        ),
        (
            Rewire("(outputs)", {"last": "head", "steps": "s"}),
            "(outputs): reads head, s",
            "Rewire('(outputs)', inputs={'last': 'head', 'steps': 's'})",
        ),
        (Rewire("head", [], call=1), "head (call 2): dropped", "Rewire('head', inputs=[], call=1)"),
        (
            Rewire("drop", arguments={"training": True, "mask": None}),
            "drop: called with training=True, called with mask=None",
            "Rewire('drop', arguments={'training': True, 'mask': None})",
        ),
        (
            Rewire("drop", ["a"], arguments={"training": True}),
            "drop: reads a, called with training=True",
            "Rewire('drop', inputs=['a'], arguments={'training': True})",
        ),
        (Rewire("drop", arguments={}), "drop: called without arguments", "Rewire('drop', arguments={})"),
        (
            Set("a", units=3, name_scope="b"),
            "a: units=3, name_scope='b'",
            "Set('a', units=3, name_scope='b')",
        ),
        (Replace("a", L.Dense(3)), "a: -> Dense(units=3)", "Replace('a', Dense(units=3))"),
        (Remove("a"), "a: removed", "Remove('a')"),
    ],
    ids=repr,
)
def test_an_edit_says_what_it_does_and_shows_what_it_holds(edit, line, value):
    assert (str(edit), repr(edit)) == (line, value)
    assert Edit.from_dict(edit.to_dict()) == edit


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Set("a"), "nothing to set on 'a'"),
        (lambda: Set("a", name="b"), "a layer's name cannot be set"),
        (lambda: Insert("Flatten"), "Insert: say where"),
        (lambda: Insert("Flatten", after="a", before="b"), "Insert: say where"),
        (lambda: Insert(L.InputLayer((3,)), after="a", before="b"), "Insert: say where"),
        (lambda: Move("a"), "Move: say where"),
        (lambda: Move("a", after="b", before="c"), "Move: say where"),
        (lambda: Move("a", after="a"), "'a' cannot stand beside itself"),
        (lambda: Rewire("a"), "say what 'a' reads"),
        (lambda: Rewire("a", "b", call="1"), "call '1' of 'a' cannot read 'b'"),
        (lambda: Rewire("a", 3), "of 'a' cannot read 3"),
        (lambda: Edit.from_dict({"edit": "remove", "layer": 3}), "layer is 3, but must be the name"),
        (lambda: Edit.from_dict({"edit": "move", "layer": "a", "after": 3}), "after is 3, but must be"),
        (lambda: Edit.from_dict({"edit": "move", "layer": "a", "before": []}), "before is .*, but must be"),
        (lambda: Edit.from_dict({"layer": "a"}), "no edit None"),
    ],
)
def test_an_edit_that_says_too_little_or_too_much_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_new_input_needs_no_place_but_may_name_one():
    assert Insert(L.InputLayer((3,), name="a")).after == "(inputs)"
    assert Insert(L.InputLayer((3,), name="a"), before="b").before == "b"


def test_edits_of_another_kind_or_content_are_not_equal_and_none_can_be_changed():
    assert Remove("a") != Remove("b")
    assert Move("a", after="b") != Move("a", before="b")
    assert Remove("a") != "a: removed"
    assert len({Remove("a"), Remove("a"), Remove("b")}) == 2
    with pytest.raises(AttributeError, match="Remove is a value; make a new one instead of changing 'layer'"):
        Remove("a").layer = "b"


def test_an_edit_of_the_loss_is_a_value_like_the_others():
    for edit in (Compile("huber"), Compile("MeanSquaredError", output="head")):
        assert edits_from_json(edits_to_json([edit])) == (edit,)
    assert Compile("huber") != Compile("huber", output="head")
    with pytest.raises(ValueError, match="Compile: no loss 'hubert'"):
        edits_from_json('[{"edit": "compile", "loss": "hubert"}]')
