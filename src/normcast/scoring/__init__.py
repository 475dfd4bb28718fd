"""How wrong forecasts are, and how wide their intervals must be."""

from normcast.scoring.conformal import Conformal, as_quantiles, reachable_level, windows_needed
from normcast.scoring.quantiles import check_levels, level_columns, quantiles_of
from normcast.scoring.scales import seasonal_error
from normcast.scoring.scores import METRICS, Scores, models_of, score

__all__ = [
    "METRICS",
    "Conformal",
    "Scores",
    "as_quantiles",
    "check_levels",
    "level_columns",
    "models_of",
    "quantiles_of",
    "reachable_level",
    "score",
    "seasonal_error",
    "windows_needed",
]
