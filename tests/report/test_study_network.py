"""The drawing of the network: its layers, what they read, and where placements act."""

import json
import re
from itertools import pairwise

import keras
import pytest

from normcast.models.edits import Insert, Move, Remove, Replace, Set
from normcast.report import StudyReport
from normcast.report.of_study.again import any_code, edits_code, winner_code
from normcast.report.of_study.network import layers_of
from normcast.report.of_study.picture import notes_of
from normcast.report.of_study.places import Place, places_of
from normcast.report.of_study.sketch import BOX_HEIGHT, Note, sketch, strongest
from normcast.study import Placement, placements
from tests.report import study_demo as demo

LAYERS = layers_of(demo.NETWORK)  # past, conv_1, lstm_1, head


def branching():
    past = keras.Input((24, 2), name="past")
    x = keras.layers.Conv1D(4, 3, padding="causal", name="conv_1")(past)
    gate = keras.layers.GlobalAveragePooling1D(name="squeeze")(x)
    gate = keras.layers.Dense(4, "sigmoid", name="excite")(gate)
    x = keras.layers.Multiply(name="excited")([x, gate])
    inner = keras.Sequential([keras.Input((24, 4)), keras.layers.LSTM(8, name="lstm")], name="encoder")
    return keras.Model(past, keras.layers.Dense(2, name="head")(inner(x)))


def test_layers_come_in_order_with_what_a_reader_wants_to_know():
    assert [layer.name for layer in LAYERS] == ["past", "conv_1", "lstm_1", "head"]
    assert [layer.shape for layer in LAYERS] == ["56 × 1", "56 × 10", "15", "14"]
    assert LAYERS[1].about == "10 filters of 3, relu"
    assert LAYERS[3].last


def test_branches_and_nested_models_are_read_and_drawn():
    layers = layers_of(branching().to_json())
    reads = {layer.name: layer.reads for layer in layers}
    assert reads["excited"] == ("conv_1", "excite")
    assert reads["encoder/lstm"] == ("excited",)
    assert reads["head"] == ("encoder/lstm",)
    svg = sketch(layers, {}, "a network")
    assert "side branch: excited also reads conv_1" in svg
    assert "model encoder" in svg
    assert svg.count("<rect") == len(layers)  # a box each, a frame for the model


def test_a_straight_line_goes_down_from_box_to_box():
    svg = sketch(LAYERS, {}, "a network")
    tops = [float(y) for y in re.findall(r'<rect x="[^"]*" y="([^"]*)"', svg)]
    lines = re.findall(r'<path d="M[^ ]* ([0-9.]+)V([0-9.]+)"', svg)
    assert [(float(a), float(b)) for a, b in lines] == [
        (top + BOX_HEIGHT, below) for top, below in pairwise(tops)
    ]


@pytest.mark.parametrize(
    ("edits", "places"),
    [
        ((Insert("BatchNormalization", after="conv_1"),), (Place(1, "after"),)),
        ((Insert("BatchNormalization", before="lstm_1"),), (Place(1, "after"),)),
        ((Insert("BatchNormalization", before="past"),), (Place(-1, "after"),)),
        ((Set("lstm_1", recurrent_dropout=0.2),), (Place(2, "on"),)),
        ((Replace("lstm_1", "GRU"),), (Place(2, "on"),)),
        ((Remove("lstm_1"), Insert("LayerNormalization", after="conv_1")), (Place(1, "after"),)),
        ((Move("conv_1", after="lstm_1"),), (Place(2, "after"),)),
        (
            (Insert("Dropout", before="lstm_1"), Insert("Dropout", after="lstm_1")),
            (Place(1, "after"), Place(2, "after")),
        ),
        ((), ()),
    ],
)  # fmt: skip
def test_a_placement_stands_where_its_edits_act(edits, places):
    assert places_of(Placement("x", edits), LAYERS) == places


def test_a_norm_before_the_activation_is_where_the_norm_is_and_scaling_is_at_the_input():
    edits = (
        Set("conv_1", activation="linear"),
        Insert({"class_name": "BatchNormalization", "config": {"name": "bn"}}, after="conv_1"),
        Insert({"class_name": "Activation", "config": {"activation": "relu"}}, after="bn"),
    )
    assert places_of(Placement("x", edits), LAYERS) == (Place(1, "after"),)
    behind = (*edits[:2], Insert({"class_name": "Dropout", "config": {"rate": 0.1}}, after="bn"))
    assert places_of(Placement("x", behind), LAYERS) == (Place(1, "after"),)
    assert places_of(Placement("x", scaling="robust"), LAYERS) == (Place(0, "on"),)


def test_behind_a_nested_model_is_behind_its_last_layer():
    layers = layers_of(branching().to_json())
    names = [layer.name for layer in layers]
    placement = Placement("x", (Insert("LayerNormalization", after="encoder"),))
    assert places_of(placement, layers) == (Place(names.index("encoder/lstm"), "after"),)


def test_each_placement_is_noted_at_its_place_and_the_place_has_its_strongest_mark():
    notes, elsewhere = notes_of(StudyReport(demo.study()))
    assert {note.text for note in notes[Place(1, "after")]} == {
        "batch norm after the activation",
        "max pooling",
    }
    assert strongest(notes[Place(1, "after")])[0].verdict == "better"
    assert [note.verdict for note in notes[Place(2, "after")]] == ["worse"]
    assert elsewhere == []


def test_what_has_no_place_is_named_in_words():
    slower = Placement("slower", training={"learning_rate": 1e-4})
    notes, elsewhere = notes_of(
        StudyReport(demo.study({"as given": (1.0, 0.0), "slower": (1.1, 0.01)}, (slower,)))
    )
    assert notes == {}
    assert elsewhere[0].startswith("slower (+")


def test_many_notes_at_one_place_are_counted_not_dropped():
    notes = [Note("undecided", k / 100, f"+{k} %", f"way {k}", f"way {k} in words") for k in range(20)]
    notes.append(Note("worse", 0.5, "+50 %", "way 20", "way 20 in words"))
    svg = sketch(LAYERS, {Place(1, "after"): notes}, "a network")
    assert "and 15 undecided" in svg
    assert re.search(r">way 20</text>", svg)
    assert all(f"way {k} +" in svg or f">way {k}<" in svg for k in range(21))


def test_the_code_of_every_placement_gives_its_edits():
    model = keras.models.model_from_json(demo.NETWORK)
    for placement in placements(model):
        lines, names = edits_code(placement.edits)
        room = {}
        exec("\n".join([f"from normcast.models.edits import {', '.join(names)}", *lines[:-1]]), room)
        assert tuple(room["edits"]) == placement.edits, placement.name


def test_the_code_of_the_winner_builds_the_winner():
    result = demo.study()
    given = keras.models.model_from_json(result.facts["model"])
    room = {"model": given}
    exec(winner_code(result.winner), room)
    built, wanted = (json.loads(each.to_json()) for each in (room["model"], result.winner.applied(given)))
    assert built["config"]["layers"] == wanted["config"]["layers"]
    assert any(layer["class_name"] == "BatchNormalization" for layer in built["config"]["layers"])


def test_the_code_for_any_placement_reads_the_store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = demo.study()
    demo.keep(result, "study.db")
    room = {}
    exec(any_code(StudyReport(result)), room)
    kinds = [type(layer).__name__ for layer in room["model"].layers]
    assert kinds == ["InputLayer", "Conv1D", "BatchNormalization", "LSTM", "Dense"]


def test_short_edits_are_printed_as_code_and_long_ones_as_json():
    assert "Insert('BatchNormalization', after='conv_1')" in winner_code(demo.PLACEMENTS[0])
    whole = Placement(
        "x", (Replace("lstm_1", keras.layers.GRU(4)),), scaling="robust", training={"clipnorm": 1.0}
    )
    code = winner_code(whole)
    assert "edits_from_json('''" in code
    assert "scaled otherwise: robust" in code
    assert "clipnorm=1.0" in code
