"""Answer: what a study says, in a sentence or two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from normcast.errors import counted
from normcast.pages.percent import between, interval, percent, size
from normcast.study.placement import Placement
from normcast.study.statistics import Comparison, Effect

VERDICTS = {
    "better": "better",
    "worse": "worse",
    "no difference": "without a difference that matters",
    "undecided": "undecided",
}
VERDICT_HEAD = ("placement", "change", "95 % interval", "p", "corrected", "verdict")


class Measured(Protocol):
    """What an answer is drawn from: a `StudyResult`."""

    @property
    def seeds(self) -> Sequence[int]:
        """The seeds that all placements have finished."""
        ...

    @property
    def winner(self) -> Placement | None:
        """The best of the placements that are better."""
        ...

    @property
    def comparison(self) -> Comparison:
        """Every placement against the network as given."""
        ...

    def effects(self, verdict: str) -> list[Effect]:
        """Return the effects with that verdict, the strongest first."""
        ...


def answer(result: Measured) -> str:
    """Return the answer to the study's question: what to put where, or that nothing beats what is there."""
    return f"{lead(result)} {tally(result)}"


def lead(result: Measured) -> str:
    """Return the sentence that a reader needs if they read one only."""
    seeds, winner = counted(len(result.seeds), "seed"), result.winner
    if winner is None:
        if not result.effects("undecided"):
            return "Leave the network as it is: no placement beats it."
        return "No winner inside the noise: no placement is shown to beat the network as given."
    effect = result.comparison.of(winner.name)
    return (
        f"{winner.name}: the error falls by {size(effect.effect)} "
        f"(95 % interval {between(effect.high, effect.low)}, {seeds}, corrected p "
        f"{effect.holm_p:.2g})."
    )


def tally(result: Measured) -> str:
    """Return how many placements got which verdict."""
    total = counted(len(result.comparison.effects), "placement")
    return f"Of {total}: {', '.join(counted_verdicts(result))}."


def counted_verdicts(result: Measured) -> list[str]:
    """Return the verdicts that some placement got, each with how many: "3 better", "1 undecided"."""
    counts = {words: len(result.effects(verdict)) for verdict, words in VERDICTS.items()}
    return [f"{count} {words}" for words, count in counts.items() if count]


def verdicts(result: Measured) -> list[tuple[str, ...]]:
    """Return the cells of each placement under `VERDICT_HEAD`, best first, those without an effect last."""
    best_first = sorted(result.comparison.effects, key=lambda each: (each.effect != each.effect, each.effect))
    return [
        (
            each.name,
            percent(each.effect),
            interval(each.low, each.high),
            f"{each.p:.3f}",
            f"{each.holm_p:.3f}",
            each.verdict,
        )
        for each in best_first
    ]
