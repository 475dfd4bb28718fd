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
    """Checks the model when training begins: raises on severe findings, warns of the others but advice.

    It warns of what could not be checked, too.

    facts: what is known beyond the model and its compile settings; fail_on: "error" (default), "warning",
    "advice" or "never". select, ignore, silence: as in `check_model`.
    Raises ValueError, from fit, with the findings as text.

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
        """Check the model that is about to be trained."""
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

    So does a model, or a part of one, that could not be checked: nobody looked there.

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
