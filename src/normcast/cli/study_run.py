"""StudyRun: one study from the command line, from its data to its files."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from normcast.cli import console
from normcast.cli.case_input import (
    COLUMNS,
    TASKS,
    WORDS,
    cases_in,
    forecasts,
    refuse_table_options,
    task_of,
)
from normcast.cli.forecast_run import check_outputs
from normcast.cli.network import network_of
from normcast.cli.options import refuse_given
from normcast.errors import unknown
from normcast.study import AXES, Study, StudyResult
from normcast.study.answer import answer, verdicts
from normcast.study.data_words import data_words, told_words
from normcast.study.extent import Extent, next_look
from normcast.study.recurrences import recurrence_words
from normcast.study.words import seeds_words
from normcast.tasks.case_task import SPLITS

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}

DEMO: dict[str, Any] = {
    "model": "conv-lstm",
    "table": {"id_col": ["location"], "time_col": "date", "target_col": ["temp_max"]},
    "h": 7,
    "input_size": 28,
    "epochs": 16,
    "patience": None,
    "learning_rate": 3e-3,
    "schedule": "cosine",
    "batch_size": 32,
}


class StudyRun:
    """A study, where it is kept, and what came of it."""

    def __init__(self, study: Study, source: str, report: Path | None, quiet: bool) -> None:
        self.study, self.source, self.report, self.quiet = study, source, report, quiet
        self.result: StudyResult | None = None

    @classmethod
    def begin(
        cls,
        file: Path,
        task: str,
        store: Path,
        report: Path | None,
        *,
        model: str,
        quiet: bool,
        select: Sequence[str] = (),
        add_seeds: int = 0,
        table: dict[str, Any],
        arrays: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> StudyRun:
        """Check everything before any training, and say what was read and what will be done."""
        check_outputs((file,), (), (store,), report)
        if task not in TASKS:
            raise ValueError(unknown("task", task, TASKS, where="normcast study"))
        if add_seeds:
            settings |= grown(store, add_seeds, settings)
        network = network_of(model)
        if forecasts(task, file):
            refuse_given(arrays or {}, file, "is a table to forecast; --task classify or regress reads cases")
            data: Any = str(file)
            given = table
        else:
            options = {**table, "h": settings.pop("h", None), "input_size": settings.pop("input_size", None)}
            refuse_table_options(options, file)
            data = cases_in(file, {name: table.get(name) for name in COLUMNS} | dict(arrays or {}))
            name, why = task_of(task, data, network, str(file))
            # What y holds tells labels from classes.
            given = {"task": "regress" if name == "regress" else "classify"}
        study = Study(network, data, store=store, **{**settings, **given})
        if select:
            kept = {each.name: each for each in study.placements if any(text in each.name for text in select)}
            if not kept:
                there = [each.name for each in study.placements]
                raise ValueError(unknown("placement", ", ".join(select), there, where="--placement"))
            study = Study(network, data, kept, store=store, **{**settings, **given})
        run = cls(study, file.name, report, quiet)
        panel = getattr(study.subject.task, "panel", None)
        if panel is not None:
            console.describe(panel, quiet=quiet)
        else:
            console.describe_cases(data, quiet=quiet)
            console.say(told(study, why), quiet=quiet)
        console.say(study.describe(), quiet=quiet)
        return run

    def list_placements(self) -> None:
        """Print each placement with its edits."""
        for placement in self.study.placements:
            print(placement)

    def run(self, *, processes: int | None, ray: str | None, budget: float | None) -> None:
        """Train, with a line that says how far it is."""
        self.result = self.study.run(processes=processes, ray=ray, budget=budget, progress=not self.quiet)

    def finish(self) -> None:
        """Write the report, and print what came out."""
        assert self.result is not None
        console.say(f"trials: {self.study.store}", quiet=self.quiet)
        if self.report is not None:
            from normcast.report import write_report

            facts = {"source": self.source, "store": str(self.study.store), "command": console.typed()}
            write_report(self.result, self.report, **facts)
            console.say(f"report: {self.report}", quiet=self.quiet)
        print_result(self.result)


def told(study: Study, why: str) -> str:
    """Return what is told of each case, why, and how cases are split."""
    facts = study.facts
    task = WORDS.get(facts["task"], facts["task"])
    return f"Task: {task}, {told_words(facts)}, {why}. Split: {SPLITS[facts['split']]}."


def grown(store: Path, more: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings for so many more seeds than a store has, of the design that it has.

    A study that decides as it goes looks at certain numbers of seeds: it gets so many that it looks again.
    """
    result = StudyResult.read(store) if store.is_file() else None
    design = settings.get("design") or (result and result.facts.get("design"))
    seeds = (0 if result is None else max(map(len, result.seeds_of.values()), default=0)) + more
    if (design or Extent.of(None, settings.get("seeds"), None).design) != "decide":
        return {"design": design, "seeds": seeds, "max_seeds": None}
    return {"design": design, "seeds": None, "max_seeds": next_look(seeds)}


def chosen_axes(text: str) -> tuple[str, ...]:
    """Return the axes that were named, or all."""
    return named(text) or AXES


def named(text: str) -> tuple[str, ...]:
    """Return the names in a list with commas.

    >>> named("a, b")
    ('a', 'b')
    """
    return tuple(each.strip() for each in text.split(",") if each.strip())


def seconds_of(text: str | None) -> float | None:
    """Return a duration in seconds.

    >>> seconds_of("10m"), seconds_of("90")
    (600.0, 90.0)
    """
    if text is None:
        return None
    number, unit = (text[:-1], text[-1]) if text[-1:] in UNITS else (text, "s")
    try:
        seconds = float(number) * UNITS[unit]
    except ValueError:
        seconds = -1.0
    if not seconds > 0:
        raise ValueError(f"--budget: {text!r} is no duration; write 90s, 10m or 2h.")
    return seconds


def print_result(result: StudyResult) -> None:
    """Print every placement with effect, interval, p and verdict, and the answer."""
    from rich.console import Console
    from rich.table import Table

    head, *rows = verdicts(result)  # says so where too little is trained to compare
    seeds = seeds_words(map(len, result.seeds_of.values()))
    title = f"Mean scores, and change against the network as given, {seeds}, best first"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for place, name in enumerate(head):
        table.add_column(name, justify="left" if place in (0, len(head) - 1) else "right")
    for cells in rows:
        table.add_row(*cells)
    if words := data_words(result.facts):
        print(words)
    Console(width=None if sys.stdout.isatty() else 140, highlight=False).print(table)
    if result.factors is not None:
        print(f"\nMain effects and interactions:\n{result.factors}")
    print(f"\n{answer(result)}")
    if words := recurrence_words(result.trials):
        print(words)
