"""A raw record of evidence whose truths are planted: what each claim must come out as is known."""

import json

import numpy as np

FORECAST = [f"series-{letter}" for letter in "abcdefghijklm"]
CLASSIFY = [f"cases-{letter}" for letter in "abcdef"]
DATA = dict.fromkeys(FORECAST, "forecast") | dict.fromkeys(CLASSIFY, "classify")
SEEDS, FOLDS, EARLY = 8, 2, [1, 3, 10]
RULE = "bn-before-regression-output"


def claim(name, words, second, first="as given", rules=(), tasks=("forecast",), networks=("small",)):
    lists = {"rules": list(rules), "tasks": list(tasks), "networks": list(networks)}
    return {"name": name, "words": words, "first": first, "second": second, **lists}


CLAIMS = [
    claim("nothing", "a bias, against none & nothing", "same", tasks=("forecast", "classify")),
    claim("better", "layer norm, against none", "good", networks=("small", "large")),
    claim("worse", "dropout everywhere, against none", "bad", rules=["dropout-before-bn"]),
    claim("output-batch-norm", "batch norm between LSTM and output, against none", "mixed", rules=[RULE]),
    claim("noisy", "pooling, against none", "noisy", rules=["pool-before-rnn"]),
    claim("fragile", "selu, against relu", "fragile"),
    claim("below", "relu inside the LSTM, against tanh", "hopeless"),
    claim("unasked", "zoneout, against none", "absent", tasks=("classify",)),
]
SIGNS = np.resize([1, -1], 13)
ANSWERS = {
    ("forecast", "nothing"): "does nothing",
    ("classify", "nothing"): "does nothing",
    ("forecast", "better"): "better",
    ("forecast", "worse"): "worse",
    ("forecast", "output-batch-norm"): "differs from data to data",
    ("forecast", "noisy"): "not known",
    ("forecast", "fragile"): "differs from data to data",
    ("forecast", "below"): "not known",
}
EFFECTS = {  # arm -> log ratio to "as given" on each data set, and the spread of it over seeds
    "as given": (np.zeros(13), 0.0),
    "same": (np.zeros(13), 0.004),
    "good": (-0.2 + 0.02 * SIGNS, 0.02),
    "bad": (0.15 + 0.02 * SIGNS, 0.02),
    "mixed": (0.3 * SIGNS, 0.02),
    "noisy": (np.full(13, 0.03), 0.35),
    "fragile": (np.where(np.arange(13) == 4, 0.3, -0.06), 0.02),
    "hopeless": (np.where(np.arange(13) == 0, 0.0, 1.0), 0.02),
}


def arm(dataset, network, name, rng):
    """Return one arm; it starts 5 % worse than it ends, and the good one 20 % better than others."""
    effects, spread = EFFECTS[name]
    place = (list(FORECAST) if dataset in FORECAST else list(CLASSIFY)).index(dataset)
    luck = 0.03 * np.random.default_rng(place).standard_normal(SEEDS)  # shared by all arms of a data set
    logs = np.log(0.7) + luck + effects[place] + spread * rng.standard_normal(SEEDS)
    scores = np.exp(logs)[:, None] * np.array([0.95, 1.05])
    early = scores[:, :, None] * np.array([2.0, 1.5, 1.05])
    return {
        "dataset": dataset, "network": network, "arm": name, "by_rate": {},
        "rate": 0.003 if name == "as given" else 0.01,
        "scores": scores.tolist(), "early": early.tolist(), "best_epoch": [[20, 20]] * SEEDS, "curve": [1.0],
    }  # fmt: skip


def record():
    """Return the record, as the runner writes it."""
    rng = np.random.default_rng(1)
    needed = {
        (dataset, network, name)
        for each in CLAIMS
        for network in each["networks"]
        for dataset, task in DATA.items()
        if task in each["tasks"]
        for name in (each["first"], each["second"])
        if name in EFFECTS and (each["name"], dataset) != ("worse", "series-b")
    }
    arms = [arm(*each, rng) for each in sorted(needed)]
    next(a for a in arms if a["dataset"] == "series-c" and a["arm"] == "good")["scores"][0] = [None, 0.5]
    recipe = {"words": "Trained until it stops improving.", "epochs": 60, "patience": 8, "rates": [0.003]}
    counts = {"rate_seeds": 2, "seeds": SEEDS, "folds": FOLDS, "early": EARLY, "curve": [1]}
    sizes = {"season": 24, "h": 12, "input_size": 48, "groups": None}
    baselines = {"baselines": {"naive": 1.0, "best": 0.6}, "reference": "naive"}
    made = {
        "format": 2, "measured": "2026-01-02", "machine": "a machine", "versions": {},
        "recipe": recipe | counts,
        "networks": {"small": "Conv1D(10, 3), LSTM(15), Dense", "large": "Conv1D(32, 3), LSTM(64), Dense"},
        "datasets": {
            name: {"task": task, "metric": "mase", "words": "made up", **sizes, **baselines}
            for name, task in DATA.items()
        },
        "claims": CLAIMS, "arms": arms,
        "not_measured": [
            {"claim": "worse", "dataset": "series-b", "network": "small", "why": "the time ran out"},
            {"claim": "unasked", "dataset": None, "network": "small", "why": "no such layer"},
        ],
        "cpu_seconds": 20000,
    }  # fmt: skip
    return json.loads(json.dumps(made))  # of its own, to be spoiled


def write(folder, made=None):
    """Write the record into a folder; return the file."""
    file = folder / "raw.json"
    file.write_text(json.dumps(made or record()))
    return file
