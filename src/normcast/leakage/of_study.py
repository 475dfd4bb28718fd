"""The canary of a Study: the windows, scalings and scales of its folds; nothing is trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from normcast.data import Cases, Panel
from normcast.data.intake import open_table
from normcast.engine import Batches, Field
from normcast.errors import first_line
from normcast.leakage.behind import Behind
from normcast.leakage.report import CanaryReport
from normcast.leakage.table import WHERE, Table
from normcast.leakage.watch import Snapshot, Watch, Watched
from normcast.leakage.ways import wild, wild_at
from normcast.study import Study
from normcast.tasks import CaseTask, Fold, ForecastTask, RegressTask

NOT_TRIED = "not tried: the folds of a study follow the length of the table."


def of_study(study: Study, data: Any, ways: Sequence[str], **policies: Any) -> CanaryReport:
    """Test the folds of a study; see `canary`. Raises ValueError for a table that is not the study's."""
    task = study.subject.task
    scalings = tuple(dict.fromkeys([None, *(each.scaling for each in study.placements)]))
    watch = Watch("Study")
    if "end" in ways:
        watch.note(f"end: {NOT_TRIED}")
    tried = [way for way in ways if way != "end"]
    if isinstance(task, CaseTask):
        return CaseFolds(task, scalings).run(tried, watch)
    if not isinstance(task, ForecastTask):
        raise TypeError(f"canary: the folds of a {type(task).__name__} cannot be tested yet.")
    frame = None if data is None or isinstance(data, Panel) else open_table(data, WHERE)[0].to_native()
    return ForecastFolds(task, scalings, frame, policies).run(tried, watch)


@dataclass(frozen=True, eq=False)
class ForecastFolds:
    """Rolling folds of a panel. frame: the table it was read from, None to change the panel's own arrays."""

    task: ForecastTask
    scalings: tuple[str | None, ...]
    frame: Any
    policies: dict[str, Any]

    def run(self, ways: Sequence[str], watch: Watch) -> CanaryReport:
        """Compare each fold with the same fold of a panel that was changed behind its cutoff."""
        changed: dict[str, None] = {}
        if self.frame is not None:
            self.refuse_another()
        for number in range(self.task.folds):
            rows = self.task.rows(number)
            last = self.task.panel.time[self.task.panel.offsets[0] + rows[0] - 1]
            told = self.task.panel.stamps.show(int(last.astype(np.int64)))
            before = self.snapshot(self.task, number)
            for way in ways:
                if way == "missing" and self.policies.get("missing", "error") == "error":
                    watch.note("missing: not tried, the table is read with missing='error'.")
                    continue
                try:
                    panel, names = self.changed(rows, way)
                    after = self.snapshot(replace(self.task, panel=panel), number)
                except ValueError as error:
                    watch.note(f"{way}: not tried, the table is then refused: {first_line(error)}")
                    continue
                changed |= dict.fromkeys(names)
                watch.compare(before, after, told, way)
        return watch.report(tuple(changed))

    def read(self, frame: Any) -> Panel:
        """Read a table as the study did."""
        own = self.task.panel
        return Panel.from_frame(
            frame, columns=own.columns, freq=own.freq, season=own.season,
            **{name: each for name, each in self.policies.items() if not name.endswith("_col")},
        )  # fmt: skip

    def refuse_another(self) -> None:
        """Raise ValueError if the table is not the one that the study has."""
        given = replace(self.task, panel=self.read(self.frame)).describe()["data"]
        if given != self.task.describe()["data"]:
            raise ValueError(
                "canary: this table, read so, is not the one of the study. Give the same table with the same "
                "arguments (missing=, fill_gaps=, duplicates=), or none."
            )

    def changed(self, rows: np.ndarray, way: str) -> tuple[Panel, tuple[str, ...]]:
        """Return the panel of a table that was changed behind these rows of each series, and the columns."""
        if self.frame is None:
            return changed_panel(self.task.panel, rows, self.task.h, way)
        columns = self.task.panel.columns
        table = Table.of(self.frame, columns.ids, columns.time)
        behind = Behind.of(table, self.task.panel, rows, self.task.h)
        return self.read(behind.changed(way)), behind.names

    def snapshot(self, task: ForecastTask, number: int) -> Snapshot:
        """Return the windows and scales of a fold, in each scaling, and what is read at its cutoff."""
        found: dict[str, Watched] = {}
        last = task.arrays.last(task.rows(number), task.input_size)
        for scaling in self.scalings:
            fold = task.fold(number, scaling)
            prefix = f"fold {number + 1}: " if scaling is None else f"fold {number + 1}, {scaling}: "
            places = task.candidate_fold(number).scaled.batches(last, task.sizes.padded)
            ahead = replace(fold.test, target=None, start=places.start, series=places.series)
            parts = {"training": fold.train, "validation": fold.valid, "the window at the cutoff": ahead}
            found |= {prefix + name: each for name, each in things(parts, self.row).items()}
            found |= scores(fold, task.output_shape, prefix)
        return found

    def row(self, at: int) -> str:
        """Say which row of the arrays this is; a padded one stands for the first of its series."""
        panel, room = self.task.panel, self.task.input_size * self.task.sizes.padded
        offsets = self.task.arrays.offsets + room * np.arange(1, panel.n_series + 2)
        series = max(int(np.searchsorted(offsets, at, side="right")) - 1, 0)
        place = min(max(at - int(offsets[series]), 0), int(panel.lengths[series]) - 1)
        time = panel.time.view(np.int64)[panel.offsets[series] + place]
        return f"series {panel.ids[series]!r}, {panel.stamps.show(int(time))}"


@dataclass(frozen=True, eq=False)
class CaseFolds:
    """Folds of whole cases: those that a fold tests are changed, since they are its future."""

    task: CaseTask
    scalings: tuple[str | None, ...]

    def run(self, ways: Sequence[str], watch: Watch) -> CanaryReport:
        """Compare each fold with the same fold of cases of which the tested ones were changed."""
        if "missing" in ways:
            watch.note("missing: not tried, cases have no missing values.")
        for number in range(self.task.folds):
            before = self.snapshot(self.task, number)
            held = self.task.fold(number).held("test")
            for way in ways:
                if way == "missing":
                    continue
                cases = self.changed(held, way)
                after = self.snapshot(replace(self.task, cases=cases), number)
                watch.compare(before, after, f"fold {number + 1}", way)
        return watch.report(("X of the cases that a fold tests",) + (("y",) if self.changes_targets else ()))

    @property
    def changes_targets(self) -> bool:
        """Whether targets of the tested cases are changed: numbers, whose scale these must not set.

        Not where cases are split by chance: parts get their shares of low and high targets.
        """
        return isinstance(self.task, RegressTask) and self.task.split != "chance"

    def changed(self, held: np.ndarray, way: str) -> Cases:
        """Return the cases, the tested ones with other inputs and, where these may change, other targets."""
        cases = self.task.cases.mapped(lambda x: wild_at(x, held, way, 0))
        if not self.changes_targets:
            return cases
        return replace(cases, y=wild_at(cases.y.astype(np.float64), held, way, 0))

    def snapshot(self, task: CaseTask, number: int) -> Snapshot:
        """Return the windows and scales of a fold, in each scaling."""
        found: dict[str, Watched] = {}
        for scaling in self.scalings:
            fold = task.fold(number, scaling)
            prefix = f"fold {number + 1}: " if scaling is None else f"fold {number + 1}, {scaling}: "
            parts = {"training": fold.train, "validation": fold.valid}
            found |= {prefix + name: each for name, each in things(parts, self.row).items()}
            found |= scores(fold, task.output_shape, prefix)
        return found

    def row(self, at: int) -> str:
        """Say which case and step this is."""
        case, step = divmod(at, self.task.cases.steps)
        return f"case {case}, step {step}"


def things(parts: dict[str, Batches], row: Callable[[int], str]) -> dict[str, Watched]:
    """Return every row that the windows of each part read, and where the windows begin."""
    found = {}
    for part, batches in parts.items():
        begins = np.column_stack([batches.start, batches.series])
        found[f"windows of {part}"] = Watched(begins, lambda at: f"window {at // 2 + 1}")
        for name, field in batches.fields.items():
            read = rows_read(field, batches)
            found[f"{name or 'target'} of {part}"] = Watched(field.values[read], placed(field, read, row))
    return found


def rows_read(field: Field, batches: Batches) -> np.ndarray:
    """Return the rows of a field that some window reads, ascending."""
    if field.by == "series":
        return np.unique(batches.series)
    is_read = np.zeros(len(field.values), bool)
    for step in range(field.offset, field.offset + field.length):
        is_read[batches.start + step] = True
    return np.flatnonzero(is_read)


def placed(field: Field, read: np.ndarray, row: Callable[[int], str]) -> Callable[[int], str]:
    """Return what says where a value of the rows read stands."""
    many = field.values[:1].size

    def where(at: int) -> str:
        place = int(read[at // many])
        told = f"series or case {place}" if field.by == "series" else row(place)
        return told if many == 1 else f"{told}, channel {at % many}"

    return where


def scores(fold: Fold, shape: tuple[int, ...], prefix: str) -> dict[str, Watched]:
    """Return what outputs of 1/2 score on training windows: it shows what errors are divided by."""
    outputs = np.full((len(fold.seen), *shape), 0.5)
    scored = fold.scored(outputs, "seen")
    names = list(scored)
    return {
        f"{prefix}scores on training windows": Watched(np.array(list(scored.values())), names.__getitem__)
    }


def changed_panel(panel: Panel, rows: np.ndarray, h: int, way: str) -> tuple[Panel, tuple[str, ...]]:
    """Return a panel with other values behind these rows, known-future ones behind the horizon."""
    place = np.arange(len(panel.y)) - np.repeat(panel.offsets[:-1], panel.lengths)
    cut = np.repeat(rows, panel.lengths)
    masks = {"y": place >= cut, "hist": place >= cut, "futr": place >= cut + h}
    new: dict[str, Any] = {name: np.array(getattr(panel, name)) for name in masks}
    for name, mask in masks.items():
        for column in views(new[name]):
            column[mask] = wild(column[mask], column, way, len(name))
    columns = panel.columns
    names = (*columns.targets, *columns.hist_exog, *columns.futr_exog)
    return replace(panel, **new), names


def views(values: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the columns of (rows,) or (rows, columns), to write into."""
    yield from values[:, None].T if values.ndim == 1 else values.T
