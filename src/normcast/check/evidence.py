"""Evidence: what was measured on public data about the advice of the rules; shipped as a record."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from normcast.check.conclusion import REGION, Figures
from normcast.errors import counted
from normcast.pages.percent import exact
from normcast.plain import Plain, parsed

RECORD = Path(__file__).with_name("evidence.json")
"""What `python -m benchmarks.evidence_page` made of the measurements, if it ships with this version."""
FORMAT = 2
PAGE = "docs/evidence.md"
TASKS = {"forecast": "Forecasts", "classify": "Classes"}
MEASURE = "normcast check MODEL.keras --data FILE --measure"
"""The call that measures on the reader's data what the fixes of rules do."""


@dataclass(frozen=True)
class Result(Plain):
    """What came of a claim in one network.

    figures: pooled over data sets, None where nothing could be; failed: trainings that did not finish;
    left_out: data sets out of the pool, each with why; fragile: data sets without any one of which another
    conclusion would stand; early: the same figures of the best validation loss after so many epochs.
    """

    network: str
    figures: Figures | None
    failed: int
    left_out: dict[str, str]
    fragile: tuple[str, ...]
    early: dict[str, Figures]

    @property
    def sentence(self) -> str:
        """What was found, in one sentence."""
        lost = f"; {counted(self.failed, 'training')} failed" if self.failed else ""
        out = f"; {counted(len(self.left_out), 'data set')} left out" if self.left_out else ""
        if self.figures is None:
            return f"not known: nothing to pool{out}{lost}"
        found = self.figures
        if found.datasets < 2:
            return f"{found.words}: error {found.mean} on one data set{out}{lost}"
        fragile = "; fragile: one data set decides it" if self.fragile else ""
        new = "" if found.new in found.words else f", {found.new} expected on further data"
        return (
            f"{found.words}: error {found.mean} on average over {found.datasets} data sets{new}; smaller by "
            f"more than {exact(REGION)} on {found.smaller}, larger on {found.larger}{out}{lost}{fragile}"
        )


@dataclass(frozen=True)
class Claim(Plain):
    """One way to arrange a network against another, measured on several data sets.

    words: "batch norm between LSTM and output, against none"; an effect below zero means that the first
    named has the smaller error. rules: slugs of those it bears on; task: "forecast" or "classify"; results:
    by network, () where none was measured; not_measured: what was not, and why.
    """

    name: str
    words: str
    rules: tuple[str, ...]
    task: str
    results: tuple[Result, ...]
    not_measured: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """Where it stands on the page of evidence."""
        return f"{self.task}-{self.name}"

    @property
    def sentence(self) -> str:
        """What was found, in one sentence, of each network."""
        if not self.results:
            return f"not measured: {'; '.join(self.not_measured)}"
        if len(self.results) == 1:
            return self.results[0].sentence
        return ". ".join(f"In the {each.network} network {each.sentence}" for each in self.results)

    @property
    def is_to_measure(self) -> bool:
        """Whether only the reader's own data can tell."""
        found = [each.figures for each in self.results]
        return not found or any(each is None or each.conclusion.is_to_measure for each in found)


@dataclass(frozen=True)
class Evidence(Plain):
    """All claims of one record, and how they were measured.

    networks: each by its name, in words; recipe: how they were trained, without a full stop.
    """

    format: int
    measured: str
    machine: str
    recipe: str
    networks: dict[str, str]
    claims: tuple[Claim, ...]

    def of(self, rule: str) -> tuple[Claim, ...]:
        """Return the claims that bear on a rule."""
        return tuple(claim for claim in self.claims if rule in claim.rules)

    def section(self, rule: str) -> str:
        """Return what the page of a rule says was measured; "" where nothing was."""
        claims = self.of(rule)
        if not claims:
            return ""
        lines = [
            f"- {TASKS[c.task]}: {c.words}: {c.sentence} ([more](../{Path(PAGE).name}#{c.anchor}))."
            for c in claims
        ]
        networks = "; ".join(f"{name}: {words}" for name, words in self.networks.items())
        how = (
            f"Networks: {networks}. Training: {self.recipe}. A change below zero is a smaller error; within "
            f"±{exact(REGION)} is called the same. All of it: {PAGE}."
        )
        open_ = "Where it is not known, or differs from data to data, measure it on yours"
        measure = [f"{open_}: `{MEASURE}`.", ""] if any(c.is_to_measure for c in claims) else []
        return "\n".join([*lines, "", *measure, how])


@lru_cache
def read_evidence(file: Path = RECORD) -> Evidence | None:
    """Return what a record holds; None if there is no such file.

    Raises ValueError for a record of another format.

    >>> read_evidence(Path("no such file")) is None
    True
    """
    if not file.is_file():
        return None
    plain = parsed(file.read_text(encoding="utf-8"), str(file))
    found = plain.get("format", 1) if isinstance(plain, dict) else None
    if found != FORMAT:
        raise ValueError(
            f"{file}: format {found!r}, but this version reads format {FORMAT}. Write it again from the "
            f"measurements: python -m benchmarks.evidence_page."
        )
    return Evidence.from_dict(plain, str(file))
