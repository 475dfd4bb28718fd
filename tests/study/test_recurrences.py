"""A study says in which form its recurrences were computed, wherever its results stand."""

from dataclasses import replace

import keras

from normcast.cli.study_run import print_result
from normcast.forms import NATIVE, XLA
from normcast.kernels import native
from normcast.report import StudyReport
from normcast.report.of_study.settings import settings_section
from normcast.study import Study, StudyResult
from normcast.study.export import evidence_of
from normcast.study.recurrences import MIXED, REPEATS, UNKNOWN, repeats
from normcast.study.store import Store
from normcast.study.trial import Trial
from tests.report import study_demo as demo

from .ready import small_study, table


def made(*recurrences):
    """A study whose trials were made in these forms in turn; None: nobody noted it."""
    found = demo.study()
    told = [demo.VERSIONS | {"recurrence": form} for form in recurrences]
    told = [{k: v for k, v in each.items() if v is not None} for each in told]
    trials = [replace(each, versions=told[n % len(told)]) for n, each in enumerate(found.trials)]
    return replace(found, trials=tuple(trials))


def pages(result, capsys):
    """What is printed, what the result itself says, and the settings on its page."""
    print_result(result)
    section = settings_section(StudyReport(result))
    rows = {row[0].text: row[1].text for each in section.tables for row in each.rows}
    return capsys.readouterr().out, str(result), section.text, rows


def test_one_form_is_one_line(capsys):
    printed, shown, text, rows = pages(made(XLA), capsys)
    assert "Recurrences: XLA.\n" in printed
    assert "ecurrences" not in shown  # what may be no surprise takes no line from the placements
    assert (text, rows["recurrences"]) == ((), "XLA")
    assert "recurrence" not in rows


def test_two_forms_are_told_with_what_that_means(capsys):
    printed, shown, text, rows = pages(made(NATIVE, XLA, XLA, XLA), capsys)
    trials = len(demo.study().trials)
    told = f"native kernels in {trials // 4} trainings, XLA in {trials * 3 // 4} trainings"
    assert f"Recurrences: {told}. {MIXED} {REPEATS}" in printed
    assert MIXED in " ".join(shown.split())
    assert (text, rows["recurrences"]) == ((f"{MIXED} {REPEATS}",), told)


def test_trials_of_earlier_versions_are_of_an_unknown_form(capsys):
    assert pages(made(None), capsys)[3]["recurrences"] == "not noted"
    assert repeats(made(None).trials) == ""
    assert repeats(made(None, XLA).trials) == f"{UNKNOWN} {REPEATS}"


def test_evidence_tells_the_forms_of_all_its_trials():
    assert evidence_of(made(NATIVE, XLA, XLA, XLA))["versions"]["recurrences"].startswith("native kernels in")
    assert evidence_of(made(""))["versions"] == {k: v for k, v in demo.VERSIONS.items() if k != "recurrence"}


def test_a_study_without_recurrences_says_nothing_of_forms(capsys):
    printed, shown, text, rows = pages(made(""), capsys)
    assert "ecurrences" not in f"{printed}{shown}{text}"
    assert "recurrences" not in rows


def test_a_trial_that_never_ran_is_of_no_form():
    lost = Trial("a", 0, 9, 6, status="failed: its worker ended")
    assert repeats([*made(XLA).trials, lost]) == ""


def test_trials_of_both_kinds_stay_in_a_store_that_is_gone_on_with(tmp_path, monkeypatch):
    path = tmp_path / "s.db"
    here = native.form()
    other = XLA if here == NATIVE else NATIVE
    small_study(path, seeds=1).run(processes=1)
    known = Store(path).trials()
    assert {trial.recurrence for trial in known} == {here}
    monkeypatch.setattr(native, "_settled", [other])
    small_study(path, seeds=2).run(processes=1)
    result = StudyResult.read(path)
    assert {trial.recurrence for trial in result.trials} == {here, other}
    assert {trial.key: trial for trial in result.trials}.items() >= {each.key: each for each in known}.items()


def test_trials_of_networks_without_recurrences_have_no_form():
    rest = [keras.layers.Flatten(), keras.layers.Dense(2)]
    network = keras.Sequential([keras.Input((8, 1)), keras.layers.Conv1D(2, 3), *rest])
    given = {"h": 2, "input_size": 8, "seeds": 1, "epochs": 1, "folds": 1, "axes": ["dropout"]}
    result = Study(network, table(), **given).run(processes=1)
    assert {trial.recurrence for trial in result.trials} == {""}
