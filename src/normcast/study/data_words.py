"""What a study's data is, in a line, from the facts of its store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from normcast.errors import counted
from normcast.tasks.case_task import SPLITS

MOST = 8  # classes or labels that are named with their counts
COUNTED = {"classify": ("classes", "class counts"), "label": ("labels", "label counts")}
"""The facts of how many there are, and of how many cases have each, by task."""


def data_words(facts: Mapping[str, Any]) -> str:
    """Return what is told of how much data, and how it is cut, as far as the store knows.

    >>> facts = {"task": "classify", "cases": 120, "groups": 30, "classes": 2, "folds": 2, "split": "groups"}
    >>> data_words({**facts, "class counts": {"run": 50, "walk": 70}, "parts": [[72, 24, 24], [72, 24, 24]]})
    '120 cases of 30 groups, 2 classes (run: 50, walk: 70), in 2 folds, no group in two parts: 72 cases train,
    24 choose the epoch, 24 test.'
    """
    folds = counted(int(facts.get("folds", 0)), "fold")
    if facts.get("task") == "forecast":
        data = f"{facts.get('series', '?')} series of {facts.get('rows', 0):,} rows"
        return f"{data}, in {folds} in time{_parts([facts.get('windows') or ()], 'windows')}."
    if "cases" not in facts:
        return ""
    split = SPLITS.get(str(facts.get("split")), "split")
    told = f"{cases_words(facts)}, {told_words(facts)}, in {folds}, {split}"
    return f"{told}{_parts(facts.get('parts'), 'cases')}."


def cases_words(facts: Mapping[str, Any]) -> str:
    """Return how many cases there are, and of how many groups.

    >>> cases_words({"cases": 1200, "groups": 30}), cases_words({"cases": 1})
    ('1,200 cases of 30 groups', '1 case')
    """
    groups = f" of {counted(facts['groups'], 'group')}" if "groups" in facts else ""
    cases = int(facts["cases"])
    return f"{cases:,} {'case' if cases == 1 else 'cases'}{groups}"


def told_words(facts: Mapping[str, Any]) -> str:
    """Return what is told of a case: classes or labels, with the cases of each, or numbers.

    >>> told_words({"task": "regress", "outputs": "1", "target mean": [5.0], "target spread": [1.25]})
    'a number per case (mean 5, standard deviation 1.25)'
    """
    if facts.get("task") in COUNTED:
        what, each = COUNTED[facts["task"]]
        counts = [f"{name}: {count:,}" for name, count in facts.get(each, {}).items()]
        counts = counts if len(counts) <= MOST else [*counts[:MOST], f"{len(counts) - MOST} more"]
        return f"{facts.get(what, '?')} {what}" + (f" ({', '.join(counts)})" if counts else "")
    outputs = str(facts.get("outputs", "1"))
    if outputs != "1":
        return f"{outputs} numbers per case"
    mean, spread = facts.get("target mean"), facts.get("target spread")
    known = f" (mean {mean[0]:.4g}, standard deviation {spread[0]:.4g})" if mean and spread else ""
    return f"a number per case{known}"


def _parts(parts: Any, what: str) -> str:
    """Return how much trains, chooses and tests; of folds that differ, in the first."""
    if not parts or len(parts[0]) != 3:
        return ""
    first = ", ".join(f"{n:,} {word}" for n, word in zip(parts[0], (f"{what} train", *DOES), strict=True))
    return f": {first}{' in the first' if any(each != parts[0] for each in parts) else ''}"


DOES = ("choose the epoch", "test")
