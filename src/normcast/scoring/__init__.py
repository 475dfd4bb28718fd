"""How wrong forecasts are, and how wide their intervals must be."""

from normcast.scoring.conformal import Conformal, as_quantiles, reachable_level, windows_needed
from normcast.scoring.of_classes import SURE, class_scores, confusion
from normcast.scoring.of_numbers import number_scores
from normcast.scoring.quantiles import check_levels, level_columns, quantiles_of
from normcast.scoring.resample import score_interval
from normcast.scoring.scales import seasonal_error
from normcast.scoring.scores import METRICS, Scores, models_of, score

__all__ = [
    "METRICS",
    "SURE",
    "Conformal",
    "Scores",
    "as_quantiles",
    "check_levels",
    "class_scores",
    "confusion",
    "level_columns",
    "models_of",
    "number_scores",
    "quantiles_of",
    "reachable_level",
    "score",
    "score_interval",
    "seasonal_error",
    "windows_needed",
]
