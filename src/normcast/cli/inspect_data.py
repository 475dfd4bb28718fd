"""Inspect data: the cases that a model is looked at with, from a file or drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from normcast import keras_seam
from normcast.check.given import Given
from normcast.cli.case_input import TASKS, table_names
from normcast.errors import counted, one_of
from normcast.inspect.windows import drawn, of_tables


@dataclass(frozen=True, eq=False)
class Sample:
    """Cases for a model.

    x, y: as `inspect_model` takes them; words: what they are; notes: what a reader must know of them;
    imports, code: the lines of Python that make x and y once more.
    """

    x: Any
    y: Any
    words: str
    notes: tuple[str, ...] = ()
    imports: tuple[str, ...] = ("import normcast",)
    code: tuple[str, ...] = ()


def shown(
    model: keras.Model, file: Path | str | None, task: str, columns: Mapping[str, Any], loss: str | None
) -> Sample:
    """Return the cases of a file, or drawn ones where there is none.

    task, columns: as for `check`; loss: the one that is asked for. Without a loss y is of no use: it is left
    out, and that is said.
    """
    if file is None:
        return _drawn(model, task, columns)
    names = table_names([Path(file)], task, columns, "inspect")
    named = {name: value for name, value in columns.items() if value} if names is None else {}
    given = Given.read([file], names, needs_y=False, **named)
    how = "".join(f", {name}={value!r}" for name, value in named.items())
    how = (f", {names!r}" if names is not None else "") + ", needs_y=False" + how
    read = f"given = Given.read([{str(file)!r}]{how})"
    imports: tuple[str, ...] = ("import normcast", "from normcast.check.given import Given")
    if given.x is not None:
        y, lines = given.targets(model), ("x, y = given.x, given.targets(model)",)
        words = f"{counted(len(given.x), 'case')} of {Path(file).name}"
        notes: tuple[str, ...] = ()
        x = given.x
    else:
        x, y = of_tables(model, given.panels)
        imports = (*imports, "from normcast.inspect.windows import of_tables")
        lines = ("x, y = of_tables(model, given.panels)",)
        words = f"{counted(len(x), 'window')} of {x.shape[1]} rows of {Path(file).name}"
        notes = ("Note: each series is scaled by its mean and its deviation.", *_noted(given))
    y, more = _used(model, y, loss)
    return Sample(x, y, words, (*notes, *more), imports, (read, *lines))


def _drawn(model: keras.Model, task: str, columns: Mapping[str, Any]) -> Sample:
    one_of("normcast inspect", "task", task, TASKS)
    told = {"task": task if task != "auto" else "", **columns}
    for name, value in told.items():
        if value:
            raise ValueError(
                f"normcast inspect: --{name.replace('_', '-')} says how a file is read, but none is given. "
                "Give the file behind the model, or leave the option out."
            )
    x = drawn(model)
    first = keras.tree.flatten(x)[0]
    words = f"{len(first)} random {'normal ' if first.dtype.kind == 'f' else ''}windows (no data was given)"
    notes = ("Note: no data was given: the windows are random, and real ones may show other things.",)
    imports = ("import normcast", "from normcast.inspect.windows import drawn")
    return Sample(x, None, words, notes, imports, ("x = drawn(model)",))


def _noted(given: Given) -> tuple[str, ...]:
    return tuple(f"Note: {note}" for panel in given.panels for note in panel.notes)


def _used(model: keras.Model, y: Any, loss: str | None) -> tuple[Any, tuple[str, ...]]:
    """Return y where there is a loss for it, and what to say where there is none."""
    if y is None or loss is not None or (keras_seam.compile_arguments(model) or {}).get("loss") is not None:
        return y, ()
    return None, (
        f"Note: y of the data is not used, since model {model.name!r} has no loss: gradients are those of "
        "the sum of its outputs. Name one, as in --loss mse.",
    )
