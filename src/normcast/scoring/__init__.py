"""What forecasts are compared with, how wrong they are, and how wide their intervals must be."""

from normcast.scoring.baselines import drift, naive, seasonal_naive
from normcast.scoring.conformal import Conformal, as_quantiles, reachable_level, windows_needed
from normcast.scoring.quantiles import check_levels, level_columns, quantiles_of
from normcast.scoring.ridge import PENALTIES, Ridge, fit_ridge
from normcast.scoring.scales import seasonal_error
from normcast.scoring.scores import METRICS, Scores, models_of, score

__all__ = [
    "METRICS",
    "PENALTIES",
    "Conformal",
    "Ridge",
    "Scores",
    "as_quantiles",
    "check_levels",
    "drift",
    "fit_ridge",
    "level_columns",
    "models_of",
    "naive",
    "quantiles_of",
    "reachable_level",
    "score",
    "seasonal_error",
    "seasonal_naive",
    "windows_needed",
]
