"""The page of an evaluation of cases: whole, alone, escaped, and its code runs."""

import re
import warnings
from dataclasses import replace

import numpy as np
import pytest

from normcast.cases import Classifier, Regressor
from normcast.models import Architecture, Recurrent
from normcast.pages.drawing import TONES
from normcast.report import CaseReport, render, write_report
from normcast.report.of_cases.again import python_of
from normcast.report.of_cases.numbers import POINTS, drawn_of
from normcast.report.of_cases.sections import case_page
from normcast.report.of_cases.verdict import judge
from tests.report import cases_demo as demo
from tests.report.test_page import read, words

GROUPS = np.arange(demo.CASES) // 10
KINDS = {
    "classes": lambda: demo.classes(groups=GROUPS),
    "two classes": lambda: demo.classes(names=("no", "yes")),
    "many classes": lambda: demo.classes(cases=400, names=[f"letter {k}" for k in range(26)]),
    "labels": lambda: demo.labels(groups=GROUPS),
    "many labels": lambda: demo.labels(names=[f"label {k}" for k in range(70)]),
    "all labels right": lambda: demo.labels(1.0),
    "all right": lambda: demo.classes(1.0),
    "numbers": lambda: demo.numbers(groups=GROUPS),
    "several": lambda: demo.with_channels(demo.numbers(outputs=3), 6),
    "per step": lambda: demo.numbers(outputs=(demo.STEPS, 2)),
    "tiny": lambda: demo.classes(cases=8),
    "one group": lambda: demo.numbers(groups=np.zeros(demo.CASES, int)),
    "many groups": lambda: demo.numbers(groups=np.arange(demo.CASES) // 3),
    "uneven": lambda: demo.uneven(demo.numbers()),
    "no validation": lambda: unvalidated(demo.numbers()),
}
ORDER = [
    "data",
    "scores",
    "numbers",
    "classes",
    "labels",
    "groups",
    "hardest",
    "learning",
    "settings",
    "again",
]


def unvalidated(found):
    bare = [
        [replace(run, history={"loss": run.history["loss"], "val_loss": []}, best_epoch=0) for run in runs]
        for runs in found.trained
    ]
    return replace(found, trained=tuple(map(tuple, bare)))


@pytest.fixture(scope="module")
def page():
    return render(KINDS["classes"](), source="motions.npz", seconds=41.2)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_evaluation_gives_a_whole_page_that_stands_alone(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        html = render(KINDS[kind]())
    reader = read(html)
    assert not {tag for tag, _ in reader.tags} & {"script", "link", "iframe", "img", "object", "image", "use"}
    assert set(re.findall(r'https?://[^"\s<]*', html)) <= {"http://www.w3.org/2000/svg"}
    assert "url(" not in html
    assert len(html) < 1_500_000
    assert all(b - a <= 1 for a, b in zip(reader.headings, reader.headings[1:], strict=False))
    ids = [attrs["id"] for tag, attrs in reader.tags if tag == "section"]
    assert ids == [each for each in ORDER if each in ids]
    assert not re.search(r"\bnan\b|\binf\b|None\b|Traceback|-0\.0 ", words(html))


def test_the_forms_of_recurrences_stand_beside_the_versions():
    found = demo.numbers()
    first, *rest = found.trained
    mixed = (first, [replace(first[0], recurrence="xla")], [replace(first[0], recurrence="native")], *rest)
    made = words(render(replace(found, trained=tuple(map(tuple, mixed)))))
    assert "recurrences native kernels, XLA" in made
    assert "recurrences" not in words(render(found))


@pytest.mark.parametrize("kind", ["classes", "labels", "several"])
def test_drawings_are_named_and_take_their_colours_from_the_page(kind):
    html = render(KINDS[kind]())
    tags = read(html).tags
    for tag, attrs in tags:
        if tag == "svg" and attrs.get("aria-hidden") != "true":
            assert attrs["role"] == "img"
            assert len(attrs["aria-label"]) > 10
    drawings = re.findall(r'(?s)<svg role="img".*?</svg>', html)
    assert len(drawings) > 8
    for svg in drawings:
        assert "viewBox" in svg
        assert set(re.findall(r'(?:fill|stroke)="([^"]*)"', svg)) <= {
            "none",
            "transparent",
            *(f"var(--{tone})" for tone in TONES),
        }
    counts = [tag for tag, _ in tags]
    assert counts.count("table") == counts.count("caption") > 4


def test_the_same_values_give_the_same_page_and_a_file(page, tmp_path):
    path = write_report(KINDS["classes"](), tmp_path / "r.html", source="motions.npz", seconds=41.2)
    assert path.read_text(encoding="utf-8") == page


def test_the_page_says_what_was_evaluated(page):
    text = words(page)
    assert "Classes told of cases of motions.npz by lstm" in text
    assert "motions.npz · 120 cases of 16 steps · 2 channels · 3 classes · 3 folds, split by groups" in text
    assert "Groups were never split" in text
    assert "evaluation 41 s" in text
    assert "12 groups: none is split" in text
    assert words(render(demo.numbers(), title="Gait & mood")).count("Gait &amp; mood") == 2


def test_the_scoreboard_holds_all_scores_and_the_interval_of_the_network():
    found = demo.classes(0.9, 0.5)
    section = next(s for s in case_page(CaseReport(found)).sections if s.key == "scores")
    board, duels = section.tables
    assert board.head == ("model", *found.scores())
    assert [row[0].text for row in board.rows] == ["normcast", "its 95 % interval", "ridge", "majority"]
    low, high = found.interval()["accuracy"]
    assert board.rows[1][1].text == f"{100 * low:.1f} to {100 * high:.1f} %"
    assert board.rows[0][1].best
    assert [row[3].text for row in duels.rows] == ["better than it", "better than it"]


def test_labels_stand_in_a_row_each_the_worst_first():
    found = demo.labels(0.9, 0.5)
    found.told["normcast"].values[:, 1] = 0.2  # the second, "run", is never told
    sections = {section.key: section for section in case_page(CaseReport(found)).sections}
    assert "classes" not in sections
    (table,) = sections["labels"].tables
    rows = {row[0].text: [cell.text for cell in row] for row in table.rows}
    assert next(iter(rows)) == "run"
    holds = int(found.actual[:, 1].sum())
    assert rows["run"][1:4] == [str(holds), "0", "0 %"]
    assert rows["run"][5] == "–"  # nothing was told to have it
    scores = found.scores()
    assert sections["scores"].tables[0].head == ("model", *scores)
    assert f"{100 * scores['label accuracy']:.1f} %" in judge(CaseReport(found)).answer
    text = words(render(found, source="m.npz"))
    assert "Labels told of cases of m.npz by lstm" in text
    assert "· 3 labels ·" in text
    assert "estimator = normcast.Classifier(" in text


def test_names_of_the_data_are_printed_and_never_run():
    evil = [
        "<b>bold</b>",
        '"&quote',
        "\N{RIGHT-TO-LEFT OVERRIDE}gnp",
        "<script>alert(1)</script>",
        "x" * 5000,
    ]
    groups = np.array(evil)[np.arange(demo.CASES) % 5]
    html = render(
        demo.classes(0.5, names=evil, groups=groups), source="<i>.npz", command="a <u> b", title="<b>"
    )
    assert not re.search(r"<script|<b>bold|<i>|<u>", html)
    assert html.count("&lt;b&gt;bold") > 4
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in html
    assert "x" * 1000 not in html
    read(html)


def test_what_is_drawn_of_many_cases_is_thinned_and_the_same_each_time():
    found = demo.numbers(cases=3000)
    came, told, bounds, texts = drawn_of(found, 0)
    assert len(came) == len(told) == len(bounds) == len(texts) == POINTS
    np.testing.assert_array_equal(came, drawn_of(found, 0)[0])
    assert "Drawn are 400 of 3,000 cases, chosen by chance." in words(render(found))


def test_a_group_in_the_middle_of_many_is_counted_and_not_drawn():
    text = words(render(KINDS["many groups"]()))
    assert "Drawn are the 30 worst; 10 more are not." in text


def test_a_training_that_failed_is_said():
    found = demo.numbers()
    failed = replace(found.trained[0][0], status="failed in epoch 2, step 5: first non-finite is lstm")
    found = replace(found, trained=((failed, *found.trained[0][1:]), *found.trained[1:]))
    assert "fold 1, seed 0: failed in epoch 2, step 5" in words(render(found))


def made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = demo.drawn(60)
    np.savez("cases.npz", x=x, y=np.where(x[:, -1, 0] > 0, "up", "down"), groups=np.arange(60) // 6)
    return "cases.npz"


def test_the_python_of_the_page_evaluates_the_same_from_the_file(tmp_path, monkeypatch):
    from normcast import Cases

    source = made(tmp_path, monkeypatch)
    one = Classifier("lstm", seeds=1, epochs=1, units=3, class_weight={"up": np.float64(2), "down": 1})
    found = one.evaluate(Cases.read(source), folds=2, progress=False)
    html = render(found, source=source)
    code = python_of(CaseReport(found, source=source))
    assert code in html.replace("&#39;", "'").replace("&#34;", '"')
    room = {}
    exec(code, room)
    assert room["evaluation"].table.equals(found.table)
    given = one.get_params()
    left_open = {"batch_size", "patience", "calibrate"}  # chosen by the cases, and printed as chosen
    assert {n: v for n, v in room["estimator"].get_params().items() if n not in left_open} == {
        n: v for n, v in given.items() if n not in left_open
    }
    assert (tmp_path / "report.html").is_file()


def test_the_python_of_the_page_takes_arrays_and_any_setting(tmp_path, monkeypatch):
    import keras

    monkeypatch.chdir(tmp_path)
    x = demo.drawn(60)
    arrays = {"X": x, "y": x[:, -1, 0], "times": np.arange(60)}
    network = Architecture(recurrent=(Recurrent(units=3),))
    optimizer = keras.optimizers.Lion(1e-3, clipnorm=1.0)
    one = Regressor(network, seeds=1, epochs=1, optimizer=optimizer, calibrate=False)
    found = one.evaluate(**arrays, folds=2, progress=False)
    room = dict(arrays)
    exec(python_of(CaseReport(found)), room)
    assert "evaluate(X, y, times=times, folds=2)" in python_of(CaseReport(found))
    assert room["estimator"].model == network
    assert room["estimator"].optimizer.get_config() == optimizer.get_config()
    assert room["evaluation"].table.equals(found.table)


def test_a_keras_model_is_named_and_handed_in(tmp_path, monkeypatch):
    import keras

    monkeypatch.chdir(tmp_path)
    x = demo.drawn(40)
    net = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Flatten(), keras.layers.Dense(1)])
    found = Regressor(net, seeds=1, epochs=1).evaluate(x, x[:, -1, 0], folds=2, progress=False)
    text = words(render(found))
    assert "Here `model` is the keras model and X, y and what else is named are the arrays." in text
    room = {"X": x, "y": x[:, -1, 0], "model": net}
    exec(python_of(CaseReport(found)), room)
    np.testing.assert_allclose(room["evaluation"].told["normcast"].values, found.told["normcast"].values)
