"""Answer: what a study says, in a sentence or two."""

from __future__ import annotations

from normcast.errors import counted
from normcast.pages.percent import between, size
from normcast.study.result import StudyResult

VERDICTS = {
    "better": "better",
    "worse": "worse",
    "no difference": "without a difference that matters",
    "undecided": "undecided",
}


def answer(result: StudyResult) -> str:
    """Return the answer to the study's question: what to put where, or that nothing beats what is there."""
    return f"{lead(result)} {tally(result)}"


def lead(result: StudyResult) -> str:
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


def tally(result: StudyResult) -> str:
    """Return how many placements got which verdict."""
    total = counted(len(result.comparison.effects), "placement")
    return f"Of {total}: {', '.join(counted_verdicts(result))}."


def counted_verdicts(result: StudyResult) -> list[str]:
    """Return the verdicts that some placement got, each with how many: "3 better", "1 undecided"."""
    counts = {words: len(result.effects(verdict)) for verdict, words in VERDICTS.items()}
    return [f"{count} {words}" for words, count in counts.items() if count]
