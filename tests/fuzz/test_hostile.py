"""No file that anyone hands over can take the memory, run code, or write anything.

What each costs of the clock, `python -m benchmarks hostile` shows.
"""

from pathlib import Path

import keras
import pytest

import normcast.layers
from normcast import load
from normcast.artefact import read_keras_file
from normcast.data import read_npz, read_table
from normcast.data.case_file import read_case_file
from normcast.models import Architecture
from normcast.models.edits import Insert, Replace, Set, apply, edits_from_json
from normcast.models.revival import revived, revived_model
from tests.forecasting.ready import ready, saved, table
from tests.fuzz import bombs, hostile
from tests.fuzz.refusal import refusal

MEGABYTES = 500.0


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    """An artefact that is in order; what loading takes the first time is over."""
    path = saved(ready(table()), tmp_path_factory.mktemp("whole"))
    load(path)
    return path.read_bytes()


def refused(open_, name: str = "") -> None:
    """Whether it is refused in words of ours, within the memory, and without a trace."""
    there = sorted(Path().iterdir())
    found = refusal(open_)
    assert found.megabytes < MEGABYTES
    assert sorted(Path().iterdir()) == there
    assert name in found.told
    assert len(found.told) < 2_000


@pytest.mark.parametrize("name", hostile.ARTEFACTS)
def test_an_artefact(name, whole):
    Path("evil.normcast").write_bytes(hostile.ARTEFACTS[name](whole))
    refused(lambda: load("evil.normcast"), "evil.normcast")


@pytest.mark.parametrize("name", hostile.NETWORKS)
def test_a_network(name, tmp_path_factory, whole):
    Path(name).write_bytes(hostile.NETWORKS[name](tmp_path_factory.mktemp("parts")))
    refused(lambda: read_keras_file(name), name)


def test_a_network_in_an_artefact(tmp_path_factory, whole):
    from normcast.artefact.archive import Archive

    for name in ("b.keras", "many.keras", "giant.keras"):
        members = dict(Archive.unpacked(whole, "whole").members)
        del members["architecture.json"]
        members["model.keras"] = hostile.NETWORKS[name](tmp_path_factory.mktemp("parts"))
        Path("evil.normcast").write_bytes(Archive(members, "evil").packed())
        refused(lambda: load("evil.normcast"), "evil.normcast")


@pytest.mark.parametrize("name", bombs.CASES)
def test_cases(name):
    Path("evil.npz").write_bytes(bombs.CASES[name]())
    refused(lambda: read_npz("evil.npz"), "evil.npz")


@pytest.mark.parametrize("name", bombs.TABLES)
def test_a_table(name):
    Path(name).write_bytes(bombs.TABLES[name]())
    refused(lambda: read_table(name), name)


@pytest.mark.parametrize("name", bombs.BOOKS)
def test_a_workbook(name):
    pytest.importorskip("openpyxl")
    Path(name).write_bytes(bombs.BOOKS[name]())
    refused(lambda: read_table(name), name)


@pytest.mark.parametrize("name", bombs.CASE_FILES)
def test_a_file_of_cases(name):
    Path(name).write_bytes(bombs.CASE_FILES[name]())
    refused(lambda: read_case_file(name), name)


@pytest.mark.parametrize("name", bombs.TEXTS)
def test_a_text(name):
    given = bombs.TEXTS[name]
    refused(lambda: Architecture.from_json(given), "Architecture")
    refused(lambda: edits_from_json(given), "edits")
    refused(lambda: revived_model(given, "store"), "store")


def dense(**more):
    return {"module": "keras.layers", "class_name": "Dense", "config": {"units": hostile.MANY}, **more}


def test_edits_and_parts():
    net = hostile.small()
    built = dense(build_config={"input_shape": [None, hostile.MANY]})
    refused(lambda: revived(built, "part"), "part")
    refused(lambda: apply(net, [Insert(built, before="lstm")]), "Dense")
    refused(lambda: apply(net, [Insert(dense(), before="lstm")]), "apply")
    refused(lambda: apply(net, [Set("lstm", units=10**5)]), "apply")
    longer = Insert({"class_name": "ZeroPadding1D", "config": {"padding": [10**6, 0]}}, before="lstm")
    refused(lambda: apply(net, [Set("lstm", unroll=True), longer]), "unroll")
    refused(lambda: apply(net, [Replace("lstm", keras.layers.Conv1D(hostile.MANY, 3))]), "apply")


@pytest.mark.parametrize("kind", [keras.layers.LSTM, normcast.layers.GRU])
def test_a_network_that_carries_states_over_is_edited_and_measured(kind):
    net = keras.Sequential([keras.Input(batch_shape=(4, 8, 3)), kind(2, stateful=True, name="memory")])
    assert apply(net, [Set("memory", units=3)]).output_shape == (4, 3)
    refused(lambda: apply(net, [Set("memory", units=10**5)]), "apply")
    twice = keras.Sequential([keras.Input(batch_shape=(4, 8, 3)), keras.layers.Bidirectional(net.layers[0])])
    assert apply(twice, [Insert("LayerNormalization", after=twice.layers[0].name)]).output_shape == (4, 4)


def test_what_is_large_and_really_there_is_read(tmp_path):
    """Forty layers, and a network of which each weight stands in the file."""
    inputs = x = keras.Input((2,))
    for _ in range(40):
        x = keras.layers.Dense(2)(x)
    keras.Model(inputs, x).save("many.keras")
    assert len(read_keras_file("many.keras").layers) == 41
    large = keras.Sequential([keras.Input((2000,)), keras.layers.Dense(4000)])
    large.save("large.keras")
    assert read_keras_file("large.keras").count_params() == 8_004_000
