"""Says: what a rule's page says of the error that was measured, so that a test can hold it to the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from normcast.check.conclusion import Conclusion

Saying = Literal["worse", "better", "nothing", "differs", "not better", "not worse", "silent"]


@dataclass(frozen=True)
class Says:
    """What a rule's words say of the arm of a claim that has what the rule finds, against the other arm.

    claim: its name in the record; says: "worse", "better" (its error is larger, smaller), "nothing" (the
    same), "differs" (from data to data), "not better" (no more than that nothing is lost by the rule's
    advice), "not worse", or "silent" where the claim compares something else; arm: which one has what the
    rule finds; task: the one that it is said of, "" for all.
    """

    claim: str
    says: Saying
    arm: Literal["first", "second"] = "second"
    task: Literal["", "forecast", "classify"] = ""

    def seen(self, conclusion: Conclusion) -> Conclusion:
        """Return what was concluded of the arm that has what the rule finds."""
        return conclusion if self.arm == "second" else conclusion.flipped

    def is_contradicted(self, conclusion: Conclusion) -> bool:
        """Return whether that cannot be said beside what was concluded of the claim.

        >>> Says("selu", "worse").is_contradicted(Conclusion.NOTHING)
        True
        >>> Says("selu", "worse").is_contradicted(Conclusion.NOT_KNOWN)
        False
        """
        seen = self.seen(conclusion)
        if seen is Conclusion.NOT_KNOWN:
            return False
        return {
            "worse": not seen.is_worse,
            "better": not seen.is_better,
            "nothing": not seen.is_nothing,
            "differs": seen in (Conclusion.BETTER, Conclusion.WORSE, Conclusion.NOTHING),
            "not better": seen.is_better,
            "not worse": seen.is_worse,
            "silent": False,
        }[self.says]
