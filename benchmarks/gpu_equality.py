"""What a GPU computes beside what the processor of the same machine does: layers, and short trainings.

`python -m benchmarks.gpu_equality FILE COUNT` writes it, on whatever JAX finds, as arrays whose names begin
with what they are of; COUNT: of so many layers and trainings.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.race import ROOT, ended_after
from benchmarks.table import Row, at_most

# Of the largest number of each array. Layers are in float32, added up in another order; a training passes
# its rounding on from step to step.
LAYERS, TRAININGS, AGAIN = 1e-4, 2e-2, 0.0
SHAPE = (32, 24, 8)  # batch, time, channels
UNITS = 16
KINDS: dict[str, dict[str, Any]] = {
    "LSTM": {},
    "LSTM, a mask per gate": {"recurrent_dropout": 0.2},
    "LSTM, zoneout": {"zoneout": (0.1, 0.1)},
    **{f'LSTM, norm="{kind}"': {"norm": kind} for kind in ("layer", "rms", "batch")},
    "GRU": {},
    'GRU, norm="layer"': {"norm": "layer"},
}


def rows(environment: dict[str, str], seconds: float, count: int = 99) -> list[Row]:
    """Return how far a GPU and the processor are apart, and two runs on the GPU from each other.

    count: of so many layers and trainings.
    """
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.npz" for name in ("gpu", "again", "cpu")]
        where = ({}, {}, {"JAX_PLATFORMS": "cpu"})
        each = [_begun(path, count, {**environment, **own}) for path, own in zip(paths, where, strict=True)]
        with ended_after(seconds, each):
            ended = {path.stem: process.wait() for path, process in zip(paths, each, strict=True)}
        if any(ended.values()):
            lost = ", ".join(name for name, code in ended.items() if code)
            return [Row(f"equality: {lost}", None, "did not run, or not in time")]
        gpu, again, cpu = (dict(np.load(path)) for path in paths)
    told = [
        at_most(name, value, LAYERS if name.startswith("layer") else TRAININGS, "of the largest", "processor")
        for name, value in apart(gpu, cpu).items()
    ]
    beside = max(apart(gpu, again).values())
    return [*told, Row("two runs apart, at most", beside, "of the largest", "0 is equal to the bit")]


def apart(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> dict[str, float]:
    """Return for each thing the largest difference of its arrays, as a share of their largest number.

    >>> apart({"layer A/0": np.array([1.0, 2.0])}, {"layer A/0": np.array([1.0, 2.5])})
    {'layer A': 0.2}
    """
    told: dict[str, float] = {}
    for name, array in other.items():
        thing = name.rpartition("/")[0]
        wide = max(float(np.abs(array).max(initial=0)), 1e-3)
        value = float(np.abs(one[name] - array).max(initial=0)) / wide
        told[thing] = max(told.get(thing, 0.0), value if np.isfinite(value) else float("inf"))
    return told


def _begun(path: Path, count: int, environment: dict[str, str]) -> subprocess.Popen:
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.gpu_equality", str(path), str(count)],
        env={**os.environ, **environment, "PYTHONPATH": paths, "KERAS_BACKEND": "jax"},
        cwd=ROOT,
    )


def main() -> None:
    """Compute all, and write it."""
    from benchmarks import networks

    told: dict[str, np.ndarray] = {}
    count = int(sys.argv[2])
    for name, about in [*KINDS.items()][:count]:
        told |= _named(f"layer {name}", _layer(name, about))
    trainings: dict[str, Callable[[], Any]] = {
        "conv-se-lstm": lambda: networks.conv_se_lstm(24, 8),
        "LSTM(64)": lambda: networks.one_lstm(24, 8),
    }
    for name, make in [*trainings.items()][:count]:
        told |= _named(f"training {name}, 2 seeds, 3 epochs", _trained(make()))
    np.savez(sys.argv[1], **told)


def _named(thing: str, arrays: list[Any]) -> dict[str, np.ndarray]:
    return {f"{thing}/{place}": np.asarray(array) for place, array in enumerate(arrays)}


def _layer(name: str, about: dict[str, Any]) -> list[Any]:
    """Return outputs and gradients of a layer in training, as the engine computes them."""
    import jax
    import keras

    from normcast import layers
    from normcast.engine import program
    from normcast.engine.network import Network

    keras.utils.set_random_seed(0)
    inputs = keras.Input(SHAPE[1:], batch_size=SHAPE[0])
    layer = getattr(layers, name.partition(",")[0])(UNITS, return_sequences=True, **about)
    network = Network(keras.Model(inputs, layer(inputs)), "fast")
    network.make_twin()
    draw = np.random.default_rng(0).normal
    x = draw(size=SHAPE).astype("float32")
    trainable, frozen = ([np.asarray(v.value) for v in each] for each in (network.trainable, network.frozen))
    trainable = [0.3 * draw(size=each.shape).astype("float32") for each in trainable]

    def loss(trainable: Any, x: Any) -> Any:
        out, _, _ = network.forward(trainable, frozen, [x], training=True)
        return (out**2).mean(), out

    grad = jax.grad(loss, (0, 1), has_aux=True)
    (of_weights, of_x), out = program.traced(grad, (trainable, x), True).lower().compile()(trainable, x)
    return [out, of_x, *of_weights]


def _trained(model: Any) -> list[Any]:
    from benchmarks.contestants import windows_of
    from normcast.engine import Training, train

    training = Training(batch_size=32, epochs=3, patience=None)
    done = train(model, windows_of(256, *SHAPE[1:]), training, seeds=2)
    return [weights for each in sorted(done, key=lambda each: each.seed) for weights in each.weights]


if __name__ == "__main__":
    main()
