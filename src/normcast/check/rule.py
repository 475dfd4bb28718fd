"""Rule and Finding: what is wrong, where, why, how to fix it; and the register of all that can be found."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeVar

from normcast.check.evidence import MEASURE
from normcast.check.examples import Example
from normcast.check.facts import Facts
from normcast.check.net import Net, Node
from normcast.check.says import Says
from normcast.errors import unknown
from normcast.models.edits import Edit
from normcast.sheet import Sheet, Shown

SAFE, UNSAFE, DISPLAY = "safe", "unsafe", "display"
"""A fix is safe if a trained model predicts the same after it, which tests prove by running every one; unsafe
if it changes what the model predicts or how it trains; display if there is none and it is only told."""


TO_MEASURE = "; to measure it: "
"""What stands in a hint between what to do and the call that measures it."""


class Severity(IntEnum):
    """How severe a finding is; a larger number is more severe.

    ERROR is wrong or cannot work, WARNING very likely hurts, ADVICE is true, and harmless to ignore.

    Examples
    --------
    >>> Severity.ERROR > Severity.WARNING, str(Severity.ADVICE)
    (True, 'advice')
    """

    ADVICE = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


ADVICE, WARNING, ERROR = Severity.ADVICE, Severity.WARNING, Severity.ERROR


@dataclass(frozen=True, eq=False)
class Found:
    """What a predicate yields. Fields that are None take what the rule, or the symptom, says by default."""

    nodes: tuple[Node, ...]
    message: str
    fix: tuple[Edit, ...] = ()
    severity: Severity | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    safety: str | None = None
    layers: tuple[str, ...] = ()
    hint: str | None = None
    line: int | None = None

    @property
    def places(self) -> tuple[str, ...]:
        """The names of the layers concerned."""
        return self.layers or tuple(dict.fromkeys(node.reported for node in self.nodes))


@dataclass(frozen=True, eq=False, repr=False)
class Finding(Shown):
    """One thing found in a model: what, where, why, and how to mend it.

    Parameters
    ----------
    rule : str
        The slug of its rule or symptom, as in "dropout-before-bn".
    code : str
        "NC" and its number, as in "NC039".
    severity : Severity
        How severe it is here.
    layers : tuple of str
        The names of the layers concerned, none for the whole model.
    message : str
        One line of why.
    hint : str
        What to do, in words.
    evidence : dict of str to Any, default {}
        The numbers behind it.
    fix : tuple of Edit, default ()
        Edits that remove the finding, for `normcast.models.edits.apply`.
    safety : {"safe", "unsafe", "display"}, default "display"
        What the fix does: "safe" if a trained model predicts the same after it, "unsafe" if it changes what
        the model predicts or how it trains, "display" if there is none.
    measured : str, default ""
        What the fix was measured to do on the user's data, "" where nobody asked.
    line : int or None, default None
        The line of the source text, from 1; None where a model was checked.

    Examples
    --------
    >>> why = "rate 0.2 feeds bn"
    >>> print(Finding("dropout-before-bn", "NC039", WARNING, ("drop", "bn"), why, hint="put drop behind bn"))
    NC039 dropout-before-bn [warning] drop, bn: rate 0.2 feeds bn
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
    line: int | None = None

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


@dataclass(frozen=True, eq=False, kw_only=True)
class Kind:
    """A kind of finding: a `Rule`, which the graph tells, or a `Symptom`, which shows when the model runs.

    code: "NC" and its number; severity: the usual one; predicate: what finds it, whose docstring has the
    words; hint: how to mend it, one line; safety: of its fix; sources: what says so; exceptions: where it is
    silent.
    """

    code: str
    slug: str
    severity: Severity
    predicate: Callable[..., Iterator[Found]]
    hint: str
    safety: str
    sources: tuple[str, ...]
    exceptions: str = ""

    def __str__(self) -> str:
        return f"{self.slug} ({self.code})"

    @property
    def words(self) -> str:
        """What it says, and why."""
        return inspect.cleandoc(self.predicate.__doc__ or "")

    @property
    def summary(self) -> str:
        """The first sentence of the words."""
        return self.words.partition("\n\n")[0].replace("\n", " ")

    def told(self, found: Found, fix: tuple[Edit, ...], hint: str) -> Finding:
        """Return what was found as a finding.

        Parameters
        ----------
        found : Found
            What a predicate yielded.
        fix : tuple of Edit
            The edits of it that are offered.
        hint : str
            What to do, in words.

        Returns
        -------
        Finding
            With the severity, safety and names of this kind where what was found has none of its own.
        """
        return Finding(
            rule=self.slug,
            code=self.code,
            severity=found.severity or self.severity,
            layers=found.places,
            message=found.message,
            hint=hint,
            evidence=found.evidence,
            fix=fix,
            safety=(found.safety or self.safety) if fix else DISPLAY,
            line=found.line,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Rule(Kind):
    """One rule: words, predicate, examples, fix and sources in one place.

    Its words are the docstring of the predicate. `RULES` has all rules by code.

    Parameters
    ----------
    code : str
        "NC" and its number; a code is never used twice.
    slug : str
        Its name in words, as in "dropout-before-bn".
    severity : Severity
        The usual one.
    predicate : callable
        Takes the graph (`Net`) and `Facts`, and yields what it finds.
    hint : str
        How to mend it, one line.
    safety : {"safe", "unsafe", "display"}
        What its fix does to a trained model; "display" where there is none.
    sources : tuple of str
        What says so.
    exceptions : str, default ""
        Where it is silent, in words.
    bad : tuple of Example
        Networks that it finds something in; one with a fix carries what the fix makes of it.
    good : tuple of Example
        Networks that it finds nothing in.
    needs : tuple of str, default ()
        Facts without which it is silent.
    default : bool, default True
        Whether it runs unless it is selected.
    carry : callable or None, default None
        Adjusts the weights of a fixed model (old model, new model, finding) where that keeps its function.
    says : tuple of Says, default ()
        What its words say of the errors that were measured.
    grounds : str, default ""
        Why it is more severe, or less, than these alone support; "" where it is not.

    Examples
    --------
    >>> import normcast.check
    >>> normcast.check.RULES["NC039"].slug
    'dropout-before-bn'
    """

    predicate: Predicate
    bad: tuple[Example, ...]
    good: tuple[Example, ...]
    needs: tuple[str, ...] = ()
    default: bool = True
    carry: Carry | None = None
    says: tuple[Says, ...] = ()
    grounds: str = ""

    def findings(self, net: Net, facts: Facts) -> Iterator[Finding]:
        """Yield what the rule finds in a network.

        Parameters
        ----------
        net : Net
            The graph of the model.
        facts : Facts
            What is known beyond it.

        Yields
        ------
        Finding
            One for each place.
        """
        for found in self.predicate(net, facts):
            movable = found.fix and not any(node.block or node.call for node in found.nodes)
            hint = found.hint or self.hint
            yield self.told(found, tuple(found.fix) if movable else (), hint + self.measure)

    @property
    def measure(self) -> str:
        """What the hint adds where the page says that the error differs from data to data."""
        return f"{TO_MEASURE}{MEASURE}" if any(each.says == "differs" for each in self.says) else ""


KINDS: dict[str, Kind] = {}
"""All that can be found, by code: every rule, and every symptom."""
RULES: dict[str, Rule] = {}
"""Every rule by its code."""

Some = TypeVar("Some", bound=Kind)


def registered(kind: Some) -> Some:
    """Return a kind of finding that is known from now on. A code or slug is never used twice."""
    if kind.code in KINDS or any(known.slug == kind.slug for known in KINDS.values()):
        raise ValueError(f"check: {kind.code} or {kind.slug!r} is taken already; codes are never used twice.")
    KINDS[kind.code] = kind
    return kind


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
    says: Iterable[Says] = (),
    grounds: str = "",
) -> Callable[[Predicate], Predicate]:
    """Register the decorated predicate as a rule.

    number: of its code; ours stay below 900, so that a rule of yours, made in a file of yours, has a number
    from 900 on. The others: see `Rule` and `Kind`.
    """
    code = f"NC{number:03d}"

    def register(predicate: Predicate) -> Predicate:
        kind = Rule(
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
            says=tuple(says),
            grounds=grounds,
        )
        RULES[code] = registered(kind)
        return predicate

    return register


def find_rule(name: str) -> Kind:
    """Return a rule, or a symptom, by code or slug.

    Parameters
    ----------
    name : str
        As in "NC039" or "dropout-before-bn".

    Returns
    -------
    Rule or Symptom
        The one of that name.

    Raises
    ------
    ValueError
        If there is none, with "did you mean".

    Examples
    --------
    >>> import normcast.check.rules
    >>> find_rule("NC039").slug
    'dropout-before-bn'
    """
    for known in KINDS.values():
        if name.upper() == known.code or name == known.slug:
            return known
    names = [kind.slug for kind in KINDS.values()] + list(KINDS)
    text = unknown("rule", name, names, where="check")
    raise ValueError(f"check: no rule {name!r}.{text.partition('.')[2] if 'Did you mean' in text else ''}")
