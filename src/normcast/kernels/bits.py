"""A cheap generator of random bits for JAX: two rounds of hashing per word, where threefry takes twenty.

It is meant for dropout masks and noise. Key and counter decide every word, so draws are reproducible and
streams with other keys are independent for all that training can see. Source of the hash: Wellons,
"lowbias32", https://nullprogram.com/blog/2018/07/31/
"""

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key, Shaped, UInt, UInt32

from normcast import jax_seam

U32 = np.uint32
NAME = "normcast_hash"
Words = UInt32[Array, "2"]  # of a key


def hashed(x: UInt32[Array, "*shape"]) -> UInt32[Array, "*shape"]:
    """Mix 32-bit words so that each bit of the result depends on each of the argument's."""
    x = (x ^ (x >> U32(16))) * U32(0x7FEB352D)
    x = (x ^ (x >> U32(15))) * U32(0x846CA68B)
    return x ^ (x >> U32(16))


def _seed(seed: Shaped[Array, ""]) -> Words:
    low = jnp.asarray(seed).astype(jnp.uint32)
    return jnp.stack([hashed(low), hashed(low + U32(0x9E3779B9))])


def _fold_in(key: Words, data: Shaped[Array, ""] | int) -> Words:
    data = hashed(jnp.asarray(data).astype(jnp.uint32) + U32(0x85EBCA6B))
    return jnp.stack([hashed(key[0] ^ data), hashed(key[1] + data)])


def _split(key: Words, shape: tuple[int, ...]) -> UInt32[Array, "*shape 2"]:
    counts = jnp.arange(int(np.prod(shape)), dtype=jnp.uint32)
    return jax.vmap(lambda count: _fold_in(key, count))(counts).reshape(*shape, 2)


def _random_bits(key: Words, bit_width: int, shape: tuple[int, ...]) -> UInt[Array, "*shape"]:
    if bit_width == 64:
        high, low = (_random_bits(_fold_in(key, half), 32, shape) for half in (0, 1))
        return (high.astype(jnp.uint64) << 32) | low.astype(jnp.uint64)
    a = hashed(key[0] ^ hashed(key[1] + U32(0x9E3779B9)))
    b = hashed(key[1] ^ hashed(key[0] + U32(0x85EBCA6B)))
    counts = jax.lax.iota(jnp.uint32, int(np.prod(shape)))
    x = counts * U32(0x9E3779B9) + a
    x = (x ^ (x >> U32(16))) * U32(0x7FEB352D) ^ b
    x = (x ^ (x >> U32(15))) * U32(0x846CA68B)
    words = (x ^ (x >> U32(16))).reshape(shape)
    return words if bit_width == 32 else (words >> U32(32 - bit_width)).astype(f"uint{bit_width}")


@cache
def _implementation() -> Any:
    return jax_seam.generator(NAME, seed=_seed, split=_split, random_bits=_random_bits, fold_in=_fold_in)


def fast_key(words: UInt32[Array | np.ndarray, "2"]) -> Key[Array, ""]:
    """Return a key of the cheap generator from two 32-bit words, for any function of `jax.random`.

    >>> key = fast_key(jnp.array([1, 2], "uint32"))
    >>> bool(abs(jax.random.uniform(key, (1000,)).mean() - 0.5) < 0.05)
    True
    """
    return jax.random.wrap_key_data(jnp.asarray(words), impl=_implementation())
