"""JAX seam: what JAX does not promise to keep and we use all the same.

Each name stands with what is done where a new JAX no longer has it: it makes us slower, never wrong, and is
said once.
"""

import logging
import os
import pickle
from collections.abc import Callable, Sequence
from functools import cache, partial
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


def settings() -> dict[str, Any]:
    """Return all settings of JAX's configuration by name.

    Not promised: `jax.config.values`. Without it: those that were named in the environment.
    """
    told = getattr(jax.config, "values", None)
    if told is None:
        told_gone("config.values")
        return {name: value for name, value in os.environ.items() if name.startswith("JAX_")}
    return dict(told)


def program_bytes(program: Any) -> bytes | None:
    """Return a compiled program as bytes that `program_from` reads, None for one that cannot be written.

    Not promised: `jax.experimental.serialize_executable`. Without it: None, and programs are traced anew.
    """
    try:
        from jax.experimental.serialize_executable import serialize

        return pickle.dumps(serialize(program))
    except Exception:  # whatever JAX, XLA or pickle raise of a program of a kind that they do not write
        return None


def program_from(raw: bytes, devices: Sequence[Any]) -> Any | None:
    """Return the compiled program that was written, to run on these devices; None where that fails.

    Only for bytes that nobody else can have written: what they say is run. Not promised, as `program_bytes`.
    """
    try:
        from jax.experimental.serialize_executable import deserialize_and_load

        payload, in_tree, out_tree = pickle.loads(raw)
        return deserialize_and_load(payload, in_tree, out_tree, execution_devices=devices)
    except Exception:  # as above, and of another version's bytes
        return None


def is_exported(lowering: Any) -> bool:
    """Say whether a program is lowered for another machine, by `jax.export` or what is made of it.

    Not promised: `lowering_parameters.for_export` of the context of a lowering. Without it: never, and
    JAX refuses to export native kernels; NORMCAST_NATIVE=0 leaves them out.
    """
    told = getattr(getattr(lowering.module_context, "lowering_parameters", None), "for_export", None)
    if told is None:
        told_gone("lowering_parameters.for_export")
    return bool(told)


def as_varying(arrays: Sequence[Any]) -> list[Any]:
    """Return arrays that all vary over the axes of devices over which any of them does.

    Inside `jax.shard_map` a weight that all devices share then has its gradients summed over them.
    Not promised: where an array's type tells it, and the name of what changes it. Without them: as they are.
    """
    types = [jax.typeof(array) for array in arrays]
    axes = _axes(types)
    if not axes:
        return list(arrays)
    cast = getattr(jax.lax, "pcast", None)
    vary = partial(cast, to="varying") if cast else getattr(jax.lax, "pvary", None)
    missing = [tuple(sorted(axes - _axes([kind]))) for kind in types]
    return [a if vary is None or not more else vary(a, more) for a, more in zip(arrays, missing, strict=True)]


def as_alike(types: Sequence[Any]) -> tuple[list[Any], frozenset[str]]:
    """Return types of arrays of one device alone, and over which axes of devices any of them varies."""
    axes = _axes(types)
    return varying_over(frozenset(), types) if axes else list(types), axes


def varying_over(axes: frozenset[str], types: Sequence[Any]) -> list[Any]:
    """Return types of arrays that vary over these axes of devices."""
    return [kind if _axes([kind]) == axes else _over(kind, axes) for kind in types]


def _axes(types: Sequence[Any]) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for kind in types:
        told = getattr(kind, "manual_axis_type", None)
        if told is None and not hasattr(kind, "vma"):  # what JAX before 0.10 has
            told_gone("manual_axis_type, so gradients of what devices share are not summed in jax.shard_map")
        found |= getattr(kind, "vma", frozenset()) if told is None else told.varying
    return found


def _over(kind: Any, axes: frozenset[str]) -> Any:
    told = getattr(kind, "manual_axis_type", None)
    return kind.update(vma=axes) if told is None else kind.update(manual_axis_type=told.update(varying=axes))


@cache
def told_gone(name: str) -> None:
    """Say, once, that this JAX has no such name."""
    _log.warning("normcast: JAX %s has no %s; normcast does without it.", jax.__version__, name)
