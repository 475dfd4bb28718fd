"""Tasks: what is learned from data, and how it is split, scaled and scored; a file for each kind."""

from normcast.tasks.case_scaling import CaseScaling, InputScaling
from normcast.tasks.case_task import CaseTask
from normcast.tasks.class_head import ClassHead
from normcast.tasks.classify import ClassifyTask
from normcast.tasks.forecast import ForecastTask
from normcast.tasks.forecast_fold import ForecastFold
from normcast.tasks.label import LabelTask
from normcast.tasks.regress import RegressTask
from normcast.tasks.sizes import Sizes
from normcast.tasks.task import RAW_INPUTS, Fold, Task

__all__ = [
    "RAW_INPUTS",
    "CaseScaling",
    "CaseTask",
    "ClassHead",
    "ClassifyTask",
    "Fold",
    "ForecastFold",
    "ForecastTask",
    "InputScaling",
    "LabelTask",
    "RegressTask",
    "Sizes",
    "Task",
]
