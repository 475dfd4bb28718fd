"""The order in which an epoch visits its windows, and the size classes that let programs be reused."""

import math

import numpy as np
from jaxtyping import Int, Shaped

ALIGNED = 64  # bytes: from there on JAX reads an array of the host where it is, on every device of a CPU


def epoch_order(
    windows: int, seed: int, epoch: int, shard: int = 0, visited: int | None = None
) -> Int[np.ndarray, " visited"]:
    """Return the order of the windows in one epoch of one replica: (windows,) int32, or (visited,).

    Drawn by NumPy's Philox keyed by (seed, epoch, shard), so it depends on nothing else: not on the other
    replicas, nor on the epochs before.

    >>> sorted(epoch_order(5, seed=1, epoch=1).tolist())
    [0, 1, 2, 3, 4]
    """
    draws = np.random.Generator(np.random.Philox(key=[seed, epoch | shard << 32]))
    if visited is not None and visited * 50 < windows:  # far cheaper than an order of all
        return draws.choice(windows, visited, replace=False).astype(np.int32)
    order = np.arange(windows, dtype=np.int32)
    draws.shuffle(order)
    return order[:visited]


def size_class(count: int) -> int:
    """Return the padded length for so many entries: powers of two and three steps between them.

    Data of different lengths, as the folds of a back-test are, then meet the same compiled program.

    >>> [size_class(n) for n in (1, 33, 41, 1000, 1025)]
    [16, 40, 48, 1024, 1280]
    """
    if count <= 16:
        return 16
    quarter = 1 << ((count - 1).bit_length() - 3)
    return -(-count // quarter) * quarter


def padded(
    values: Shaped[np.ndarray, "rows *channels"], length: int
) -> Shaped[np.ndarray, "{length} *channels"]:
    """Return values with rows of zeros appended up to that length, where JAX need not copy them."""
    if len(values) == length and values.ctypes.data % ALIGNED == 0:
        return values
    out = aligned_zeros((length, *values.shape[1:]), values.dtype)
    out[: len(values)] = values
    return out


def aligned_zeros(shape: tuple[int, ...], dtype: np.dtype) -> Shaped[np.ndarray, "..."]:
    """Return zeros that begin at a multiple of `ALIGNED`.

    >>> aligned_zeros((3, 2), np.dtype("float32")).ctypes.data % ALIGNED
    0
    """
    size = math.prod(shape) * dtype.itemsize
    room = np.zeros(size + ALIGNED, np.uint8)
    first = -room.ctypes.data % ALIGNED
    return room[first : first + size].view(dtype).reshape(shape)
