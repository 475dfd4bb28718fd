"""Forward and backward of the GRU and the LSTM on arrays: the native kernels against the XLA forms, one core.

Both forms of a size take turns in one process, since a shared machine changes its pace within minutes.
"""

import os
import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

from benchmarks.race import ONE_CORE
from benchmarks.table import Row, at_least

SIZES = [(21, 32, 16, 10), (24, 32, 16, 8), (96, 32, 32, 8), (96, 128, 64, 8)]  # time, batch, units, features
FLOPS = 4e8  # about as many a lap
TARGETS = {"gru": 1.5, "lstm": 1.5}


def run(rest: list[str]) -> list[Row]:
    os.environ.update(ONE_CORE)  # before JAX starts
    rounds = int(rest[0]) if rest else 21
    return [row for cell in TARGETS for size in SIZES for row in _measured(cell, size, rounds)]


def _measured(cell: str, size: tuple[int, int, int, int], rounds: int) -> list[Row]:
    steps, batch, units, features = size
    calls = max(1, int(FLOPS / (24 * steps * batch * units * (units + features))))
    forms = {form: _prepared(cell, size, form, calls) for form in ("xla", "native")}
    laps = [{form: _lap(call, calls) for form, call in forms.items()} for _ in range(rounds)]
    rows = [
        Row(f"{cell} {size}, {form}", round(min(lap[form] for lap in laps), 3), "ms CPU, least")
        for form in forms
    ]
    ratio = statistics.median(lap["xla"] / lap["native"] for lap in laps)
    return [*rows, at_least(f"{cell} {size}, native", ratio, TARGETS[cell], "XLA form")]


def _prepared(cell: str, size: tuple[int, int, int, int], form: str, calls: int) -> Callable[[], Any]:
    """Return one program of so many steps, as an epoch is: calling one costs as much as a small one takes."""
    import jax

    from normcast import kernels
    from normcast.engine.program import options

    with kernels.native.left_out() if form == "xla" else nullcontext():
        how = options(one_thread=True)
    steps, batch, units, features = size
    gates, states, bias = (3, 1, (2, 3 * units)) if cell == "gru" else (4, 2, (4 * units,))
    weights = [(features, gates * units), (units, gates * units), bias]
    shapes = [(batch, steps, features), *[(batch, units)] * states, *weights]
    draw = np.random.default_rng(0).normal
    arrays = [0.5 * draw(size=shape).astype("float32") for shape in shapes]

    def loss(*arrays: Any) -> Any:
        return (getattr(kernels, cell)(*arrays, form=form)[0] ** 2).sum()

    def step(_: Any, arrays: Any) -> Any:
        return [
            a - 1e-6 * g
            for a, g in zip(arrays, jax.grad(loss, tuple(range(len(arrays))))(*arrays), strict=True)
        ]

    compiled = jax.jit(lambda arrays: jax.lax.fori_loop(0, calls, step, arrays)).lower(arrays).compile(how)
    placed = jax.device_put(arrays)
    return lambda: jax.block_until_ready(compiled(placed))


def _lap(call: Callable[[], Any], calls: int) -> float:
    since = time.process_time()
    call()
    return 1e3 * (time.process_time() - since) / calls
