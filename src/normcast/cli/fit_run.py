"""FitRun: one run of an estimator of cases from the command line, from its file to what it leaves."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from normcast.cases import Classifier, Evaluation, Regressor
from normcast.cases.learned import prepared
from normcast.cases.settings import AUTO
from normcast.cases.subject import Asked, TaskName
from normcast.cli import console
from normcast.cli.case_input import WORDS, names_of, parts_in, task_of
from normcast.cli.case_told import Answers, unlike, unlike_labels
from normcast.cli.fit_words import described, estimate
from normcast.cli.forecast_run import check_outputs
from normcast.cli.network import network_of
from normcast.data import Cases, workbook, write_table
from normcast.errors import counted, one_of
from normcast.report.of_cases.values import CaseFiles
from normcast.tasks import ClassifyTask, RegressTask
from normcast.tasks.case_task import SPLITS
from normcast.tasks.label import labels_in
from normcast.tasks.parts import parts_once
from normcast.tasks.subject import Subject

ESTIMATORS: dict[TaskName, type[Classifier | Regressor]] = {
    "classify": Classifier,
    "label": Classifier,
    "regress": Regressor,
}


class FitRun:
    """Cases, an estimator of them, and what came of both."""

    def __init__(self, file: Path, parts: Mapping[str, Cases], estimator: Any, quiet: bool) -> None:
        self.file, self.cases, self.test = file, parts["train"], parts.get("test")
        self.estimator: Classifier | Regressor = estimator
        self.quiet, self.began = quiet, time.perf_counter()
        self.out: Path | None = None
        self.report: Path | None = None
        self.save: Path | None = None
        self.evaluation: Evaluation | None = None
        self.files = CaseFiles()

    @classmethod
    def begin(
        cls,
        file: Path,
        task: str,
        network: Mapping[str, Any],
        names: Mapping[str, Any],
        folds: int,
        quiet: bool,
        *,
        out: Path | None = None,
        report: Path | None = None,
        save: Path | None = None,
    ) -> FitRun:
        """Check options, outputs, cases and network before any training, and say what was read."""
        check_outputs((file,), (out,), (save,), report)
        one_of("normcast fit", "task", task, ("auto", "classify", "regress"))
        given = {name: value for name, value in network.items() if value is not None}
        model = network_of(given.pop("model"))
        parts = parts_in(file, names)
        kind, why = task_of(task, parts["train"], model, str(file))
        run = cls(file, parts, estimator_of(kind, model, given), quiet)
        run.out, run.report, run.save = out, report, save
        run.files = run.files_of(network["model"], names)
        run.check_test(kind)
        subject = run.subject(kind, folds)
        run.describe(f"Task: {WORDS.get(kind, kind)}, {why}.", subject)
        run.announce(subject, folds)
        return run

    def files_of(self, model: str, names: Mapping[str, Any]) -> CaseFiles:
        """Return what is read and written, for the Python of the report."""
        paths = {"out": self.out, "save": self.save, "report": self.report}
        told: dict[str, Any] = {name: str(path) for name, path in paths.items() if path is not None}
        return CaseFiles(
            names=names_of(self.file, names),
            layout=names["layout"],
            sheet=workbook.asked() or "",
            model=model if self.estimator.settings.is_own else "",
            test=self.test is not None,
            progress=not self.quiet,
            **told,
        )

    def check_test(self, kind: TaskName) -> None:
        """Raise ValueError for a test part that holds something else than the train part."""
        if self.test is None:
            return
        if kind == "label":
            why = unlike_labels(self.test, labels_in(self.cases))
        else:
            why = unlike(self.test.y, self.cases.y, classifies=kind == "classify")
        if why:
            raise ValueError(f"{self.file}: its test part cannot be scored: {why}")

    def subject(self, kind: TaskName, folds: int) -> Subject:
        """Return network and task, made for each other; raises ValueError where they do not fit."""
        settings = replace(self.estimator.settings, where=str(self.file))
        subject = prepared(self.cases, kind, settings)[1]
        if folds:  # raises where there are too few groups, times or cases of a class
            asked = Asked(folds, where=str(self.file))
            task = asked.task(self.cases, kind)
            parts_once(self.cases, task.strata, folds, str(self.file))
        return subject

    @property
    def is_asked_to_fit(self) -> bool:
        """Whether anything is done with a network of all cases."""
        return self.save is not None or self.test is not None or self.evaluation is None

    def describe(self, task: str, subject: Subject) -> None:
        """Say what was read, what is told of it, and what to know about it."""
        console.describe_cases(self.cases, quiet=self.quiet)
        if self.test is not None:
            console.say(f"Test part: {counted(self.test.n_cases, 'case')}, scored once.", quiet=self.quiet)
        console.say(task, quiet=self.quiet)
        assert isinstance(subject.task, RegressTask | ClassifyTask)
        for line in described(subject.task):
            console.say(line, quiet=self.quiet)

    def announce(self, subject: Subject, folds: int) -> None:
        """Say what will be trained, and about how long that takes."""
        automatic = " (auto)" if self.estimator.model == AUTO else ""
        if folds:
            assert isinstance(subject.task, RegressTask | ClassifyTask)
            split = SPLITS[subject.task.split]
            console.say(f"Evaluation in {counted(folds, 'fold')}: {split}.", quiet=self.quiet)
        fits = folds + (self.save is not None or self.test is not None or not folds)
        cost = estimate(subject, self.estimator.settings, self.cases.n_cases, fits)
        console.say(f"Network {subject.name}{automatic}: {cost}", quiet=self.quiet)

    def evaluate(self, folds: int) -> None:
        """Train and score anew in each fold, and show the scores."""
        self.evaluation = self.estimator.evaluate(self.cases, folds=folds, progress=not self.quiet)
        tested = counted(len(self.evaluation.tested), "tested case")
        title = f"{tested} in {counted(folds, 'fold')}, the network first"
        console.scoreboard(self.evaluation.scoreboard(), title, self.evaluation.interval())

    def write_table(self, out: Path | None, guard_formulas: bool) -> None:
        """Write what was told of each tested case."""
        if out is not None and self.evaluation is not None:
            write_table(self.evaluation.table, out, guard_formulas=guard_formulas)
            self.files = replace(self.files, guard_formulas=guard_formulas)
            console.say(f"predictions: {out}", quiet=self.quiet)

    def fit(self) -> None:
        """Fit on all cases, keep the model, and score it on the test part where there is one."""
        whole = "all cases" if self.test is None else "the train part"
        console.say(f"Final fit on {whole}.", quiet=self.quiet)
        self.estimator.fit(self.cases, None, progress=not self.quiet)
        if self.save is not None:
            self.estimator.save(self.save)
            console.say(f"model: {self.save}", quiet=self.quiet)
        if self.test is not None:
            many = counted(self.test.n_cases, "case")
            Answers.of(self.estimator, self.test).show(f"On the test part, {many}", quiet=self.quiet)

    def finish(self) -> None:
        """Write the report, and say what was not kept."""
        if self.report is not None and self.evaluation is not None:
            from normcast.report import write_report

            seconds = time.perf_counter() - self.began
            facts = {"source": str(self.file), "files": self.files, "command": console.typed()}
            write_report(self.evaluation, self.report, seconds=seconds, **facts)
            console.say(f"report: {self.report}", quiet=self.quiet)
        if self.save is None:
            console.say("The model is not kept: --save FILE.normcast keeps it.", quiet=self.quiet)


def estimator_of(kind: TaskName, model: Any, given: Mapping[str, Any]) -> Classifier | Regressor:
    """Return the estimator of a task; given: its parameters. Raises ValueError for what it has not."""
    if kind == "regress" and "class_weight" in given:
        raise ValueError("normcast fit: --class-weight is of classes, but numbers are told. Leave it out.")
    return ESTIMATORS[kind](model, **given)
