"""Findings: what was found in a model, and what could not be looked at."""

from __future__ import annotations

from collections.abc import Iterable

from normcast.check.rule import Finding, Severity


class Findings(list[Finding]):
    """Findings, the most severe first; a list like any other that also knows where nobody looked.

    not_checked: sentences on what was not checked and why; () where everything was. No finding means that all
    is well only where it is empty.

    >>> Findings(not_checked=["the layers of 'own': it has no graph."]).not_checked
    ("the layers of 'own': it has no graph.",)
    """

    def __init__(self, found: Iterable[Finding] = (), not_checked: Iterable[str] = ()) -> None:
        super().__init__(found)
        self.not_checked = tuple(dict.fromkeys(not_checked))

    @property
    def is_all_clear(self) -> bool:
        """Whether everything was checked and nothing was found."""
        return not self and not self.not_checked

    def at_least(self, severity: Severity) -> Findings:
        """Return those that are at least so severe, and what was not checked."""
        return Findings([each for each in self if each.severity >= severity], self.not_checked)

    def with_others(self, others: Findings) -> Findings:
        """Return these and others, and what neither looked at."""
        return Findings([*self, *others], [*self.not_checked, *others.not_checked])
