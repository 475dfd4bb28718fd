"""How wrong forecasts are, and how wide their intervals must be."""

from normcast.scoring.conformal import Conformal, as_quantiles, reachable_level, supported, windows_needed
from normcast.scoring.coverage import Coverage, coverages
from normcast.scoring.intervals import Block, SeriesIntervals, grown
from normcast.scoring.of_classes import SURE, class_scores, confusion
from normcast.scoring.of_keras import beside, is_own_metric, measured, plain_metric, rises
from normcast.scoring.of_labels import THRESHOLD, label_scores
from normcast.scoring.of_numbers import number_scores
from normcast.scoring.quantiles import check_levels, level_columns, quantiles_of
from normcast.scoring.resample import score_interval
from normcast.scoring.scales import seasonal_error
from normcast.scoring.scores import METRICS, Scores, models_of, score

__all__ = [
    "METRICS",
    "SURE",
    "THRESHOLD",
    "Block",
    "Conformal",
    "Coverage",
    "Scores",
    "SeriesIntervals",
    "as_quantiles",
    "beside",
    "check_levels",
    "class_scores",
    "confusion",
    "coverages",
    "grown",
    "is_own_metric",
    "label_scores",
    "level_columns",
    "measured",
    "models_of",
    "number_scores",
    "plain_metric",
    "quantiles_of",
    "reachable_level",
    "rises",
    "score",
    "score_interval",
    "seasonal_error",
    "supported",
    "windows_needed",
]
