"""What the report of an evaluation is drawn from: the evaluation, and the names that only its user knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from normcast.cases import Evaluation


@dataclass(frozen=True, eq=False)
class CaseReport:
    """All that the page of an evaluation prints.

    source: the file of the cases ("motions.npz"), if they came from one; command: what was typed; seconds:
    wall time of the evaluation; title: of the page, by default what was told, of what, by which network.
    """

    evaluation: Evaluation
    source: str | None = None
    command: str | None = None
    seconds: float | None = None
    title: str | None = None

    @property
    def classifies(self) -> bool:
        """Whether classes are told rather than numbers."""
        return self.evaluation.classes is not None

    @property
    def main(self) -> str:
        """The score that decides: accuracy of classes, MAE of numbers."""
        return "accuracy" if self.classifies else "MAE"
