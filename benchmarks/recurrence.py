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
    forms = {form: _prepared(cell, size, form) for form in ("xla", "native")}
    steps, batch, units, features = size
    calls = max(1, int(FLOPS / (24 * steps * batch * units * (units + features))))
    laps = [{form: _lap(call, calls) for form, call in forms.items()} for _ in range(rounds)]
    rows = [
        Row(f"{cell} {size}, {form}", round(min(lap[form] for lap in laps), 3), "ms CPU, least")
        for form in forms
    ]
    ratio = statistics.median(lap["xla"] / lap["native"] for lap in laps)
    return [*rows, at_least(f"{cell} {size}, native", ratio, TARGETS[cell], "XLA form")]


def _prepared(cell: str, size: tuple[int, int, int, int], form: str) -> Callable[[], Any]:
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

    compiled = (
        jax.jit(jax.value_and_grad(loss, argnums=tuple(range(len(arrays))))).lower(*arrays).compile(how)
    )
    placed = jax.device_put(arrays)
    return lambda: jax.block_until_ready(compiled(*placed))


def _lap(call: Callable[[], Any], calls: int) -> float:
    since = time.process_time()
    for _ in range(calls):
        call()
    return 1e3 * (time.process_time() - since) / calls
