"""The page of plain answers, made from the record of evidence: `python -m benchmarks.answers_page`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.evidence_raw import Raw, read_raw
from benchmarks.evidence_tables import table
from normcast.check.conclusion import Figures
from normcast.check.evidence import TASKS, Claim, Evidence, Result, read_evidence
from normcast.errors import unknown

ROOT = Path(__file__).parents[1]
PAGE = "docs/where-do-they-go.md"
INTRO = """# Where do they go? Batch norm, dropout and pooling in Conv1D + LSTM networks

Short answers to what people ask, each with how sure one may be of it. They rest on {networks}, trained
many times on {datasets} public data sets ([the evidence](evidence.md) has all methods and figures). A
change is that of the error: below zero is better. **On average** is the mean over data sets with its 95 %
interval; **on further data** is where the change on one more data set, such as yours, is expected. Where
that is wide, no general answer is worth much, and the command below the answer measures it in your network,
on your data, in minutes.
"""
HEADS = ("what against what", "on", "on average", "on further data", "what may be said")


@dataclass(frozen=True)
class Question:
    """A question with its answer.

    asks, answer, when_not: in plain words; claims: shown beside, the first as a picture; code: how it is
    built; measure: the options of `normcast study` that measure it, "" where none do. What the answer rests
    on: holds: the anchor of a claim -> the conclusions on it that bear the answer out; never: anchors of
    claims whose first-named way has a smaller error, by more than 2 %, on no data set.
    """

    name: str
    asks: str
    answer: str
    when_not: str
    claims: tuple[str, ...]
    code: str
    measure: str = ""
    holds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    never: tuple[str, ...] = ()

    def odds(self, evidence: Evidence) -> list[str]:
        """Return where the record does not bear the answer out, in sentences; [] where it does."""
        claims = {claim.anchor: claim for claim in evidence.claims}
        for anchor in (*self.holds, *self.never):
            if anchor not in claims:
                raise ValueError(unknown("claim", anchor, claims, where=f"answers.toml: {self.name}"))
        told = {anchor: f"being {' or '.join(allowed)}" for anchor, allowed in self.holds.items()}
        told |= dict.fromkeys(self.never, "having a smaller error nowhere")
        return [
            f"{self.name}: rests on {anchor} {words}, but in the {each.network} network the record says: "
            f"{each.sentence}."
            for anchor, words in told.items()
            for each in claims[anchor].results
            if each.figures is not None and not self._bears(anchor, each.figures)
        ]

    def _bears(self, anchor: str, found: Figures) -> bool:
        """Whether figures of a claim bear the answer out."""
        is_so = anchor not in self.holds or found.conclusion in self.holds[anchor]
        return is_so and (anchor not in self.never or found.smaller == 0)


def questions() -> tuple[Question, ...]:
    """Return the questions in the order of the page."""
    file = Path(__file__).with_name("answers.toml")
    read = tomllib.loads(file.read_text(encoding="utf-8"))["question"]
    return tuple(Question(**each) for each in read)


def page(asked: tuple[Question, ...], evidence: Evidence, datasets: int) -> str:
    """Return the page as Markdown; datasets: how many were trained on."""
    sizes = {each.network for claim in evidence.claims for each in claim.results}
    networks = "one small network" + (" and a larger one" if len(sizes) > 1 else "")
    parts = [INTRO.format(networks=networks, datasets=datasets), contents(asked)]
    parts += [section(each, evidence) for each in asked]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def contents(asked: tuple[Question, ...]) -> str:
    """Return the list of questions with their answers' first sentences."""
    return "\n".join(f"- [{each.asks}](#{each.name}) {first_sentence(each.answer)}" for each in asked)


def first_sentence(text: str) -> str:
    """Return the first sentence of a text.

    >>> first_sentence("Yes, in front. It costs nothing.")
    'Yes, in front.'
    """
    return parted(text)[0]


def parted(text: str) -> tuple[str, str]:
    """Return the first sentence of a text, and what follows it."""
    first, _, more = " ".join(text.split()).partition(". ")
    return first.rstrip(".") + ".", more


def section(question: Question, evidence: Evidence) -> str:
    """Return a question with its answer, how sure it is, when it does not hold, picture, code, command."""
    claims = [claim for name in question.claims for claim in evidence.claims if claim.name == name]
    shown, (first, more) = claims[0], parted(question.answer)
    parts = [
        f'<a id="{question.name}"></a>\n\n## {question.asks}',
        f"**{first}** {more}".rstrip(),
        "How sure:",
        table(HEADS, [row for claim in claims for row in rows(claim)]),
        f"When not: {' '.join(question.when_not.split())}",
        f"![{shown.words}](images/evidence-{shown.anchor}.svg)",
        f"```python\n{question.code.strip()}\n```",
    ]
    if question.measure:
        command = f"normcast study FILE --h 24 {question.measure}"
        parts.append(f"Measure it on your data:\n\n```\n{command}\n```")
    return "\n\n".join(parts)


def rows(claim: Claim) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a claim, one per network."""
    name = f"[{claim.words}](evidence.md#{claim.anchor})"
    task = TASKS[claim.task].lower()
    for each in claim.results:
        where = task + (f", {each.network} network" if len(claim.results) > 1 else "")
        yield (name, where, *cells(each))
    if not claim.results:
        yield (name, task, "–", "–", "not measured")


def cells(result: Result) -> tuple[str, str, str]:
    """Return mean, prediction interval and conclusion of a result."""
    found = result.figures
    if found is None:
        return ("–", "–", "not known")
    return (found.mean, found.new, str(found.conclusion))


def answered_page(evidence: Evidence, raw: Raw) -> str:
    """Return the page of a record. Raises ValueError where it does not bear an answer out."""
    asked = questions()
    if at_odds := [odd for each in asked for odd in each.odds(evidence)]:
        raise ValueError("\n".join(at_odds))
    return page(asked, evidence, len({dataset for dataset, _, _ in raw.arms}))


if __name__ == "__main__":
    held = read_evidence()
    assert held is not None
    (ROOT / PAGE).write_text(answered_page(held, read_raw()), encoding="utf-8")
    print(ROOT / PAGE)
