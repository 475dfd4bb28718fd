"""What the numbers of the scoreboard mean, in the words of the page."""

from normcast.models import PRESETS

HEADS = {
    "mase": "MASE", "mae": "MAE", "mse": "MSE", "rmse": "RMSE", "smape": "sMAPE, %",
    "scaled_crps": "scaled CRPS",
}  # fmt: skip

FOLD = (
    "fold, cutoff",
    "A cutoff is a stamp in the past; a fold is one forecast of what came after it by models that learned"
    " from what came before.",
)
MODELS = {
    "normcast": "The forecast of this report; what it is made of stands under the notes.",
    "naive": "The last value once more, at each step.",
    "seasonal_naive": "The last season once more: for days, each weekday as it was a week ago.",
    "drift": "A straight line from the first to the last value, drawn on.",
    "longest_season": "The longest season once more: for hours, the week before.",
    "theta": "The values without their season, smoothed, with half the slope of a line through them.",
    "seasonal_drift": "The last season once more, and what a season grew by of late added each time.",
    "ridge": "Linear regression on the last rows, with a penalty on large weights.",
}
NETWORK = "The network alone, trained from several starts (seeds); its forecast is the median of them."


def of_model(name: str) -> str | None:
    """Return what a model of the scoreboard is; None for one that nothing is known of.

    >>> of_model("ridge_48")
    'Linear regression on the last 48 rows, with a penalty on large weights.'
    """
    if name in PRESETS:
        return NETWORK
    kind, _, rows = name.partition("_")
    if kind == "ridge" and rows.isdigit():
        return MODELS["ridge"].replace("last rows", f"last {rows} rows")
    return MODELS.get(name)


SCORES = (
    (
        "MASE",
        "Mean absolute error, divided by the error that repeating the last season made before the fold."
        " No unit; below 1 is a smaller error than that. Lower is better.",
    ),
    ("MAE", "Mean absolute error, in the unit of the data. Lower is better."),
    ("MSE", "Mean squared error, in the unit of the data, squared. Lower is better."),
    (
        "RMSE",
        "Root of the mean squared error, in the unit of the data; large misses weigh more. Lower is better.",
    ),
    (
        "sMAPE",
        "Error in percent of the mean size of forecast and value, as in the M4 competition: 0 to 200."
        " Lower is better.",
    ),
)
INTERVALS = (
    (
        "scaled CRPS (continuous ranked probability score)",
        "How far the whole forecast distribution, not only its middle, is from what happened, relative to"
        " the size of the data. Lower is better.",
    ),
    (
        "inside 80 %, ... (coverage)",
        "Share of the values that fell inside the interval of that level. It should be near the level:"
        " less means too sure, more means too cautious.",
    ),
)
NEAR = (
    "series near 80 %, ...",
    "Share of the series whose own intervals held what the level says, within 10 points. With few folds"
    " some series miss that by chance.",
)
NOISE = (
    "95 % interval",
    "Of the mean difference over folds, by Student's t. If it includes zero, the difference may be chance."
    " Folds that lie close in time are more alike than it assumes.",
)
MEDIAN = ("forecast, median", "What comes should be above it as often as below it.")
LEARNING = (
    ("seed", "The number that a training run starts from; another one gives a slightly different network."),
    ("epoch", "One pass over the training windows."),
    (
        "loss",
        "What training makes small: the error of the forecast quantiles, in units of the scaled series.",
    ),
)
PARTS = {
    "train": "train: the weights and the scaling come from here",
    "validation": "validation: chose when to stop and the ridge's penalty",
    "calibration": "calibration: set the width of the intervals",
    "test": "test: scored, and seen by nothing before",
    "forecast": "forecast: not known yet",
}


def interval_term(level: float) -> tuple[str, str]:
    """Return what an interval of a level means.

    >>> interval_term(80)[0]
    '80 % interval, from low to high'
    """
    meaning = (
        f"{level:g} of 100 values that come should lie in it, each step taken by itself. Its width was set on"
        " rows that trained nothing (calibration)."
    )
    return f"{level:g} % interval, from low to high", meaning
