"""Results of studies that nobody trained: scores drawn so that what is true of them is known."""

import json

import numpy as np

from normcast.models.edits import Insert, Remove, Set
from normcast.study import BASELINE, Placement, StudyResult, Trial, designs
from normcast.study.store import Store

VERSIONS = {"python": "3.11.7", "normcast": "0.1.0", "keras": "3.15.1", "recurrence": "native"}
TRAINING = {"epochs": 6, "batch_size": 32, "optimizer": "adam", "loss": "mse", "patience": 5, "seed": 0}


def layer(kind, name, reads=(), shape=None, **config):
    """A layer as Keras writes it; reads: (name, shape) of the tensors."""
    tensors = [
        {
            "class_name": "__keras_tensor__",
            "config": {"shape": s, "dtype": "float32", "keras_history": [n, 0, 0]},
        }
        for n, s in reads
    ]
    args = [tensors] if len(tensors) > 1 else tensors
    nodes = [{"args": args, "kwargs": {}}] if reads else []
    if kind == "InputLayer":
        config = {"batch_shape": shape, **config}
    return {
        "module": "keras.layers", "class_name": kind, "config": {"name": name, **config},
        "registered_name": None, "name": name, "inbound_nodes": nodes,
    }  # fmt: skip


def model(layers, end, name="net", start="past"):
    """A functional model as Keras' JSON holds it."""
    config = {
        "name": name, "layers": layers, "input_layers": [[start, 0, 0]], "output_layers": [[end, 0, 0]]
    }  # fmt: skip
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": config,
        "registered_name": None,
    }


SEQUENCE = [None, 56, 10]
LAYERS = [
    layer("InputLayer", "past", shape=[None, 56, 1]),
    layer("Conv1D", "conv_1", [("past", [None, 56, 1])], filters=10, kernel_size=[3], activation="relu"),
    layer(
        "LSTM", "lstm_1", [("conv_1", SEQUENCE)], units=15, activation="tanh", recurrent_activation="sigmoid"
    ),
    layer("Dense", "head", [("lstm_1", [None, 15])], units=14, activation="linear"),
]
NETWORK = json.dumps(model(LAYERS, "head"))
FACTS = {
    "task": "forecast", "target": "temp_max", "series": 2, "rows": 2922, "freq": "D", "season": 7, "h": 14,
    "input_size": 56, "folds": 2, "scaling": "standard", "windows": [1968, 206, 266], "data": "6b533b8c",
    "metric": "mase", "network": "conv-lstm", "model": NETWORK, "training": json.dumps(TRAINING),
    "design": "one_at_a_time", "min_effect": 0.01,
}  # fmt: skip

PLACEMENTS = (
    Placement("conv_1: batch norm after the activation", (Insert("BatchNormalization", after="conv_1"),),
              "norm", "conv_1", "batch norm after the activation"),
    Placement("lstm_1: dropout 0.2 after", (Insert({"class_name": "Dropout", "config": {"rate": 0.2}},
              after="lstm_1"),), "dropout", "lstm_1", "dropout 0.2 after"),
    Placement("lstm_1: recurrent dropout 0.2", (Set("lstm_1", recurrent_dropout=0.2),), "recurrent-dropout",
              "lstm_1", "recurrent dropout 0.2"),
    Placement("conv_1: max pooling", (Insert("MaxPooling1D", after="conv_1"),), "pooling", "conv_1",
              "max pooling"),
)  # fmt: skip
BETTER, WORSE, SAME, NOISY = (each.name for each in PLACEMENTS)
TRUTH = {
    BASELINE: (1.0, 0.0),
    BETTER: (0.9, 0.01),
    WORSE: (1.2, 0.01),
    SAME: (1.0005, 0.001),
    NOISY: (0.99, 0.1),
}


def study(
    truth=None, placements=PLACEMENTS, seeds=8, epochs=6, failing=(), first_seed=0, best_epoch=4, **facts
) -> StudyResult:
    """A study in which each network has a mean error and a noise of its own.

    truth: name -> (mean, noise); failing: (placement, seed) whose trainings fail on the first fold.
    """
    truth = TRUTH if truth is None else truth
    known = {**FACTS, **facts}
    found = trials(truth, range(first_seed, first_seed + seeds), epochs, known, failing, best_epoch)
    kept = tuple(each for each in placements if each.name in truth)
    sizes = {name: 1884 + 10 * k for k, name in enumerate(truth)}
    return StudyResult(known, kept, sizes, tuple(found), float(known["min_effect"]))


def trials(truth, seeds, epochs, facts, failing=(), best_epoch=4) -> list[Trial]:
    found = []
    for k, (name, (mean, noise)) in enumerate(truth.items()):
        for fold in range(facts["folds"]):
            for seed in seeds:
                luck = np.random.default_rng([seed, fold]).normal(scale=0.02)
                own = np.random.default_rng([seed, k + 1]).normal(scale=noise) if noise else 0.0
                failed = (name, seed) in failing and fold == 0
                found.append(trial(name, fold, seed, epochs, mean + luck + own, facts, failed, best_epoch))
    return found


def trial(name, fold, seed, epochs, score, facts, failed, best_epoch) -> Trial:
    curve = [score * (1 + 0.5 ** (epoch + 1)) for epoch in range(epochs + 1)]
    metrics = {
        facts["metric"]: score,
        **({"error": score / 10} if facts["task"] == "classify" else {"rmse": score}),
    }
    return Trial(
        name, fold, seed, epochs,
        metrics={} if failed else metrics,
        seen={} if failed else {key: 0.9 * value for key, value in metrics.items()},
        history={"loss": curve[1:], "val_loss": curve, "learning_rate": [0.001] * epochs},
        best_epoch=best_epoch, status="failed in epoch 2: the loss is not finite" if failed else "complete",
        seconds=2.0, compile_seconds=0.5, machine="x86_64 Linux", versions=VERSIONS,
    )  # fmt: skip


def many(count: int, **facts) -> StudyResult:
    """A study of so many placements, with long names, on axes in turn; one is far off."""
    axes = ("norm", "inside", "dropout", "pooling", "")
    chosen = tuple(
        Placement(f"encoder_stage_{i}/lstm_{i}: layer normalization after the {i}. activation of the block",
                  (Insert("LayerNormalization", after="lstm_1"),), axes[i % 5], "lstm_1", f"layer norm {i}")
        for i in range(count)
    )  # fmt: skip
    truth = {BASELINE: (1.0, 0.0)}
    truth |= {each.name: (1 + 0.02 * ((i * 7) % 11 - 5), 0.02) for i, each in enumerate(chosen)}
    truth[chosen[-1].name] = (9.0, 1.0)
    return study(truth, chosen, **facts)


def classify(**facts) -> StudyResult:
    """A study of a classifier."""
    own = {"task": "classify", "metric": "log_loss", "cases": 300, "steps": 56, "channels": 1, "classes": 3}
    kept = {
        name: value
        for name, value in FACTS.items()
        if name in ("folds", "scaling", "network", "model", "training", "design", "min_effect", "data")
    }
    result = study(**own, **facts)
    return StudyResult({**kept, **own}, result.placements, result.parameters, result.trials, 0.01)


def factorial() -> StudyResult:
    """Two factors, one with two choices; the better one loses nothing beside the worse one."""
    level = "layer norm after the activation"
    norm = Insert("LayerNormalization", after="conv_1")
    third = Placement(f"conv_1: {level}", (norm,), "norm", "conv_1", level)
    return crossed(designs.factorial, (*PLACEMENTS[:2], third))


def fractional() -> StudyResult:
    """Four factors of two levels in half of their combinations."""
    others = (Placement(f"own {k}", (Insert("Identity", after="lstm_1"),)) for k in (1, 2))
    return crossed(designs.fractional, (*PLACEMENTS[:2], *others))


def crossed(design, chosen) -> StudyResult:
    """A study of combinations; the first placement lowers the error by a tenth, the second adds a fifth."""
    effects = dict(zip((each.name for each in chosen), (-0.1, 0.2, 0.0, 0.0), strict=False))
    axes = {}
    for each in chosen:
        axes.setdefault(each.factor or each.name, ["given"]).append(each.name)
    cells = design(axes)
    named, truth = {each.name: each for each in chosen}, {BASELINE: (1.0, 0.0)}
    placements = []
    for cell in cells.cells[1:]:
        parts = [named[name] for name in cell.values() if name in named]
        edits = tuple(edit for part in parts for edit in part.edits)
        placements.append(Placement(" + ".join(part.name for part in parts), edits, "combined"))
        truth[placements[-1].name] = (1 + sum(effects[part.name] for part in parts), 0.01)
    return study(truth, tuple(placements), design=cells.kind, crossed=json.loads(cells.to_json()))


def halving(fresh: bool = False) -> StudyResult:
    """Two rounds: four placements on two epochs, then the better two on six."""
    kept = (BASELINE, BETTER, NOISY)
    rounds = [
        {"placements": list(TRUTH), "seeds": [0, 1, 2], "epochs": 2},
        {"placements": list(kept), "seeds": list(range(3 * fresh, 8 + 3 * fresh)), "epochs": 6},
    ]
    facts = {**FACTS, "design": "halving", "rounds": rounds}
    first = trials(TRUTH, range(3), 2, facts)
    last = study({name: TRUTH[name] for name in kept}, design="halving", first_seed=3 * fresh)
    return StudyResult(facts, PLACEMENTS, last.parameters, (*first, *last.trials), 0.01)


def deciding(**facts) -> StudyResult:
    """A study that looked at 5, 8 and 12 seeds: two placements stopped at the first look, one is open."""
    own = {"design": "decide", "first seed": 0, **facts}
    whole = study({**TRUTH, BETTER: (0.9, 0.02)}, seeds=12, **own)
    stops = {name: look.seeds for look in whole.looks for name in look.decided}
    kept = tuple(trial for trial in whole.trials if trial.seed < stops.get(trial.placement, 12))
    return StudyResult(whole.facts, whole.placements, whole.parameters, kept, whole.min_effect)


def removing() -> StudyResult:
    """A study whose winner takes a layer out."""
    out = Placement("no lstm", (Remove("lstm_1"),))
    return study({BASELINE: (1.0, 0.0), out.name: (0.8, 0.01)}, (out,))


def keep(result: StudyResult, path) -> None:
    """Write a study into a store."""
    store = Store(path)
    store.describe(result.facts)
    names = (BASELINE, *(each.name for each in result.placements))
    own = [(name, result.placement(name).to_json(), result.parameters[name]) for name in names]
    store.add_placements(own)
    for trial in result.trials:
        store.write(trial)
    store.close()
