"""What the numbers of the scoreboard mean, in the words of the page."""

HEADS = {"mase": "MASE", "mae": "MAE", "rmse": "RMSE", "smape": "sMAPE, %", "scaled_crps": "scaled CRPS"}

SCORES = (
    (
        "MASE",
        "Mean absolute error, divided by the error that repeating the last season made before the fold."
        " No unit; below 1 is a smaller error than that. Lower is better.",
    ),
    ("MAE", "Mean absolute error, in the unit of the data. Lower is better."),
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
        "scaled CRPS",
        "How far the whole forecast distribution, not only its middle, is from what happened, relative to"
        " the size of the data. Lower is better.",
    ),
    (
        "inside 80 %, ...",
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
PARTS = {
    "train": "train: the weights and the scaling come from here",
    "validation": "validation: chose when to stop and the ridge's penalty",
    "calibration": "calibration: set the width of the intervals",
    "test": "test: scored, and seen by nothing before",
    "forecast": "forecast: not known yet",
}
