"""Training: many models times many seeds, each model's replicas in one compiled program."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import jax
import keras
import numpy as np

from normcast.engine.batches import Batches
from normcast.engine.checkpoint import fingerprint
from normcast.engine.keras_fit import fit_by_keras
from normcast.engine.losses import plain_of
from normcast.engine.network import Network, network_of
from normcast.engine.optimizer import plain
from normcast.engine.progress import Progress
from normcast.engine.run import Run
from normcast.engine.source import Shards
from normcast.engine.trained import Trained
from normcast.engine.training import Training
from normcast.errors import unknown
from normcast.forms import joined
from normcast.plain import text


def train(
    models: keras.Model | Network | Sequence[keras.Model | Network],
    data: Batches | Shards,
    training: Training,
    *,
    validation: Batches | None = None,
    seeds: int = 1,
    start: Mapping[str, np.ndarray] | None = None,
    progress: Callable[[Progress], None] | None = None,
    checkpoint: Path | str | None = None,
    keep: bool = False,
    spread: Literal["replica", "batch"] = "replica",
) -> Iterator[Trained]:
    """Train every model with every seed, and yield each replica as it finishes.

    The models themselves stay as they are: each replica starts from its own fresh weights, drawn with the
    seed training.seed + i, and runs whole epochs in a compiled program that all replicas of a model share. A
    batch at the end of an epoch that lacks windows is filled up from the beginning of the epoch's order. A
    replica whose loss turns NaN or infinite stops, its status names the first non-finite tensor, and the
    others go on.

    With training.by="keras" Keras itself trains one replica after the other, without `checkpoint`, `Shards`
    and spread="batch".

    Parameters
    ----------
    models : keras.Model or Network, or a sequence of them
        What to train; they need not be compiled.
    data : Batches or Shards
        Windows in memory, or shards that are loaded one ahead; with a target.
    training : Training
        How to train.
    validation : Batches or None, default None
        Windows whose loss chooses the best weights and stops a replica after `training.patience` epochs
        without a better one; the initial weights are a candidate.
    seeds : int, default 1
        How many replicas of each model, at least 1.
    start : mapping of str to array or None, default None
        Initial values by variable path (`variable.path`), instead of those drawn; for all replicas.
    progress : callable or None, default None
        Called with a `Progress` after each epoch; see `progress_bar`.
    checkpoint : path or None, default None
        A file that is written after each epoch and removed at the end; with the same arguments and this file,
        an interrupted training goes on bit for bit.
    keep : bool, default False
        Whether the checkpoint stays at the end, so that the same call trains nothing again.
    spread : {"replica", "batch"}, default "replica"
        Over the devices of all hosts, "replica" spreads the seeds; "batch" spreads each batch, for a model
        that is large enough; batch_size must then be a multiple of the number of devices.

    Returns
    -------
    iterator of Trained
        Each replica as it finishes; it trains while it is read.

    Raises
    ------
    ValueError
        If the data does not fit the model, or the checkpoint is another training's.
    FloatingPointError
        If all replicas of a model failed.
    RuntimeError
        If Keras does not run on JAX.

    Examples
    --------
    >>> y = np.sin(np.arange(64, dtype="float32"))
    >>> start = np.arange(56, dtype="int32")
    >>> from normcast.engine import Field
    >>> data = Batches({"past": Field(y, 0, 7)}, Field(y, 7, 1), start, np.zeros(56, "int32"))
    >>> model = keras.Sequential([keras.Input((7,)), keras.layers.Dense(1)])
    >>> [replica.status for replica in train(model, data, Training(epochs=2), seeds=2)]
    ['complete', 'complete']
    """
    listed = [models] if isinstance(models, (keras.Model, Network)) else list(models)
    networks = [network_of(model, training) for model in listed]
    if seeds < 1:
        raise ValueError(f"train: seeds is {seeds}, but must be at least 1.")
    for name, windows in (("data", data), ("validation", validation)):
        _check(name, windows)
        if isinstance(windows, Batches):
            for network in networks:
                network.matched(windows.inputs)
    _check_spread(spread, training.batch_size)
    if training.by == "keras":
        _refuse_for_keras(training, data, checkpoint, spread)
        assert isinstance(data, Batches)
        return fit_by_keras(networks, data, training, validation, seeds, start, progress)
    common = (data, training, validation, seeds, start)
    runs = [
        Run(network, *common, _checkpoint(checkpoint, place, len(networks)), spread)
        for place, network in enumerate(networks)
    ]
    if checkpoint is not None:
        given = fingerprint(data, validation or "", _facts(training), seeds, *_flat(start))
        for run in runs:
            run.claim(fingerprint(given, run.network.configuration or ""))
    return _train(runs, progress, keep)


def _facts(training: Training) -> list[Any]:
    told = {**vars(training), "optimizer": plain(training.optimizer), "loss": plain_of(training.loss)}
    del told["record"]  # what is only watched goes on from any checkpoint
    return [value if isinstance(value, str | int | float | None) else text(value) for value in told.values()]


def _flat(start: Mapping[str, np.ndarray] | None) -> list[Any]:
    return [part for path, value in sorted((start or {}).items()) for part in (path, np.asarray(value))]


def _check(name: str, windows: Batches | Shards | None) -> None:
    if windows is None:
        return
    if isinstance(windows, Batches) and windows.target is None:
        raise ValueError(f"train: {name} has no target to learn from; give its Batches a target Field.")
    if not len(windows):
        raise ValueError(f"train: {name} has no windows. Give longer series or a smaller input_size or h.")


def _check_spread(spread: str, batch_size: int) -> None:
    if spread not in ("replica", "batch"):
        raise ValueError(unknown("spread", spread, ("replica", "batch"), where="train"))
    if spread == "batch" and batch_size % jax.device_count():
        raise ValueError(
            f"train: spread='batch' needs a batch_size that is a multiple of the {jax.device_count()} "
            f"devices, but it is {batch_size}."
        )


def _refuse_for_keras(
    training: Training, data: Batches | Shards, checkpoint: Path | str | None, spread: str
) -> None:
    """Raise ValueError for what training by Keras itself does not do."""
    asked = {
        "checkpoint": checkpoint is not None,
        "Shards": isinstance(data, Shards),
        "spread='batch'": spread == "batch",
    }
    for name in (name for name, is_asked in asked.items() if is_asked):
        why = f" ({training.reason})" if training.reason else ""
        raise ValueError(f"train: {name} is not for training by Keras itself{why}. Leave it out.")


def _checkpoint(path: Path | str | None, place: int, models: int) -> Path | None:
    if path is None or models == 1:
        return None if path is None else Path(path)
    path = Path(path)
    return path.with_name(f"{path.stem}-{place}{path.suffix}")


def _train(runs: list[Run], progress: Callable[[Progress], None] | None, keep: bool) -> Iterator[Trained]:
    """Train one run after the other, while the programs of the next ones compile."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        ready = [pool.submit(run.compile) for run in runs]
        try:
            for place, run in enumerate(runs):
                ready[place].result()
                yield from _finished(run, place, len(runs), progress)
        finally:
            for future in ready:
                future.cancel()
    if not keep:
        for run in runs:
            run.remove_checkpoint()


def _finished(
    run: Run, place: int, models: int, progress: Callable[[Progress], None] | None
) -> Iterator[Trained]:
    began = time.monotonic()
    run.begin()
    first = run.record.epoch
    out: set[int] = set()
    while True:
        if progress is not None:
            progress(_progress(run, place, models, time.monotonic() - began, run.record.epoch - first))
        for replica in run.record.stopped():
            if replica not in out:
                out.add(replica)
                flow, form = run.record.flow(replica), joined(run.record.forms)
                yield Trained(*run.result(replica), model=place, flow=flow, recurrence=form)
        if not run.record.alive.any():
            break
        run.advance()
    run.record.raise_if_all_failed(run.network.model.name)


def _progress(run: Run, place: int, models: int, seconds: float, epochs: int) -> Progress:
    left = seconds / epochs * (run.training.epochs - run.record.epoch) if epochs else float("nan")
    return Progress(
        run.record.epoch,
        run.training.epochs,
        run.record.mean_loss(),
        run.record.best_loss(),
        left,
        int(run.record.alive.sum()),
        place,
        models,
    )
