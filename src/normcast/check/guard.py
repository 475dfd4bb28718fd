"""Checks that run where models are trained and tested: a Keras callback and a pytest helper."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import keras

from normcast.check.checker import check_model
from normcast.check.configuration import FAIL_ON
from normcast.check.facts import Facts, to_facts
from normcast.check.formats import as_text
from normcast.check.rule import Severity
from normcast.errors import unknown


class CheckCallback(keras.callbacks.Callback):
    """Check the model when training begins: raise on severe findings, warn of the others but advice.

    It warns of what could not be checked, too.

    Parameters
    ----------
    facts : Facts or mapping, optional
        What is known beyond the model and its compile settings, as in `check_model`.
    fail_on : {"error", "warning", "advice", "never"}, default "error"
        The least severity that stops the training: fit raises ValueError then, with the findings as text.
    select : iterable of str, default ()
        The only rules to run, as in `check_model`.
    ignore : iterable of str, default ()
        Rules not to run, as in `check_model`.
    silence : mapping of str to collection of str, optional
        Layers to rules that do not concern them, as in `check_model`.

    Raises
    ------
    ValueError
        If fail_on is none of these words.

    Examples
    --------
    >>> CheckCallback(fail_on="warning").fail_on
    'warning'
    """

    def __init__(
        self,
        facts: Facts | Mapping[str, Any] | None = None,
        fail_on: str = "error",
        select: Iterable[str] = (),
        ignore: Iterable[str] = (),
        silence: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        super().__init__()
        _check_severity(fail_on)
        self.facts, self.fail_on = facts, fail_on
        self.options: dict[str, Any] = {"select": tuple(select), "ignore": tuple(ignore), "silence": silence}

    def on_train_begin(self, logs: Any = None) -> None:
        """Check the model that is about to be trained; Keras calls it.

        Parameters
        ----------
        logs : Any, default None
            What Keras hands in; it is not read.

        Raises
        ------
        ValueError
            If a finding is as severe as fail_on, with the findings as text.
        """
        epochs = (self.params or {}).get("epochs")
        known = to_facts(self.facts).filled_from(Facts().known(epochs=epochs) if epochs else Facts())
        least = Severity.ADVICE if self.fail_on == "advice" else Severity.WARNING
        findings = check_model(self.model, known, **self.options).at_least(least)
        if any(self.fail_on != "never" and f.severity >= Severity[self.fail_on.upper()] for f in findings):
            raise ValueError(as_text(findings, self.model.name, self.model))
        if not findings.is_all_clear:
            warnings.warn(as_text(findings, self.model.name, self.model), stacklevel=2)


def assert_no_findings(
    model: Any,
    facts: Facts | Mapping[str, Any] | None = None,
    severity: str = "warning",
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    silence: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Raise AssertionError, with the findings as text, if the model has any of at least this severity.

    So does a model, or a part of one, that could not be checked: nobody looked there. It is a line for your
    tests.

    Parameters
    ----------
    model : keras.Model
        Any model, compiled or not.
    facts : Facts or mapping, optional
        What is known beyond the model, as in `check_model`.
    severity : {"error", "warning", "advice"}, default "warning"
        The least severity that raises.
    select : iterable of str, default ()
        The only rules to run, as in `check_model`.
    ignore : iterable of str, default ()
        Rules not to run, as in `check_model`.
    silence : mapping of str to collection of str, optional
        Layers to rules that do not concern them, as in `check_model`.

    Raises
    ------
    AssertionError
        If there is such a finding, or a part that could not be checked.
    ValueError
        If severity is none of these words, or a rule or a fact does not exist.

    Examples
    --------
    >>> import keras
    >>> assert_no_findings(keras.Sequential([keras.Input((8, 3)), keras.layers.LSTM(4)]))
    """
    _check_severity(severity)
    found = check_model(model, facts, select=select, ignore=ignore, silence=silence)
    severe = found.at_least(Severity[severity.upper()])
    if not severe.is_all_clear:
        raise AssertionError(as_text(severe, getattr(model, "name", "model"), model))


def _check_severity(name: str) -> None:
    if name not in FAIL_ON:
        raise ValueError(unknown("severity", name, FAIL_ON, where="check"))
