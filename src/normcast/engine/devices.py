"""Where programs run and arrays live: devices, the mesh over them, and the cache of compiled programs.

A mesh has one axis: `replica`, over which seeds are spread, or `batch`, for the windows of a batch.

Importing this asks JAX for one CPU device per core, if JAX has not started yet: replicas then train side by
side. The environment variable NORMCAST_DEVICES sets another number, and so many threads for their operations;
XLA's own flags are respected.
"""

import logging
import os
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from normcast import jax_seam
from normcast.cache import private_folder
from normcast.machine import cores

REPLICA = PartitionSpec("replica")
SHARED = PartitionSpec()
TOGETHER = 32  # replicas of which a GPU computes a step in about the time of one, where they are small
FLAG = "xla_force_host_platform_device_count"

_log = logging.getLogger("normcast")


def prepare() -> None:
    """Ask for one CPU device per core, if JAX has not started yet, and for a cache of programs."""
    wanted = os.environ.get("NORMCAST_DEVICES", str(cores()))
    if not wanted.isdigit() or int(wanted) < 1:
        raise ValueError(f"NORMCAST_DEVICES is {wanted!r}, but must be a whole number from 1.")
    if "NORMCAST_DEVICES" in os.environ:  # else one device would hand small operations to all cores, and wait
        os.environ.setdefault("PJRT_NPROC", wanted)
    if FLAG not in os.environ.get("XLA_FLAGS", "") and jax_seam.setting("num_cpu_devices") in (None, -1):
        try:
            jax.config.update("jax_num_cpu_devices", int(wanted))
        except RuntimeError:
            _log.debug(
                "normcast: JAX had started before normcast.engine was imported; its devices stay as they are"
            )
    if jax_seam.setting("compilation_cache_dir") is None:
        _keep_programs()


def _keep_programs() -> None:
    """Let JAX keep what it compiles; what is kept is run, so only in a folder that is this user's alone."""
    try:
        folder = private_folder("programs")
    except OSError as error:
        _log.warning("normcast: compiled programs are not kept: %s.", error)
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)


@cache
def warn_of_idle_cores() -> None:
    """Say once that replicas train one after the other although there are cores for more."""
    if (
        jax.default_backend() == "cpu"
        and jax.device_count() == 1 < cores()
        and "NORMCAST_DEVICES" not in os.environ
    ):
        _log.warning(
            "normcast: JAX had started with one device, so replicas train one after the other on %d cores. "
            "Import normcast.engine before JAX is first used, or set NORMCAST_DEVICES=1 to accept it.",
            cores(),
        )


def at_once() -> int:
    """Return how many replicas of a model should train together here: on a GPU one alone leaves it idle."""
    return 1 if jax.default_backend() == "cpu" else TOGETHER


def usual_processes() -> int:
    """Return how many processes share the work here: one per core, but a GPU is one process' own."""
    return cores() if jax.default_backend() == "cpu" else 1


def on_host() -> AbstractContextManager[None]:
    """Draw and assign in here on the CPU: on a GPU each of the many small operations is a program to compile.

    The numbers are then those that a run on the CPU begins with. Nothing is done where JAX has no CPU.
    """
    try:
        host = jax.local_devices(backend="cpu")[0]
    except RuntimeError:
        return nullcontext()
    return nullcontext() if jax.default_backend() == "cpu" else jax.default_device(host)


def replica_mesh(replicas: int) -> Mesh:
    """Return the mesh of as many devices as replicas can use, of all hosts, with the one axis `replica`."""
    count = jax.device_count()
    if jax.process_count() == 1:
        count = min(count, replicas)
    return Mesh(np.array(jax.devices()[:count]), ("replica",))


def batch_mesh() -> Mesh:
    """Return the mesh of all devices of all hosts, with the one axis `batch`: for one large model."""
    return Mesh(np.array(jax.devices()), ("batch",))


def local_mesh(batches: int) -> Mesh:
    """Return the mesh of as many devices of this host as there are batches, with the one axis `batch`."""
    return Mesh(np.array(jax.local_devices()[:batches]), ("batch",))


def spreads_batch(mesh: Mesh) -> bool:
    """Whether the windows of a batch are spread over this mesh, rather than replicas."""
    return mesh.axis_names == ("batch",)


def own_spec(mesh: Mesh) -> PartitionSpec:
    """Return how arrays with a first axis of replicas lie on the mesh."""
    return SHARED if spreads_batch(mesh) else REPLICA


def spread(batch: Any, mesh: Mesh) -> Any:
    """Spread the first axis of a batch's arrays over the mesh, if it is one for batches."""
    if not spreads_batch(mesh):
        return batch
    return jax.lax.with_sharding_constraint(batch, NamedSharding(mesh, PartitionSpec("batch")))


def placed(arrays: Any, mesh: Mesh, spec: PartitionSpec) -> Any:
    """Put a tree of host arrays on the devices of the mesh; every host holds the whole of them."""
    sharding = NamedSharding(mesh, spec)
    if jax.process_count() == 1:
        return jax.device_put(arrays, sharding)
    return jax.tree.map(lambda leaf: _placed_by_every_host(np.asarray(leaf), sharding), arrays)


def _placed_by_every_host(leaf: np.ndarray, sharding: NamedSharding) -> jax.Array:
    return jax.make_array_from_callback(leaf.shape, sharding, lambda index: leaf[index])


def fetched(arrays: Any) -> Any:
    """Return a tree of device arrays as NumPy arrays, the whole of them on every host."""
    if jax.process_count() == 1:
        return jax.tree.map(np.asarray, arrays)
    return jax.tree.map(lambda leaf: np.asarray(multihost_utils.process_allgather(leaf, tiled=True)), arrays)


prepare()
