"""Choice: which kinds of findings are told, and of which layers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch

from normcast.check.findings import Findings
from normcast.check.rule import KINDS, RULES, Finding, Kind, Rule, find_rule
from normcast.check.symptom import SYMPTOMS, Symptom

Silence = Mapping[str, Collection[str]]


@dataclass(frozen=True, eq=False)
class Choice:
    """What `select`, `ignore` and `silence` leave of all that can be found.

    kinds: what is told; asked: those of it that were selected by name; silence: layer name or pattern to the
    rules and symptoms (or "all") that do not concern it.

    >>> import normcast.check
    >>> [kind.slug for kind in Choice.of(select=["NC109", "dropout-before-bn"], ignore=["NC039"]).kinds]
    ['gradient-vanishes-inside']
    """

    kinds: tuple[Kind, ...]
    asked: tuple[Kind, ...] = ()
    silence: Silence = field(default_factory=dict)

    @classmethod
    def of(
        cls, select: Iterable[str] = (), ignore: Iterable[str] = (), silence: Silence | None = None
    ) -> Choice:
        """Make it from codes and slugs: all that is not off by default, where none are selected.

        Raises ValueError on a name that is neither a rule nor a symptom.
        """
        wanted = [find_rule(name) for name in select]
        unwanted = {find_rule(name).code for name in ignore}
        every = [kind for code, kind in KINDS.items() if code not in RULES or RULES[code].default]
        kinds = sorted(set(wanted or every), key=lambda kind: kind.code)
        left = tuple(kind for kind in kinds if kind.code not in unwanted)
        return cls(left, left if wanted else (), silence or {})

    @property
    def rules(self) -> list[Rule]:
        """The rules that are told, by code."""
        return [RULES[kind.code] for kind in self.kinds if kind.code in RULES]

    @property
    def symptoms(self) -> list[Symptom]:
        """The symptoms that are told, by code."""
        return [SYMPTOMS[kind.code] for kind in self.kinds if kind.code in SYMPTOMS]

    @property
    def unseen(self) -> tuple[str, ...]:
        """A sentence on each symptom that was asked for by name, where the model is not run."""
        asked = [kind for kind in self.asked if kind.code in SYMPTOMS]
        return tuple(f"{kind}: it shows only when the model runs, as `check --run` does." for kind in asked)

    def of_all(self, findings: Findings) -> Findings:
        """Return those of all findings that are told, the most severe first."""
        return findings.only(sorted(filter(self.keeps, findings), key=lambda each: -each.severity))

    def keeps(self, finding: Finding) -> bool:
        """Whether a finding is told."""
        return any(kind.code == finding.code for kind in self.kinds) and not self._silences(finding)

    def _silences(self, finding: Finding) -> bool:
        names = {"all", finding.rule, finding.code}
        for pattern, rules in self.silence.items():
            shown = [*finding.layers, *(name.rpartition("/")[2] for name in finding.layers)]
            concerned = any(fnmatch(name, pattern) for name in shown)
            if concerned and names & set([rules] if isinstance(rules, str) else rules):
                return True
        return False
