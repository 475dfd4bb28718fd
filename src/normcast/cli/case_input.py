"""Case input: the cases of a file with their parts as the options name them, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from normcast.cases.subject import TaskName, classified_as, told_by
from normcast.data import Cases, read_parts
from normcast.data.case_file import is_of_cases
from normcast.data.table import ENDINGS
from normcast.errors import counted
from normcast.tasks.classify import is_hot
from normcast.tasks.label import is_binary

COLUMNS = {"id_col": "id", "time_col": "time", "target_col": "y", "y": "y", "groups": "groups"}
ARRAYS = {name: name for name in ("x", "y", "groups", "times")}
"""The part that an option names, of a table and of another file."""

TASKS = ("auto", "forecast", "classify", "regress")
NAMED: dict[str, Literal["classify", "regress"]] = {"classify": "classify", "regress": "regress"}
WORDS = {"label": "classify (several labels per case)"}


def forecasts(task: str, file: Path) -> bool:
    """Say whether a file is a table to forecast, where the task does not say it."""
    return task == "forecast" or (task == "auto" and not is_of_cases(file))


def cases_in(file: Path, options: Mapping[str, Any]) -> Cases:
    """Return the cases in a file; options: those of `options.arrays` and `options.columns`."""
    return Cases.read(file, names_of(file, options), options.get("layout"))


def parts_in(file: Path, options: Mapping[str, Any], *, needs_y: bool = True) -> dict[str, Cases]:
    """Return the parts of a file, "train" and maybe "test"; options: as in `cases_in`."""
    return read_parts(file, names_of(file, options), options.get("layout"), needs_y=needs_y)


def names_of(file: Path, options: Mapping[str, Any]) -> dict[str, str]:
    """Return what the options call the parts of a file, as `Cases.read` takes it.

    >>> names_of(Path("gait.csv"), {"id_col": ["trial"], "y": "gait", "x": ""})
    {'id': 'trial', 'y': 'gait'}
    """
    is_table = file.name.lower().endswith(ENDINGS)
    known = COLUMNS if is_table else ARRAYS
    names: dict[str, str] = {}
    for option, given in options.items():
        values = [given] if isinstance(given, str) else list(given or ())
        if option == "layout" or not any(values):
            continue
        flag = f"--{option.replace('_', '-')}"
        if option not in known:
            kind = "an array, which a table has not" if is_table else "a column, which only a table has"
            raise ValueError(f"{file}: {flag} names {kind}.")
        if len(values) > 1 or known[option] in names:
            one = known[option]
            raise ValueError(f"{file}: {flag} {' '.join(values)} names {one} of the cases again; name one.")
        names[known[option]] = values[0]
    return names


def refuse_table_options(options: Mapping[str, Any], file: Path) -> None:
    """Raise ValueError for an option that is of tables to forecast alone, and was given for cases."""
    for name, value in options.items():
        if name not in COLUMNS and value not in (None, "", (), False, "error"):
            flag = f"--{name.replace('_', '-')}"
            raise ValueError(f"{file}: holds cases, but {flag} is of tables to forecast. Leave it out.")


def task_of(asked: str, cases: Cases, network: Any, where: str) -> tuple[TaskName, str]:
    """Return what is told of the cases, and why it is taken for that.

    asked: "auto", "classify" or "regress". Raises ValueError where y leaves a doubt, or is text to regress.
    """
    if asked == "regress" and cases.y.dtype.kind not in "iufb":
        raise ValueError(
            f"{where}: {held_in(cases.y)}, but --task regress needs numbers. Leave it out, or name another "
            "y, with --y."
        )
    if asked in NAMED:
        name: TaskName = classified_as(cases, network) if asked == "classify" else "regress"
        return name, f"as --task {asked} says"
    try:
        name = told_by(cases, network, where)
    except ValueError as error:
        words = "task='classify' or task='regress'"
        raise ValueError(str(error).replace(words, "--task classify or --task regress")) from error
    is_doubt = name == "label" or (name == "classify" and is_whole(cases.y))
    doubt = "; say --task regress if they are quantities" if is_doubt else ""
    return name, f"since {held_in(cases.y)}{doubt}"


def held_in(y: np.ndarray) -> str:
    """Return what y holds, in words.

    >>> held_in(np.array(["a", "b"])), held_in(np.array([0.5, 1]))
    ('y holds labels (text)', 'y holds numbers with fractions')
    """
    if is_binary(y) and not is_hot(y):
        return "y holds rows of 0 and 1, some with several ones or none"
    if y.dtype.kind not in "iuf":
        return f"y holds labels ({'yes or no' if y.dtype.kind == 'b' else 'text'})"
    if is_hot(y):
        return "y holds one-hot rows"
    if y.ndim > 1 and y[0].size > 1:
        return f"y holds {counted(y[0].size, 'number')} per case"
    if not is_whole(y):
        return "y holds numbers with fractions"
    return f"y holds {counted(len(np.unique(y)), 'different whole number')}"


def is_whole(y: np.ndarray) -> bool:
    """Say whether y holds a whole number for each case, which may be a label or a quantity."""
    return y.dtype.kind in "iuf" and y[0].size == 1 and bool((y == np.rint(y)).all())
