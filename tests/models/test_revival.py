"""What comes from text runs no code, wherever it enters and however deep it hides."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from normcast.artefact import read_keras_file
from normcast.models.edits import Insert, Replace, Rewire, Set, apply, edits_from_json, edits_to_json
from normcast.models.revival import refuse_argument, refuse_code, revived, revived_model
from normcast.study.job import training_from_json

L = keras.layers
MARK = "ran"


def ran(x):
    Path(MARK).touch()
    return x


@pytest.fixture(autouse=True)
def watched(tmp_path, monkeypatch):
    """Run in a folder of its own; no test of this file may leave the mark of code that ran."""
    monkeypatch.chdir(tmp_path)
    yield
    assert not Path(MARK).exists()


def spec(name, module="keras.layers", registered_name=None, /, **config):
    return {"module": module, "class_name": name, "config": config, "registered_name": registered_name}


def function(name, module="builtins", registered_name=None):
    return {"module": module, "class_name": "function", "config": name, "registered_name": registered_name}


def network(*layers):
    return keras.Sequential([keras.Input((8, 3)), *layers, L.LSTM(4, name="lstm_1")])


CODE = keras.saving.serialize_keras_object(
    L.Lambda(eval("lambda x: (open('ran', 'w').close(), x)[1]"), name="evil")
)
CODE.pop("build_config", None)
BARE = CODE["config"]["function"]  # the lambda alone
HOSTILE = {
    "a Lambda": CODE,
    "a Lambda without its module": {**CODE, "module": None},
    "a Lambda by its file": {**CODE, "module": "keras.src.layers.core.lambda_layer"},
    "a Lambda of a named function": spec("Lambda", function=function("ran")),
    "a Lambda by its registered name": {**CODE, "registered_name": "Lambda"},
    "a lambda as activation": spec("Dense", units=4, activation=BARE),
    "a lambda as initializer": spec("LSTM", units=4, kernel_initializer=BARE),
    "a lambda as regularizer": spec("LSTM", units=4, kernel_regularizer=BARE),
    "a lambda among plain values": spec("Dense", units=4, activation={"deep": [1, [BARE]]}),
    "another module's function": spec("Dense", units=4, activation=function("system", "os", "system")),
    "a builtin": spec("Dense", units=4, activation=function("eval")),
    "a function that loads": spec("Dense", units=4, activation=function("load_model", "keras.saving")),
    "a function as class": spec("load_model", "keras.models", filepath="evil.keras"),
    "a tool of Keras": spec("get_file", "keras.utils", fname="evil"),
    "a typespec": {"class_name": "__typespec__", "config": [], "spec_name": "x", "module": "os"},
    "a class of another package": spec("Popen", "subprocess", args="touch ran"),
    "a package to be imported": spec("Layer", "keras_hub.layers"),
    "a class of Keras that is no layer": spec("Path", "keras.src.saving.saving_lib"),
    "TFSMLayer": spec("TFSMLayer", filepath="evil"),
    "TorchModuleWrapper": spec("TorchModuleWrapper", module=BARE),
    "JaxLayer": spec("JaxLayer", call_fn=BARE),
    "FlaxLayer": spec("FlaxLayer", module=BARE),
    "a vocabulary in a file": spec("StringLookup", vocabulary="/etc/passwd"),
    "a vocabulary of numbers in a file": spec("IntegerLookup", vocabulary="/etc/passwd"),
    "a vocabulary of texts in a file": spec("TextVectorization", vocabulary="/etc/passwd"),
    "a class name that is no text": {"class_name": ["Lambda"], "config": {}},
    "a lookup whose arguments have no names": {"class_name": "StringLookup", "config": ["/etc/passwd"]},
    "a function without a name": {"class_name": "function"},
    "no class at all": spec("Lamda"),
}
NESTED = {
    "bare": lambda evil: evil,
    "in TimeDistributed": lambda evil: spec("TimeDistributed", layer=evil),
    "in Bidirectional": lambda evil: spec("Bidirectional", layer=spec("LSTM", units=2), backward_layer=evil),
    "in a cell": lambda evil: spec("RNN", cell=[spec("LSTMCell", units=2), evil]),
    "in a model": lambda evil: spec("Sequential", "keras", layers=[spec("Dense", units=2), evil]),
}


@pytest.mark.parametrize("nest", NESTED)
@pytest.mark.parametrize("name", HOSTILE)
def test_edits_run_no_code(name, nest):
    evil = NESTED[nest](HOSTILE[name])
    text = json.dumps([{"edit": "insert", "what": evil, "after": "lstm_1"}])
    with pytest.raises(ValueError, match="Edit"):
        apply(network(), edits_from_json(text))(np.ones((1, 8, 3)))
    with pytest.raises(ValueError, match="Edit"):
        apply(network(), [Replace("lstm_1", evil)])
    with pytest.raises(ValueError, match="Edit"):
        apply(network(), [Set("lstm_1", activation=evil)])
    with pytest.raises(ValueError, match="Edit"):
        apply(network(), [Rewire("lstm_1", arguments={"mask": {"value": evil}})])


@pytest.mark.parametrize("name", HOSTILE)
def test_networks_and_losses_from_text_run_no_code(name):
    evil = HOSTILE[name]
    whole = json.loads(network().to_json())
    whole["config"]["layers"].insert(1, evil)
    with pytest.raises(ValueError, match=r"store: config\.layers\[1\]"):
        revived_model(json.dumps(whole), "store")
    with pytest.raises(ValueError, match="training: loss"):
        training_from_json(json.dumps({"epochs": 1, "loss": evil}))
    with pytest.raises(ValueError, match="compiled"):
        refuse_code({**json.loads(network().to_json()), "compile_config": {"loss": evil}}, "compiled")


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_files_run_no_code(suffix):
    model = network(L.Lambda(ran))
    Path(MARK).unlink(missing_ok=True)  # Keras ran it, to find its shape
    path = Path(f"net{suffix}")
    model.save(path)
    with pytest.raises(ValueError, match=rf"net\{suffix}: .*Lambda runs or loads code"):
        read_keras_file(path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_files_without_code_are_read(suffix):
    model = network(L.Conv1D(2, 3, activation="selu", kernel_regularizer="l2"))
    model.compile("adam", keras.losses.Huber())
    model.save(f"net{suffix}")
    x = np.ones((2, 8, 3), "float32")
    told = keras.ops.convert_to_numpy(model(x))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(read_keras_file(f"net{suffix}")(x)), told)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_networks_with_a_graph_and_networks_in_them_are_read(suffix):
    first, second = (keras.Input((8, 3), name=name) for name in ("past", "other"))
    inner = keras.Model(first, L.Conv1D(3, 3, padding="same", name="conv")(first), name="inner")
    joined = L.Concatenate(name="join")([network()(inner(second)), L.LSTM(4)(first)])
    model = keras.Model([first, second], L.Dense(1)(joined))
    model.save(f"net{suffix}")
    x = [np.ones((2, 8, 3), "float32")] * len(model.inputs)
    told = keras.ops.convert_to_numpy(model(x))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(read_keras_file(f"net{suffix}")(x)), told)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("left", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_files_that_are_cut_off_are_refused(left, suffix):
    path = Path(f"net{suffix}")
    network().save(path)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(left * len(raw))])
    with pytest.raises(ValueError, match=rf"net\{suffix} cannot be read as a Keras model"):
        read_keras_file(path)


def test_a_configuration_that_unpacks_to_too_much_is_not_unpacked():
    import zipfile

    with zipfile.ZipFile("bomb.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * (2**25 + 1))
    with pytest.raises(ValueError, match=r"bomb\.keras .*config\.json unpacks to 33,554,433 bytes"):
        read_keras_file("bomb.keras")


def test_a_living_lambda_stays_through_edits_but_takes_none():
    model = network(L.Lambda(ran, name="own"))
    edited = apply(model, [Insert("LayerNormalization", before="lstm_1")])
    assert [layer.name for layer in edited.layers] == ["own", "layer_normalization", "lstm_1"]
    Path(MARK).unlink(missing_ok=True)
    with pytest.raises(ValueError, match="own is a Lambda, whose arguments are code"):
        apply(model, [Set("own", function="relu")])


def test_a_lookup_may_have_words_but_no_file():
    refuse_argument({"class_name": "StringLookup"}, "vocabulary", ["a"], "Set: lookup")
    with pytest.raises(ValueError, match="Set: lookup: StringLookup would read the file '/etc/passwd'"):
        refuse_argument({"class_name": "StringLookup"}, "vocabulary", "/etc/passwd", "Set: lookup")


class Doubled(L.Layer):
    def call(self, x):
        return 2 * x


def test_classes_of_the_model_at_hand_may_be_named():
    model = network(Doubled(name="doubled"))
    edits = edits_from_json(edits_to_json([Insert(Doubled(name="again"), after="doubled")]))
    assert [layer.name for layer in apply(model, edits).layers] == ["doubled", "again", "lstm_1"]
    with pytest.raises(ValueError, match=r"has a class '.*Doubled'"):
        apply(network(), [Insert(Doubled(), after="lstm_1")])


def test_what_users_build_comes_back():
    inputs = keras.Input((8, 3))
    x = L.Bidirectional(L.LSTM(2, return_sequences=True, kernel_regularizer="l2"))(L.Masking()(inputs))
    x = keras.ops.relu(x) + keras.ops.mean(x, axis=1, keepdims=True)
    x = L.TimeDistributed(L.Dense(2, activation=keras.activations.selu, kernel_constraint="max_norm"))(x)
    model = keras.Model(inputs, L.RNN([L.GRUCell(2), L.LSTMCell(2)])(x))
    assert revived_model(model.to_json(), "text").count_params() == model.count_params()
    for thing in (
        keras.losses.Huber(0.5),
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 5)),
    ):
        plain = json.loads(json.dumps(keras.saving.serialize_keras_object(thing)))
        assert type(revived(plain, "text")) is type(thing)
    assert revived(function("relu", "keras.activations"), "text") is keras.activations.relu
