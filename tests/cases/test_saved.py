"""A file of an estimator: whole, of the same bytes, read without trust."""

import json

import keras
import numpy as np
import pytest
from safetensors.numpy import load as load_arrays

import normcast
from normcast.artefact.archive import Archive, as_arrays
from normcast.cases import Classifier
from normcast.forms import NATIVE, XLA
from normcast.kernels import native
from tests.cases.ready import classifier, drawn, regressor
from tests.fuzz.hostile import with_values


@pytest.fixture
def file(tmp_path):
    classifier().save(tmp_path / "c.normcast")
    return tmp_path / "c.normcast"


def test_a_classifier_comes_back_bit_for_bit(file, tmp_path):
    x, again = drawn(5, 30), normcast.load(file)
    assert type(again) is Classifier
    assert again.get_params() == classifier().get_params()
    np.testing.assert_array_equal(again.predict_proba(x), classifier().predict_proba(x))
    np.testing.assert_array_equal(again.predict(x), classifier().predict(x))
    again.save(tmp_path / "again.normcast")
    assert (tmp_path / "again.normcast").read_bytes() == file.read_bytes()


def test_a_file_says_in_which_form_its_recurrences_were_computed(file, tmp_path, monkeypatch):
    form = native.form()
    monkeypatch.setattr(native, "_settled", [XLA if form == NATIVE else NATIVE])
    normcast.load(file).save(tmp_path / "again.normcast")
    for path in (file, tmp_path / "again.normcast"):
        assert json.loads(Archive.opened(path).members["manifest.json"])["recurrence"] == form


def test_a_regressor_comes_back_bit_for_bit(tmp_path):
    regressor().save(tmp_path / "r.normcast")
    x, again = drawn(5, 30), normcast.load(tmp_path / "r.normcast")
    np.testing.assert_array_equal(again.predict(x), regressor().predict(x))
    for percent, bounds in regressor().predict_interval(x).items():
        np.testing.assert_array_equal(again.predict_interval(x)[percent], bounds)


def test_a_file_of_format_1_is_read(file):
    """It knows neither names of inputs nor what stands beside them."""

    def older(manifest):
        manifest["format"] = 1
        for name in ("name", "beside"):
            del manifest["body"]["fitted"][name]

    members = dict(Archive.opened(file).members)
    members["manifest.json"] = with_values(older)(members["manifest.json"])
    file.write_bytes(Archive(members, "test").packed())
    x = drawn(5, 30)
    np.testing.assert_array_equal(normcast.load(file).predict_proba(x), classifier().predict_proba(x))


@pytest.fixture(scope="module")
def counting():
    """A classifier with a weight of no axis: the count of its Normalization."""
    x, layers = drawn(0), keras.layers
    normalised = layers.Normalization()
    normalised.adapt(x)
    model = keras.Sequential(
        [keras.Input(x.shape[1:]), normalised, layers.LSTM(2), layers.Dense(2, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return Classifier(model, seeds=1, epochs=1).fit(x, np.arange(len(x)) % 2, progress=False)


def test_weights_of_no_axis_come_back(counting, tmp_path):
    counting.save(tmp_path / "n.normcast")
    again = normcast.load(tmp_path / "n.normcast")
    np.testing.assert_array_equal(again.predict_proba(drawn(5)), counting.predict_proba(drawn(5)))


def test_a_file_that_gave_them_one_axis_is_read(counting, tmp_path):
    counting.save(tmp_path / "n.normcast")
    members = dict(Archive.opened(tmp_path / "n.normcast").members)
    weights = load_arrays(members["weights.safetensors"])
    assert any(values.ndim == 0 for values in weights.values())
    members["weights.safetensors"] = as_arrays({k: np.atleast_1d(each) for k, each in weights.items()})
    (tmp_path / "n.normcast").write_bytes(Archive(members, "test").packed())
    again = normcast.load(tmp_path / "n.normcast")
    np.testing.assert_array_equal(again.predict_proba(drawn(5)), counting.predict_proba(drawn(5)))


def test_a_loaded_preset_may_be_fitted_anew(file):
    again = normcast.load(file).set_params(epochs=1, seeds=1)
    x = drawn(0)
    assert again.fit(x, np.arange(len(x)) % 2, progress=False).classes_.tolist() == [0, 1]


def test_what_was_not_fitted_is_not_saved(tmp_path):
    with pytest.raises(RuntimeError, match=r"Classifier: save was called before fit"):
        Classifier().save(tmp_path / "c.normcast")
    assert not list(tmp_path.iterdir())


def test_a_file_cut_off_anywhere_is_refused(file):
    raw = file.read_bytes()
    for stop in [0, 1, 3, *range(10, len(raw), len(raw) // 30), len(raw) - 1]:
        file.write_bytes(raw[:stop])
        with pytest.raises(ValueError, match=r"c\.normcast.*not a whole normcast model"):
            normcast.load(file)


def body(change):
    return "manifest.json", with_values(lambda manifest: change(manifest["body"]))


def array(name, values):
    return "cases.safetensors", lambda content: as_arrays(load_arrays(content) | {name: values})


@pytest.mark.parametrize(
    ("member", "change"),
    [
        body(lambda given: given["fitted"].update(steps=13)),
        body(lambda given: given["fitted"].update(channels=3)),
        body(lambda given: given["fitted"].update(networks=3)),
        body(lambda given: given["fitted"].update(beside={"static": [3]})),
        body(lambda given: given["fitted"].update(beside={"static": []})),
        body(lambda given: given["fitted"].update(beside={"past": [12, 2]})),
        body(lambda given: given["fitted"].update(classes=None)),
        body(lambda given: given["fitted"].update(classes=["a"])),
        body(lambda given: given["fitted"].update(classes=["b", "a", "c"])),
        body(lambda given: given["fitted"].update(temperature=0)),
        body(lambda given: given["fitted"]["head"].update(kind="sigmoid")),
        body(lambda given: given["settings"].update(seeds=0)),
        body(lambda given: given["settings"].update(unheard=1)),
        body(lambda given: given.update(preset="lstn")),
        array("inputs.spread", np.ones((2, 3))),
        array("inputs.spread", np.zeros((2, 2))),
        array("targets.location", np.full((2, 1), np.nan)),
        array("residuals", np.ones((4, 4))),
        ("cases.safetensors", None),
        ("manifest.json", lambda content: content.replace(b'"format": 2', b'"format": 9')),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(file, member, change):
    members = dict(Archive.opened(file).members)
    members[member] = change(members[member]) if change else None
    file.write_bytes(Archive({n: c for n, c in members.items() if c is not None}, "test").packed())
    with pytest.raises(ValueError, match=r"c\.normcast: "):
        normcast.load(file)
