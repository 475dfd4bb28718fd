"""What was studied, with which settings, on which machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from normcast.pages.page import Section
from normcast.pages.percent import size
from normcast.pages.words import duration, steps
from normcast.report.of_study.reading import training_of
from normcast.report.of_study.tables import pairs
from normcast.report.of_study.values import StudyReport
from normcast.study import BASELINE
from normcast.study.data_words import cases_words, told_words
from normcast.study.recurrences import recurrences, repeats
from normcast.study.trial import RECURRENCE
from normcast.study.words import metric_name

Pairs = Sequence[tuple[str, object]]
DATA = {
    "task": "task",
    "target": "target",
    "series": "series",
    "rows": "rows",
    "freq": "step",
    "season": "season",
    "h": "rows ahead",
    "input_size": "rows read",
    "cases": "cases",
    "groups": "groups",
    "steps": "steps per case",
    "channels": "channels",
    "classes": "classes",
    "class counts": "cases of each class",
    "labels": "labels",
    "label counts": "cases with each label",
    "outputs": "numbers per case",
    "target mean": "mean of the target",
    "target spread": "standard deviation of the target",
    "target scaled": "targets standardized",
    "split": "split by",
    "folds": "folds",
    "scaling": "scaling",
    "data": "digest",
}


def settings_section(report: StudyReport) -> Section:
    """Data, settings, versions and machines, as far as the store knows them."""
    tables = (
        pairs("Data", ("fact", "value"), [("source", report.source), *_data(report)]),
        pairs("Study", ("setting", "value"), _study(report)),
        pairs("Training", ("setting", "value"), _training(report)),
        pairs("Versions and machine", ("what", "which"), _versions(report)),
    )
    kept, made = tuple(table for table in tables if table.rows), repeats(report.result.trials)
    return Section("settings", "Settings, data and versions", text=(made,) if made else (), tables=kept)


def _data(report: StudyReport) -> Pairs:
    facts = report.facts
    found = [(words, plain(facts[name])) for name, words in DATA.items() if name in facts]
    cut = [(f"cases of fold {k}", _parts(counts)) for k, counts in enumerate(facts.get("parts", ()), 1)]
    return [*found, ("windows", _parts(facts.get("windows") or ())), *cut]


def _parts(counts: Sequence[int]) -> str:
    named = zip(("train", "validation", "test"), counts, strict=False)
    return ", ".join(f"{count:,} {part}" for part, count in named)


def _study(report: StudyReport) -> Pairs:
    result = report.result
    seeds = result.seeds_of[BASELINE]
    spent = sum(trial.seconds for trial in result.trials)
    return [
        ("network", report.facts.get("network", "")),
        ("weights as given", f"{result.parameters.get(BASELINE, 0):,}"),
        ("design", str(report.facts.get("design", "")).replace("_", " ")),
        ("placements", f"{len(result.comparison.effects)}"),
        (
            "seeds",
            f"{len(seeds)}: {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else ", ".join(map(str, seeds)),
        ),
        ("looks after", ", ".join(str(look.seeds) for look in result.looks)),
        ("trainings, all", f"{len(result.trials):,}"),
        ("metric that decides", metric_name(result.metric)),
        ("smallest change that matters", size(result.min_effect)),
        ("CPU time, all trainings", duration(spent)),
        ("store", report.store),
    ]


def _training(report: StudyReport) -> Pairs:
    known = training_of(report.result)
    # The seeds stand above; here it is only the first of them.
    kept = sorted(name for name in known if name != "seed")
    return [(name.replace("_", " "), plain(known[name])) for name in kept]


def _versions(report: StudyReport) -> Pairs:
    trials = report.result.trials
    names = dict.fromkeys(name for trial in trials for name in trial.versions if name != RECURRENCE)
    found = [(name, _all(trial.versions.get(name, "") for trial in trials)) for name in names]
    made = recurrences(trials)
    return [
        *found,
        *([("recurrences", made)] if made else []),
        ("machine", _all(trial.machine for trial in trials)),
    ]


def _all(values: Any) -> str:
    return ", ".join(sorted({each for each in values if each}))


def plain(value: object) -> str:
    """Return a setting as text; a number that Keras keeps in float32, as it was given.

    >>> plain(0.0010000000474974513)
    '0.001'
    >>> plain(None), plain(2922), plain(["a", 1]), plain({"class_name": "Huber", "config": {"delta": 1.0}})
    ('none', '2,922', 'a, 1', 'Huber(delta=1.0)')
    """
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        short = float(str(np.float32(value)))
        return str(short if np.float32(value) == value else value)
    if isinstance(value, dict) and "class_name" in value:
        told = {k: v for k, v in (value.get("config") or {}).items() if k != "name" and v is not None}
        inside = ", ".join(f"{k}={plain(v) if isinstance(v, float) else v}" for k, v in told.items())
        return f"{value['class_name']}({inside})"
    if isinstance(value, dict):
        value = [f"{name}: {plain(each)}" for name, each in value.items()]
    if isinstance(value, (list, tuple)):
        return ", ".join(f"{each:.6g}" if isinstance(each, float) else str(each) for each in value)
    return str(value)


def ahead(report: StudyReport) -> str:
    """Return how far is forecast, or what is told of how many cases.

    "14 days ahead", "2 classes (run: 60, walk: 60), 120 cases of 30 groups"
    """
    facts = report.facts
    if report.is_of_cases:
        return f"{told_words(facts)}, {cases_words(facts)}"
    return f"{steps(int(facts.get('h', 0)), str(facts.get('freq', '')))} ahead"
