"""Progress: who is told of it, and what is drawn where somebody looks."""

import io
import sys
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from normcast.engine import progress
from normcast.engine.line import progress_line
from normcast.engine.progress import Progress, progress_bar, reporting, told_as

NOW = Progress(1, 2, 0.5, 0.25, 1.0, 1)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def opened(monkeypatch):
    """Called in the test, since pytest sets stderr anew for it."""

    def open_terminal():
        stream = Terminal()
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "120")
        return stream

    return open_terminal


def test_a_terminal_gets_one_line(opened):
    terminal = opened()
    with progress_bar() as bar:
        bar(NOW)
    assert "epoch 1/2" in terminal.getvalue()


def test_words_in_brackets_are_words(opened):
    terminal = opened()
    with progress_line() as show:
        show(1, 2, "placement [red]")
    assert "[red]" in terminal.getvalue()


@pytest.mark.parametrize("asked", [False, None])
def test_nothing_is_drawn_where_nobody_asked(opened, asked):
    terminal = opened()
    with reporting(asked) as report:
        if report is not None:
            report(NOW)
    assert terminal.getvalue() == ""


def test_true_draws_and_a_function_is_called(opened):
    terminal = opened()
    told = []
    with reporting(told.append) as report:
        report(NOW)
    assert (told, terminal.getvalue()) == ([NOW], "")
    with reporting(True) as report:
        report(NOW)
    assert "epoch 1/2" in terminal.getvalue()


def test_nothing_is_drawn_without_a_terminal(capsys):
    with reporting(True) as report:
        report(NOW)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_with_ipython_is_no_notebook(opened, monkeypatch):
    terminal = opened()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=object))
    with progress_bar() as bar:
        bar(NOW)
    assert "epoch 1/2" in terminal.getvalue()


def test_parts_of_a_work_are_told_as_a_share_of_all():
    told = []
    told_as(told.append, 2, 3)(NOW)
    assert (told[0].model, told[0].models) == (2, 3)
    assert told_as(None, 2, 3) is None


def test_the_bar_never_goes_back_where_networks_train_beside_each_other(monkeypatch):
    shown = []

    @contextmanager
    def line(quiet):
        yield lambda *told: shown.append(told)

    monkeypatch.setattr(progress, "progress_line", line)
    with progress_bar() as bar:
        for place, epoch in ((0, 1), (1, 1), (0, 2), (1, 2)):
            bar(replace(NOW, epoch=epoch, epochs=9, model=place, models=2))
    assert [(done, total) for done, total, _ in shown] == [(1, 18), (10, 18), (10, 18), (11, 18)]
    assert "epoch 2/9" in shown[2][2]
