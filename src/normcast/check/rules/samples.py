"""How the windows were made, scaled and split."""

from __future__ import annotations

from collections.abc import Iterator

from normcast.check.examples import L, chain
from normcast.check.facts import Facts
from normcast.check.head import heads
from normcast.check.net import Net
from normcast.check.rule import ERROR, WARNING, Found, rule


@rule(
    56,
    "unscaled-target",
    WARNING,
    hint="scale the targets with the training rows' mean and deviation, and scale forecasts back",
    needs=["target_mean and target_std, or target_min and target_max"],
    sources=["keras-team/keras#4563"],
    exceptions=(
        "Silent for percentage and log losses, for a bias that starts at "
        "the mean, and for outputs that are rescaled."
    ),
    bad=[chain((8, 3), L.LSTM(4), L.Dense(1), loss="mse", target_mean=4000.0, target_std=900.0)],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(1), loss="mse", target_mean=9.4, target_std=8.4),
        chain((8, 3), L.LSTM(4), L.Dense(1), loss="mape", target_mean=4000.0, target_std=900.0),
        chain((8, 3), L.LSTM(4), L.Dense(1), L.Rescaling(900.0, 4000.0), loss="mse", target_mean=4000.0),
    ],
)
def unscaled_target(net: Net, facts: Facts) -> Iterator[Found]:
    """Targets are far from unit scale, and the network must first learn to reach them.

    Weights start near unit scale; at a step of about the learning rate an offset of thousands takes most
    of the training.
    """
    data = facts.data
    known = [abs(v) for v in (data.target_mean, data.target_std) if v is not None]
    known += [data.target_min] if data.target_min is not None and data.target_min > 0 else []
    known += [-data.target_max] if data.target_max is not None and data.target_max < 0 else []
    size = max(known, default=0.0)
    if not facts.is_regression or size <= 100 or len(net.outputs) != 1:
        return
    head, loss = heads(net)[0], facts.loss()
    start = head.node.config.get("bias_initializer")
    starts_there = isinstance(start, dict) and start.get("class_name") == "Constant"
    if head.is_linear and loss is not None and loss.name in ("mse", "mae", "huber") and not starts_there:
        yield Found(
            (), f"targets are of size {size:g} and the output is linear from scratch", evidence={"size": size}
        )


@rule(
    57,
    "normalizer-fit-on-all",
    ERROR,
    hint="fit the scaler on the training rows only",
    needs=["normalizer_fit_on"],
    sources=[
        "scikit-learn, Common pitfalls: data leakage",
        "mlpack/examples#43",
        "hunkim/DeepLearningZeroToAll#214",
    ],
    exceptions="Silent for scaling per window, causal scaling, and physical constants.",
    bad=[chain((8, 3), L.LSTM(4), L.Dense(1), normalizer_fit_on="all")],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(1), normalizer_fit_on="train"),
        chain((8, 3), L.LSTM(4), L.Dense(1)),
    ],
)
def normalizer_fit_on_all(net: Net, facts: Facts) -> Iterator[Found]:
    """The scaler has seen the rows that the model is judged on.

    Mean, deviation, minimum and maximum of the whole series carry its future; scores come out too good.
    """
    if facts.data.normalizer_fit_on == "all":
        yield Found((), "the scaling uses statistics of the whole series, test rows included")


@rule(
    58,
    "shuffled-window-split",
    ERROR,
    hint="split in time order, with a gap of at least window + horizon - 1 rows",
    needs=["split and windows_overlap, or duplicates"],
    sources=[
        "Kapoor & Narayanan 2022, arXiv:2207.07048",
        "Hewamalage et al. 2022, arXiv:2203.10716",
        "zcakhaa/DeepLOB-Project#1",
    ],
    exceptions=(
        "Silent for splits by unit or subject, windows that share no rows, "
        "and shuffling within the training set."
    ),
    bad=[
        chain((8, 3), L.LSTM(4), L.Dense(1), split="random", windows_overlap=True),
        chain((8, 3), L.LSTM(4), L.Dense(1), duplicates=12),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(1), split="chronological", windows_overlap=True),
        chain((8, 3), L.LSTM(4), L.Dense(1), split="random", windows_overlap=False),
    ],
)
def shuffled_window_split(net: Net, facts: Facts) -> Iterator[Found]:
    """Overlapping windows were split at random, so test windows share rows with training windows.

    Each test window then has a near copy in the training set, and the score measures memory.
    """
    data = facts.data
    if data.duplicates:
        yield Found((), f"{data.duplicates} windows stand in both splits")
    elif data.split == "random" and data.windows_overlap:
        yield Found(
            (), "overlapping windows were split at random: test windows share rows with training windows"
        )


@rule(
    59,
    "target-in-window",
    ERROR,
    hint="shift the target behind the window",
    needs=["target_offset or target_is_feature"],
    sources=["Kapoor & Narayanan 2022, arXiv:2207.07048", "follows from the definition"],
    exceptions="Silent for reconstruction.",
    bad=[
        chain((8, 3), L.LSTM(4), L.Dense(1), target_offset=0),
        chain((8, 3), L.LSTM(4), L.Dense(1), target_is_feature=True),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(1), target_offset=1),
        chain((8, 3), L.LSTM(4), L.Dense(3), target_offset=0, type="reconstruction"),
    ],
)
def target_in_window(net: Net, facts: Facts) -> Iterator[Found]:
    """The input window holds the value that is to be forecast.

    The network copies it, and the score is that of looking.
    """
    if facts.task.type == "reconstruction":
        return
    offset = facts.data.target_offset
    if facts.data.target_is_feature:
        yield Found((), "a feature equals the target at the target's own time")
    elif offset is not None and offset <= 0:
        yield Found((), f"the target lies {-offset} steps before the end of the input window")
