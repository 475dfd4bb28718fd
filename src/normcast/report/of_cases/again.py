"""Settings and versions, and the Python that evaluates the same estimator again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import keras

from normcast import forms
from normcast.cases.settings import Settings
from normcast.machine import PACKAGES, versions
from normcast.models import Architecture
from normcast.pages.page import Section
from normcast.pages.words import duration
from normcast.report.code import arguments, code
from normcast.report.of_cases.values import CaseReport
from normcast.report.of_forecast.tables import pairs_table

ESTIMATORS = {"classify": "Classifier", "label": "Classifier", "regress": "Regressor"}
OF_CLASSES = ("class_weight",)
OPEN = dict.fromkeys(("learning_rate", "optimizer", "units", "filters"), "as the network says")
OPEN |= {"patience": "none: every epoch is trained"}
"""What is used of a setting that nobody gave, where that is not nothing."""


def settings_section(report: CaseReport) -> Section:
    """What the estimator was asked for, and with which versions it ran."""
    settings = report.evaluation.settings
    given = asked(report.evaluation.kind, settings)
    pairs = [(n, OPEN.get(n, plain(None)) if value is None else plain(value)) for n, value in given.items()]
    kind = ESTIMATORS[report.evaluation.kind]
    network = ("network", report.evaluation.network)
    tables = [
        pairs_table("Settings", ("setting", "value"), [("estimator", kind), network, *pairs]),
        pairs_table("Versions", ("package", "version"), list(_versions(report).items())),
    ]
    if report.seconds is not None:
        tables.append(pairs_table("Time", ("stage", "duration"), [("evaluation", duration(report.seconds))]))
    return Section("settings", "Settings and versions", tables=tuple(tables))


def _versions(report: CaseReport) -> dict[str, str]:
    made = forms.told(each.recurrence for fold in report.evaluation.trained for each in fold)
    return {**versions((*PACKAGES, "pandas")), **made}


def asked(kind: str, settings: Settings) -> dict[str, Any]:
    """Return the parameters of the estimator by name."""
    return {
        each.name: getattr(settings, each.name)
        for each in fields(settings)
        if each.name != "where" and (kind != "regress" or each.name not in OF_CLASSES)
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
    is_given = isinstance(report.evaluation.settings.model, keras.Model) and not report.files.model
    given = [*(["`model` is the keras model"] if is_given else [])]
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
    lines = [*_made(report), *_evaluated(report)]
    imports = ["import normcast"]
    if any("keras." in line for line in lines):
        imports.insert(0, "import keras")
    own = {"read_parts": "= read_parts(", "write_table": "write_table("}
    if names := [name for name, call in own.items() if any(call in line for line in lines)]:
        imports.append(f"from normcast.data import {', '.join(names)}")
    return "\n".join([*imports, "", *lines])


def _made(report: CaseReport) -> Iterator[str]:
    """Yield what makes the cases, the network and the estimator."""
    evaluation, files = report.evaluation, report.files
    model = evaluation.settings.model
    if report.source:
        how = ", ".join(each for each in (repr(report.source), arguments(files.reading)) if each)
        yield f"parts = read_parts({how})" if files.test else f"cases = normcast.Cases.read({how})"
    if files.test:
        yield 'cases = parts["train"]'
    if isinstance(model, Architecture):
        yield f"model = normcast.Architecture.from_json({model.to_json()!r})"
    elif isinstance(model, keras.Model) and files.model:
        yield f"model = keras.models.load_model({files.model!r})"
    given = ", ".join(arguments_of(evaluation.kind, evaluation.settings))
    yield f"estimator = normcast.{ESTIMATORS[evaluation.kind]}({given})"


def _evaluated(report: CaseReport) -> Iterator[str]:
    """Yield what evaluates, fits and writes."""
    cases, files = report.evaluation.cases, report.files
    named = [f"{name}={name}" for name in ("groups", "times") if getattr(cases, name) is not None]
    what = "cases" if report.source else ", ".join(["X", "y", *named])
    quiet = "" if files.progress else ", progress=False"
    yield f"evaluation = estimator.evaluate({what}, folds={len(report.evaluation.trained)}{quiet})"
    yield "print(evaluation)"
    if files.out:
        guarded = ", guard_formulas=True" if files.guard_formulas else ""
        yield f"write_table(evaluation.table, {files.out!r}{guarded})"
    if files.save or files.test:
        yield f"estimator.fit({what}{', None' if report.source else ''}{quiet})"
    if files.save:
        yield f"estimator.save({files.save!r})"
    if files.test:
        yield 'print(estimator.score(parts["test"]))'
    told = f", source={report.source!r}" if report.source else ""
    yield f"normcast.write_report(evaluation, {(files.report or 'report.html')!r}{told})"


def arguments_of(kind: str, settings: Settings) -> list[str]:
    """Return the parameters that are not as they are by default, as Python."""
    usual = {each.name: each.default for each in fields(settings)}
    return [
        told if name == "model" and not isinstance(value, str) else f"{name}={told}"
        for name, value in asked(kind, settings).items()
        if value is not usual[name] and value != usual[name]
        for told in [_code(name, value)]
    ]


def _code(name: str, value: Any) -> str:
    """Return a setting as Python that gives the same."""
    if name == "model" and not isinstance(value, str):
        return "model"
    if isinstance(value, keras.optimizers.Optimizer):
        config = keras.optimizers.serialize(value)
        return f"keras.optimizers.deserialize({code(config)})"
    return code(value)
