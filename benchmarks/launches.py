"""How many kernels a training step launches on an NVIDIA GPU, counted without one.

XLA compiles for a GPU that is only described, here an H100, and what it made is read. Needs JAX's plugin for
CUDA and NVIDIA's compiler (extra `cuda12`). A count is no time: it tells what a small network waits for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from benchmarks.table import Row

H100 = """
gpu_device_info {
  cuda_compute_capability { major: 9 } name: "NVIDIA H100 80GB HBM3" device_vendor: "NVIDIA Corporation"
  core_count: 132 fpus_per_core: 128 clock_rate_ghz: 1.98 device_memory_size: 84942979072
  memory_bandwidth: 3352320000000 l2_cache_size: 52428800 threads_per_warp: 32 threads_per_core_limit: 2048
  threads_per_block_limit: 1024 thread_dim_limit_x: 1024 thread_dim_limit_y: 1024 thread_dim_limit_z: 64
  block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535
  shared_memory_per_block: 49152 shared_memory_per_core: 233472 shared_memory_per_block_optin: 232448
  registers_per_core_limit: 65536 registers_per_block_limit: 65536 device_address_bits: 64
  driver_version: "13.0.0" runtime_version: "12.8.0" compile_time_toolkit_version: "12.8.0"
  dnn_version: "9.10.0"
}
platform_name: "CUDA" dnn_version_info { major: 9 minor: 10 }
"""
SIZES = {"conv_se_lstm": (21, 20, 32), "lstm": (168, 1, 128), "gru": (168, 1, 128)}  # time, channels, batch
SEEDS = (1, 16)
NO_LAUNCH = {"bitcast", "get-tuple-element", "parameter", "tuple", "constant", "while", "conditional"}
CALLED = re.compile(r" ([\w\-]+)\(.*?(?:body|to_apply)=%?([\w.\-]+)")


def run(rest: list[str]) -> list[Row]:
    if find_spec("jax_plugins") is None:
        return [Row("launches", None, "needs JAX's plugin for CUDA: pip install '.[cuda12]'")]
    os.environ["JAX_SKIP_CUDA_CONSTRAINTS_CHECK"] = "1"  # there is no driver to ask
    os.environ["JAX_PLATFORMS"] = "cpu,cuda"
    kinds = {"norm='layer'": {"norm": "layer"}, "norm='batch'": {"norm": "batch"}}
    nets: dict[str, tuple[str, dict[str, Any]]] = {name: (name, {}) for name in SIZES}
    nets |= {f"lstm, {name}": ("lstm", about) for name, about in kinds.items()}
    return [
        Row(f"{name} {SIZES[of]}, {seeds} seeds", counted(compiled(of, about, seeds)), "launches a step")
        for name, (of, about) in nets.items()
        for seeds in SEEDS
    ]


def counted(text: str) -> int:
    """Return how many kernels the body of the loop over training steps launches, its own loops unrolled."""
    parts = computations(text)

    def launches(name: str) -> int:
        return sum(_launches(line, launches) for line in parts[name])

    loops = [line for lines in parts.values() for line in lines if " while(" in line]
    (steps,) = (line for line in loops if "known_trip_count" not in line)
    return launches(CALLED.search(steps)[2])  # type: ignore[index]


def _launches(line: str, launches: Any) -> int:
    if " while(" in line:
        rounds = int(re.search(r'known_trip_count":\{"n":"(\d+)"', line)[1])  # type: ignore[index]
        return rounds * launches(CALLED.search(line)[2])  # type: ignore[index]
    found = re.match(r"\s+(?:ROOT )?%?[\w.\-]+ = (?:\([^=]*?\)|\S+) ([\w\-]+)\(", line)
    return int(found is not None and found[1] not in NO_LAUNCH)


def computations(text: str) -> dict[str, list[str]]:
    """Return the lines of each computation of a compiled module.

    >>> computations("%add (a: s32[]) -> s32[] {\\n  ROOT %a = s32[] parameter(0)\\n}")
    {'add': ['  ROOT %a = s32[] parameter(0)']}
    """
    parts: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        head = re.match(r"(?:ENTRY )?%?([\w.\-]+) \(.*\{$", line)
        if head:
            name = head[1]
            parts[name] = []
        elif name and line.startswith("  "):
            parts[name].append(line)
        else:
            name = ""
    return parts


def compiled(of: str, about: dict[str, Any], seeds: int) -> str:
    """Return the program of an epoch, as XLA compiled it for the GPU that is described."""
    from benchmarks.contestants import windows_of
    from normcast.engine import Training, program
    from normcast.engine.network import network_of
    from normcast.engine.run import Run

    steps, channels, batch = SIZES[of]
    training = Training(batch_size=batch, epochs=2)
    network = network_of(_model(of, steps, channels, about), training)
    made: list[str] = []

    def read(function: Any, arguments: Any, *_: Any) -> None:
        network.make_twin()
        made.append(program.traced(function, arguments, True).lower().compile().as_text())
        raise StopIteration

    with _for_a_gpu(read):
        try:
            Run(network, windows_of(64 * batch, steps, channels), training, None, seeds, None, None).compile()
        except StopIteration:
            return made[0]
    raise RuntimeError("no program was compiled")


def _model(of: str, steps: int, channels: int, about: dict[str, Any]) -> Any:
    import keras

    from benchmarks import networks
    from normcast import layers

    if of == "conv_se_lstm":
        return networks.conv_se_lstm(steps, channels)
    recurrent = layers.LSTM(64, **about) if of == "lstm" else layers.GRU(64, **about)
    inputs = keras.Input((steps, channels), name="past")
    return keras.Model(inputs, keras.layers.Dense(1)(recurrent(inputs)))


@contextmanager
def _for_a_gpu(read: Any) -> Iterator[None]:
    """Let programs be traced for the GPU that is described, and its arrays be told by their shapes alone."""
    from unittest.mock import patch

    import jax
    import numpy as np
    from jax.experimental import topologies
    from jax.sharding import Mesh, NamedSharding

    about = {"target_config": H100, "topology": "1x1x1"}
    mesh = Mesh(np.array(topologies.get_topology_desc("h100", "cuda", **about).devices), ("replica",))

    def placed(arrays: Any, mesh: Mesh, spec: Any) -> Any:
        lies = NamedSharding(mesh, spec)
        return jax.tree.map(
            lambda a: jax.ShapeDtypeStruct(np.shape(a), np.asarray(a).dtype, sharding=lies), arrays
        )

    at = "normcast.engine"
    jax.devices("cpu")
    with (
        patch(f"{at}.run.placed", placed),
        patch(f"{at}.source.placed", placed),
        patch(f"{at}.run.replica_mesh", lambda _: mesh),
        patch(f"{at}.program._made", read),
        patch("jax.default_backend", lambda: "gpu"),
    ):
        yield
