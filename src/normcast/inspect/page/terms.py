"""The words of the trade, explained where they stand."""

LAYER_TERMS = (
    (
        "half-life",
        "Steps in which the gradient of the layer's last state falls by half on its way back through its"
        " steps. What lies many half-lives back hardly changes what is learned. Negative: it doubles in so"
        " many.",
    ),
    (
        "left at the far end",
        "What is left of that gradient at the oldest step of the window, of 1 at the newest.",
    ),
    (
        "vanishing, healthy, exploding",
        "Vanishing: so little is left that it is lost beside the rest. Exploding: it is more than a thousand"
        " times as large there. Healthy: neither. After Pascanu et al. 2013, arXiv:1211.5063.",
    ),
    (
        "|dL/dh|",
        "Norm of the gradient of the loss L (or of the sum of the outputs) with respect to the output h of a"
        " step. It also says which steps are read: where only the last one is, all of it comes from there.",
    ),
    (
        "memory",
        "1 / (1 − f) steps, with f the mean of the forget gate (z, the update gate, of a GRU): how long a"
        " unit holds what it was told. The median over the units. After Tallec & Ollivier 2018,"
        " arXiv:1804.11188.",
    ),
    (
        "saturated",
        "Share of a gate's values below 0.01 or above 0.99 (beyond ±0.99 for g and n). There a gate hardly"
        " learns, since its slope is near 0.",
    ),
    ("dead units", "Units whose output hardly moves over all cases and steps: they carry nothing."),
)
GATE_TERMS = {
    "i": "How much of the candidate is written into the cell, 0 to 1.",
    "f": "How much of the cell is kept, 0 to 1. 1 remembers, 0 forgets.",
    "g": "What is offered to the cell, −1 to 1.",
    "o": "How much of the cell is shown, 0 to 1.",
    "z": "How much of the old state is kept, 0 to 1. 1 remembers.",
    "r": "How much of the old state the candidate sees, 0 to 1.",
    "n": "What the new state would be, −1 to 1.",
    "h": "What the layer gives at each step; it also goes into its next step.",
    "c": "The memory of an LSTM, behind its gates.",
    "gradient": (
        "How much the loss changes with a value. Of a gate: with what goes into it, in front of its sigmoid"
        " or tanh."
    ),
}
STATISTICS_TERM = (
    "statistics of its normalization",
    "Mean and variance of these cases at each step, beside the running ones that are used at inference. Where"
    " they differ, the network computes at inference what it was not trained to. After Cooijmans et al. 2017,"
    " arXiv:1603.09025.",
)
SIGHT_TERMS = (
    (
        "mean |dy/dx|",
        "How much the outputs y change with the input x of a step and a channel: its mean size over cases and"
        " outputs. Steps where it is near 0 are not looked at.",
    ),
)
CHANNEL_TERMS = (
    (
        "steps seen",
        "How many steps of the window one step that a convolution gives depends on: by its own kernel, and by"
        " kernels, strides, dilations and pools in front of it. Behind a recurrent layer there is no such"
        " number.",
    ),
    ("dead", "Channels that write one value always."),
    (
        "variance, training / inference",
        "Variance in front of the layer with dropout and batch statistics acting, over that without. Far from"
        " 1, a batch normalization there keeps a variance that inference never has. After Li et al. 2019,"
        " arXiv:1801.05134.",
    ),
    (
        "running statistics",
        "Mean and variance that a batch normalization gathered while it was trained, and uses at inference."
        " Far from those of these cases, it was trained too briefly, or on other data.",
    ),
)
