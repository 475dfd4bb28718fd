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

    Parameters
    ----------
    evaluation : Evaluation
        What was told of cases that were not trained on.
    source : str or None, default None
        The file of the cases ("data/motions.npz"), if they came from one.
    command : str or None, default None
        What was typed.
    seconds : float or None, default None
        Wall time of the evaluation.
    title : str or None, default None
        The title of the page, by default what was told, of what, by which network.
    files : CaseFiles, default CaseFiles()
        What else was read and written.

    Examples
    --------
    >>> import numpy as np
    >>> from normcast.cases.evaluation import Evaluation, Settings, Told
    >>> from normcast.data import Cases
    >>> cases = Cases.of(np.zeros((4, 3, 1)), y=np.arange(4.0))
    >>> told = {"normcast": Told(values=np.array([0.0, 1.0, 2.0, 4.0]), bounds={})}
    >>> evaluation = Evaluation("regress", tested=np.arange(4), fold=np.array([0, 0, 1, 1]), actual=cases.y,
    ...                         classes=None, groups=None, split="chance", network="lstm", told=told,
    ...                         trained=(), cases=cases, settings=Settings("Regressor"))
    >>> CaseReport(evaluation, source="gait.npz").main
    'MAE'
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
