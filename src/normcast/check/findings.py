"""Findings: what was found in a model, and what could not be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from normcast.check.lacking import Lacking
from normcast.check.rule import Finding, Severity
from normcast.check.symptom import SYMPTOMS
from normcast.check.told import severities, told
from normcast.models.edits import Compile, Edit
from normcast.sheet import Sheet, Shown, Table

MOST, FEW = 20, 4
"""How many `print` and a prompt show."""


class Findings(Shown, list[Finding]):
    """Findings, the most severe first; a list like any other that also knows where nobody looked.

    `print` shows them as `normcast check` does. No finding means that all is well only where `not_checked` is
    empty.

    Parameters
    ----------
    found : iterable of Finding, default ()
        The findings.
    not_checked : iterable of str, default ()
        Sentences on what was not checked and why; () where everything was.
    lacking : iterable of Lacking, default ()
        Rules that could concern the model and were silent for want of facts, which are named.

    Examples
    --------
    >>> Findings(not_checked=["the layers of 'own': it has no graph."]).not_checked
    ("the layers of 'own': it has no graph.",)
    """

    def __init__(
        self,
        found: Iterable[Finding] = (),
        not_checked: Iterable[str] = (),
        lacking: Iterable[Lacking] = (),
    ) -> None:
        super().__init__(found)
        self.not_checked = tuple(dict.fromkeys(not_checked))
        self.lacking = tuple(lacking)

    def only(self, kept: Iterable[Finding]) -> Findings:
        """Return these findings in place of all, with what else is known of the check.

        Parameters
        ----------
        kept : iterable of Finding
            The findings to keep.

        Returns
        -------
        Findings
            They, with the same `not_checked` and `lacking`.
        """
        return Findings(kept, self.not_checked, self.lacking)

    def __str__(self) -> str:
        """Return the first of them with their fixes, and how many there are."""
        return told(self, self.not_checked, most=MOST, lacking=self.lacking)

    def __repr__(self) -> str:
        """Return a line for each of the first."""
        lines = [str(each) for each in self[:FEW]]
        lines += [f"... and {len(self) - FEW} more"] if len(self) > FEW else []
        whole = self._sheet()
        return replace(whole, notes=[*lines, *whole.notes], table=None).text()

    def _sheet(self) -> Sheet:
        unread = [f"Not checked: {what}" for what in self.not_checked]
        lead = f": {severities(self)}" if self else ": none" if not unread else ": none where it was checked"
        return Sheet("Findings", lead, notes=unread, table=finding_table(self) if self else None)

    @property
    def is_all_clear(self) -> bool:
        """Whether everything was checked and nothing was found."""
        return not self and not self.not_checked

    def at_least(self, severity: Severity) -> Findings:
        """Return those that are at least so severe, and what was not checked.

        Parameters
        ----------
        severity : Severity
            The least severity that is kept.

        Returns
        -------
        Findings
            They, with the same `not_checked` and `lacking`.
        """
        return self.only(each for each in self if each.severity >= severity)

    @property
    def fixes(self) -> dict[str, tuple[Edit, ...]]:
        """The edits that they offer, each once, by rule and layers: placements that a `Study` can measure.

        Not among them: another loss, which reads other targets than those that a study would train on.

        Examples
        --------
        >>> Findings().fixes
        {}
        """
        names: dict[tuple[Edit, ...], str] = {}
        count: Counter[str] = Counter()
        for each in self:
            is_of_net = not any(isinstance(edit, Compile) for edit in each.fix)
            if each.fix and is_of_net and each.fix not in names:
                name = each.rule + (f" ({', '.join(each.layers)})" if each.layers else "")
                count[name] += 1
                names[each.fix] = name if count[name] == 1 else f"{name} {count[name]}"
        return {name: fix for fix, name in names.items()}

    def told_once(self) -> Findings:
        """Return them without those that say what another says of that layer.

        That with edits stays, else the rule's.

        Returns
        -------
        Findings
            What is left, with the same `not_checked` and `lacking`.
        """
        same = {kind.slug: kind.twins for kind in SYMPTOMS.values()}
        gone: set[int] = set()
        for seen in self:
            twins = [
                f for f in self if f.rule in same.get(seen.rule, ()) and set(f.layers) & set(seen.layers)
            ]
            mended = bool(seen.fix) and not any(f.fix for f in twins)
            gone |= {id(f) for f in twins} if mended else {id(seen)} if twins else set()
        return self.only(each for each in self if id(each) not in gone)

    def with_others(self, others: Findings) -> Findings:
        """Return these and others, and what neither looked at.

        Parameters
        ----------
        others : Findings
            What another check found.

        Returns
        -------
        Findings
            Those of both, these first.
        """
        unread = [*self.not_checked, *others.not_checked]
        return Findings([*self, *others], unread, [*self.lacking, *others.lacking])


def finding_table(findings: Sequence[Finding]) -> Table:
    """Return a row per finding."""
    rows = [
        (
            f"{each.code} {each.rule}",
            str(each.severity),
            ", ".join(each.layers),
            each.message,
            f"{each.safety}: {'; '.join(map(str, each.fix))}" if each.fix else each.hint,
        )
        for each in findings
    ]
    return Table(("rule", "severity", "layers", "finding", "fix"), tuple(rows))
