"""Architectures: checked at the door, written to JSON, built as plain Keras graphs."""

import keras
import numpy as np
import pytest
from keras import layers

from normcast.models import PRESETS, Architecture, Conv, Head, Recurrent, preset


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_json(name):
    architecture = preset(name).architecture
    assert Architecture.from_json(architecture.to_json()) == architecture


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_forecasts_points_and_quantiles_with_all_inputs(name):
    architecture = preset(name).architecture
    assert architecture.build(50, 3, 4).output_shape == (None, 4)
    full = architecture.build(50, 3, 4, quantiles=(0.1, 0.5, 0.9), futr=2, stat=1)
    assert full.output_shape == (None, 4, 3)
    assert [tensor.name for tensor in full.inputs] == ["past", "static", "future"]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_saved_and_loaded_in_safe_mode(name, tmp_path):
    model = preset(name).architecture.build(30, 2, 4, quantiles=(0.1, 0.5, 0.9))
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(5, 30, 2)).astype("float32")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(model.predict(x, verbose=0), again.predict(x, verbose=0))


def test_conv_se_lstm_is_the_chain_it_is_named_for_and_trains_on_plain_batches():
    model = preset("conv-se-lstm").architecture.build(input_size=21, channels=20, outputs=1)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == [
        "InputLayer",
        "Conv1D",
        "BatchNormalization",
        "Activation",
        "AlphaDropout",
        "GlobalAveragePooling1D",
        "Reshape",
        "Dense",
        "Dense",
        "Multiply",
        "LSTM",
        "Dense",
    ]
    assert model.get_layer("reduce_1").units == 2
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(32, 21, 20)), rng.normal(size=(32, 1))
    model.compile(optimizer="nadam", loss="mse")
    losses = [float(model.train_on_batch(x, y)) for _ in range(30)]
    assert losses[-1] < losses[0]


def test_conv_lstm_is_the_network_that_people_start_from():
    model = preset("conv-lstm").architecture.build(input_size=21, channels=1, outputs=3)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == ["InputLayer", "Conv1D", "LSTM", "BatchNormalization", "Dense"]
    assert model.get_layer("conv_1").padding == "causal"


def gated(x):
    """Squeeze and excite of Karim et al. 2019, section III-B."""
    channels = x.shape[-1]
    start = {"use_bias": False, "kernel_initializer": "he_normal"}
    gate = layers.Reshape((1, channels))(layers.GlobalAveragePooling1D()(x))
    gate = layers.Dense(channels // 16, activation="relu", **start)(gate)
    return layers.Multiply()([x, layers.Dense(channels, activation="sigmoid", **start)(gate)])


def written_by_hand(squeeze_excite):
    """Karim et al. 2018, figure 2, or Karim et al. 2019, figure 1, for 50 steps, 3 channels and 3 classes."""
    past = keras.Input((50, 3))
    x = past
    for number, (filters, kernel_size) in enumerate([(128, 8), (256, 5), (128, 3)]):
        x = layers.Conv1D(filters, kernel_size, padding="same", kernel_initializer="he_uniform")(x)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
        x = gated(x) if squeeze_excite and number < 2 else x
    state = layers.LSTM(8)(layers.Permute((2, 1))(past))
    joined = layers.Concatenate()([layers.Dropout(0.8)(state), layers.GlobalAveragePooling1D()(x)])
    return keras.Model(past, layers.Dense(3, activation="softmax")(joined))


@pytest.mark.parametrize("name", ["lstm-fcn", "mlstm-fcn"])
def test_lstm_fcn_is_the_network_of_its_paper(name):
    keras.utils.set_random_seed(0)
    ours = preset(name).architecture.with_head("softmax").build(50, 3, 3)
    theirs = written_by_hand(squeeze_excite=name == "mlstm-fcn")
    kinds = [[type(layer) for layer in model.layers] for model in (ours, theirs)]
    assert kinds[0] == kinds[1]
    rng = np.random.default_rng(0)
    drawn = [
        each + rng.uniform(-0.02, 0.02, each.shape) for each in theirs.get_weights()
    ]  # no zeros, no ones
    assert [each.shape for each in ours.weights] == [each.shape for each in drawn]
    ours.set_weights(drawn)
    theirs.set_weights(drawn)
    x = rng.normal(size=(4, 50, 3)).astype("float32")
    expected = theirs.predict_on_batch(x)
    assert np.ptp(expected, axis=0).min() > 0.01
    np.testing.assert_allclose(ours.predict_on_batch(x), expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["lstm-fcn", "mlstm-fcn"])
def test_lstm_fcn_starts_its_weights_as_its_paper_does(name):
    ours = preset(name).architecture.build(50, 3, 3)
    theirs = written_by_hand(squeeze_excite=name == "mlstm-fcn")
    for mine, own in zip(ours.layers, theirs.layers, strict=True):
        for start in ("kernel_initializer", "recurrent_initializer", "rate", "unit_forget_bias", "padding"):
            assert plain(getattr(mine, start, None)) == plain(getattr(own, start, None))


def plain(value):
    return [type(value), value.get_config()] if hasattr(value, "get_config") else value


def skip_only_network(quantiles=()):
    model = preset("patch-lstm").architecture.build(input_size=30, channels=1, outputs=4, quantiles=quantiles)
    weights = np.random.default_rng(1).normal(size=(30, 4)).astype("float32")
    model.get_layer("skip").set_weights([weights / SKIP_SCALE, np.zeros(4, "float32")])
    return model, weights


SKIP_SCALE = preset("patch-lstm").architecture.skip_scale


@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_a_step_of_adam_moves_the_skip_by_its_scale(scale):
    skip = Architecture(
        recurrent=(Recurrent(units=2),), head=Head(zero_start=True), skip=True, skip_scale=scale
    )
    model = skip.build(input_size=6, outputs=2)
    x = np.random.default_rng(3).normal(size=(32, 6, 1)).astype("float32")
    before = scale * model.get_layer("skip").get_weights()[0]
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.train_on_batch(x, x[:, :2, 0] + 5)
    moved = np.abs(scale * model.get_layer("skip").get_weights()[0] - before)
    np.testing.assert_allclose(moved, 0.01 * scale, rtol=1e-3)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_no_map_could_undo_is_refused(scale):
    with pytest.raises(ValueError, match=r"skip_scale is .*, but must be above 0"):
        Architecture(skip=True, skip_scale=scale)


def test_the_scale_of_a_skip_is_kept_in_its_text_and_one_where_a_text_does_not_say():
    own = preset("patch-lstm").architecture
    assert Architecture.from_json(own.to_json()) == own
    plain = own.to_dict()
    del plain["skip_scale"]
    assert Architecture.from_dict(plain).skip_scale == 1


def test_patch_lstm_starts_exactly_at_its_linear_skip():
    model, weights = skip_only_network()
    x = np.random.default_rng(2).normal(5, 1, size=(6, 30, 1)).astype("float32")
    window = x[:, :, 0]
    expected = (window - window[:, -1:]) @ weights + window[:, -1:]
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-4)


def test_the_median_of_patch_lstm_starts_at_its_linear_skip():
    model, weights = skip_only_network(quantiles=(0.1, 0.5, 0.9))
    x = np.random.default_rng(2).normal(5, 1, size=(6, 30, 1)).astype("float32")
    window = x[:, :, 0]
    expected = (window - window[:, -1:]) @ weights + window[:, -1:]
    np.testing.assert_allclose(model.predict(x, verbose=0)[:, :, 1], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("input_size", "patches"), [(24, 1), (25, 2), (47, 2), (48, 2), (10, 1), (336, 14)])
def test_patches_end_at_the_newest_step_and_drop_no_value(input_size, patches):
    model = preset("patch-lstm").architecture.build(input_size=input_size, channels=1, outputs=2)
    conv = model.get_layer("conv_1")
    assert conv.output.shape[1] == patches
    probe = keras.Model(model.input, conv.output)
    conv.set_weights([np.ones_like(conv.get_weights()[0]), np.zeros(32, "float32")])
    x = np.zeros((1, input_size, 1), "float32")
    for step in range(input_size - 1):
        moved = x.copy()
        moved[0, step] = 1.0
        assert probe.predict_on_batch(moved).max() == 1.0, f"step {step} is dropped"


@pytest.mark.parametrize("instance_norm", ["last", "standard"])
def test_a_shifted_window_gives_a_shifted_forecast(instance_norm):
    architecture = Architecture(
        conv=(Conv(filters=4),), recurrent=(Recurrent(units=4),), instance_norm=instance_norm
    )
    model = architecture.build(input_size=20, outputs=3)
    x = np.random.default_rng(0).normal(size=(5, 20, 1)).astype("float32")
    shifted = model.predict(x + 100, verbose=0)
    np.testing.assert_allclose(shifted - 100, model.predict(x, verbose=0), atol=1e-3)


def test_the_head_is_linear_unless_asked_otherwise():
    architecture = preset("conv-lstm").architecture
    assert architecture.build(20, 1, 2).get_layer("head").activation is keras.activations.linear
    asked = architecture.with_head("relu").build(20, 1, 2)
    assert asked.get_layer("head").activation is keras.activations.relu


def beside(**settings):
    return Architecture(conv=(Conv(filters=4),), reads="channels", **settings)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv(filters=0), "filters must be a whole number of at least 1, but is 0"),
        (lambda: Conv(filters=4, dropout=1.0), "dropout must be a rate in"),
        (lambda: Conv(filters=4, norm="bach"), "Did you mean 'batch'"),
        (lambda: Recurrent(units=4, cell="lstn"), "Did you mean 'lstm'"),
        (lambda: Architecture(recurrent=()), "recurrent is empty"),
        (lambda: Architecture().build(input_size=0), "input_size must be a whole number of at least 1"),
        (lambda: Conv(filters=4, padding="sane"), "Did you mean 'same'"),
        (lambda: Conv(filters=4, padding="same", strides=2), "padding 'same' does not go with strides 2"),
        (lambda: Architecture(reads="inputs"), "Did you mean 'input'"),
        (lambda: Architecture(reads="input"), "reads 'input' puts the convolutions beside .* conv is empty"),
        (lambda: beside(skip=True), "skip is for forecasts and does not go with reads 'channels'"),
        (lambda: beside(calendar=True), "calendar is for forecasts and does not go"),
        (lambda: beside(instance_norm="last"), "instance_norm is for forecasts and does not go"),
        (lambda: Architecture().resized(filters=4), "filters is 4, but it has no convolutions"),
        (lambda: beside().resized(filters=0), "filters must be a whole number of at least 1, but is 0"),
        (lambda: beside().resized(units=0), "units must be a whole number of at least 1, but is 0"),
        (lambda: preset("conv-lstn"), "Did you mean 'conv-lstm'"),
        (lambda: Architecture(head=Head()).build(10, outputs=True), "outputs must be a whole number"),
    ],
)
def test_what_cannot_be_built_is_refused_with_words(make, message):
    with pytest.raises(ValueError, match=message):
        make()
