"""Plain: frozen values of the statistics as JSON text and back, NaN and infinity included."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Self, get_args, get_origin, get_type_hints

_INFINITE = {"inf": math.inf, "-inf": -math.inf}


class Plain:
    """A frozen dataclass that can be written as JSON and read back equal.

    JSON knows no NaN: it is written as null, infinity as "inf".
    """

    def to_json(self) -> str:
        """Return all of it as JSON text; numbers come back bit-equal."""
        return json.dumps(_write(self), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return what `to_json` wrote."""
        return _read(cls, json.loads(text))


def number(value: float) -> float:
    """Return a plain float; each NaN is the one object `math.nan`, so that equal values compare equal.

    >>> number(float("nan")) is math.nan
    True
    """
    return math.nan if math.isnan(value) else float(value)


def _write(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _write(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: _write(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_write(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def _read(kind: Any, plain: Any) -> Any:
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{name: _read(hints[name], each) for name, each in plain.items()})  # type: ignore[operator]
    if get_origin(kind) is tuple:
        of, *rest = get_args(kind)
        kinds = [of] * len(plain) if rest == [Ellipsis] else [of, *rest]
        return tuple(_read(each, value) for each, value in zip(kinds, plain, strict=True))
    if get_origin(kind) is dict:
        return {key: _read(get_args(kind)[1], value) for key, value in plain.items()}
    if kind is float:
        return math.nan if plain is None else _INFINITE.get(plain, plain)
    if isinstance(kind, UnionType) and plain is not None:
        return _read(get_args(kind)[0], plain)
    return plain
