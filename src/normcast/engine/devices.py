"""Where arrays live: a mesh over all devices, whose axis `replica` the seeds of a model are spread over."""

from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

REPLICA = PartitionSpec("replica")
SHARED = PartitionSpec()


def replica_mesh() -> Mesh:
    """Return the mesh of all devices of all hosts, with the one axis `replica`."""
    return jax.make_mesh((jax.device_count(),), ("replica",), axis_types=(jax.sharding.AxisType.Auto,))


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
