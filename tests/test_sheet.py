"""What public objects say of themselves: a few lines at a prompt, one screen in a notebook."""

from functools import cache
from html.parser import HTMLParser

import keras
import numpy as np
import pandas as pd
import pytest

import normcast
from normcast.data import Panel
from normcast.leakage.report import CanaryReport, Leak
from normcast.models import Architecture, Conv, Recurrent
from normcast.models.presets import PRESETS
from normcast.sheet import HTML_ROWS, LINES, Sheet, Table, clean

NAME = "<b>bold</b>\x1b[31m"  # what nobody should trust: HTML, and a sign that steers a terminal
NETWORK = Architecture(recurrent=(Recurrent(units=3),))
TINY = {"seeds": 1, "epochs": 1}


def table(series=2):
    rng = np.random.default_rng(0)
    stamps = pd.date_range("2024-01-01", periods=80)
    parts = [
        pd.DataFrame({"id": f"{NAME}{i}", "ds": stamps, NAME: rng.normal(size=80)}) for i in range(series)
    ]
    return pd.concat(parts, ignore_index=True)


COLUMNS = {"id_col": "id", "time_col": "ds", "target_col": NAME}


def drawn(cases=40):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(cases, 8, 1))
    return x, x[:, -1, 0], np.where(x[:, -1, 0] > 0, NAME, "other")


def broken():
    layers = [keras.layers.Conv1D(4, 3), keras.layers.Dropout(0.2), keras.layers.BatchNormalization()]
    return keras.Sequential([keras.Input((8, 3)), *layers, keras.layers.LSTM(4, name="lstm")], name="net")


def unread():
    class Own(keras.Model):
        def call(self, x):
            return x

    return Own(name="own")


@cache
def forecaster():
    fitted = normcast.Forecaster(h=2, model=NETWORK, input_size=7, level=(50,), **TINY)
    fitted.cross_validation(table(), n_windows=2, **COLUMNS)
    return fitted.fit(table(), **COLUMNS)


@cache
def regressor():
    x, y, _ = drawn()
    return normcast.Regressor(NETWORK, **TINY).fit(x, y)


@cache
def classifier():
    x, _, labels = drawn()
    return normcast.Classifier(NETWORK, **TINY).fit(x, labels)


def study():
    x, y, _ = drawn()
    found = normcast.placements(NETWORK.build(8, 1, 1), axes=["recurrent-dropout"])
    ours = {f"{NAME} {i}": each.edits for i, each in enumerate(found)}
    return normcast.Study(NETWORK, (x, y), ours, seeds=2, epochs=1)


@cache
def result():
    return study().run(processes=1)


def leaky():
    leak = Leak(f"column {NAME}", "row 3", "1.0", "2.0", 3, 31, 1.0, "2024-01-31", ("noise",))
    return CanaryReport(f"function {NAME}", ("y",), ("noise",), ("2024-01-31",), 1, 31, (leak,) * 30)


OBJECTS = {
    "Forecaster": forecaster,
    "Forecaster, not fitted": lambda: normcast.Forecaster(h=14, seeds=1),
    "Backtest": lambda: forecaster().backtest_,
    "Regressor": regressor,
    "Regressor, not fitted": normcast.Regressor,
    "Classifier": classifier,
    "Evaluation": lambda: regressor().evaluate(*drawn()[:2], folds=2),
    "Study": study,
    "StudyResult": result,
    "Findings": lambda: normcast.check_model(broken()),
    "Findings, many": lambda: normcast.check.Findings(40 * list(normcast.check_model(broken()))),
    "Findings, none": normcast.check.Findings,
    "Findings, not checked": lambda: normcast.check_model(unread()),
    "Finding": lambda: normcast.check_model(broken())[0],
    "Fixed": lambda: normcast.fix_model(broken(), safety="unsafe"),
    "Panel": lambda: Panel.from_frame(table(30), **COLUMNS),
    "Cases": lambda: normcast.Cases.of(drawn()[0], drawn()[2]),
    "Cases of numbers": lambda: normcast.Cases.of(
        *drawn()[:2], groups=np.arange(40) // 2, times=np.arange(40)
    ),
    "Training": lambda: normcast.Training(optimizer=keras.optimizers.Lion(1e-4), epochs=3),
    "Architecture": lambda: Architecture((Conv(filters=4, norm="batch"),), (Recurrent(units=3),)),
    "CanaryReport": lambda: CanaryReport("function smooth", ("y",), ("noise",), ("2024-01-31",), 1, 31),
    "CanaryReport, leaky": leaky,
}
BARE = {"Regressor, not fitted", "Forecaster, not fitted"}
BARE |= {"Findings, none", "Findings, not checked", "CanaryReport"}


class Reader(HTMLParser):
    """Reads a fragment: which tags it has, what stays open, and its text."""

    def __init__(self, fragment):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(fragment)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name not in ("style", "class")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("name", OBJECTS)
def test_a_public_object_tells_what_it_is_in_a_few_lines(name):
    text = repr(OBJECTS[name]())
    assert text.startswith(name.partition(",")[0].partition(" ")[0])
    assert len(text) <= 800
    assert len(text.splitlines()) <= LINES
    assert " object at 0x" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize("name", OBJECTS)
def test_a_public_object_has_a_screen_of_html_that_needs_nothing(name):
    fragment = OBJECTS[name]()._repr_html_()
    reader = Reader(fragment)
    assert reader.open == []
    assert set(reader.tags) <= {"div", "p", "strong", "table", "thead", "tbody", "tr", "th", "td"}
    assert ("table" in reader.tags) == (name not in BARE)
    assert reader.tags.count("tr") <= 2 * HTML_ROWS
    assert len(fragment) <= 25_000
    assert "\x1b" not in fragment


@pytest.mark.parametrize("name", ["Forecaster", "Classifier", "Study", "StudyResult", "Panel", "Cases"])
def test_names_of_the_data_are_text_in_a_page_and_not_a_part_of_it(name):
    subject = forecaster().panel_ if name == "Forecaster" else OBJECTS[name]()
    assert "<b>" in Reader(subject._repr_html_()).text


def test_findings_print_as_the_command_prints_them():
    findings = normcast.check_model(broken())
    assert str(findings) == normcast.check.formatted(findings)
    assert str(normcast.check.Findings()) == "model: no findings."
    many = str(normcast.check.Findings(list(findings) * 30))
    assert "... and 10 more" in many
    assert "Found 30 warnings." in many


@pytest.mark.parametrize("name", PRESETS)
def test_the_text_of_a_network_makes_it_again(name):
    network = PRESETS[name].architecture
    words = vars(normcast.models)
    assert eval(repr(network), dict(words)) == network
    assert len(repr(network)) < 500


def test_a_study_without_enough_trials_says_so():
    few = normcast.StudyResult({"network": "lstm", "folds": 1, "metric": "mae"}, (), {}, ())
    assert "too few to compare" in repr(few)


def test_a_name_without_end_and_rows_without_end_are_cut():
    sheet = Sheet("Panel", "x" * 10_000, table=Table(("a",), (("y" * 5_000,),) * 1_000))
    assert len(sheet.text()) < 800
    assert "... and 980 more" in sheet.html()
    assert len(clean("a" * 1_000, 20)) == 20
