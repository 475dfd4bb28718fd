"""Calls: with which arguments a method was called, so that a report can say how to do the same again."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Call:
    """A call that came to its end.

    path: of the table, "" where it was a frame; arguments: those of the method that are not as they are by
    default; table: how the table was read, each as it was given.

    >>> Call("sales.csv", {"n_windows": 5}, {"id_col": "store"}).table
    {'id_col': 'store'}
    """

    path: str
    arguments: dict[str, Any]
    table: dict[str, Any]


def remembered(method: Callable[P, R]) -> Callable[P, R]:
    """Keep the last call of a method in `calls_` of its object, by the method's name, the latest at the end.

    A frame is not kept, nor a function that is told of progress.
    """
    signature = inspect.signature(method)

    @wraps(method)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        result = method(*args, **kwargs)
        given = dict(signature.bind(*args, **kwargs).arguments)
        calls: dict[str, Call] = given.pop("self").calls_
        calls.pop(method.__name__, None)
        df, table = given.pop("df"), given.pop("table", {})
        path = str(df) if isinstance(df, str | Path) else ""
        usual = {name: each.default for name, each in signature.parameters.items()}
        kept = {
            name: value
            for name, value in given.items()
            if not callable(value) and (type(value) is not type(usual[name]) or value != usual[name])
        }
        calls[method.__name__] = Call(path, kept, table)
        return result

    return run
