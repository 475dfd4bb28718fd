"""One contestant in a process of its own: prepares, then runs a lap for every line that it is sent."""

import json
import os
import sys
import time
from typing import Any

import numpy as np


class Laps:
    """Prints the time per step of the lap that just ended, then waits for the next."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.began: tuple[float, float] | None = None

    def __call__(self, *_: Any) -> None:
        """End a lap and wait for the next."""
        now = time.process_time(), time.perf_counter()
        if self.began is not None:
            cpu, wall = (1e3 * (end - start) / self.steps for start, end in zip(self.began, now, strict=True))
            print(json.dumps({"cpu": cpu, "wall": wall, "peak": peak()}), flush=True)
        if not sys.stdin.readline():
            os._exit(0)
        self.began = time.process_time(), time.perf_counter()


def peak() -> float:
    """Return the gigabytes that JAX held on its device at most; 0 on a CPU, where it counts none."""
    jax = sys.modules.get("jax")
    told = jax and jax.local_devices()[0].memory_stats()
    return (told or {}).get("peak_bytes_in_use", 0) / 1e9


def series(windows: int, steps: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    values = np.random.default_rng(0).normal(size=(windows + steps, channels)).astype("float32")
    return values, np.ascontiguousarray(values[:, 0])


def windowed(windows: int, steps: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    values, target = series(windows, steps, channels)
    x = np.lib.stride_tricks.sliding_window_view(values, steps, axis=0)[:windows]
    return np.ascontiguousarray(np.swapaxes(x, 1, 2)), target[steps:, None]


def windows_of(windows: int, steps: int, channels: int) -> Any:
    """Return the same windows as the engine reads them."""
    from normcast.engine import Batches, Field

    values, target = series(windows, steps, channels)
    index = np.arange(windows, dtype=np.int32)
    fields = {"past": Field(values, 0, steps)}, Field(target, steps, 1)
    return Batches(*fields, index, np.zeros(windows, np.int32))


def engine(network: str, windows: int, steps: int, channels: int, batch: int, replicas: int = 1) -> None:
    from benchmarks import networks
    from normcast.engine import Training, train

    data = windows_of(windows, steps, channels)
    lap = Laps(windows // batch * replicas)
    model = getattr(networks, network)(steps, channels)
    lap()
    training = Training(batch_size=batch, epochs=10_000, patience=None)
    list(train(model, data, training, seeds=replicas, progress=lambda now: lap() if now.epoch else None))


def panel(count: int) -> None:
    """Train on a panel of so many series; an epoch visits the same number of windows for each."""
    from benchmarks.memory import VISITED, arrays, network

    _visit(arrays(count), network(), 256, VISITED)


def keras_fit(network: str, windows: int, steps: int, channels: int, batch: int) -> None:
    from benchmarks import networks

    x, y = windowed(windows, steps, channels)
    model = getattr(networks, network)(steps, channels)
    model.compile("nadam", "mse")
    lap = Laps(windows // batch)
    while True:
        lap()
        model.fit(x, y, batch_size=batch, epochs=1, verbose=0)


def torch_loop(network: str, windows: int, steps: int, channels: int, batch: int) -> None:
    import torch

    from benchmarks.networks import torch_network

    torch.set_num_threads(1)
    x, y = (torch.from_numpy(a) for a in windowed(windows, steps, channels))
    model = torch_network(network, channels)
    optimizer = torch.optim.NAdam(model.parameters(), lr=1e-3)
    lap = Laps(windows // batch)
    while True:
        lap()
        for rows in torch.randperm(windows).split(batch):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(x[rows]), y[rows]).backward()
            optimizer.step()


def engine_panel(series: int, rows: int, steps: int, batch: int, visited: int) -> None:
    """Train on all windows of a panel; an epoch visits so many of them."""
    from benchmarks import networks
    from normcast.engine import Batches, Field

    values = np.random.default_rng(0).normal(size=series * rows).astype("float32")
    each = rows - steps
    start = (np.arange(series, dtype=np.int32)[:, None] * rows + np.arange(each, dtype=np.int32)).ravel()
    which = np.repeat(np.arange(series, dtype=np.int32), each)
    data = Batches({"past": Field(values[:, None], 0, steps)}, Field(values, steps, 1), start, which)
    _visit(data, networks.one_lstm(steps, 1), batch, visited)


def _visit(data: Any, model: Any, batch: int, visited: int) -> None:
    """Train without end; a lap is an epoch, which draws so many windows anew."""
    from normcast.engine import Training, train

    lap = Laps(visited // batch)
    lap()
    training = Training(batch_size=batch, epochs=10_000, patience=None, epoch_windows=visited)
    list(train(model, data, training, progress=lambda now: lap() if now.epoch else None))


def neuralforecast_lstm(series: int, rows: int, steps: int, batch: int, visited: int) -> None:
    """NeuralForecast's LSTM with one layer of 64 units, trained step by step, as it comes otherwise."""
    import logging
    import warnings

    import pandas as pd
    from neuralforecast import NeuralForecast
    from neuralforecast.models import LSTM

    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    stamps = pd.date_range("2000-01-01", periods=rows, freq="h")
    y = np.random.default_rng(0).normal(size=series * rows).astype("float32")
    ids = np.repeat(np.arange(series), rows)
    frame = pd.DataFrame({"unique_id": ids, "ds": np.tile(stamps, series), "y": y})
    lap = Laps(visited // batch)
    quiet = {"enable_progress_bar": False, "logger": False, "enable_checkpointing": False}
    model = LSTM(
        h=1, input_size=steps, encoder_n_layers=1, encoder_hidden_size=64, decoder_layers=1,
        decoder_hidden_size=1, encoder_dropout=0.0, recurrent=False, max_steps=visited // batch,
        windows_batch_size=batch, accelerator="cpu", enable_model_summary=False, **quiet,
    )  # fmt: skip
    while True:
        lap()
        sys.stdout, kept = sys.stderr, sys.stdout
        NeuralForecast(models=[model], freq="h").fit(frame)
        sys.stdout = kept


def hourly(series: int, rows: int) -> Any:
    """A long frame in the Nixtla form."""
    import pandas as pd

    stamps = np.tile(pd.date_range("2000-01-01", periods=rows, freq="h"), series)
    ids = np.repeat([f"s{i:05d}" for i in range(series)], rows)
    y = np.random.default_rng(0).normal(size=series * rows).cumsum() / 100
    return pd.DataFrame({"unique_id": ids, "ds": stamps, "y": y})


def forecaster(series: int, rows: int, input_size: int, h: int) -> None:
    import normcast
    from normcast.models import Architecture, Recurrent

    model = Architecture(recurrent=(Recurrent(units=64),))
    about = {"input_size": input_size, "freq": "h", "level": (), "seeds": 1, "epochs": 1, "epoch_windows": 64}
    fitted = normcast.Forecaster(h=h, model=model, **about).fit(hourly(10, 400))
    frame, lap = hourly(series, rows), Laps(1)
    while True:
        lap()
        assert len(fitted.predict(frame)) == series * h


def neuralforecast_predict(series: int, rows: int, input_size: int, h: int) -> None:
    import logging
    import warnings

    import torch
    from neuralforecast import NeuralForecast
    from neuralforecast.models import LSTM

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    quiet = {"enable_progress_bar": False, "logger": False, "enable_checkpointing": False}
    model = LSTM(
        h=h, input_size=input_size, encoder_n_layers=1, encoder_hidden_size=64, decoder_layers=1,
        decoder_hidden_size=1, encoder_dropout=0.0, recurrent=False, max_steps=1, accelerator="cpu",
        enable_model_summary=False, **quiet,
    )  # fmt: skip
    sys.stdout, kept = sys.stderr, sys.stdout
    fitted = NeuralForecast(models=[model], freq="h", local_scaler_type="standard")
    fitted.fit(hourly(10, 400))
    frame = hourly(series, rows)
    sys.stdout = kept
    lap = Laps(1)
    while True:
        lap()
        sys.stdout = sys.stderr
        assert len(fitted.predict(df=frame)) == series * h
        sys.stdout = kept


def norm(kind: str, batch: int, steps: int, channels: int, units: int, count: int) -> None:
    """A training step of our LSTM: what its arguments, as JSON, ask for; loss on the last output.

    Traced and compiled as the engine does it: with its generator of random numbers, for one thread.
    """
    import jax
    import keras

    from normcast.engine.network import Network
    from normcast.engine.program import options, traced
    from normcast.layers import LSTM

    layer = LSTM(units, **json.loads(kind))
    inputs = keras.Input((steps, channels), batch_size=batch)
    model = keras.Model(inputs, layer(inputs))
    x = np.random.default_rng(0).normal(size=(batch, steps, channels)).astype("float32")
    network = Network(model, "fast")

    def step(_: Any, carry: Any) -> Any:
        def loss(trainable: Any, frozen: Any) -> Any:
            out, frozen, _ = network.forward(trainable, frozen, [x], training=True)
            return (out**2).mean(), frozen

        trainable, frozen = carry
        grads, frozen = jax.grad(loss, has_aux=True)(trainable, frozen)
        return [w - 1e-3 * g for w, g in zip(trainable, grads, strict=True)], frozen

    carry = [v.value for v in network.trainable], [v.value for v in network.frozen]
    made = traced(lambda carry: jax.lax.fori_loop(0, count, step, carry), (carry,), True)
    run = made.lower().compile(options(one_thread=True))
    lap = Laps(count)
    while True:
        lap()
        carry = jax.block_until_ready(run(carry))


if __name__ == "__main__":
    function, *arguments = json.loads(sys.argv[1])
    globals()[function](*arguments)
