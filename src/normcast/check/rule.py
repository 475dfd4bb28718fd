"""Rule and Finding: what is wrong, where, why, and how to fix it; and the register of all rules."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from normcast.check.examples import Example
from normcast.check.facts import Facts
from normcast.check.net import Net, Node
from normcast.errors import unknown
from normcast.models.edits import Edit
from normcast.sheet import Sheet, Shown

SAFE, UNSAFE, DISPLAY = "safe", "unsafe", "display"
"""A fix is safe if it cannot hurt, unsafe if it changes what the model computes, display if it is only
told."""


class Severity(IntEnum):
    """error: wrong or cannot work; warning: very likely hurts; advice: true, and harmless to ignore."""

    ADVICE = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


ADVICE, WARNING, ERROR = Severity.ADVICE, Severity.WARNING, Severity.ERROR


@dataclass(frozen=True, eq=False)
class Found:
    """What a rule's predicate yields. Fields that are None take the rule's default."""

    nodes: tuple[Node, ...]
    message: str
    fix: tuple[Edit, ...] = ()
    severity: Severity | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    safety: str | None = None
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Finding(Shown):
    """One thing found in a model.

    rule: its slug; code: "NC" and the rule's number; layers: the names concerned, none for the whole model.
    message: one line of why; evidence: the numbers behind it; hint: what to do, in words.
    fix: edits that remove the finding, for `normcast.models.edits.apply`; safety: "safe", "unsafe" or
    "display". measured: what the fix was measured to do on the user's data, "" where nobody asked.
    """

    rule: str
    code: str
    severity: Severity
    layers: tuple[str, ...]
    message: str
    hint: str
    evidence: dict[str, Any] = field(default_factory=dict)
    fix: tuple[Edit, ...] = ()
    safety: str = DISPLAY
    measured: str = ""

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """What makes two findings the same one: the rule and the layers."""
        return self.rule, self.layers

    def _sheet(self) -> Sheet:
        facts = {"why": self.message, "what to do": self.hint}
        facts |= {f"{self.safety} fix": "; ".join(map(str, self.fix))} if self.fix else {}
        facts |= {"measured": self.measured} if self.measured else {}
        layers = f" in {', '.join(self.layers)}" if self.layers else ""
        return Sheet("Finding", f" {self.code} {self.rule} [{self.severity}]{layers}", facts)

    def __str__(self) -> str:
        where = f"{', '.join(self.layers)}: " if self.layers else ""
        return f"{self.code} {self.rule} [{self.severity}] {where}{self.message}"


Predicate = Callable[[Net, Facts], Iterator[Found]]
Carry = Callable[[Any, Any, Finding], None]


@dataclass(frozen=True, eq=False)
class Rule:
    """One rule: words (from the predicate's docstring), predicate, examples, fix and sources in one place.

    hint: how to fix it, one line; needs: facts without which the rule is silent; exceptions: where it is
    silent. carry: adjusts the weights of a fixed model (old model, new model, finding) where that keeps
    its function.
    """

    code: str
    slug: str
    severity: Severity
    predicate: Predicate
    hint: str
    safety: str
    sources: tuple[str, ...]
    bad: tuple[Example, ...]
    good: tuple[Example, ...]
    exceptions: str = ""
    needs: tuple[str, ...] = ()
    default: bool = True
    carry: Carry | None = None

    @property
    def words(self) -> str:
        """What the rule says, and why."""
        return inspect.cleandoc(self.predicate.__doc__ or "")

    @property
    def summary(self) -> str:
        """The first sentence of the words."""
        return self.words.partition("\n\n")[0].replace("\n", " ")

    def findings(self, net: Net, facts: Facts) -> Iterator[Finding]:
        """Yield what the rule finds."""
        for found in self.predicate(net, facts):
            layers = found.layers or tuple(dict.fromkeys(node.reported for node in found.nodes))
            movable = found.fix and not any(node.block or node.call for node in found.nodes)
            yield Finding(
                rule=self.slug,
                code=self.code,
                severity=found.severity or self.severity,
                layers=layers,
                message=found.message,
                hint=self.hint,
                evidence=found.evidence,
                fix=tuple(found.fix) if movable else (),
                safety=(found.safety or self.safety) if movable else DISPLAY,
            )


RULES: dict[str, Rule] = {}
"""Every rule by its code."""


def rule(
    number: int,
    slug: str,
    severity: Severity,
    *,
    hint: str,
    sources: Iterable[str],
    bad: Iterable[Example],
    good: Iterable[Example],
    safety: str = DISPLAY,
    exceptions: str = "",
    needs: Iterable[str] = (),
    default: bool = True,
    carry: Carry | None = None,
) -> Callable[[Predicate], Predicate]:
    """Register the decorated predicate as a rule. A code or slug is never used for a second rule."""
    code = f"NC{number:03d}"

    def register(predicate: Predicate) -> Predicate:
        if code in RULES or any(known.slug == slug for known in RULES.values()):
            raise ValueError(f"rule: {code} or {slug!r} is taken already; codes are never used twice.")
        RULES[code] = Rule(
            code=code,
            slug=slug,
            severity=severity,
            predicate=predicate,
            hint=hint,
            safety=safety,
            sources=tuple(sources),
            bad=tuple(bad),
            good=tuple(good),
            exceptions=exceptions,
            needs=tuple(needs),
            default=default,
            carry=carry,
        )
        return predicate

    return register


def find_rule(name: str) -> Rule:
    """Return a rule by code or slug. Raises ValueError, with "did you mean", on a name that is none.

    >>> import normcast.check.rules
    >>> find_rule("NC039").slug
    'dropout-before-bn'
    """
    for known in RULES.values():
        if name.upper() == known.code or name == known.slug:
            return known
    names = [r.slug for r in RULES.values()] + list(RULES)
    text = unknown("rule", name, names, where="check")
    raise ValueError(f"check: no rule {name!r}.{text.partition('.')[2] if 'Did you mean' in text else ''}")
