"""What the report of an evaluation is drawn from: the evaluation, and the names that only its user knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from normcast.cases import Evaluation


@dataclass(frozen=True)
class CaseFiles:
    """What was read and written around an evaluation, for the Python of the page.

    names, layout, sheet: as `Cases.read` takes them; model: the file of the network; out, save, report: paths
    that were written; each is "" or empty where there is none. test: whether the file has a test part, which
    was scored. guard_formulas: as in `write_table`; progress: whether it is shown.

    >>> CaseFiles(names={"y": "gait"}).reading
    {'names': {'y': 'gait'}}
    """

    names: Mapping[str, str] = field(default_factory=dict)
    layout: str | None = None
    sheet: str = ""
    model: str = ""
    out: str = ""
    save: str = ""
    report: str = ""
    test: bool = False
    guard_formulas: bool = False
    progress: bool = True

    @property
    def reading(self) -> dict[str, Any]:
        """The arguments of `Cases.read` beside the path."""
        given: dict[str, Any] = {"names": dict(self.names), "layout": self.layout, "sheet": self.sheet}
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, eq=False)
class CaseReport:
    """All that the page of an evaluation prints.

    source: the file of the cases ("data/motions.npz"), if they came from one; files: what else was read and
    written; command: what was typed; seconds:
    wall time of the evaluation; title: of the page, by default what was told, of what, by which network.
    """

    evaluation: Evaluation
    source: str | None = None
    command: str | None = None
    seconds: float | None = None
    title: str | None = None
    files: CaseFiles = field(default_factory=CaseFiles)

    @property
    def classifies(self) -> bool:
        """Whether classes, or labels of which several may hold, are told rather than numbers."""
        return self.evaluation.classes is not None

    @property
    def main(self) -> str:
        """The score that decides: accuracy of classes, of labels each by itself, MAE of numbers."""
        if self.evaluation.tells_labels:
            return "label accuracy"
        return "accuracy" if self.classifies else "MAE"
