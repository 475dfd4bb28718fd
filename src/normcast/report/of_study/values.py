"""What the report of a study is drawn from: its result, and the names that only its user knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from normcast.study import StudyResult


@dataclass(frozen=True, eq=False)
class StudyReport:
    """All that the page of a study prints.

    Parameters
    ----------
    result : StudyResult
        What the study measured; `StudyResult.read("study.db")` is enough.
    source : str, default ""
        The name of the data ("weather.csv").
    store : str, default "study.db"
        The name of the file that holds the trials.
    command : str, default ""
        What was typed.

    Examples
    --------
    >>> from normcast.study import StudyResult
    >>> result = StudyResult({"task": "classify", "metric": "log_loss", "folds": 1}, (), {}, ())
    >>> StudyReport(result, source="gait.npz").classifies
    True
    """

    result: StudyResult
    source: str = ""
    store: str = "study.db"
    command: str = ""

    @property
    def facts(self) -> dict[str, Any]:
        """What the study was about, as its store knows it."""
        return self.result.facts

    @property
    def is_of_cases(self) -> bool:
        """Whether something is told of whole series rather than values forecast."""
        return self.facts.get("task") in ("classify", "label", "regress")

    @property
    def classifies(self) -> bool:
        """Whether classes, or labels of which several may hold, are told rather than values forecast."""
        return self.facts.get("task") in ("classify", "label")

    @property
    def wrong(self) -> tuple[str, str]:
        """The metric that is a share of what was told wrongly, and of what: cases, or labels."""
        return ("wrong_labels", "labels") if self.facts.get("task") == "label" else ("error", "cases")
