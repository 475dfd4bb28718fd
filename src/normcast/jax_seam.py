"""JAX seam: what JAX does not promise to keep and we use all the same.

Each name stands with what is done where a new JAX no longer has it: it makes us slower, never wrong, and is
said once.
"""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any

import jax

_log = logging.getLogger("normcast")


def generator(name: str, **functions: Callable[..., Any]) -> Any:
    """Return a generator of random bits made of these functions, with keys of two 32-bit words.

    Not promised: `jax.extend.random.define_prng_impl`. Without it: JAX's own threefry, slower, from the same
    keys.
    """
    try:
        from jax.extend.random import define_prng_impl
    except ImportError:
        told_gone("jax.extend.random.define_prng_impl")
        return "threefry2x32"
    return define_prng_impl(key_shape=(2,), name=name, tag=name[:3], **functions)


def setting(name: str) -> Any:
    """Return a setting of JAX's configuration, or None where this JAX has none of that name.

    >>> setting("no_such_setting") is None
    True
    """
    return getattr(jax.config, f"jax_{name}", None)


def is_exported(lowering: Any) -> bool:
    """Say whether a program is lowered for another machine, by `jax.export` or what is made of it.

    Not promised: `lowering_parameters.for_export` of the context of a lowering. Without it: never, and
    JAX refuses to export native kernels; NORMCAST_NATIVE=0 leaves them out.
    """
    told = getattr(getattr(lowering.module_context, "lowering_parameters", None), "for_export", None)
    if told is None:
        told_gone("lowering_parameters.for_export")
    return bool(told)


@cache
def told_gone(name: str) -> None:
    """Say, once, that this JAX has no such name."""
    _log.warning("normcast: JAX %s has no %s; normcast does without it.", jax.__version__, name)
