"""Run: one model's replicas on their way through the epochs."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int

from normcast.engine.batches import Batches
from normcast.engine.checkpoint import Checkpoint
from normcast.engine.devices import (
    SHARED,
    batch_mesh,
    fetched,
    own_spec,
    placed,
    replica_mesh,
    spreads_batch,
    warn_of_idle_cores,
)
from normcast.engine.diagnosis import first_broken
from normcast.engine.gather import laid_out
from normcast.engine.network import Leaves, Network, initial_variables, stacked
from normcast.engine.program import compiled, judging_program, rate_of_step, training_program
from normcast.engine.record import Record
from normcast.engine.recording import Recorder
from normcast.engine.recurrence import recurrence_of
from normcast.engine.source import Shards, Source, Stretch
from normcast.engine.training import Training
from normcast.engine.update import WEIGHTS, Update, judged

Orders = Int[np.ndarray, "replicas length"]  # of windows, for each replica of an epoch


class Run:
    """One model's replicas: their states on the devices in groups, what became of them in `record`.

    On the CPU a group has one replica per device, on accelerators it is all of them.
    """

    def __init__(
        self,
        network: Network,
        data: Batches | Shards,
        training: Training,
        validation: Batches | None,
        seeds: int,
        start: Mapping[str, Any] | None,
        checkpoint: Path | None,
        spread: str = "replica",
    ) -> None:
        self.network, self.training, self.validation = network, training, validation
        self.start = start
        self.seeds = [training.seed + i for i in range(seeds)]
        self.record = Record(self.seeds)
        self.recorder: Recorder | None = None
        self.checkpoint = None if checkpoint is None else Checkpoint(checkpoint, "")
        self.mesh = batch_mesh() if spread == "batch" else replica_mesh(seeds)
        if seeds > 1:
            warn_of_idle_cores()
        # Also for one replica no threads inside operations, so that its bits are those it has among many.
        self.whole = not spreads_batch(self.mesh)
        self.width = self.mesh.size if self.whole else 1
        if jax.default_backend() != "cpu" and self.whole:
            self.width *= -(-seeds // self.mesh.size)
        self.source = Source(data, network, training.batch_size, training.epoch_windows, self.mesh)
        self.batch_size, self.steps = self.source.batch_size, self.source.steps
        self._placed: dict[tuple[int, int], Any] = {}
        self.groups = [np.arange(first, first + self.width) for first in range(0, seeds, self.width)]

    # ---- before the first epoch

    def claim(self, arguments: str) -> None:
        """Say which arguments the checkpoint belongs to."""
        if self.checkpoint is not None:
            self.checkpoint = Checkpoint(self.checkpoint.path, arguments)

    def compile(self) -> None:
        """Prepare the programs; the slow part, which may run in a thread while another model trains."""
        stretch, network = self.source.whole(0), self.network
        layout = self.source.layout
        like = [v.value for v in network.trainable], [v.value for v in network.frozen]
        self._set_states([placed(stacked([self._state(*like)] * self.width), self.mesh, own_spec(self.mesh))])
        program = training_program(network, self.training, layout, self.batch_size, self.mesh)
        key = ("train", network.key, self.training.key, layout, self.batch_size, self.mesh)
        self._train = compiled(
            key,
            program,
            *self._to_train(stretch, 0, self.states[0], self._orders(stretch), 0),
            whole=self.whole,
            one_thread=self.whole,
            network=network,
            is_told=self.training.is_told,
        )
        if self.validation is not None:
            self._compile_judge(self.validation)
        if self.training.record is not None:
            self.recorder = Recorder(network, self.training, stretch.data)

    def _compile_judge(self, validation: Batches) -> None:
        names = self.network.matched(validation.inputs)
        layout, arrays = laid_out(validation, names, known=self.source.held_arrays())
        self._validation = placed((arrays, np.int32(len(validation))), self.mesh, SHARED)
        program = judging_program(self.network, self.training, layout, self.mesh)
        key = ("judge", self.network.key, self.network.rng, self.training.loss_key, layout, self.mesh)
        self._judge = compiled(
            key,
            program,
            *self._to_judge(0),
            whole=self.whole,
            one_thread=self.whole,
            network=self.network,
            is_told=self.training.is_told,
        )

    def _set_states(self, states: list[Any]) -> None:
        unjudged = placed(np.full(self.width, np.inf, np.float32), self.mesh, own_spec(self.mesh))
        self.states = states
        self.best = [{**judged(state), "loss": unjudged} for state in states]

    def _state(self, trainable: Any, frozen: Any) -> dict[str, Any]:
        fresh = Update(self.training, self.network.trainable).initial()
        averages = {} if self.training.ema_momentum is None else {"average": trainable}
        return {"trainable": trainable, "frozen": frozen, "optimizer": fresh, **averages}

    def _initial(self, group: np.ndarray) -> Any:
        """Draw the initial states of a group."""
        seeds = [self.seeds[replica] for replica in group[group < len(self.seeds)]]
        states = [self._state(*initial_variables(self.network, seed, self.start)) for seed in seeds]
        states += [states[0]] * (self.width - len(states))
        return placed(stacked(states), self.mesh, own_spec(self.mesh))

    def begin(self) -> None:
        """Draw the initial weights and judge them, or take up the checkpoint if there is one."""
        self._set_states([self._initial(group) for group in self.groups])
        saved = self.checkpoint.load((self.states, self.best)) if self.checkpoint else None
        if saved is None:
            self._judge_epoch()
        else:
            arrays, facts = saved
            self.states, self.best = placed(arrays, self.mesh, own_spec(self.mesh))
            self.record.restore(facts)
        if self.recorder is not None:
            for replica, trainable, _ in self._weights():
                self.recorder.begin(replica, trainable)

    # ---- an epoch

    def advance(self) -> None:
        """Train all living replicas for one epoch, judge them, and save the checkpoint."""
        record = self.record
        record.epoch += 1
        totals, trained = np.zeros(len(self.seeds)), record.living()
        for stretch in self.source.stretches(record.epoch):
            totals += self._train_stretch(stretch)
        for replica in trained:
            record.trained(replica, float(totals[replica]) / self.steps, self._rate())
        if self.recorder is not None:
            self._note(self.recorder, trained)
        self._judge_epoch()
        if record.epoch == self.training.epochs:
            record.alive[:] = False
        self.save()

    def _note(self, recorder: Recorder, trained: list[int]) -> None:
        """Note what gradients and gates do in the replicas that trained in this epoch."""
        for replica, *weights in self._weights():
            if replica in trained:
                self.record.seen[replica].append(recorder.note(replica, self.record.epoch, *weights))

    def _weights(self) -> Iterator[tuple[int, Leaves, Leaves]]:
        """Yield each replica with the weights that it trains, and its others."""
        training = [{name: state[name] for name in WEIGHTS} for state in self.states]
        for group, states in zip(self.groups, fetched(training), strict=True):
            for slot, replica in enumerate(group[group < len(self.seeds)]):
                own = [[leaf[slot] for leaf in states[name]] for name in WEIGHTS]
                yield int(replica), own[0], own[1]

    def _train_stretch(self, stretch: Stretch) -> np.ndarray:
        """Train all living replicas on a stretch of the epoch; return the sums of their losses."""
        before, orders = self.states, self._orders(stretch)
        told = [
            self._train(*self._to_train(stretch, place, state, orders, stretch.steps))
            for place, state in enumerate(before)
        ]
        self.states = [states for states, _ in told]
        sums, failed = (np.concatenate(each) for each in zip(*fetched([t for _, t in told]), strict=True))
        for replica in self.record.living():
            if failed[replica] >= 0:
                self._fail(replica, int(failed[replica]), stretch, before, orders)
        return sums[: len(self.seeds)]

    def _orders(self, stretch: Stretch) -> Orders:
        living = set(self.record.living())
        slots = range(len(self.groups) * self.width)
        return stretch.orders([self.seeds[slot] if slot in living else None for slot in slots])

    def _to_train(
        self, stretch: Stretch, place: int, state: Any, orders: Orders, stop: int
    ) -> tuple[Any, ...]:
        group = self.groups[place]
        own = placed((self.record.living_of(group), (orders[group],)), self.mesh, own_spec(self.mesh))
        return own[0], state, own[1], (stretch.arrays, *self._numbers(stretch.visited, stop))

    def _numbers(self, visited: int, stop: int) -> Any:
        """Return count, span and pace of a stretch on the devices; the same ones for every epoch like it."""
        if (visited, stop) not in self._placed:
            pace = np.float32(self.training.learning_rate or 0), np.float32(self.training.epochs * self.steps)
            numbers = np.int32(visited), (np.int32(0), np.int32(stop)), pace
            self._placed[visited, stop] = placed(numbers, self.mesh, SHARED)
        return self._placed[visited, stop]

    def _to_judge(self, place: int) -> tuple[Any, ...]:
        alive = placed(self.record.living_of(self.groups[place]), self.mesh, own_spec(self.mesh))
        return alive, self.best[place], (judged(self.states[place]),), self._validation

    def _rate(self) -> float:
        last = self.record.epoch * self.steps - 1
        return rate_of_step(self.training, last, self.training.epochs * self.steps)

    def _judge_epoch(self) -> None:
        """Judge the living replicas: keep the best weights, stop those that ran out of patience."""
        self.record.computed(recurrence_of(self.network, whole=self.whole))
        if self.validation is None:
            self._keep_last()
            return
        judged = [self._judge(*self._to_judge(place)) for place in range(len(self.groups))]
        self.best = [best for best, _ in judged]
        losses = np.concatenate(fetched([loss for _, loss in judged]))
        for replica in self.record.living():
            self.record.judged(replica, float(losses[replica]), self.training.patience)

    def _keep_last(self) -> None:
        for place, group in enumerate(self.groups):
            alive = self.record.living_of(group)
            if alive.all():
                self.best[place] = {**judged(self.states[place]), "loss": self.best[place]["loss"]}
                continue
            last = jax.tree.map(
                lambda new, old, alive=alive: jnp.where(alive.reshape(-1, *[1] * (new.ndim - 1)), new, old),
                judged(self.states[place]),
                judged(self.best[place]),
            )
            self.best[place] = {**last, "loss": self.best[place]["loss"]}
        for replica in self.record.living():
            self.record.best_epoch[replica] = self.record.epoch

    def _fail(self, replica: int, step: int, stretch: Stretch, before: list[Any], orders: Orders) -> None:
        """Stop a replica whose loss is not finite; walk the epoch again to name the first such tensor."""
        name = self._first_broken(replica, step, stretch, before, orders)
        if name is None or (name.startswith("variable") and step > 0):
            name = self._first_broken(replica, step - 1, stretch, before, orders) or name
        at = f"failed in epoch {self.record.epoch}, step {step + 1}"
        self.record.stop(replica, f"{at}: first non-finite is {name or 'the loss'}")

    def _first_broken(
        self, replica: int, step: int, stretch: Stretch, before: list[Any], orders: Orders
    ) -> str | None:
        place, slot = divmod(replica, self.width)
        states, _ = self._train(*self._to_train(stretch, place, before[place], orders, step))
        state = jax.tree.map(lambda leaf: leaf[slot], fetched(states))
        inputs, target = stretch.batch(orders[replica], step, self.batch_size)
        ordered = [inputs[name] for name in self.network.matched(inputs)]
        return first_broken(self.network, state, ordered, target, self.training.build_loss())

    # ---- results

    def result(self, replica: int) -> tuple[int, list[np.ndarray], dict[str, list[float]], int, str]:
        """Return seed, best weights, history, best epoch and status of a replica."""
        place, slot = divmod(replica, self.width)
        kept = jax.tree.map(lambda leaf: leaf[slot], fetched(judged(self.best[place])))
        weights = self.network.joined(kept["trainable"], kept["frozen"])
        record = self.record
        return (
            self.seeds[replica],
            weights,
            record.history[replica],
            record.best_epoch[replica],
            record.status[replica],
        )

    # ---- checkpoint

    def save(self) -> None:
        """Write the checkpoint."""
        if self.checkpoint is None:
            return
        self.checkpoint.save(fetched((self.states, self.best)), self.record.plain())

    def remove_checkpoint(self) -> None:
        """Delete the checkpoint: everything it held was handed out."""
        if self.checkpoint is not None:
            self.checkpoint.remove()
