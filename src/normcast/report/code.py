"""Code: values as the Python that gives the same values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np


def code(value: Any) -> str:
    """Return a value as Python.

    >>> code({"a": np.float64(0.5)}), code((1, "b"))
    ("{'a': 0.5}", "(1, 'b')")
    """
    return repr(bare(value))


def arguments(given: Mapping[str, Any]) -> str:
    """Return the arguments of a call as Python.

    >>> arguments({"h": 14, "level": (80,)})
    'h=14, level=(80,)'
    """
    return ", ".join(f"{name}={code(value)}" for name, value in given.items())


def bare(value: Any) -> Any:
    """Return a value without the types of NumPy, whose words are not Python's, and paths as text."""
    if isinstance(value, Mapping):
        return {bare(name): bare(each) for name, each in value.items()}
    if type(value) in (list, set) or isinstance(value, tuple):
        plain: type = type(value) if type(value) in (list, set) else tuple
        return plain(map(bare, value))
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value.item() if isinstance(value, np.generic) else value
