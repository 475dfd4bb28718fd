"""What acts inside a recurrence can be declared: it is our layer, acts in training, and not at inference."""

import keras
import numpy as np
import pytest

from normcast import layers
from normcast.models import Architecture, Conv, Recurrent
from normcast.models.declaration import CELLS, DROPOUTS, OVER_TIME, RECURRENT_DROPOUTS

INSIDE = {
    "norm": ({"norm_inside": "layer"}, {"norm": "layer"}),
    "zoneout": ({"zoneout": 0.5}, {"zoneout": [0.5, 0.5]}),
    "zones": ({"zoneout": (0.1, 0.5)}, {"zoneout": [0.1, 0.5]}),
    "input": ({"input_dropout": 0.5, "norm_inside": "layer"}, {"dropout": 0.5}),
    "weights": ({"weight_dropout": 0.5}, {"weight_dropout": 0.5}),
    "moon": (
        {"recurrent_dropout": 0.5, "recurrent_dropout_kind": "moon"},
        {"recurrent_dropout_kind": "moon"},
    ),
    "tied": (
        {"recurrent_dropout": 0.5, "recurrent_dropout_kind": "tied"},
        {"recurrent_dropout_kind": "tied"},
    ),
}
NOISE = [name for name in INSIDE if name != "norm"]


def built(**recurrent):
    keras.utils.set_random_seed(0)
    return Architecture(recurrent=(Recurrent(units=6, **recurrent),)).build(12, 2, 3)


@pytest.mark.parametrize(("asked", "held"), INSIDE.values(), ids=INSIDE)
def test_what_acts_inside_is_built_as_our_layer(asked, held):
    layer = built(**asked).get_layer("lstm_1")
    assert type(layer) is layers.LSTM
    assert {name: layer.get_config()[name] for name in held} == held


def test_what_keras_can_do_is_keras_own():
    layer = built(recurrent_dropout=0.2, input_dropout=0.1).get_layer("lstm_1")
    assert type(layer) is keras.layers.LSTM
    assert (layer.dropout, layer.recurrent_dropout) == (0.1, 0.2)


def test_a_gru_has_one_zone():
    layer = built(cell="gru", zoneout=0.3, norm_inside="rms").get_layer("gru_1")
    assert type(layer) is layers.GRU
    assert (layer.zoneout, layer.norm) == (0.3, "rms")


@pytest.mark.parametrize("name", NOISE)
def test_declared_noise_acts_in_training_and_not_at_inference(name):
    model = built(**INSIDE[name][0])
    x = np.random.default_rng(0).normal(size=(8, 12, 2)).astype("float32")
    outputs = [
        keras.ops.convert_to_numpy(model(x, training=training)) for training in (True, True, False, False)
    ]
    assert np.abs(outputs[0] - outputs[1]).max() > 1e-4
    np.testing.assert_array_equal(outputs[2], outputs[3])


@pytest.mark.parametrize("kind", DROPOUTS)
def test_every_kind_of_dropout_acts_behind_a_convolution_and_a_recurrence_that_gives_steps(kind):
    architecture = Architecture(
        conv=(Conv(filters=4, dropout=0.4, dropout_kind=kind),),
        recurrent=(Recurrent(units=4, dropout=0.4, dropout_kind=kind), Recurrent(units=3)),
    )
    model = architecture.build(12, 2, 3)
    x = np.random.default_rng(0).normal(size=(8, 12, 2)).astype("float32")
    for name in ("conv_dropout_1", "lstm_dropout_1"):
        part = keras.Model(model.inputs, model.get_layer(name).output)
        source = keras.Model(model.inputs, model.get_layer(name).input)
        seen, before = (keras.ops.convert_to_numpy(each(x, training=False)) for each in (part, source))
        np.testing.assert_array_equal(seen, before)
        noisy = keras.ops.convert_to_numpy(model.get_layer(name)(before, training=True))
        assert np.abs(noisy - before).max() > 1e-3


def test_a_declaration_with_all_of_it_survives_json_and_a_file(tmp_path):
    inside = Recurrent(units=5, norm_inside="batch", zoneout=(0.1, 0.2), weight_dropout=0.1)
    architecture = Architecture(recurrent=(inside, Recurrent(units=3, cell="gru", zoneout=0.1)))
    assert Architecture.from_json(architecture.to_json()) == architecture
    model = architecture.build(12, 2, 3)
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(4, 12, 2)).astype("float32")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(model.predict(x, verbose=0), again.predict(x, verbose=0))


def test_an_architecture_written_before_there_was_an_inside_is_read():
    plain = '{"calendar": false, "conv": [], "head": {"activation": "linear", "zero_start": false}, '
    plain += '"instance_norm": null, "recurrent": [{"cell": "lstm", "dropout": 0.0, "norm": "batch", '
    plain += '"recurrent_dropout": 0.0, "units": 15}], "skip": false}'
    assert Architecture.from_json(plain) == Architecture(recurrent=(Recurrent(units=15, norm="batch"),))


def test_a_convolution_written_before_it_could_see_ahead_is_read():
    architecture = Architecture(conv=(Conv(filters=4),))
    plain = architecture.to_dict()
    del plain["reads"], plain["conv"][0]["padding"]
    assert Architecture.from_dict(plain) == architecture


@pytest.mark.parametrize(("padding", "sees"), [("causal", [5, 6, 7]), ("same", [4, 5, 6])])
def test_a_causal_convolution_sees_no_later_step_and_one_of_the_same_size_both_sides(padding, sees):
    model = Architecture(conv=(Conv(filters=1, activation="linear", padding=padding),)).build(12)
    conv = model.get_layer("conv_1")
    x = np.zeros((1, 12, 1), "float32")
    x[0, 5] = 1.0
    seen = keras.ops.convert_to_numpy(conv(x))[0, :, 0]
    assert np.flatnonzero(seen).tolist() == sees


SHAPES = {"convolutions": (12, 4), "input": (12, 2), "channels": (2, 12)}


@pytest.mark.parametrize(("reads", "shape"), SHAPES.items(), ids=SHAPES)
def test_the_first_recurrent_layer_reads_what_is_declared(reads, shape):
    two = (Recurrent(units=5, cell="gru"), Recurrent(units=3))
    model = Architecture(conv=(Conv(filters=4),), recurrent=two, reads=reads).build(12, 2, 3)
    assert model.get_layer("gru_1").input.shape[1:] == shape
    state = 3 if reads == "convolutions" else 3 + 4
    assert model.get_layer("head").input.shape[1:] == (state,)


@pytest.mark.parametrize("reads", ["input", "channels"])
def test_beside_the_recurrent_layers_the_convolutions_reach_the_head_as_their_mean(reads):
    architecture = Architecture(conv=(Conv(filters=4),), recurrent=(Recurrent(units=3),), reads=reads)
    model = architecture.build(12, 2, 3)
    x = np.random.default_rng(0).normal(size=(8, 12, 2)).astype("float32")
    names = ("lstm_1", "conv_1", "joined")
    parts = keras.Model(model.inputs, [model.get_layer(name).output for name in names])
    state, seen, joined = map(keras.ops.convert_to_numpy, parts(x))
    np.testing.assert_allclose(joined, np.hstack([state, seen.mean(1)]), rtol=1e-5, atol=1e-6)


def test_a_network_is_resized_in_proportion():
    architecture = Architecture(
        conv=(Conv(filters=128), Conv(filters=256), Conv(filters=1)),
        recurrent=(Recurrent(units=8), Recurrent(units=16)),
        reads="input",
    )
    small = architecture.resized(units=4, filters=24)
    assert [each.filters for each in small.conv] == [24, 48, 1]
    assert [each.units for each in small.recurrent] == [4, 4]
    assert architecture.resized() == architecture
    assert small.resized(filters=128).conv[:2] == architecture.conv[:2]
    assert architecture.resized(units=4).conv == architecture.conv
    assert architecture.resized(filters=24).recurrent == architecture.recurrent


@pytest.mark.parametrize("outputs", [1, 4])
def test_outputs_is_how_many_numbers_come_out_whatever_they_are(outputs):
    architecture = Architecture(recurrent=(Recurrent(units=3),))
    assert architecture.build(10, 2, outputs=outputs).output_shape == (None, outputs)
    assert architecture.with_head("softmax").build(10, 2, outputs).output_shape == (None, outputs)


def test_the_kinds_of_recurrent_dropout_are_those_of_the_layers():
    assert {cell: getattr(layers, cell.upper()).dropout_kinds for cell in CELLS} == RECURRENT_DROPOUTS


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Recurrent(units=4, norm_inside="bach"), "Did you mean 'batch'"),
        (lambda: Recurrent(units=4, zoneout=1.0), "zoneout must be a rate in"),
        (lambda: Recurrent(units=4, zoneout=(0.1, 2)), "zoneout must be a rate in"),
        (lambda: Recurrent(units=4, cell="gru", zoneout=(0.1, 0.1)), "or for an lstm a pair"),
        (lambda: Recurrent(units=4, weight_dropout=-0.1), "weight_dropout must be a rate in"),
        (
            lambda: Recurrent(units=4, cell="gru", recurrent_dropout_kind="moon"),
            "no recurrent_dropout_kind 'moon'",
        ),
        (
            lambda: Architecture(recurrent=(Recurrent(units=4, dropout=0.1, dropout_kind=OVER_TIME[0]),)),
            "no steps, so dropout_kind 'spatial' has nothing to act on",
        ),
    ],
)
def test_what_cannot_act_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
