"""Document: plain values as JSON text, and back out of one that anyone may have written."""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

MOST_DEPTH = 100
"""Levels of nested lists and objects: twenty networks inside one another, and far from where Python stops."""

MOST_VALUES = 12_000_000
"""Values of a text, each of some 32 bytes when read: the scaling of a million series."""


def text(plain: Any, indent: int | None = None, sort: bool = True) -> str:
    """Return plain values as JSON text; what is no plain value becomes one, or its own text.

    sort: whether keys stand in order, so that equal values make equal texts.

    >>> text({"b": 1, "a": (2.0, None)})
    '{"a": [2.0, null], "b": 1}'
    """
    return json.dumps(write(plain), indent=indent, sort_keys=sort, allow_nan=False, default=str)


def write(value: Any) -> Any:
    """Return a value of ours as dictionaries, lists, texts and numbers."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    if isinstance(value, Mapping):
        return {key: write(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [write(each) for each in value]
    for name in ("to_dict", "tolist"):  # ours, and NumPy's
        if hasattr(value, name):
            return write(getattr(value, name)())
    if is_dataclass(value):
        return {each.name: write(getattr(value, each.name)) for each in fields(value)}
    return value


def parsed(given: str | bytes, where: str) -> Any:
    """Return the plain values of a JSON text.

    Raises ValueError for what is no JSON, with the line, for what nests too deep, and for too many values.

    >>> parsed('{"a": 1,}', "settings.json")
    Traceback (most recent call last):
    ValueError: settings.json: is no JSON: line 1 column 9: Expecting property name enclosed in double quotes.
    """
    try:
        _refuse_many(given)
        plain = json.loads(given)
    except RecursionError as error:
        raise ValueError(_too_deep(where)) from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{where}: is no JSON: it is not written in UTF-8 ({error}).") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise ValueError(f"{where}: is no JSON: {place}: {error.msg}.") from error
    except (TypeError, AttributeError) as error:
        raise ValueError(f"{where}: {short(given)} is no JSON text.") from error
    except ValueError as error:  # a number of thousands of digits
        raise ValueError(f"{where}: is no JSON that can be read: {error}.") from error
    if _is_deep(plain):
        raise ValueError(_too_deep(where))
    return plain


def _refuse_many(given: str | bytes) -> None:
    commas, lists, objects = (_count(given, sign) for sign in ",[{")
    count = commas + 2 * lists + 8 * objects  # in the memory that a number takes
    if count > MOST_VALUES:
        raise ValueError(f"it holds {count:,} values, more than the {MOST_VALUES:,} that are allowed")


def _count(given: str | bytes, sign: str) -> int:
    return given.count(sign) if isinstance(given, str) else given.count(sign.encode())


def _is_deep(plain: Any) -> bool:
    level = [plain] if isinstance(plain, (dict, list)) else []
    for _ in range(MOST_DEPTH):
        held = (each.values() if isinstance(each, dict) else each for each in level)
        level = [each for values in held for each in values if isinstance(each, (dict, list))]
    return bool(level)


def _too_deep(where: str) -> str:
    return f"{where}: nests too deep to be read, in more than {MOST_DEPTH} levels."


def short(value: Any, most: int = 60) -> str:
    """Return a value for a message, cut where it is long.

    >>> short("a" * 100, 5)
    "'aaa…"
    """
    told = repr(value[:most]) if isinstance(value, (str, bytes)) else _outline(most).repr(value)
    return told if len(told) <= most else told[: most - 1] + "…"


def _outline(most: int) -> reprlib.Repr:
    outline = reprlib.Repr()
    outline.maxlist = outline.maxtuple = outline.maxdict = outline.maxset = outline.maxstring = most
    outline.maxlong = outline.maxother = 4 * most
    return outline
