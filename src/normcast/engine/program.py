"""The compiled programs: an epoch's steps, the validation loss, a forecast, each for all replicas at once."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache, partial, wraps
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from normcast.engine.devices import REPLICA, SHARED, spread, spreads_batch
from normcast.engine.gather import Layout
from normcast.engine.network import Network
from normcast.engine.optimizer import rate_at
from normcast.engine.stored import Stored, hits
from normcast.engine.training import Training
from normcast.engine.update import Update, averaged
from normcast.kernels import native, platform

EVALUATION_BATCH = 256
Options = dict[str, str | bool]
# What makes small networks fast on the CPU; docs/engine.md tells what each gave. At the highest level short
# loops are unrolled before they can be vectorized.
ON_CPU: Options = {
    "xla_backend_optimization_level": "2",
    "xla_cpu_copy_insertion_use_region_analysis": True,
    "xla_cpu_prefer_vector_width": "512",
}
# Faster where a recurrence is a loop of XLA, slower for all else.
LOOPS: Options = {"xla_cpu_scheduler_type": "CPU_SCHEDULER_TYPE_MEMORY_OPTIMIZED"}
# Threads inside operations of networks this small only get in the way of the other devices: no products on
# several threads, and no loops cut up for them, whose parts wait longer for each other than they compute.
ONE_THREAD: Options = {
    "xla_cpu_multi_thread_eigen": False,
    "xla_disable_hlo_passes": "cpu-parallel-task-assigner",
}

KEPT = 128  # programs: each is mapped into memory in a hundred pieces, of which a process may have 65,530
_keeping = threading.Lock()
_compiled: dict[Any, Any] = {}
_turns: dict[Any, threading.Lock] = {}


def compiled(
    key: Any,
    function: Callable[..., Any],
    *arguments: Any,
    whole: bool = True,
    one_thread: bool = False,
    network: Network | None = None,
    is_told: bool = True,
) -> Any:
    """Return the program for these arguments' shapes, compiled at most once per key and shapes.

    Several threads may ask at once: XLA releases the interpreter, so their programs compile in parallel, and
    of those that ask for the same one the first makes it.
    whole: whether each device computes a whole batch, which the native kernels need. one_thread: whether the
    other cores are for other devices. network: what it computes with; its programs are stored, where the key
    says the same in every process. is_told: whether all the rest of the key does.
    """
    shapes = jax.tree.map(lambda leaf: (jnp.shape(leaf), jnp.result_type(leaf).name), arguments)
    full = (key, str(jax.tree.structure(arguments)), str(jax.tree.leaves(shapes)))
    with _turn(full):
        program = _compiled.get(full)
        if program is None:
            how = options(one_thread)
            lasts = network is not None and network.lasts() and is_told and whole
            stored = Stored(key, arguments, how) if lasts else None
            program = stored.read() if stored else None
            if program is None:
                program = _made(function, arguments, whole, how, network, stored)
        return _keep(full, program)


@contextmanager
def _turn(key: Any) -> Iterator[None]:
    """Wait while another thread makes what has this key."""
    with _keeping:
        turn = _turns.setdefault(key, threading.Lock())
    try:
        with turn:
            yield
    finally:
        with _keeping:
            _turns.pop(key, None)  # what was made is kept: nobody makes it again


def _made(
    function: Callable[..., Any],
    arguments: Any,
    whole: bool,
    how: Options,
    network: Network | None,
    stored: Stored | None,
) -> Any:
    """Trace and compile a program, and store it."""
    if network is not None:
        network.make_twin()
    named = wraps(function)(partial(function))
    if stored is not None:  # under a name of its own JAX's cache has it only where it was stored before
        named.__name__ = f"{function.__name__}_{stored.name[:16]}"
    lowered = traced(named, arguments, whole).lower()
    before = hits()
    program = _built(lowered, how)
    if stored is not None and network is not None and network.lasts() and hits() == before:
        stored.write(program, lowered)
    return program


def traced(function: Callable[..., Any], arguments: Any, whole: bool) -> Any:
    """Return a function as JAX traced it for these arguments, in the forms that are meant for here."""
    with platform.in_float32(), nullcontext() if whole else native.left_out():
        return jax.jit(function).trace(*arguments)


def _keep(key: Any, program: Any) -> Any:
    """Keep a program as the one used last, and let go of those that were not used for long."""
    with _keeping:
        _compiled.pop(key, None)
        _compiled[key] = program  # the last one used stands last
        while len(_compiled) > KEPT:
            del _compiled[next(iter(_compiled))]
    return program


def _built(lowered: Any, how: Options) -> Any:
    try:
        return lowered.compile(how)
    except jax.errors.JaxRuntimeError:  # another XLA than this was written with may not know all options
        known = {name: value for name, value in how.items() if _is_known(name, value)}
        if known == how:
            raise
        return lowered.compile(known)


@cache
def _is_known(name: str, value: str | bool) -> bool:
    try:
        jax.jit(lambda: 0).lower().compile({name: value})
    except jax.errors.JaxRuntimeError:
        return False
    return True


def options(one_thread: bool) -> Options:
    """Return how XLA is to compile here. one_thread: whether the other cores are for other devices."""
    if not platform.is_cpu():
        return {}
    # Expected, not available: a network without a recurrence must not wait for the kernels to be built.
    loops = {} if native.is_expected() else LOOPS
    ours = {**ON_CPU, **loops, **(ONE_THREAD if one_thread else {})}
    said = os.environ.get("XLA_FLAGS", "")  # the user's own word holds
    return {name: value for name, value in ours.items() if f"--{name}=" not in said}


def across_replicas(function: Callable[..., Any], network: Network, mesh: Mesh) -> Callable[..., Any]:
    """Lift `function(state, *own, *shared)` to stacked replicas that are spread over the mesh.

    Returns run(alive, state, own, shared): the leaves of alive, state and own have a first axis of replicas.
    On the CPU each device has one replica, computed as it would be alone, so that its bits do not depend on
    the others; one that is not alive is skipped. On accelerators each device maps over its replicas by vmap,
    or takes one after the other where `maps_replicas` says no.
    On a mesh for batches there is one replica, whose batches the compiler spreads over the devices.
    """

    def local(alive: Any, state: Any, own: Any, shared: Any) -> Any:
        one = partial(_one, function, shared)
        if not platform.is_cpu() and len(alive) > 1:
            if maps_replicas(network):
                return jax.vmap(one)(alive, state, own)
            return lax.map(lambda each: one(*each), (alive, state, own))
        squeezed = jax.tree.map(lambda leaf: leaf[0], (alive, state, own))
        return jax.tree.map(lambda leaf: leaf[None], one(*squeezed))

    def spread_batch(alive: Any, state: Any, own: Any, shared: Any) -> Any:
        squeezed = jax.tree.map(lambda leaf: leaf[0], (alive, state, own))
        new = jax.tree.map(lambda leaf: leaf[None], _one(function, shared, *squeezed))
        return lax.with_sharding_constraint(new, NamedSharding(mesh, SHARED))

    if spreads_batch(mesh):
        return spread_batch
    specs = (REPLICA, REPLICA, REPLICA, SHARED)
    return jax.shard_map(local, mesh=mesh, in_specs=specs, out_specs=REPLICA, check_vma=False)


def maps_replicas(network: Network) -> bool:
    """Whether replicas are computed side by side: on accelerators, but not without a twin.

    Keras' own layers may then call what JAX cannot map over, as cuDNN's LSTM is.
    """
    return not platform.is_cpu() and network.twin is not None


def _one(function: Callable[..., Any], shared: Any, alive: Any, state: Any, own: Any) -> Any:
    results = jax.eval_shape(function, state, *own, *shared)[1]
    skipped = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), results)
    return lax.cond(alive, lambda: function(state, *own, *shared), lambda: (state, skipped))


def training_program(
    network: Network, training: Training, layout: Layout, batch_size: int, mesh: Mesh
) -> Callable[..., Any]:
    """Return advance(alive, states, (orders,), (arrays, count, span, pace)) -> (states, (loss sums, failed)).

    span: (first, stop) steps of the epoch; count: windows; pace: (learning rate, steps of the training).
    The last batch of an epoch is filled up from the beginning of the same order. failed: the first step with
    a non-finite loss, or -1.
    """
    update = Update(training, network.trainable)
    loss_of = training.build_loss()

    def objective(trainable: Any, frozen: Any, inputs: Any, target: Any) -> Any:
        output, frozen, losses = network.forward(trainable, frozen, inputs, training=True)
        return training.loss_weight * loss_of(target, output) + sum(losses), frozen

    def epoch_part(state: Any, order: Any, arrays: Any, count: Any, span: Any, pace: Any) -> Any:
        def step(i: jax.Array, carry: Any) -> Any:
            state, loss_sum, failed = carry
            windows = order[(i * batch_size + jnp.arange(batch_size)) % count]
            inputs, target = spread(layout.gather(arrays, windows), mesh)
            grad = jax.value_and_grad(objective, has_aux=True)
            (loss, frozen), grads = grad(state["trainable"], state["frozen"], inputs, target)
            values = state["optimizer"]
            rate = learning_rate(training.schedule, values[0], *pace)  # not used by an own schedule
            trainable, values = update.apply(values, grads, state["trainable"], rate)
            failed = jnp.where((failed < 0) & ~jnp.isfinite(loss), i, failed)
            after = {"trainable": trainable, "frozen": frozen, "optimizer": values}
            if training.ema_momentum is not None:
                after["average"] = averaged(state["average"], trainable, values[0], training.ema_momentum)
            return after, loss_sum + loss, failed

        state, loss_sum, failed = lax.fori_loop(
            span[0], span[1], step, (state, jnp.float32(0), jnp.int32(-1))
        )
        return state, (loss_sum, failed)

    return across_replicas(epoch_part, network, mesh)


def learning_rate(schedule: str | None, step: Any, first: Any, total: Any, ops: Any = jnp) -> Any:
    """Return the learning rate of a step, counted from 0, out of total; first: that of step 0.

    ops: jax.numpy inside a program, numpy outside of one, where JAX would dispatch each operation.
    """
    done = ops.minimum(step / total, 1.0)
    factor = {"cosine": 0.5 * (1 + ops.cos(ops.pi * done)), "exponential": 0.01**done, None: 1.0}
    return ops.float32(first * factor[schedule])


def rate_of_step(training: Training, step: int, total: int) -> float:
    """Return the learning rate of a step, counted from 0, out of total, by whoever sets it."""
    if training.learning_rate is None:
        return rate_at(training.build_optimizer(), step)
    return float(learning_rate(training.schedule, step, training.learning_rate, total, np))


def by_window(loss: Any, target: Any, output: Any) -> Any:
    """Return the loss of each window of a batch; one that gives one number for all is asked of each alone."""
    each = loss.call(target, output)
    if jnp.ndim(each) == 0:
        each = jax.vmap(lambda y, out: loss.call(y[None], out[None]))(target, output)
    return jnp.mean(each.reshape(len(target), -1), axis=1)


def judging_program(network: Network, training: Training, layout: Layout, mesh: Mesh) -> Callable[..., Any]:
    """Return judge(alive, best, (states,), (arrays, count)) -> (best, validation losses).

    best: the variables with the lowest validation loss so far, and that loss. The validation loss is the
    mean over all windows, without regularization losses.
    """
    loss_of = training.build_loss()

    def judged(best: Any, state: Any, arrays: Any, count: Any) -> Any:
        def batch(i: jax.Array, total: jax.Array) -> jax.Array:
            windows = i * EVALUATION_BATCH + jnp.arange(EVALUATION_BATCH)
            inputs, target = spread(layout.gather(arrays, jnp.minimum(windows, count - 1)), mesh)
            output, _, _ = network.forward(state["trainable"], state["frozen"], inputs, training=False)
            return total + jnp.sum(jnp.where(windows < count, by_window(loss_of, target, output), 0.0))

        steps = (count + EVALUATION_BATCH - 1) // EVALUATION_BATCH
        loss = training.loss_weight * lax.fori_loop(0, steps, batch, jnp.float32(0)) / count
        kept = jax.tree.map(
            lambda old, new: jnp.where(loss < best["loss"], new, old),
            {name: best[name] for name in ("trainable", "frozen")},
            {name: state[name] for name in ("trainable", "frozen")},
        )
        return {**kept, "loss": jnp.minimum(loss, best["loss"])}, loss

    return across_replicas(judged, network, mesh)


def forecasting_program(
    network: Network, layout: Layout, batch_size: int, most: int, mesh: Mesh
) -> Callable[..., Any]:
    """Return forecast(replicas, variables, arrays, firsts, count) -> outputs (replicas, windows, ...).

    replicas: their positions, (replicas,); variables: (trainable, frozen), stacked; firsts: (devices,), the
    first window of each device; count: how many batches each forecasts, at most `most`. A device returns room
    for `most` batches; what is behind its last is zero.
    """

    def forecast(replicas: Any, variables: Any, arrays: Any, firsts: Any, count: Any) -> Any:
        def one(each: Any) -> Any:
            trainable, frozen = each[1]
            last = len(arrays["start"]) - 1

            def batch(i: Any) -> Any:
                windows = jnp.minimum(firsts[0] + i * batch_size + jnp.arange(batch_size), last)
                inputs, _ = layout.gather(arrays, windows)
                return network.forward(trainable, frozen, inputs, training=False)[0]

            output = jax.eval_shape(batch, 0)
            room = jnp.zeros((most, *output.shape), output.dtype)
            rows = lax.fori_loop(0, count, lambda i, rows: rows.at[i].set(batch(i)), room)
            return rows.reshape(-1, *output.shape[1:])

        each = replicas, variables
        return jax.vmap(one)(each) if maps_replicas(network) else lax.map(one, each)

    batch = PartitionSpec("batch")
    specs = SHARED, SHARED, SHARED, batch, SHARED
    return jax.shard_map(
        forecast, mesh=mesh, in_specs=specs, out_specs=PartitionSpec(None, "batch"), check_vma=False
    )
