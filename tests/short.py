"""Which of many cases the short form of the suite runs; `make test-full` runs them all."""

from collections.abc import Sequence
from typing import Any

import pytest


def every(step: int, cases: Sequence[Any]) -> list[Any]:
    """Return the cases; all but every so many of them are marked as slow."""
    return [_param(place % step == 0, *_tuple(case)) for place, case in enumerate(cases)]


def in_turn(cases: Sequence[Any], ways: Sequence[Any], step: int = 1) -> list[Any]:
    """Return each case in each way; all but one way of each, in turn another one, are marked as slow.

    step: of every so many cases, all ways but for the first case's are.
    """
    return [
        _param(place % step == 0 and place // step % len(ways) == number, *_tuple(case), *_tuple(way))
        for place, case in enumerate(cases)
        for number, way in enumerate(ways)
    ]


def _param(is_quick: bool, *values: Any) -> Any:
    return pytest.param(*values, marks=() if is_quick else (pytest.mark.slow,))


def _tuple(case: Any) -> tuple[Any, ...]:
    return case if isinstance(case, tuple) else (case,)
