"""The page of an inspection: what it opens with, what it shows; it is written whole or not at all."""

import re
from contextlib import redirect_stdout
from dataclasses import replace
from functools import partial, partialmethod
from io import StringIO
from pathlib import Path

import keras
import numpy as np
import pytest

import normcast
from normcast.inspect import GradientFlow
from normcast.inspect.page.findings import PYTHON
from normcast.inspect.page.opening import opening
from normcast.report import write_report
from tests.inspect.nets import X, Y, network
from tests.report.test_page import read, words


@pytest.fixture(scope="module")
def inspection():
    return normcast.inspect_model(network(), X, Y)


@pytest.fixture(scope="module")
def page(inspection, tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "inspect.html"
    told = {"source": "net.keras", "data": "x y.npz", "command": "normcast inspect net.keras 'x y.npz'"}
    assert inspection.report(file, **told) == file
    return file.read_text(encoding="utf-8")


def test_it_opens_with_the_verdict_on_the_layer(page, inspection):
    answer = re.search(r"<strong>(.*?)</strong>", page)[1]
    assert answer.startswith("lstm_1 ")
    assert inspection.readings["lstm_1"].verdict in answer


def test_every_picture_stands_under_a_sentence_on_what_is_normal(page):
    told = words(page)
    for title in ("The network", "Gates", "States", "Gradients", "Histograms", "Weights", "Spectra"):
        assert title in told
    for title in ("f, forget gate", "to x, input", "How far back the network looks", "bn"):
        assert title in told
    assert told.count("Normally") >= 9
    assert "mean over 6 cases" in told.lower()
    assert page.count('<svg role="img"') >= 20


def test_the_study_that_it_prints_runs_as_printed(monkeypatch):
    keras.utils.set_random_seed(1)
    conv = keras.layers.Conv1D(
        6, 3, activation="relu", bias_initializer=keras.initializers.Constant(-50), name="conv"
    )
    model = keras.Sequential(
        [keras.Input((12, 2)), conv, keras.layers.GRU(3, bias_initializer="ones"), keras.layers.Dense(1)]
    )
    x = np.random.default_rng(0).normal(size=(24, 12, 2)).astype("float32")
    y = x[:, -1, :1]
    inspection = normcast.inspect_model(model, x, y, loss="mse")
    assert "dead-filters" in {each.rule for each in inspection.findings}
    short = partial(normcast.Study, seeds=1, folds=1, epochs=1)
    monkeypatch.setattr(normcast, "Study", short)
    monkeypatch.setattr(short.func, "run", partialmethod(short.func.run, processes=1, progress=False))
    said = StringIO()
    with redirect_stdout(said):
        exec(PYTHON, {"model": model, "x": x, "y": y, "inspection": inspection})
    assert "dead-filters (conv)" in said.getvalue()


def test_it_says_how_much_of_the_window_convolutions_see(page, inspection):
    assert inspection.receptive_fields == {"conv": 3}
    assert "conv  Conv1D, 4 channels; sees 3 of 8 steps" in inspection.text()
    told = [(each["name"], each["receptive_field"]) for each in inspection.to_dict()["channels"]]
    assert told == [("conv", 3), ("bn", None)]  # in the order of the computation
    assert "steps seen" in words(page)
    assert "<td>3 of 8</td>" in page


def test_a_layer_that_vanishes_as_plain_ones_do_is_no_alarm(inspection):
    seen = inspection.seen.recurrences["lstm_1"]
    for half_life, tone in ((1.5, "open"), (0.5, "no")):
        back = replace(seen, window=64, carried=0.5 ** (np.arange(64)[::-1] / half_life))
        changed = replace(inspection, seen=replace(inspection.seen, recurrences={"lstm_1": back}))
        assert opening(changed).tone == tone


def test_it_says_how_it_was_made(page):
    told = words(page)
    assert "normcast inspect net.keras &#39;x y.npz&#39;" in told
    assert "inspection = normcast.inspect_model(model, x, y)" in told
    assert "loss (mse)" in told
    assert re.search(r"keras \d+\.\d+", told)


def test_what_was_recorded_over_a_training_stands_on_the_page(inspection, tmp_path):
    recorded = GradientFlow(X, Y, cases=4)
    network().fit(X, Y, epochs=2, verbose=0, callbacks=[recorded])
    told = words(inspection.report(tmp_path / "a.html", flow=recorded.flow).read_text(encoding="utf-8"))
    assert "2 epochs recorded, on 4 cases" in told
    for title in ("The loss", "lstm_1: the epoch chosen", "lstm_1: f, forget gate", "Updates of the weights"):
        assert title in told


def test_it_stands_alone_and_is_well_formed(page):
    reader = read(page)
    assert not {tag for tag, _ in reader.tags} & {"script", "link", "iframe", "img"}
    ids = [attrs["id"] for _, attrs in reader.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert all(b - a <= 1 for a, b in zip(reader.headings, reader.headings[1:], strict=False))
    assert len(page) < 1_000_000


def test_write_report_writes_a_network_without_a_recurrence_as_a_page_of_its_channels(tmp_path):
    seen = normcast.inspect_model(network(recurrent=False), X, Y)
    page = words(write_report(seen, tmp_path / "one.html", title="Mine").read_text(encoding="utf-8"))
    assert page.startswith(" Mine")
    assert "No recurrent layer" in page
    assert "Convolutions and normalizations" in page


def test_a_layer_that_is_not_finite_is_what_the_page_opens_with():
    net = network()
    kernel = net.get_layer("lstm_1").kernel
    kernel.assign(np.full(kernel.shape, np.nan, "float32"))
    assert opening(normcast.inspect_model(net, X, Y)).answer.startswith("lstm_1 is not finite: ")


@pytest.mark.parametrize("name", ["", "page.pdf", "none/page.html"], ids=["folder", "pdf", "no folder"])
def test_a_path_that_cannot_be_written_is_refused_and_nothing_is_left(inspection, tmp_path, name):
    with pytest.raises((ValueError, OSError), match=r"html|folder"):
        inspection.report(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_the_tests_that_the_docs_name_are_there():
    root = Path(__file__).parents[2]
    named = re.findall(r"`(test_\w+)`", (root / "docs" / "inspect.md").read_text(encoding="utf-8"))
    tests = "".join(file.read_text(encoding="utf-8") for file in (root / "tests").rglob("test_*.py"))
    assert len(named) >= 11
    assert [name for name in named if f"def {name}(" not in tests] == []
