"""Plain: values of ours as JSON and back, checked against what their classes declare.

What is wrong in a document is told with its place in it: "Architecture: conv[0].filters is 'a', but must be a
whole number."
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from inspect import isclass
from types import NoneType, UnionType
from typing import Any, ClassVar, Literal, Self, Union, get_args, get_origin, get_type_hints

import numpy as np
from jaxtyping import AbstractArray

from normcast.document import parsed, short, text, write
from normcast.errors import unknown

PLAINEST: dict[Any, set[type]] = {int: {int}, float: {int, float}, str: {str}}
"""What values of these types are in a text, unless they are NaN or infinite."""

INFINITE = {"inf": math.inf, "-inf": -math.inf}
WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    np.ndarray: "a list of numbers",
    NoneType: "null",
}


class Plain:
    """A frozen dataclass that is written as plain values and read back equal.

    What is read must have every field, of the declared type, and no other; fields that earlier versions did
    not write are named in `added`, and take their defaults. JSON knows no NaN: it is written as null,
    infinity as "inf".
    """

    added: ClassVar[tuple[str, ...]] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as dictionaries, lists, texts and numbers.

        Returns
        -------
        dict
            Each field by its name; `from_dict` reads it back equal.
        """
        return {each.name: write(getattr(self, each.name)) for each in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_dict(cls, plain: Any, where: str = "") -> Self:
        """Return what `to_dict` wrote.

        Parameters
        ----------
        plain : dict
            Each field by its name, and no other.
        where : str, default ""
            What messages call the document; the name of the class where it is empty.

        Returns
        -------
        Self
            The value, equal to the one that was written.

        Raises
        ------
        ValueError
            For anything else, with the place in the document.
        """
        return read(cls, plain, where or cls.__name__)

    def to_json(self) -> str:
        """Return all of it as JSON text; numbers come back bit-equal.

        Returns
        -------
        str
            One object; NaN is written as null, infinity as "inf".
        """
        return text(self.to_dict(), sort=False)

    @classmethod
    def from_json(cls, given: str | bytes, where: str = "") -> Self:
        """Return what `to_json` wrote.

        Parameters
        ----------
        given : str or bytes
            The text.
        where : str, default ""
            What messages call the document; the name of the class where it is empty.

        Returns
        -------
        Self
            The value, equal to the one that was written.

        Raises
        ------
        ValueError
            For anything else, with the place in the document.
        """
        where = where or cls.__name__
        return cls.from_dict(parsed(given, where), where)


def number(value: float) -> float:
    """Return a plain float; each NaN is the one object `math.nan`, so that equal values compare equal.

    >>> number(float("nan")) is math.nan
    True
    """
    return math.nan if math.isnan(value) else float(value)


def read(kind: Any, plain: Any, where: str, path: str = "") -> Any:
    """Return a value of that type from plain values. where: the document; path: the place in it."""
    if kind is Any:
        return plain
    if isclass(kind) and issubclass(kind, AbstractArray):  # whose shape is declared
        kind = kind.array_type
    reader = _READERS.get(get_origin(kind) or kind)
    if reader is not None:
        return reader(kind, plain, where, path)
    if is_dataclass(kind):
        return _object(kind, plain, where, path)
    if hasattr(kind, "from_dict"):
        return _own(kind, plain, where, path)
    is_right = isinstance(plain, kind) and not (kind is int and isinstance(plain, bool))
    return _checked(is_right, kind, plain, where, path)


def _object(kind: Any, plain: Any, where: str, path: str) -> Any:
    _checked(isinstance(plain, dict), kind, plain, where, path)
    hints = _hints(kind)
    declared = [each.name for each in fields(kind)]
    for name in plain:
        if name not in declared:
            raise ValueError(unknown("field", name, declared, where=f"{where}: {path}" if path else where))
    for name in declared:
        if name not in plain and name not in getattr(kind, "added", ()):
            raise ValueError(f"{where}: {_at(path, name)} is missing.")
    values = {name: read(hints[name], each, where, _at(path, name)) for name, each in plain.items()}
    try:
        return kind(**values)
    except ValueError as error:
        raise ValueError(f"{where}: {path}: {error}" if path else f"{where}: {error}") from error


_hints = cache(get_type_hints)  # a third of the time that a text of many objects takes


def _own(kind: Any, plain: Any, where: str, path: str) -> Any:
    try:
        return kind.from_dict(_checked(isinstance(plain, dict), kind, plain, where, path))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{where}: {path} lacks a part, or has one too many ({error}).") from error


def _one_of(kind: Any, plain: Any, where: str, path: str) -> Any:
    kinds = get_args(kind)
    if plain is None and NoneType in kinds:
        return None
    rest = [each for each in kinds if each is not NoneType]
    if len(rest) == 1:
        return read(rest[0], plain, where, path)
    for each in rest:
        try:
            return read(each, plain, where, path)
        except ValueError:
            continue
    return _checked(False, kind, plain, where, path)


def _tuple(kind: Any, plain: Any, where: str, path: str) -> tuple[Any, ...]:
    of, *rest = get_args(kind)
    any_length = rest == [Ellipsis]
    _checked(isinstance(plain, list), kind, plain, where, path)
    if any_length and of in PLAINEST and set(map(type, plain)) <= PLAINEST[of]:
        return tuple(plain)
    kinds = [of] * len(plain) if any_length else [of, *rest]
    _checked(len(kinds) == len(plain), kind, plain, where, path)
    pairs = enumerate(zip(kinds, plain, strict=True))
    return tuple(read(each, value, where, f"{path}[{i}]") for i, (each, value) in pairs)


def _mapping(kind: Any, plain: Any, where: str, path: str) -> dict[str, Any]:
    _checked(isinstance(plain, dict), kind, plain, where, path)
    of = get_args(kind)[1]
    return {key: read(of, each, where, _at(path, key)) for key, each in plain.items()}


def _literal(kind: Any, plain: Any, where: str, path: str) -> Any:
    return _checked(plain in get_args(kind), kind, plain, where, path)


def _list(kind: Any, plain: Any, where: str, path: str) -> list[Any]:
    _checked(isinstance(plain, list), kind, plain, where, path)
    (of,) = get_args(kind)
    return [read(of, each, where, f"{path}[{i}]") for i, each in enumerate(plain)]


def _float(kind: Any, plain: Any, where: str, path: str) -> float:
    if plain is None:
        return math.nan
    if isinstance(plain, str) and plain in INFINITE:
        return INFINITE[plain]
    is_number = isinstance(plain, (int, float)) and not isinstance(plain, bool)
    return _checked(is_number, kind, plain, where, path)


def _array(kind: Any, plain: Any, where: str, path: str) -> np.ndarray:
    _checked(isinstance(plain, list), kind, plain, where, path)
    values = plain if _is_numbers(plain) else _floats(plain, where, path)
    try:
        return np.array(values, dtype=np.float64)
    except (ValueError, OverflowError) as error:  # rows of different lengths, numbers of hundreds of digits
        raise ValueError(f"{where}: {path} is no array of numbers ({error}).") from error


def _is_numbers(plain: list[Any]) -> bool:
    kinds = set(map(type, plain))
    return kinds <= {int, float} or (kinds == {list} and all(map(_is_numbers, plain)))


def _floats(plain: Any, where: str, path: str) -> Any:
    if not isinstance(plain, list):
        return _float(float, plain, where, path)
    return [_floats(each, where, f"{path}[{i}]") for i, each in enumerate(plain)]


def _checked(is_right: bool, kind: Any, plain: Any, where: str, path: str) -> Any:
    if is_right:
        return plain
    subject = f"{path} is {short(plain)}" if path else f"it is {short(plain)}"
    raise ValueError(f"{where}: {subject}, but must be {_words(kind)}.")


def _words(kind: Any) -> str:
    origin, kinds = get_origin(kind), get_args(kind)
    if origin in (UnionType, Union):
        return " or ".join(map(_words, kinds))
    if origin is Literal:
        return "one of " + ", ".join(map(repr, kinds))
    if origin in (tuple, list):
        return "a list" if Ellipsis in kinds or origin is list else f"a list of {len(kinds)}"
    return WORDS.get(kind, "an object")


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else str(name)


_READERS: dict[Any, Callable[[Any, Any, str, str], Any]] = {
    UnionType: _one_of,
    Union: _one_of,
    Literal: _literal,
    tuple: _tuple,
    list: _list,
    dict: _mapping,
    Mapping: _mapping,
    float: _float,
    np.ndarray: _array,
}
