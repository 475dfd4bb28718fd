"""Support: whether the record bears out what rules say, and how severe it lets them be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from normcast.check.conclusion import Conclusion
from normcast.check.evidence import Evidence
from normcast.check.rule import ADVICE, WARNING, Rule, Severity


@dataclass(frozen=True)
class Support:
    """What the record says of a rule: the severity that measured errors support, and where it is at odds.

    odds: sentences, () where rule and record agree.
    """

    rule: Rule
    severity: Severity
    odds: tuple[str, ...]


def support(rule: Rule, evidence: Evidence) -> Support:
    """Return what a record says of a rule, its words and its severity."""
    cited = list(_cited(rule, evidence))
    severity = supported(tuple(seen for _, _, seen in cited))
    odds = [
        f"{rule}: claim {name!r} is not among what it says; add Says({name!r}, ...) beside its words."
        for name in dict.fromkeys(claim.name for claim in evidence.of(rule.slug))
        if name not in {each.claim for each in rule.says}
    ]
    odds += [odd for odd, _, _ in cited if odd]
    if cited and rule.severity != severity and not rule.grounds:
        odds.append(
            f"{rule}: its severity is {rule.severity}, but the record supports {severity}; change it, or "
            f"give the grounds that are not measured errors."
        )
    return Support(rule, severity, tuple(odds))


def supported(seen: tuple[Conclusion, ...]) -> Severity:
    """Return how severe a rule may be by measured errors, from what was concluded of what it finds.

    A warning takes harm that is clear, and expected on further data too, with nothing that speaks against
    it; what differs, is not known or does nothing supports advice.

    >>> str(supported((Conclusion.WORSE, Conclusion.NOT_KNOWN))), str(supported((Conclusion.DIFFERS,)))
    ('warning', 'advice')
    """
    harm = {Conclusion.WORSE, Conclusion.WORSE_ON_AVERAGE, Conclusion.NOT_KNOWN}
    return WARNING if Conclusion.WORSE in seen and set(seen) <= harm else ADVICE


def _cited(rule: Rule, evidence: Evidence) -> Iterator[tuple[str, str, Conclusion]]:
    """Yield what is at odds, "" where nothing is, the claim, and the conclusion on what the rule finds."""
    for claim in evidence.of(rule.slug):
        for says in rule.says:
            is_of_it = says.claim == claim.name and says.task in ("", claim.task)
            if not is_of_it or says.says == "silent":
                continue
            for result in claim.results:
                if result.figures is None:
                    continue
                found = result.figures.conclusion
                told = (
                    f"{rule}: its page says {says.says!r} of the {says.arm} arm of {claim.anchor} "
                    f"({result.network} network), but of the second arm the record says: {result.sentence}."
                )
                yield told if says.is_contradicted(found) else "", claim.name, says.seen(found)
