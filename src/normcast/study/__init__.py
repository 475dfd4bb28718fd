"""Study: where normalization and dropout go in a network, measured over many seeds on given data.

`placements` finds what can be arranged, `Study` trains all of it, `StudyResult` says what came out.
"""

from normcast.study.placement import BASELINE, Placement
from normcast.study.placements import AXES, placements
from normcast.study.result import StudyResult
from normcast.study.study import Study
from normcast.study.ticks import Ticked
from normcast.study.trial import Trial

__all__ = ["AXES", "BASELINE", "Placement", "Study", "StudyResult", "Ticked", "Trial", "placements"]
