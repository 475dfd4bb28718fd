"""Stated: facts as a file or the command line states them, each of the type that `Facts` declares."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any, get_type_hints

from normcast.check.facts import DataFacts, Facts, TaskFacts, TrainingFacts
from normcast.errors import unknown
from normcast.plain import read

_KINDS = {
    name: kind
    for facts in (TaskFacts, TrainingFacts, DataFacts)
    for name, kind in get_type_hints(facts).items()
    if name != "losses"  # the one fact that is no plain value: the compiled model tells it
}


def facts_of(table: Mapping[str, Any], where: str) -> Facts:
    """Return the facts that a table states. where: what messages call it.

    Raises ValueError on a name that is no fact, and on a value of another type.

    >>> facts_of({"split": "random", "target_shape": [24, 1]}, "pyproject.toml").data.target_shape
    (24, 1)
    """
    for name in table:
        if name not in _KINDS:
            raise ValueError(unknown("fact", name, _KINDS, where=where))
    values = {name: read(_KINDS[name], value, where, name) for name, value in table.items()}
    try:
        return Facts().known(**values)
    except ValueError as error:
        raise ValueError(str(error).replace("Facts", where, 1)) from error


def pair_of(text: str, where: str) -> tuple[str, Any]:
    """Return the name and the value in NAME=VALUE, the value as TOML has it; text needs no quotes.

    >>> pair_of("target_shape=[24, 1]", "--fact"), pair_of("split=random", "--fact")
    (('target_shape', [24, 1]), ('split', 'random'))
    """
    name, sign, value = text.partition("=")
    if not sign or not name.strip() or not value.strip():
        raise ValueError(f"{where} {text!r} is no NAME=VALUE, such as split=random.")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()
