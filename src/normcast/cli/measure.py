"""What `check --measure` adds: a study of the findings' fixes on the user's data, and its verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from normcast.check.findings import Findings
from normcast.check.rule import Finding
from normcast.cli.case_input import NAMED, cases_in, forecasts
from normcast.data import Cases
from normcast.models.edits import Compile, Edit, apply
from normcast.study import Study

Fix = tuple[Edit, ...]


@dataclass(frozen=True, eq=False)
class FixStudy:
    """Trains a model with the fix of each finding; `check_command` takes it as measure.

    data: a table's path, to forecast as the model does, or cases with class labels. settings: of
    `Study`, such as seeds. say: is told what will be trained. processes: as in `Study.run`.
    """

    data: Any
    settings: Mapping[str, Any]
    say: Callable[[str], None]
    processes: int | None = None
    quiet: bool = False

    @classmethod
    def of(
        cls,
        files: Sequence[Path],
        columns: Mapping[str, Any],
        task: str = "auto",
        *,
        say: Callable[[str], None] = lambda text: None,
        processes: int | None = None,
        quiet: bool = False,
        **settings: Any,
    ) -> FixStudy:
        """Make it from the files of `--data`; columns: id_col, time_col and target_col of the table, or what
        names the parts of the cases.

        task: "classify" or "regress" where that is a table of cases, or y leaves a doubt.
        Raises ValueError unless that is one table, or one file of cases with y.
        """
        if len(files) != 1:
            raise ValueError(
                f"--measure trains on one file, but --data names {len(files) or 'none'}. Give one table, or "
                "one file of cases, such as an .npz with x and y."
            )
        if not forecasts(task, files[0]):
            told = {"task": NAMED[task]} if task in NAMED else {}
            return cls(cases_in(files[0], columns), {**settings, **told}, say, processes, quiet)
        words = {"na_value": "na_values"}
        given = {words.get(name, name): value for name, value in columns.items() if value}
        return cls(str(files[0]), {**given, **settings}, say, processes, quiet)

    def __call__(self, model: Any, findings: list[Finding]) -> list[Finding]:
        """Return the findings with what came out; one that cannot be measured says why."""
        refused = {each.key: refusal(model, each, self.data) for each in findings}
        fixes = Findings(each for each in findings if not refused[each.key]).fixes
        names = {fix: name for name, fix in fixes.items()}
        sentences = self.sentences(model, names) if names else {}
        return [replace(each, measured=refused[each.key] or sentences[names[each.fix]]) for each in findings]

    def sentences(self, model: Any, names: Mapping[Fix, str]) -> dict[str, str]:
        """Train the model with each of the named fixes, and return what may be said of each by name."""
        try:
            study = Study(model, self.data, {name: fix for fix, name in names.items()}, **self.settings)
        except ValueError as error:
            return dict.fromkeys(names.values(), f"not measured: {error}")
        self.say(study.describe(self.processes))
        comparison = study.run(processes=self.processes, progress=not self.quiet).comparison
        unfinished = dict.fromkeys(names.values(), "not measured: no training finished.")
        return unfinished | {effect.name: effect.sentence for effect in comparison.effects}


def refusal(model: Any, finding: Finding, data: Any) -> str:
    """Return why a finding cannot be measured; "" if it can."""
    if not finding.fix:
        return "not measured: the rule has no fix that can be made."
    if any(isinstance(edit, Compile) for edit in finding.fix):
        return "not measured: its fix is another loss, which reads other targets."
    try:
        fixed = apply(model, finding.fix)
    except Exception as error:  # whatever Keras raises where it cannot build the model
        return f"not measured: its fix cannot be made alone. {error}"
    for side, before, after in (
        ("reads", shapes(model.inputs), shapes(fixed.inputs)),
        ("gives", shapes(model.outputs), shapes(fixed.outputs)),
    ):
        if before != after:
            return f"not measured: with its fix the model {side} {after} instead of {before}."
    if isinstance(data, Cases):
        old, new = (gives_probabilities(net, data.x) for net in (model, fixed))
        if old != new:
            kinds = ("other numbers", "probabilities")
            return f"not measured: with its fix the model gives {kinds[new]} instead of {kinds[old]}."
    return ""


def shapes(tensors: Sequence[Any]) -> str:
    """Return the shapes of tensors, without the batch axis."""
    return ", ".join(str(tuple(tensor.shape[1:])) for tensor in tensors)


def gives_probabilities(model: Any, x: np.ndarray) -> bool:
    """Say whether the outputs of a few cases are at least 0 and sum to 1."""
    try:
        outputs = keras.ops.convert_to_numpy(model(x[:4]))
    except Exception:  # a model that does not fit the data: the study says so in its own words
        return True
    return bool((outputs >= 0).all() and np.allclose(outputs.sum(axis=-1), 1, atol=1e-3))
