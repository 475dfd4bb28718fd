"""Settings and versions, and the Python that evaluates the same estimator again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import keras
import numpy as np

from normcast.cases.settings import Settings
from normcast.machine import PACKAGES, versions
from normcast.models import Architecture
from normcast.pages.page import Section
from normcast.pages.words import duration
from normcast.report.of_cases.values import CaseReport
from normcast.report.of_forecast.tables import pairs_table

ESTIMATORS = {"classify": "Classifier", "regress": "Regressor"}
OF_CLASSES = ("class_weight",)


def settings_section(report: CaseReport) -> Section:
    """What the estimator was asked for, and with which versions it ran."""
    settings = report.evaluation.settings
    pairs = [(name, plain(value)) for name, value in asked(report.evaluation.kind, settings).items()]
    kind = ESTIMATORS[report.evaluation.kind]
    network = ("network", report.evaluation.network)
    tables = [
        pairs_table("Settings", ("setting", "value"), [("estimator", kind), network, *pairs]),
        pairs_table("Versions", ("package", "version"), list(versions((*PACKAGES, "pandas")).items())),
    ]
    if report.seconds is not None:
        tables.append(pairs_table("Time", ("stage", "duration"), [("evaluation", duration(report.seconds))]))
    return Section("settings", "Settings and versions", tables=tuple(tables))


def asked(kind: str, settings: Settings) -> dict[str, Any]:
    """Return the parameters of the estimator by name."""
    return {
        each.name: getattr(settings, each.name)
        for each in fields(settings)
        if each.name != "where" and (kind == "classify" or each.name not in OF_CLASSES)
    }


def plain(value: object) -> str:
    """Return a setting as a reader wants it.

    >>> plain(None), plain({"rest": 1.0}), plain(True), plain(keras.optimizers.Adam())
    ('none', 'rest: 1.0', 'yes', 'Adam')
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {each}" for name, each in value.items())
    if isinstance(value, keras.Model):
        return f"{value.name} (a keras model)"
    return type(value).__name__ if isinstance(value, keras.optimizers.Optimizer) else str(value)


def again_section(report: CaseReport) -> Section:
    """The command that was typed, and Python that does the same."""
    code = [("Command line", report.command)] if report.command else []
    has_model = isinstance(report.evaluation.settings.model, keras.Model)
    given = [*(["`model` is the keras model"] if has_model else [])]
    if not report.source:
        given.append("X, y and what else is named are the arrays")
    text = f"Here {' and '.join(given)}." if given else ""
    return Section(
        "again",
        "Do it again",
        text=(text,) if text else (),
        code=(*code, ("Python", python_of(report))),
    )


def python_of(report: CaseReport) -> str:
    """Return Python that builds the estimator, reads the source if it is known, and evaluates."""
    evaluation = report.evaluation
    kind, model = ESTIMATORS[evaluation.kind], evaluation.settings.model
    arguments = ", ".join(arguments_of(evaluation.kind, evaluation.settings))
    folds = f"folds={len(evaluation.trained)}"
    cases = evaluation.cases
    given = [f"{name}={name}" for name in ("groups", "times") if getattr(cases, name) is not None]
    what = "cases" if report.source else ", ".join(["X", "y", *given])
    lines = ["import normcast"]
    if "keras.optimizers." in arguments:
        lines.insert(0, "import keras")
    lines.append("")
    if report.source:
        lines.append(f"cases = normcast.Cases.read({report.source!r})")
    if isinstance(model, Architecture):
        lines.append(f"model = normcast.Architecture.from_json({model.to_json()!r})")
    told = f", source={report.source!r}" if report.source else ""
    return "\n".join(
        [
            *lines,
            f"estimator = normcast.{kind}({arguments})",
            f"evaluation = estimator.evaluate({what}, {folds})",
            "print(evaluation)",
            f'normcast.write_report(evaluation, "report.html"{told})',
        ]
    )


def arguments_of(kind: str, settings: Settings) -> list[str]:
    """Return the parameters that are not as they are by default, as Python."""
    usual = {each.name: each.default for each in fields(settings)}
    return [
        code if name == "model" and not isinstance(value, str) else f"{name}={code}"
        for name, value in asked(kind, settings).items()
        if value is not usual[name] and value != usual[name]
        for code in [_code(name, value)]
    ]


def _code(name: str, value: Any) -> str:
    """Return a setting as Python that gives the same."""
    if name == "model" and not isinstance(value, str):
        return "model"
    if isinstance(value, keras.optimizers.Optimizer):
        config = keras.optimizers.serialize(value)
        return f"keras.optimizers.deserialize({_bare(config)!r})"
    return repr(_bare(value))


def _bare(value: Any) -> Any:
    """Return a value without the types of NumPy, whose words are not Python's."""
    if isinstance(value, Mapping):
        return {_bare(name): _bare(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_bare, value))
    return value.item() if isinstance(value, np.generic) else value
