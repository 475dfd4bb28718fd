"""A study: 24 placements x 10 seeds x 20 epochs on 8,192 windows, against a loop of fresh Keras models.

The loop runs 3 placements x 2 seeds, and is scaled. `python -m benchmarks study 4` trains 4 epochs and adds
what further ones would have taken. Everything is counted: starting, building, compiling.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import product
from typing import Any

import numpy as np

from benchmarks.race import ROOT
from benchmarks.table import Row, at_least

WINDOWS, STEPS, CHANNELS, BATCH = 8192, 21, 20, 32
SEEDS, EPOCHS = 10, 20
NORMS = ("none", "before activation", "after activation", "after recurrence", "layer inside", "batch inside")
DROPS = ("none", "after activation", "recurrent", "after recurrence")
SAMPLE = (("none", "none"), ("before activation", "recurrent"), ("after recurrence", "after activation"))


def run(rest: list[str]) -> list[Row]:
    epochs = int(rest[0]) if rest else EPOCHS
    with tempfile.TemporaryDirectory() as folder:
        native = timed("engine", epochs, folder)
        xla = timed("engine", epochs, folder, NORMCAST_NATIVE="0")
        loop = timed("keras_loop", epochs, folder, XLA_FLAGS="")
    rows = []
    names = ("engine, native", "engine, XLA form", f"Keras loop, scaled from {len(SAMPLE)} x 2 runs")
    for name, told in zip(names, (native, xla, loop), strict=True):
        rows += [Row(f"{name}: {kind}", round(told[kind], 1), "s") for kind in ("wall", "cpu")]
    for name, told, target in (("native", native, 8.0), ("XLA form", xla, 5.0)):
        rows.append(at_least(f"engine, {name}: wall time", loop["wall"] / told["wall"], target, "Keras loop"))
        rows.append(Row(f"engine, {name}: CPU time", round(loop["cpu"] / told["cpu"], 2), "x", "Keras loop"))
    return rows


def timed(who: str, epochs: int, folder: str, **settings: str) -> dict[str, float]:
    """Run one side in a process of its own that finds no compiled programs; scale it to the study."""
    cache = os.path.join(folder, f"{who}{len(os.listdir(folder))}")
    os.mkdir(cache)
    paths = f"{ROOT / 'src'}:{ROOT}"
    began = time.perf_counter(), os.times()
    out = subprocess.run(
        [sys.executable, "-c", f"from benchmarks import study; study.{who}({epochs})"],
        env={**os.environ, "JAX_COMPILATION_CACHE_DIR": cache, "PYTHONPATH": paths, "KERAS_BACKEND": "jax",
             "TF_CPP_MIN_LOG_LEVEL": "3", **settings},
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    after = os.times()
    wall = time.perf_counter() - began[0]
    cpu = sum(getattr(after, k) - getattr(began[1], k) for k in ("children_user", "children_system"))
    more = json.loads(out.stdout.splitlines()[-1])
    return {
        "wall": more["times"] * (wall + more["wall"]),
        "cpu": more["times"] * (cpu + more["cpu"]),
    }


def engine(epochs: int) -> None:
    """Train all, and print what the epochs that were left out would have taken."""
    from normcast.engine import Batches, Field, Training, train

    values = series()
    start = np.arange(WINDOWS, dtype=np.int32)
    target = Field(np.ascontiguousarray(values[:, 0]), STEPS, 1)
    data = Batches({"past": Field(values, 0, STEPS)}, target, start, np.zeros(WINDOWS, np.int32))
    models = [network(*each) for each in product(NORMS, DROPS)]
    if epochs == EPOCHS:
        list(train(models, data, Training(batch_size=BATCH, epochs=epochs, patience=None), seeds=SEEDS))
        print(json.dumps({"wall": 0.0, "cpu": 0.0, "times": 1}))
        return
    # The first epoch shares the cores with the compiler, so the pace is taken from epochs after it.
    list(train(models, data, Training(batch_size=BATCH, epochs=1, patience=None), seeds=SEEDS))
    began, clock = (time.perf_counter(), time.process_time()), {}

    def note(now: Any) -> None:
        clock.setdefault(now.model, []).append((time.perf_counter(), time.process_time()))

    training = Training(batch_size=BATCH, epochs=epochs, patience=None)
    list(train(models, data, training, seeds=SEEDS, progress=note))
    spent = time.perf_counter() - began[0], time.process_time() - began[1]
    paces = [sum(t[-1][i] - t[0][i] for t in clock.values()) / epochs for i in (0, 1)]
    wall, cpu = ((EPOCHS - 1) * pace - extra for pace, extra in zip(paces, spent, strict=True))
    print(json.dumps({"wall": wall, "cpu": cpu, "times": 1}))


def keras_loop(epochs: int) -> None:
    """Build and fit a fresh model for each run of the sample."""
    import keras

    values = series()
    x = np.lib.stride_tricks.sliding_window_view(values, STEPS, axis=0)[:WINDOWS].swapaxes(1, 2).copy()
    clock = []
    for seed, (norm, drop) in product(range(2), SAMPLE):
        keras.utils.set_random_seed(seed)
        model = network(norm, drop)
        model.compile("nadam", "mse")
        model.fit(x[:BATCH], values[STEPS : STEPS + BATCH, :1], batch_size=BATCH, verbose=0)
        began = time.perf_counter(), time.process_time()
        model.fit(x, values[STEPS : STEPS + WINDOWS, :1], batch_size=BATCH, epochs=epochs, verbose=0)
        clock.append((began, (time.perf_counter(), time.process_time())))
    paces = [sum(last[i] - first[i] for first, last in clock) / epochs for i in (0, 1)]
    wall, cpu = ((EPOCHS - epochs) * pace for pace in paces)
    runs = len(NORMS) * len(DROPS) * SEEDS
    print(json.dumps({"wall": wall, "cpu": cpu, "times": runs / (2 * len(SAMPLE))}))


def series() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(WINDOWS + STEPS, CHANNELS)).astype("float32")


def network(norm: str, drop: str) -> Any:
    """Return the convolution and LSTM with a normalization and a dropout in one place each."""
    import keras
    from keras import layers

    from normcast.layers import LSTM
    from normcast.models.edits import Insert, Replace, Set, apply

    base = keras.Sequential(
        [
            keras.Input((STEPS, CHANNELS), name="past"),
            layers.Conv1D(10, 3, padding="causal", name="conv"),
            layers.Activation("relu", name="activation"),
            layers.LSTM(16, name="lstm"),
            layers.Dense(1, name="head"),
        ]
    )
    places = {
        "before activation": {"before": "activation"},
        "after activation": {"after": "activation"},
        "after recurrence": {"after": "lstm"},
    }
    edits: list[Any] = []
    if norm in places:
        edits.append(Insert("BatchNormalization", **places[norm]))
    elif norm != "none":
        edits.append(Replace("lstm", LSTM(16, norm=norm.removesuffix(" inside"), name="lstm")))
    if drop == "recurrent":
        edits.append(Set("lstm", recurrent_dropout=0.2))
    elif drop in places:
        edits.append(Insert(layers.Dropout(0.2), **places[drop]))
    return apply(base, edits)
