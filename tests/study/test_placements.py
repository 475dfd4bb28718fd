"""Placements are found from any graph, fit it, and differ from what is there."""

import json

import keras
import numpy as np
import pytest

from normcast.models import Architecture, Conv, Recurrent
from normcast.models.presets import PRESETS, preset
from normcast.study import AXES, Placement, placements
from normcast.study.combine import together
from normcast.study.placement import as_placements

LONG = pytest.param("deep-conv-lstm", marks=pytest.mark.slow)
NETWORKS = [*sorted(set(PRESETS) - {"deep-conv-lstm"}), LONG]


def built(name: str) -> keras.Model:
    return preset(name).architecture.build(48, 1, 5)


def nested() -> keras.Model:
    inner = keras.Sequential(
        [keras.Input((24, 2)), keras.layers.Conv1D(4, 3, activation="relu", name="conv"),
         keras.layers.GRU(5, name="gru")], name="encoder"
    )  # fmt: skip
    x = keras.Input((24, 2), name="past")
    return keras.Model(x, keras.layers.Dense(3, name="head")(inner(x)))


def bidirectional() -> keras.Model:
    lstm = keras.layers.LSTM(3, return_sequences=True)
    return keras.Sequential(
        [keras.Input((24, 2)), keras.layers.Bidirectional(lstm, name="both"), keras.layers.SimpleRNN(4),
         keras.layers.Dropout(0.1), keras.layers.Dense(3)]
    )  # fmt: skip


@pytest.mark.parametrize("share", [pytest.param(1, marks=pytest.mark.slow), 9])
@pytest.mark.parametrize("make", [*NETWORKS, nested, bidirectional], ids=lambda m: getattr(m, "__name__", m))
def test_every_placement_builds_and_gives_the_same_shape(make, share):
    model = built(make) if isinstance(make, str) else make()
    x = [np.zeros((2, *tensor.shape[1:]), "float32") for tensor in model.inputs]
    found = placements(model)
    for placement in found[::share]:
        edited = placement.applied(model)
        assert tuple(edited.output_shape) == tuple(model.output_shape), placement
        assert np.isfinite(np.asarray(edited(x if len(x) > 1 else x[0]))).all(), placement


@pytest.mark.parametrize("name", NETWORKS)
def test_placements_have_names_of_their_own_and_change_the_graph(name):
    model = built(name)
    found = placements(model)
    assert len({placement.name for placement in found}) == len(found)
    given = plain(model)
    for placement in found:
        assert plain(placement.applied(model)) != given or placement.scaling, placement


def plain(model: keras.Model) -> str:
    config = json.loads(model.to_json())
    config.pop("compile_config", None)
    return json.dumps(config, sort_keys=True)


def test_the_usual_network_has_at_least_twenty_placements_on_all_axes():
    found = placements(built("conv-lstm"))
    assert len(found) >= 20
    assert {placement.axis for placement in found} == set(AXES)


def test_what_stands_there_is_no_placement_but_its_absence_is():
    names = [placement.name for placement in placements(built("conv-lstm"), axes=["norm"])]
    assert "lstm_1: batch norm before the output" not in names
    assert "lstm_1: no norm" in names


def test_a_norm_before_the_activation_takes_the_activation_behind_it():
    model = built("conv-lstm")
    found = {placement.name: placement for placement in placements(model)}
    edited = found["conv_1: batch norm before the activation"].applied(model)
    order = [layer.name for layer in edited.layers]
    assert order.index("conv_1") < order.index("conv_1_batch_norm") < order.index("conv_1_activation")
    assert edited.get_layer("conv_1").activation.__name__ == "linear"
    assert edited.get_layer("conv_1_activation").activation.__name__ == "relu"


def test_squeeze_excite_of_plain_layers_can_be_taken_out():
    model = built("conv-se-lstm")
    found = {placement.level: placement for placement in placements(model, axes=["squeeze-excite"])}
    edited = found["no squeeze-excite"].applied(model)
    assert not any(isinstance(layer, keras.layers.Multiply) for layer in edited.layers)


def test_alpha_dropout_is_offered_behind_selu_alone():
    selu = Architecture(conv=(Conv(4, activation="selu"),), recurrent=(Recurrent(4),)).build(24, 1, 2)
    relu = Architecture(conv=(Conv(4, activation="relu"),), recurrent=(Recurrent(4),)).build(24, 1, 2)
    offered = [any("alpha" in p.level for p in placements(m, axes=["dropout"])) for m in (selu, relu)]
    assert offered == [True, False]


def test_the_same_layer_starts_from_the_same_weights_in_every_placement():
    from normcast.engine.network import Network, initial_variables

    model = built("conv-lstm")
    given = start_of(Network(model), initial_variables)
    for placement in placements(model, axes=["norm", "dropout", "pooling"]):
        start = start_of(Network(placement.applied(model)), initial_variables)
        for path in ("conv_1/kernel", "lstm_1/lstm_cell/kernel", "head/kernel"):
            np.testing.assert_array_equal(start[path], given[path], err_msg=placement.name)


def start_of(network, initial):
    trainable, _ = initial(network, 3, None)
    return {v.path: value for v, value in zip(network.trainable, trainable, strict=True)}


def test_unknown_axes_and_bare_networks_are_refused():
    with pytest.raises(ValueError, match=r"no axis 'norms'.*Did you mean 'norm'"):
        placements(built("lstm"), axes=["norms"])
    dense = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="no Conv1D, LSTM"):
        placements(dense)


def test_placements_travel_as_json():
    for placement in placements(built("conv-se-lstm")):
        back = Placement.from_json(placement.to_json())
        assert back == placement


def test_findings_of_check_are_placements():
    from normcast.check import check_model

    model = keras.Sequential(
        [keras.Input((24, 1)), keras.layers.Conv1D(4, 3, activation="relu"), keras.layers.Dropout(0.2),
         keras.layers.BatchNormalization(), keras.layers.LSTM(4), keras.layers.Dense(2)]
    )  # fmt: skip
    fixes = {finding.rule: finding.fix for finding in check_model(model) if finding.fix}
    given = as_placements(fixes)
    assert [each.name for each in given] == list(fixes)
    assert given[0].applied(model).output_shape == model.output_shape


@pytest.mark.parametrize(
    ("given", "message"),
    [([Placement("a"), Placement("a")], "two placements are called 'a'"), ([], "no placement"),
     ([Placement("as given")], "name of the baseline")],
)  # fmt: skip
def test_placements_that_cannot_be_told_apart_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        as_placements(given)


def test_a_combined_placement_is_found_anew_at_the_rate_it_was_found_with():
    model = built("conv-lstm")
    offered = placements(model, axes=["inside", "recurrent-dropout", "dropout"], rate=0.3, zoneout=0.05)
    chosen = [p for p in offered if p.level in ("layer norm inside", "zoneout 0.05", "dropout 0.3 after")]
    assert [p.rate for p in chosen] == [None, 0.3, 0.05]
    cell = {each.factor: each.name for each in chosen}
    config = together(model, chosen, cell).applied(model).get_layer("lstm_1").get_config()
    assert (config["norm"], config["zoneout"]) == ("layer", [0.05, 0.05])
    layers = together(model, chosen, cell).applied(model).layers
    assert [layer.rate for layer in layers if isinstance(layer, keras.layers.Dropout)] == [0.3]


def test_a_placement_that_does_not_tell_its_rate_is_found_at_the_usual_one():
    model = built("conv-lstm")
    offered = placements(model, axes=["norm", "dropout"])
    old = [Placement.from_json(p.to_json().replace(', "rate": 0.2', "")) for p in offered]
    assert {p.rate for p in old} == {None}
    wanted = ("no norm", "dropout 0.2 after")
    chosen = [p for p in old if p.level in wanted and p.slot == "lstm_1"]
    cell = {each.factor: each.name for each in chosen}
    fresh = [p for p in offered if p.level in wanted and p.slot == "lstm_1"]
    assert len(chosen) == 2
    assert together(model, chosen, cell).edits == together(model, fresh, cell).edits
