"""What gradients do in a small network trained on the weather that ships: the record of docs/gradients.md.

    python -m benchmarks gradients [--seeds 10] [--epochs 20] [--fresh]

The network is Conv1D(10, 3, padding="causal"), LSTM(15), BatchNormalization(momentum=0.9), Dense(1); it reads
100 days of two towns. Each variant differs from it in one thing or two, and is trained from the same seeds on
the same windows. The task "tomorrow" asks for the next day's highest temperature, "far" for the wind of the
first of the 100 days. Runs that are in the record are kept, unless --fresh; `make pictures` draws
it and writes its numbers into the page.
"""

import argparse
import json
import os
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.table import machine

RESULTS = Path(__file__).parent / "results" / "gradients.json"
CHANNELS = ["temp_max", "temp_min", "precipitation", "wind"]
VARIANTS: dict[str, dict[str, dict[str, Any]]] = {
    "tomorrow": {
        "tanh": {},
        "relu": {"activation": "relu"},
        "tanh, steps of 0.01": {"learning_rate": 0.01},
        "relu, steps of 0.01": {"activation": "relu", "learning_rate": 0.01},
        "recurrent dropout": {"recurrent_dropout": 0.25},
        "momentum 0.99": {"momentum": 0.99},
    },
    "far": {
        "plain": {},
        "relu": {"activation": "relu"},
        "forget bias 5": {"forget_bias": 5.0},
        "batch norm": {"norm": "batch"},
        "plain, 100 epochs": {"epochs": 100},
        "forget bias 5, 100 epochs": {"forget_bias": 5.0, "epochs": 100},
    },
}
RIDGES = {("tomorrow", "tanh"), ("tomorrow", "relu")}  # of seed 0: the gradient at each step and epoch
FOLLOWED = {("tomorrow", "tanh"), ("tomorrow", "momentum 0.99")}  # a look at each epoch takes longer than it


@dataclass(frozen=True)
class Setting:
    """How all networks are trained; every: of how many steps one is kept in the record; cases: looked at."""

    window: int = 100
    seeds: int = 10
    epochs: int = 20
    batch_size: int = 64
    cases: int = 256
    every: int = 3


@dataclass(frozen=True)
class Windows:
    """Windows of the years up to 2014, and those that lie in 2015.

    x, held: (windows, days, channels), in standard deviations of each town's years up to 2014; y, held_y: by
    task, (windows, 1).
    """

    x: np.ndarray
    held: np.ndarray
    y: dict[str, np.ndarray]
    held_y: dict[str, np.ndarray]


def windows(days: int) -> Windows:
    """Cut the shipped weather into windows of so many days."""
    import normcast

    table = normcast.datasets.weather()
    towns = table["location"]
    known = table[table["date"] < "2015"].groupby("location")[CHANNELS]
    mean, deviation = (each.loc[towns].to_numpy() for each in (known.mean(), known.std()))
    table[CHANNELS] = (table[CHANNELS].to_numpy() - mean) / deviation
    cut = normcast.cut_windows(
        table, days + 1, 1, target="weather", id_col="location", time_col="date", channels=CHANNELS
    )
    last = np.asarray(cut.times, "datetime64[D]")
    first, new = last - np.timedelta64(days, "D"), np.datetime64("2015-01-01")
    x = cut.x.astype("float32")
    y = {"tomorrow": x[:, -1, :1], "far": x[:, 0, 3:]}
    fit, held = last < new, first >= new
    return Windows(
        x[fit, :-1], x[held, :-1], {k: v[fit] for k, v in y.items()}, {k: v[held] for k, v in y.items()}
    )


def network(seed: int, days: int, learning_rate: float = 0.002, momentum: float = 0.9, **lstm: Any) -> Any:
    """Build the network; lstm: arguments of the layer, and forget_bias."""
    import keras

    from normcast.layers import LSTM

    keras.utils.set_random_seed(seed)
    bias = lstm.pop("forget_bias", None)
    layer = LSTM(15, name="lstm", **lstm)
    net = keras.Sequential(
        [
            keras.Input((days, len(CHANNELS))),
            keras.layers.Conv1D(10, 3, padding="causal", name="conv"),
            layer,
            keras.layers.BatchNormalization(momentum=momentum, name="norm"),
            keras.layers.Dense(1, name="head"),
        ]
    )
    if bias is not None:
        kernel, recurrent, biases = layer.get_weights()
        biases[15:30] = bias  # the columns of f
        layer.set_weights([kernel, recurrent, biases])
    net.compile(keras.optimizers.Adam(learning_rate), "mse")
    return net


def measure(task: str, name: str, seed: int, data: Windows, setting: Setting) -> dict[str, Any]:
    """Train one network from one seed; return what was seen in it, as plain values."""
    from normcast.inspect import GradientFlow
    from normcast.layers import recalibrate

    arguments = {"epochs": setting.epochs, **VARIANTS[task][name]}
    epochs = arguments.pop("epochs")
    net = network(seed, setting.window, **arguments)
    rows = np.linspace(0, len(data.x) - 1, min(setting.cases, len(data.x))).astype(int)
    x, y = data.x[rows], data.y[task][rows]
    held = data.held, data.held_y[task]
    start = look(net, x, y, setting)
    flow = GradientFlow(data.x, data.y[task], cases=64)
    beside = statistics_of(x, y)
    followed = [beside] if (task, name) in FOLLOWED else []
    story = net.fit(
        data.x, data.y[task], batch_size=setting.batch_size, epochs=epochs, validation_data=held,
        verbose=0, callbacks=[flow, *followed],
    ).history  # fmt: skip
    run = {"task": task, "network": name, "seed": seed, "start": start, "end": look(net, x, y, setting)}
    run |= {"loss": short(story["loss"]), "held_out": short(story["val_loss"])}
    norms = flow.flow.gradients["lstm"]
    run["share"] = short(norms[:, 0] / norms[:, -1])
    if followed:
        run["statistics"] = beside.rows
    if seed == 0 and (task, name) in RIDGES:
        run["ridges"] = [short(each) for each in norms]
    if arguments.get("norm") == "batch":
        recalibrate(net, data.x)
        run["recalibrated"] = short([net.evaluate(*held, verbose=0)])[0]
    return run


def look(net: Any, x: np.ndarray, y: np.ndarray, setting: Setting) -> dict[str, Any]:
    """Return what is seen in training mode and at inference.

    By mode the norms of dL/dh at some steps, the first beside the last, and the loss; the variance that the
    batch normalization reads in training beside that at inference; at inference how far the states go,
    and the mean of f.
    """
    from normcast import inspect_model

    found: dict[str, Any] = {}
    for mode in ("training", "inference"):
        both = inspect_model(net, x, y, layers=["lstm", "norm"], training=mode == "training", keep=1)
        seen, norm = both["lstm"], both["lstm"].gradients["h"].norm
        found[mode] = short(norm[:: setting.every])
        found[f"{mode} share"] = short([norm[0] / norm[-1]])[0]
        found[f"{mode} loss"] = short([both.seen.value])[0]
    read = both["norm"]
    if net.get_layer("lstm").recurrent_dropout:
        ratio = read.in_training.variance / read.at_inference.variance
        found["variance"] = short([np.exp(np.log(ratio).mean())])[0]
    for state in ("h", "c"):
        trace = seen.activations[state]
        found[state] = short([max(trace.most.max(), -trace.least.min())])[0]
    found["f"] = short([seen.activations["f"].mean.mean()])[0]
    return found


def statistics_of(x: np.ndarray, y: np.ndarray) -> Any:
    """Return a callback that keeps, epoch by epoch, the statistics of these cases beside the running ones."""
    import keras

    from normcast import inspect_model

    class Beside(keras.callbacks.Callback):
        """Keeps by epoch the loss with either statistics, the shift of means and the ratio of variances."""

        rows: dict[str, list[float | None]]

        def on_train_begin(self, logs: Any = None) -> None:
            self.rows = {"batch": [], "running": [], "shift": [], "ratio": []}

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen = inspect_model(self.model, x, y, layers=["norm"], training=True, keep=1)
            running = self.model.evaluate(x, y, verbose=0)
            norm = seen["norm"]
            reads = norm.in_training or norm.reads
            shift = (reads.mean - norm.moving_mean) / np.sqrt(norm.moving_variance)
            ratio = np.log(np.maximum(reads.variance, 1e-9) / norm.moving_variance)
            told = (seen.seen.value, running, np.sqrt(np.mean(shift**2)), np.exp(ratio.mean()))
            for kept, value in zip(self.rows.values(), short(told), strict=True):
                kept.append(value)

    return Beside()


def short(values: Any) -> list[float | None]:
    """Return numbers with three digits, None for what is none.

    >>> short([0.12345, float("nan")])
    [0.123, None]
    """
    return [float(f"{value:.3g}") if np.isfinite(value) else None for value in values]


def record(setting: Setting, file: Path, fresh: bool = False) -> dict[str, Any]:
    """Measure what is not yet in the record, write it after each run, and return it."""
    kept = {} if fresh or not file.exists() else json.loads(file.read_text(encoding="utf-8"))
    same = kept.get("setting", {}) | {"seeds": setting.seeds} == asdict(setting)
    runs = kept["runs"] if same else []
    done = {(run["task"], run["network"], run["seed"]) for run in runs}
    data = windows(setting.window)
    whole = {"measured": f"{date.today()}", "machine": machine(), "setting": asdict(setting), "runs": runs}
    whole["windows"] = {"fit": len(data.x), "held out": len(data.held)}
    whole["guess"] = {task: short([np.var(y)])[0] for task, y in data.held_y.items()}
    for seed in range(setting.seeds):
        for task, name in ((task, name) for task, names in VARIANTS.items() for name in names):
            if (task, name, seed) not in done:
                runs.append(measure(task, name, seed, data, setting))
                write(whole, file)
    return whole


def write(whole: dict[str, Any], file: Path) -> None:
    """Write the record, a run a line: whole, or as it was."""
    head = json.dumps({name: value for name, value in whole.items() if name != "runs"}, indent=1)
    runs = ",\n".join(json.dumps(run) for run in whole["runs"])
    new = file.with_suffix(".new")
    new.write_text(f'{head[:-2]},\n "runs": [\n{runs}\n]}}\n', encoding="utf-8")
    os.replace(new, file)


def main(argv: list[str] | None = None) -> int:
    about = argparse.ArgumentParser(prog="benchmarks gradients", description=__doc__)
    about.add_argument("--json", action="store_true", help="print the record too")
    about.add_argument("--fresh", action="store_true", help="train again what is in the record")
    about.add_argument("--out", type=Path, default=RESULTS)
    for name in ("seeds", "epochs"):
        about.add_argument(f"--{name}", type=int, default=getattr(Setting, name))
    got = about.parse_args(argv)
    whole = record(Setting(seeds=got.seeds, epochs=got.epochs), got.out, got.fresh)
    print(json.dumps(whole) if got.json else got.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
