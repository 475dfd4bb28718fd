"""Tasks: what is learned from data, and how it is split, scaled and scored; a file for each kind."""

from normcast.tasks.classify import ClassifyTask
from normcast.tasks.forecast import ForecastTask
from normcast.tasks.forecast_fold import ForecastFold
from normcast.tasks.sizes import Sizes
from normcast.tasks.task import RAW_INPUTS, Fold, Task

__all__ = ["RAW_INPUTS", "ClassifyTask", "Fold", "ForecastFold", "ForecastTask", "Sizes", "Task"]
