"""Candidates for cases: what costs next to nothing, and so stands beside every network told of whole series.

Each is a file of this package that holds a `CaseCandidate` or more.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from normcast.candidates.of_cases.candidate import KINDS, CaseCandidate, FittedCase
from normcast.errors import one_of

__all__ = ["KINDS", "CaseCandidate", "FittedCase", "case_candidates"]


def case_candidates(kind: str) -> tuple[CaseCandidate, ...]:
    """Return the candidates that tell numbers, classes or labels, in order, where what they need is there.

    kind: "numbers", "classes", or "labels" of which several may hold. Raises ValueError for another.

    >>> [each.name for each in case_candidates("numbers") if not each.needs]
    ['mean', 'last step', 'ridge', 'nearest neighbour']
    >>> [each.name for each in case_candidates("classes") if not each.needs]
    ['majority', 'last step', 'ridge', 'nearest neighbour']
    """
    one_of("case_candidates", "kind", kind, KINDS)
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    held = [each for module in modules for each in vars(module).values() if isinstance(each, CaseCandidate)]
    return tuple(sorted((c for c in held if kind in c.tells and c.is_there), key=lambda each: each.place))
