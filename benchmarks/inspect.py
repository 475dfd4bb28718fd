"""Inspect: the cost of a look, cold, warm, in memory, over a training; --quick leaves the long look out."""

import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

from benchmarks.race import ROOT
from benchmarks.table import Row, at_most

WINDOWS, STEPS, CHANNELS, UNITS = 2000, 100, 8, 64
EPOCHS = 8
ROUNDS = 5
LONG = (1000, 1000, 8)  # cases, steps, channels
WIDE = 512


def run(rest: list[str]) -> list[Row]:
    looks = [child("look", cold=True) for _ in range(3)]
    cold, warm, whole = (
        float(np.median([each[name] for each in looks])) for name in ("cold", "warm", "whole")
    )
    fit, engine = child("fit"), child("engine", cold=True)
    name = f"(64, {STEPS}, {CHANNELS}) through LSTM({UNITS})"
    rows = [
        at_most(f"{name}: look, no compiled programs kept", cold, 10, "s"),
        Row("the same, whole process", round(whole, 2), "s"),
        at_most(f"{name}: look again", warm, 3, "s"),
        Row(f"an epoch of fit, {WINDOWS} windows in batches of 32", round(fit["plain"], 3), "s CPU"),
        at_most("GradientFlow(every=1, cases=32)", fit["share"], 5, "% CPU", "the same epoch"),
        Row("GradientFlow: its program compiled, once", round(fit["compiling"], 2), "s CPU"),
        Row("an epoch of the engine on the same windows", round(engine["plain"], 3), "s CPU"),
        at_most("Training(record=16)", engine["16"], 5, "% CPU", "the same epoch"),
        at_most("Training(record=32)", engine["32"], 5, "% CPU", "the same epoch"),
        Row("Training(record=32): its program compiled, once", round(engine["compiling"], 2), "s CPU"),
    ]
    if "--quick" not in rest:
        long = child("long")
        name = f"{LONG[0]:,} cases x {LONG[1]:,} steps through LSTM({WIDE})"
        rows += [
            at_most(f"{name}: peak", long["gigabytes"], 1.0, "GB"),
            Row("the same: look", round(long["seconds"], 0), "s"),
            Row("the same: look, all cores added up", round(long["cpu"], 0), "s CPU"),
        ]
    return rows


def child(what: str, cold: bool = False) -> dict[str, float]:
    """Measure in a process of its own; cold: where no compiled programs are kept."""
    code = f"from benchmarks.inspect import measure; measure({what!r})"
    env = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "KERAS_BACKEND": "jax"}
    with tempfile.TemporaryDirectory() as folder:
        if cold:
            env["JAX_COMPILATION_CACHE_DIR"] = folder
        began = time.perf_counter()
        command = [sys.executable, "-c", code]
        out = subprocess.run(command, env=env, capture_output=True, text=True, check=True, cwd=ROOT)
    return {**json.loads(out.stdout.splitlines()[-1]), "whole": time.perf_counter() - began}


def measure(what: str) -> None:
    """Print what was measured, as JSON."""
    print(json.dumps({"look": look, "fit": fit, "engine": engine, "long": long}[what]()))


def network(shape: tuple, units: int) -> "keras.Model":  # noqa: F821
    import keras

    from normcast.layers import LSTM

    keras.utils.set_random_seed(0)
    net = keras.Sequential([keras.Input(shape), LSTM(units, name="lstm_1"), keras.layers.Dense(1)])
    net.compile("adam", "mse")
    return net


def drawn(cases: int, steps: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).normal(size=(cases, steps, channels)).astype("float32")
    return x, x[:, -1, :1]


def look() -> dict[str, float]:
    from normcast import inspect_model

    net, (x, y) = network((STEPS, CHANNELS), UNITS), drawn(64, STEPS, CHANNELS)
    times = []
    for _ in range(2):
        began = time.perf_counter()
        inspect_model(net, x, y)
        times.append(time.perf_counter() - began)
    return dict(zip(("cold", "warm"), times, strict=True))


def fit() -> dict[str, float]:
    """Measure epochs of Keras' fit, and in them what GradientFlow takes."""
    from normcast.inspect import GradientFlow

    x, y = drawn(WINDOWS, STEPS, CHANNELS)
    epochs: list[float] = []
    spent: list[float] = []

    class Timed(GradientFlow):
        """The same, with the time it takes."""

        def on_epoch_begin(self, epoch, logs=None):
            began = time.process_time()
            super().on_epoch_begin(epoch, logs)
            self.before, self.began = time.process_time() - began, time.process_time()

        def on_epoch_end(self, epoch, logs=None):
            epochs.append(time.process_time() - self.began)
            began = time.process_time()
            super().on_epoch_end(epoch, logs)
            spent.append(self.before + time.process_time() - began)

    flow = Timed(x, y)
    network((STEPS, CHANNELS), UNITS).fit(x, y, batch_size=32, epochs=EPOCHS, verbose=0, callbacks=[flow])
    plain, each = float(np.median(epochs[1:])), float(np.median(spent[1:]))
    return {"plain": plain, "share": 100 * each / plain, "compiling": spent[0] - each}


def engine() -> dict[str, float]:
    """Measure epochs of the engine without a record and with two, the trainings in turn."""
    from normcast.engine import Batches, Field, Training, train
    from normcast.engine.network import Network

    x, y = drawn(WINDOWS, STEPS, CHANNELS)
    index = np.arange(WINDOWS, dtype="int32")
    inputs = {"x": Field(x.reshape(-1, CHANNELS), 0, STEPS)}
    data = Batches(inputs, Field(y, by="series"), index * STEPS, index)
    net = Network(network((STEPS, CHANNELS), UNITS))

    def epochs(record: int | None) -> list[float]:
        told = [time.process_time()]
        training = Training(optimizer="adam", epochs=EPOCHS, record=record)
        list(train(net, data, training, progress=lambda _: told.append(time.process_time())))
        return np.diff(told).tolist()[1:]  # without what comes before the first epoch

    _, first, _ = epochs(None), epochs(32)[0], epochs(16)
    rounds = [[epochs(record) for record in (None, 16, 32)] for _ in range(ROUNDS)]
    plain, few, many = (float(np.median(np.concatenate(each))) for each in zip(*rounds, strict=True))
    shares = {"16": 100 * (few / plain - 1), "32": 100 * (many / plain - 1)}
    return {"plain": plain, **shares, "compiling": first - many}


def long() -> dict[str, float]:
    import resource

    from normcast import inspect_model

    net, (x, y) = network(LONG[1:], WIDE), drawn(*LONG)
    began, worked = time.perf_counter(), time.process_time()
    inspect_model(net, x, y)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    spent = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - worked}
    return {"gigabytes": peak, **spent}
