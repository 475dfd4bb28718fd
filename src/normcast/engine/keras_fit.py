"""Training by Keras itself: what the engine's programs do not do, on the same windows in the same order."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import keras
import numpy as np
from jaxtyping import Int

from normcast.engine.batches import Batches
from normcast.engine.network import Network, initial_model
from normcast.engine.optimizer import innermost
from normcast.engine.order import epoch_order
from normcast.engine.program import EVALUATION_BATCH, by_window, rate_of_step
from normcast.engine.progress import Progress, Report, told_as
from normcast.engine.record import Record
from normcast.engine.recording import Recorder
from normcast.engine.recurrence import recurrence_of
from normcast.engine.trained import Trained
from normcast.engine.training import Training
from normcast.keras_seam import own_training


def fit_by_keras(
    networks: Sequence[Network],
    data: Batches,
    training: Training,
    validation: Batches | None = None,
    seeds: int = 1,
    start: Mapping[str, Any] | None = None,
    progress: Report = None,
) -> Iterator[Trained]:
    """Train every network with every seed, one after the other, and yield each replica; see `train`."""
    for place, network in enumerate(networks):
        fits = []
        for replica in range(seeds):
            own = replace(training, seed=training.seed + replica)
            fits.append(KerasFit(network, data, own, validation, start))
            trained = fits[-1].run(told_as(progress, place * seeds + replica, len(networks) * seeds))
            yield replace(trained, model=place)
        if all(fit.record.status[0].startswith("failed") for fit in fits):
            fits[0].record.raise_if_all_failed(network.model.name)


class KerasFit:
    """One replica on its way through the epochs: a model of its own, trained step by step by Keras.

    What is judged and kept of an optimizer that averages weights are the averages, as after Keras' own fit;
    the training goes on with the weights that were averaged.
    """

    def __init__(
        self,
        network: Network,
        data: Batches,
        training: Training,
        validation: Batches | None = None,
        start: Mapping[str, Any] | None = None,
    ) -> None:
        self.network, self.data, self.training, self.validation = network, data, training, validation
        self.visited = min(len(data), training.epoch_windows or len(data))
        self.batch_size = min(training.batch_size, self.visited)
        self.steps = -(-self.visited // self.batch_size)
        self.record = Record([training.seed])
        self.loss = training.build_loss()
        self.model = initial_model(network, training.seed, start)
        self._compile()
        self.recorder = None
        if training.record is not None:
            self.recorder = Recorder(network, training, data)
            self.recorder.begin(0, _copies(self.model.trainable_variables))
        self.best = self._weights()

    def _compile(self) -> None:
        """Compile the model with an optimizer of its own. Raises ValueError if its class was lost."""
        given, training, optimizer = self.network.model, self.training, self.training.build_optimizer()
        if own_training(self.model) != own_training(given):
            raise ValueError(
                f"train: model {given.name!r} of class {type(given).__name__} lost its way of training when "
                "it was rebuilt. Give its class a get_config and a from_config that make it anew."
            )
        pairs = zip(self.network.trainable, self.model.trainable_variables, strict=True)
        undecayed = [variable for template, variable in pairs if template.path in training.undecayed]
        if undecayed:
            innermost(optimizer).exclude_from_weight_decay(undecayed)
        weight = None if training.loss_weight == 1 else training.loss_weight
        self.model.compile(optimizer, self.loss, loss_weights=weight, auto_scale_loss=False)

    def run(self, progress: Report = None) -> Trained:
        """Train to the end."""
        began = time.monotonic()
        self._judge()
        self._tell(progress, began)
        while self.record.alive[0]:
            self._advance()
            self._tell(progress, began)
        record = self.record
        told = record.history[0], record.best_epoch[0], record.status[0]
        form = recurrence_of(self.network, by="keras")
        return Trained(self.training.seed, self.best, *told, flow=record.flow(0), recurrence=form)

    def _advance(self) -> None:
        """Train for one epoch and judge the weights."""
        record, losses = self.record, []
        record.epoch += 1
        before = (record.epoch - 1) * self.steps
        for step, windows in enumerate(self._windows()):
            if self.training.schedule is not None:
                self.model.optimizer.learning_rate = self._rate(before + step)
            losses.append(self._step(windows))
            if not np.isfinite(losses[-1]):
                record.stop(0, f"failed in epoch {record.epoch}, step {step + 1}: the loss is {losses[-1]}")
                break
        record.trained(0, float(np.mean(losses)), self._rate(before + self.steps - 1))
        if self.recorder is not None:
            each = self.model.trainable_variables, self.model.non_trainable_variables
            record.seen[0].append(self.recorder.note(0, record.epoch, *map(_copies, each)))
        if record.alive[0]:
            self._judge()
        record.alive[0] &= record.epoch < self.training.epochs

    def _windows(self) -> Iterator[Int[np.ndarray, " batch"]]:
        """Yield the windows of each batch of the epoch; the last is filled up from the order's beginning."""
        order = epoch_order(len(self.data), self.training.seed, self.record.epoch, visited=self.visited)
        for step in range(self.steps):
            yield order[(step * self.batch_size + np.arange(self.batch_size)) % self.visited]

    def _step(self, windows: Int[np.ndarray, " batch"]) -> float:
        told = self.model.train_on_batch(*self._batch(self.data, windows), return_dict=True)
        if "loss" not in told:
            raise ValueError(
                f"train: the train_step of model {self.network.model.name!r} returns "
                f"{', '.join(told) or 'nothing'}, but no 'loss'. Return it under that name."
            )
        return float(told["loss"])

    def _batch(self, data: Batches, windows: Int[np.ndarray, " batch"]) -> tuple[Any, Any]:
        inputs, target = data.at(windows)
        return self.network.packed([inputs[name] for name in self.network.matched(inputs)]), target

    def _rate(self, step: int) -> float:
        return rate_of_step(self.training, step, self.training.epochs * self.steps)

    def _judge(self) -> None:
        """Keep the weights if they are the best so far, or the last without validation data."""
        record = self.record
        with self._averaged():
            if self.validation is None:
                record.best_epoch[0], self.best = record.epoch, self._weights()
                return
            best = record.best_loss()
            loss = self._validation_loss(self.validation)
            record.judged(0, loss, self.training.patience)
            if np.isnan(best) or loss < best:
                self.best = self._weights()

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Let the model have the averages of its weights, where they are kept, and afterwards its own."""
        optimizer, variables = self.model.optimizer, self.model.trainable_variables
        if not innermost(optimizer).use_ema or not self.record.epoch:
            yield
            return
        own = _copies(variables)
        optimizer.finalize_variable_values(variables)
        # What Keras runs takes buffers away, which here would be those of the averages.
        _assign(variables, _copies(variables))
        yield
        _assign(variables, own)

    def _validation_loss(self, data: Batches) -> float:
        """Return the mean loss over all windows, without regularization losses."""
        count, total = len(data), 0.0
        size = min(EVALUATION_BATCH, count)
        for first in range(0, count, size):
            windows = np.minimum(first + np.arange(size), count - 1)  # one shape, one program
            inputs, target = self._batch(data, windows)
            output = jnp.asarray(self.model.predict_on_batch(inputs), "float32")
            each = np.asarray(by_window(self.loss, jnp.asarray(target), output))
            total += float(each[: count - first].sum())
        return self.training.loss_weight * total / count

    def _weights(self) -> list[np.ndarray]:
        return _copies(self.model.weights)

    def _tell(self, progress: Report, began: float) -> None:
        if progress is None:
            return
        record, epochs = self.record, self.training.epochs
        each = (time.monotonic() - began) / record.epoch if record.epoch else float("nan")
        left = each * (epochs - record.epoch)
        alive = int(record.alive[0])
        progress(Progress(record.epoch, epochs, record.mean_loss(), record.best_loss(), left, alive))


def _copies(variables: Sequence[keras.Variable]) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def _assign(variables: Sequence[keras.Variable], values: Sequence[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
