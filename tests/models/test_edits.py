"""Edits over the models people have: chains, graphs, nested, shared, several ends, wrappers, masks."""

import re

import keras
import numpy as np
import pytest
from keras import layers as L

from normcast.models.edits import (
    Insert,
    Move,
    Remove,
    Replace,
    Rewire,
    Set,
    apply,
    apply_reported,
)
from normcast.models.graph import wiring_of
from normcast.models.graph.wiring import Ref
from tests.models.networks import MODELS, branched, canonical, chain, masked, names, nested


def test_each_edit_does_what_it_says_in_a_chain():
    net = chain()
    assert names(apply(net, [Insert("LayerNormalization", after="lstm_1")]))[4] == "layer_normalization"
    assert names(apply(net, [Insert(L.Dropout(0.1, name="new"), before="conv_1")]))[0] == "new"
    assert names(apply(net, [Remove("dropout_1")])) == ["conv_1", "bn_1", "lstm_1", "head"]
    assert names(apply(net, [Move("dropout_1", after="bn_1")])) == [
        "conv_1",
        "bn_1",
        "dropout_1",
        "lstm_1",
        "head",
    ]
    assert names(apply(net, [Move("bn_1", before="dropout_1")]))[:3] == ["conv_1", "bn_1", "dropout_1"]
    replaced = apply(net, [Replace("lstm_1", {"class_name": "GRU", "config": {"units": 7}})])
    assert type(replaced.get_layer("lstm_1")).__name__ == "GRU"
    assert replaced.get_layer("head").kernel.shape == (7, 1)
    assert apply(net, [Set("lstm_1", activation="relu")]).get_layer("lstm_1").activation.__name__ == "relu"


def test_a_chain_stays_sequential_until_it_branches():
    net = chain()
    assert isinstance(apply(net, [Remove("dropout_1")]), keras.Sequential)
    added = [Insert(L.Add(name="add"), after="bn_1"), Rewire("add", [["bn_1", "conv_1"]])]
    branched_net = apply(net, added)
    assert not isinstance(branched_net, keras.Sequential)
    assert branched_net.get_layer("add").output.shape == (None, 6, 4)


def test_weights_of_untouched_layers_are_carried_over():
    net = chain()
    applied = apply_reported(net, [Insert("LayerNormalization", after="lstm_1"), Remove("dropout_1")])
    for old, new in zip(
        net.weights, [w for w in applied.model.weights if "layer_norm" not in w.path], strict=True
    ):
        np.testing.assert_array_equal(old, new)
    assert len(applied.kept) == len(net.weights)
    assert not applied.fresh
    assert not applied.dropped


def test_the_report_names_weights_that_start_anew_or_are_dropped():
    applied = apply_reported(chain(), [Set("lstm_1", units=6), Remove("bn_1")])
    assert applied.fresh == ("lstm_1/kernel", "lstm_1/recurrent_kernel", "lstm_1/bias", "head/kernel")
    assert applied.dropped == ("bn_1/gamma", "bn_1/beta", "bn_1/moving_mean", "bn_1/moving_variance")
    assert "head/bias" in applied.kept


def test_the_given_model_stays_as_it_is():
    net = chain()
    before, weights = canonical(net), [np.array(w) for w in net.weights]
    apply(net, [Set("conv_1", filters=6), Remove("bn_1")])
    assert canonical(net) == before
    for old, new in zip(weights, net.weights, strict=True):
        np.testing.assert_array_equal(old, new)


def test_compile_settings_are_carried_over():
    net = chain()
    net.compile(optimizer=keras.optimizers.Adam(0.005), loss=keras.losses.Huber(), metrics=["mae"])
    new = apply(net, [Remove("dropout_1")])
    assert float(new.optimizer.learning_rate) == pytest.approx(0.005)
    assert type(new.loss).__name__ == "Huber"
    assert new.get_compile_config()["metrics"] == ["mae"]


def test_a_custom_loss_and_a_custom_layer_survive_an_edit():
    class Twice(L.Layer):
        def call(self, inputs):
            return 2 * inputs

    def own_loss(y_true, y_pred):
        return keras.ops.mean(keras.ops.abs(y_true - y_pred))

    net = keras.Sequential(
        [keras.Input((3,)), Twice(name="twice"), L.Lambda(lambda x: x + 1), L.Dense(1, name="head")]
    )
    net.compile("adam", loss=own_loss)
    new = apply(net, [Insert(L.Dropout(0.1), before="head")])
    assert new.loss is own_loss
    x = np.ones((2, 3), "float32")
    np.testing.assert_allclose(new.predict(x, verbose=0), net.predict(x, verbose=0), rtol=1e-6)


def test_the_output_can_be_edited():
    net = apply(chain(), [Insert(L.Activation("relu", name="act"), after="head")])
    assert names(net)[-1] == "act"
    assert names(apply(net, [Remove("act")]))[-1] == "head"


def test_branches_keep_their_other_readers():
    net = apply(branched(), [Insert(L.Dropout(0.1, name="drop"), before="conv_1")])
    wiring = {layer["name"]: layer["inbound_nodes"] for layer in net.get_config()["layers"]}
    history = lambda name: wiring[name][0]["args"][0]["config"]["keras_history"][0]  # noqa: E731
    assert (history("conv_1"), history("conv_2")) == ("drop", "x")


def test_inserting_after_a_shared_layer_follows_each_of_its_calls():
    net = apply(nested(), [Insert(L.Dropout(0.1, name="drop"), after="encoder")])
    assert len(net.get_layer("drop")._inbound_nodes) == 2


def test_a_layer_inside_a_nested_model_is_named_by_path_or_alone():
    for path in ("encoder/gru_1", "gru_1"):
        new = apply(nested(), [Set(path, recurrent_dropout=0.2)])
        assert new.get_layer("encoder").get_layer("gru_1").recurrent_dropout == 0.2
    new = apply(nested(), [Insert("BatchNormalization", after="encoder/conv_1")])
    assert [type(layer).__name__ for layer in new.get_layer("encoder").layers] == [
        "Conv1D",
        "BatchNormalization",
        "GRU",
    ]


def test_arguments_of_a_wrapped_layer_are_set_through_the_wrapper():
    new = apply(branched(), [Set("bi_1", recurrent_dropout=0.1)])
    wrapper = new.get_layer("bi_1")
    assert wrapper.forward_layer.recurrent_dropout == wrapper.backward_layer.recurrent_dropout == 0.1
    assert apply(branched(), [Set("bi_1", merge_mode="sum")]).get_layer("bi_1").merge_mode == "sum"


def test_masks_find_their_way_through_an_inserted_layer():
    net = keras.Sequential([keras.Input((4, 1)), L.LSTM(3, name="lstm_1")])
    new = apply(net, [Insert(L.Masking(0.0, name="masking_1"), before="lstm_1")])
    short, padded = np.ones((1, 4, 1), "float32"), np.ones((1, 4, 1), "float32")
    padded[:, 2:] = 0
    short_run = keras.Sequential([keras.Input((2, 1)), net.get_layer("lstm_1")])
    np.testing.assert_allclose(
        new.predict(padded, verbose=0), short_run.predict(short[:, :2], verbose=0), rtol=1e-5
    )


def test_call_arguments_are_edited_and_kept():
    parts = wiring_of(apply(masked(), [Rewire("dropout_1", arguments={})])).parts
    assert parts["dropout_1"].calls[0].kwargs == {}
    assert parts["mha_1"].calls[0].kwargs == {"use_causal_mask": True}


def test_an_unused_input_can_be_removed_and_a_new_one_added():
    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    net = keras.Model([a, b], L.Dense(1, name="head")(a))
    assert len(apply(net, [Remove("b")]).inputs) == 1
    wider = apply(
        net,
        [
            Insert(L.InputLayer(shape=(4,), name="c")),
            Insert(L.Concatenate(name="cat"), after="a"),
            Rewire("cat", [["a", "c"]]),
        ],
    )
    assert wider.get_layer("head").kernel.shape == (7, 1)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Remove("dropout"), "Did you mean 'dropout_1'?"),
        (Set("lstm_1", unit=3), "Did you mean 'units'?"),
        (Move("dropout_1", after="bn_2"), "Did you mean 'bn_1'?"),
        (Insert("Dropout", after="conv_9"), "no layer 'conv_9'"),
        (Insert({"class_name": "Dropout", "config": {"rate": 3}}, after="conv_1"), "Dropout cannot be made"),
        (Set("lstm_1", units=-3), "units"),
        (Remove("input"), "conv_1"),
    ],
)
def test_a_wrong_edit_says_what_is_wrong(edit, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        apply(chain(), [edit])


def test_removing_a_merge_asks_which_branch_stays():
    with pytest.raises(ValueError, match="merges conv_1, conv_2"):
        apply(branched(), [Remove("add_1")])
    kept = apply(branched(), [Rewire("bi_1", ["conv_2"]), Remove("add_1"), Remove("conv_1")])
    assert "conv_1" not in names(kept)


def test_a_circle_is_refused():
    with pytest.raises(ValueError, match="circle"):
        apply(branched(), [Rewire("conv_1", ["bi_1"])])


@pytest.mark.parametrize("make", MODELS)
def test_no_edits_keep_configuration_weights_and_output(make):
    net = make()
    same = apply(net, [])
    assert canonical(same) == canonical(net)
    for old, new in zip(net.weights, same.weights, strict=True):
        np.testing.assert_array_equal(old, new)


def ends(model):
    wiring = wiring_of(model)
    return wiring.inputs, wiring.outputs


def three_inputs():
    a, b, c = (keras.Input((3,), name=name) for name in "abc")
    return keras.Model([a, b, c], L.Dense(1, name="head")(a))


class Mix(L.Layer):
    """Two tensors as a list and a third one: the first of the pair, and a share of the second."""

    def call(self, pair, share):
        return pair[0] + share * pair[1]


def mixed():
    x, y, z, share = (keras.Input((3,), name=name) for name in ("x", "y", "z", "share"))
    return keras.Model([x, y, z, share], Mix(name="mix")([x, y], share))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (Move("(outputs)", after="conv_1"), "Move: no layer '(outputs)'; layers are {layers}."),
        (Move("conv_1", after="(inputs)"), "Move: no layer '(inputs)'; layers are {layers}."),
        (Replace("(outputs)", "GRU"), "Replace: no layer '(outputs)'; layers are {layers}."),
        (
            Remove("add_1"),
            "Remove: 'add_1' merges conv_1, conv_2; which of them is to stay is not clear. "
            "Rewire its readers (bi_1) first.",
        ),
    ],
    ids=str,
)
def test_an_edit_that_cannot_be_made_names_itself_and_the_layers(edit, message):
    net = branched()
    with pytest.raises(ValueError, match=re.escape(message.format(layers=", ".join(wiring_of(net).parts)))):
        apply(net, [edit])


def test_inserted_layers_without_a_name_are_numbered():
    net = apply(chain(), [Insert("Softmax", after="head")] * 3)
    assert names(net)[-4:] == ["head", "softmax_2", "softmax_1", "softmax"]


def test_the_inputs_that_are_left_keep_their_structure():
    assert ends(apply(three_inputs(), [Remove("b")]))[0] == [Ref("a"), Ref("c")]
    assert ends(apply(three_inputs(), [Remove("b"), Remove("c")]))[0] == Ref("a")


def test_a_replaced_input_and_output_may_bring_another_name():
    net = apply(three_inputs(), [Replace("b", L.InputLayer(shape=(2,), name="other"))])
    assert ends(net)[0] == [Ref("a"), Ref("other"), Ref("c")]
    assert [tuple(x.shape) for x in net.inputs] == [(None, 3), (None, 2), (None, 3)]
    assert ends(apply(net, [Replace("head", L.Dense(2, name="two"))]))[1] == Ref("two")


def test_a_merge_that_reads_other_tensors_keeps_its_further_arguments():
    net = apply(mixed(), [Rewire("mix", ["x", "z"])])
    assert wiring_of(net).parts["mix"].calls[0].args == [[Ref("x"), Ref("z")], Ref("share")]
    given = [np.full((1, 3), value, "float32") for value in (1, 10, 100, 2)]
    np.testing.assert_allclose(net.predict(given, verbose=0), np.full((1, 3), 201.0))


def test_a_named_argument_may_be_a_list_of_tensors():
    x, h, c = (keras.Input(shape, name=name) for name, shape in [("x", (4, 2)), ("h", (3,)), ("c", (3,))])
    net = keras.Model([x, h, c], L.LSTM(3, name="lstm_1")(x))
    new = apply(net, [Rewire("lstm_1", arguments={"initial_state": [{"tensor": "h"}, {"tensor": "c"}]})])
    assert wiring_of(new).parts["lstm_1"].calls[0].kwargs == {"initial_state": [Ref("h"), Ref("c")]}
    given = [np.zeros((1, 4, 2), "float32"), np.zeros((1, 3), "float32"), np.ones((1, 3), "float32")]
    assert np.all(net.predict(given, verbose=0) == 0)
    assert np.all(new.predict(given, verbose=0) != 0)  # the state that was given, whatever the weights


def test_an_edit_may_name_a_class_of_the_model_that_is_not_registered():
    class Twice(L.Layer):
        def call(self, inputs):
            return 2 * inputs

    edit = Insert(Twice(name="again"), after="twice")
    net = keras.Sequential([keras.Input((3,)), Twice(name="twice")])
    np.testing.assert_allclose(apply(net, [edit]).predict(np.ones((1, 3)), verbose=0), np.full((1, 3), 4.0))
    without = keras.Sequential([keras.Input((3,)), L.Activation("relu", name="twice")])
    with pytest.raises(ValueError, match="A class of your own must be registered"):
        apply(without, [edit])


def test_a_lambda_in_the_model_does_not_let_an_edit_bring_one():
    net = keras.Sequential([keras.Input((3,)), L.Lambda(lambda x: x + 1, name="plus")])
    with pytest.raises(ValueError, match="Lambda runs or loads code of its own"):
        apply(net, [Insert(L.Lambda(lambda x: x + 2), after="plus")])


def test_the_report_reads_as_a_count_and_a_line_for_each_weight_not_kept():
    edits = [Set("lstm_1", units=6), Remove("bn_1")]
    assert str(apply_reported(chain(), edits)).splitlines() == [
        "kept 3 variables",
        "starts anew: lstm_1/kernel",
        "starts anew: lstm_1/recurrent_kernel",
        "starts anew: lstm_1/bias",
        "starts anew: head/kernel",
        "dropped: bn_1/gamma",
        "dropped: bn_1/beta",
        "dropped: bn_1/moving_mean",
        "dropped: bn_1/moving_variance",
    ]


def test_an_edited_model_scales_as_the_one_that_was_adapted():
    adapted = L.Normalization(name="adapted")
    x = np.random.default_rng(0).normal(100, 5, size=(40, 6, 2)).astype("float32")
    adapted.adapt(x)
    model = keras.Sequential([keras.Input((6, 2)), adapted, L.LSTM(3, name="lstm"), L.Dense(1)])
    edited = apply(model, [Insert(L.Dropout(0.1), after="lstm")])
    told = keras.ops.convert_to_numpy(model(x))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(edited(x)), told)


@pytest.mark.parametrize("kind", ["sequential", "functional", "nested twice"])
def test_a_nested_model_that_is_set_not_to_train_trains_nothing(kind):
    inside = [keras.Input((8, 3)), L.Conv1D(4, 3, name="conv"), L.LSTM(4, name="lstm")]
    inner = keras.Sequential(inside, name="inner")
    if kind == "functional":
        inner = keras.Model(inner.inputs[0], inner.outputs[0], name="inner")
    if kind == "nested twice":
        inner = keras.Sequential([keras.Input((8, 3)), keras.Sequential(inside, name="deep")], name="inner")
    net = keras.Sequential([keras.Input((8, 3)), inner, L.Dense(1, name="head")])
    frozen = apply(net, [Set("inner", trainable=False)])
    assert len(frozen.trainable_weights) == 2  # of the head
    assert len(apply(frozen, [Set("inner", trainable=True)]).trainable_weights) == 7
    assert len(net.trainable_weights) == 7


def test_a_layer_that_is_called_on_its_own_output_is_removed_with_all_its_calls():
    inputs, twice = keras.Input((4,), name="in"), L.Dense(4, name="twice")
    net = keras.Model(inputs, L.Dense(1, name="head")(twice(twice(twice(inputs)))))
    removed = apply(net, [Remove("twice")])
    assert names(removed) == ["head"]
    x = np.ones((2, 4))
    told = keras.ops.convert_to_numpy(net.get_layer("head")(x))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(removed(x)), told)


@pytest.mark.parametrize("last", [Remove("norm"), Move("norm", after="head")])
def test_a_layer_whose_call_was_dropped_while_others_read_it_is_named(last):
    parts = [keras.Input((8, 3)), L.BatchNormalization(name="norm"), L.LSTM(4, name="head")]
    with pytest.raises(ValueError, match=r"'norm' is read, but no longer called\. Rewire its readers"):
        apply(keras.Sequential(parts), [Rewire("norm", []), last])


def test_the_place_to_move_to_is_the_layer_that_its_whole_path_names():
    parts = [
        keras.Sequential(
            [keras.Input((8, 4)), L.Dropout(0.1, name="drop"), L.Dense(4, name="dense")], name=name
        )
        for name in ("one", "two")
    ]
    inputs = keras.Input((8, 4))
    net = keras.Model(inputs, L.Dense(1, name="dense")(parts[1](parts[0](inputs))))
    for anchor in ("one/dense", "dense"):
        moved = apply(net, [Move("one/drop", after=anchor)])
        assert names(moved.get_layer("one")) == ["dense", "drop"]
    with pytest.raises(ValueError, match=r"Move: 'two/dense' is in another model than what is moved"):
        apply(net, [Move("one/drop", after="two/dense")])
    with pytest.raises(ValueError, match=r"Move: 'drop' cannot stand beside itself"):
        apply(net, [Move("one/drop", after="drop")])


def test_the_inputs_of_a_model_that_takes_them_by_name_keep_their_names():
    given = {name: keras.Input((3,), name=name) for name in "abc"}
    net = keras.Model(given, L.Dense(1, name="head")(given["a"]))
    assert ends(apply(net, [Remove("b")]))[0] == {"a": Ref("a"), "c": Ref("c")}


def test_weights_are_carried_by_their_names_not_their_places():
    net = chain()
    net.get_layer("bn_1").set_weights([np.full(4, value) for value in (1.0, 2.0, 3.0, 4.0)])
    applied = apply_reported(net, [Set("bn_1", scale=False)])
    left = applied.model.get_layer("bn_1").get_weights()
    np.testing.assert_array_equal(left, np.array([[value] * 4 for value in (2.0, 3.0, 4.0)], "float32"))
    assert applied.dropped == ("bn_1/gamma",)
    assert applied.fresh == ()
    assert sorted(applied.carried) == list(range(len(applied.model.weights)))


def test_a_model_that_was_put_in_can_be_edited_inside():
    inner = keras.Sequential([keras.Input((6, 4)), L.Conv1D(4, 3, name="inside")], name="part")
    edits = [Insert(inner, after="conv_1"), Set("part/inside", filters=2)]
    assert apply(chain(), edits).get_layer("part").get_layer("inside").filters == 2


def test_a_function_of_the_users_own_survives_an_edit():
    def own(x):
        return x + 1

    net = keras.Sequential([keras.Input((3,)), L.Dense(2, activation=own, name="dense"), L.Dense(1)])
    assert apply(net, [Insert("LayerNormalization", after="dense")]).get_layer("dense").activation is own


def test_weights_of_one_name_are_carried_by_their_places():
    class Twins(L.Layer):
        def build(self, shape):
            self.both = [self.add_weight(shape=(3,), name="weight", initializer="ones") for _ in range(2)]

        def call(self, inputs):
            return self.both[0] * inputs + self.both[1]

    net = keras.Sequential([keras.Input((3,)), Twins(name="twins"), L.Dense(1)])
    net.get_layer("twins").set_weights([np.full(3, 2.0), np.full(3, 5.0)])
    edited = apply(net, [Insert("LayerNormalization", after="twins")])
    np.testing.assert_array_equal(edited.get_layer("twins").get_weights(), [[2.0] * 3, [5.0] * 3])
