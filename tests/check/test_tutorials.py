"""Networks that work, in the shapes people publish them: no errors, no warnings."""

import keras
import pytest
from keras import layers as L

from normcast.check.checker import check_model
from normcast.check.facts import Facts, Loss
from tests.check import papers, tutorials

SOUND = [
    *(papers.wavenet, papers.tcn, papers.n_beats, papers.deep_conv_lstm, papers.gru_fcn, papers.transformer),
    *(papers.gated_residual, papers.tide, papers.ts_mixer, papers.d_linear, papers.resnet),
    *(papers.sampled_dropout, papers.self_normalizing),
    *(
        tutorials.teacher_forced,
        tutorials.cross_attention,
        tutorials.pooled_context,
        tutorials.conv_lstm_2d,
        tutorials.cnn_lstm,
    ),
    *(tutorials.attention_weights, tutorials.repeated_attention, tutorials.autoencoder),
    *(tutorials.conv_autoencoder, tutorials.several_heads, tutorials.entity_embeddings),
    *(tutorials.masked_tokens, tutorials.siamese),
]


@pytest.mark.parametrize("build", SOUND, ids=lambda build: build.__name__)
def test_a_sound_network_has_no_errors_or_warnings(build):
    net, known = build()
    assert [str(f) for f in check_model(net, Facts().known(**known)) if f.severity > 1] == []


def test_a_softmax_over_steps_is_no_softmax_over_one_unit():
    x = keras.Input((12, 3))
    over_steps = keras.Model(x, L.Softmax(axis=1)(L.Dense(1)(x)))
    over_units = keras.Model(x, L.Softmax()(L.Dense(1)(x)))
    assert not check_model(over_steps, select=["softmax-single-unit"])
    assert check_model(over_units, select=["softmax-single-unit"])


def test_attention_over_its_own_input_still_leaks():
    past, ahead = keras.Input((6, 4)), keras.Input((6, 4))
    y = L.MultiHeadAttention(1, 4)(ahead, L.Concatenate()([past, ahead]))
    (found,) = check_model(keras.Model([past, ahead], L.Dense(1)(y)), papers.PER_STEP)
    assert found.rule == "global-context-leak"


def test_an_output_without_a_loss_is_not_judged_by_the_loss_of_another():
    x = keras.Input((8, 2))
    y = L.LSTM(4)(x)
    net = keras.Model(
        x, {"code": L.Dense(3, activation="softmax", name="code")(y), "y": L.Dense(1, name="y")(y)}
    )
    net.compile("adam", loss={"y": "mse"})
    assert not check_model(net, {"type": "regression"}, select=["softmax-regression"])
    net.compile("adam", loss={"code": "mse", "y": "mse"})
    assert check_model(net, {"type": "regression"}, select=["softmax-regression"])


def test_a_linear_layer_that_several_read_is_no_stack_unless_together_they_are_wide():
    x = keras.Input((16,))
    theta = L.Dense(8)(L.Dense(32, activation="relu")(x))
    apart = keras.Model(x, [L.Dense(5)(theta), L.Dense(10)(theta)])
    alone = keras.Model(x, L.Dense(5)(theta))
    assert not check_model(apart, select=["linear-dense-stack"])
    assert check_model(alone, select=["linear-dense-stack"])


def test_dropout_that_only_a_residual_adds_to_is_no_dropout_of_the_output():
    known = Facts().known(type="regression", losses=(Loss("mse"),))
    x = keras.Input((16,))
    dropped = L.Dropout(0.2)(L.Dense(3)(x))
    assert check_model(keras.Model(x, dropped), known, select=["dropout-after-output"])
    added = keras.Model(x, L.Add()([dropped, L.Dense(3)(x)]))
    assert not check_model(added, known, select=["dropout-after-output"])
