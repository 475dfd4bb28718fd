"""Platform: what programs are traced for, and which form of a computation they take there.

All forms compute the same. Those of the CPU are the ones that ran fastest on it. On a GPU a small network
waits for launches, so there the forms are those of which XLA makes the fewest kernels; see docs/engine.md.
"""

from contextlib import AbstractContextManager, nullcontext

import jax

from normcast import jax_seam


def is_cpu() -> bool:
    """Say whether programs are traced for the CPU."""
    return jax.default_backend() == "cpu"


def unrolled() -> int:
    """Return how many steps a loop over time takes under XLA before it comes back to its beginning.

    >>> unrolled() in (1, 4)
    True
    """
    return 1 if is_cpu() else 4


def in_float32() -> AbstractContextManager[None]:
    """Let products of float32 be computed in float32 where JAX's own word for them is a coarser one.

    Of JAX's own accord NVIDIA GPUs since 2020 multiply in TF32, with 10 bits after the point instead of 23.
    `jax_default_matmul_precision`, where it is set, holds.
    """
    if is_cpu() or jax_seam.setting("default_matmul_precision") is not None:
        return nullcontext()
    return jax.default_matmul_precision("float32")
