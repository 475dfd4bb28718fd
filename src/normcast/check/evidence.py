"""Evidence: what was measured on public data about the advice of the rules; shipped as a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import isnan, nan
from pathlib import Path
from typing import Any

from normcast.errors import counted
from normcast.pages.percent import interval, percent
from normcast.plain import parsed

RECORD = Path(__file__).with_name("evidence.json")
"""What `python -m benchmarks evidence` measured, if it ships with this version."""
PAGE = "docs/evidence.md"
TASKS = {"forecast": "Forecasts", "classify": "Classes"}


@dataclass(frozen=True)
class Range:
    """A relative effect with its 95 % interval; NaN where one data set or one seed gives none."""

    effect: float
    low: float = nan
    high: float = nan

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Range:
        """Read it from plain data; null stands for NaN."""
        return cls(*(nan if plain.get(k) is None else float(plain[k]) for k in ("effect", "low", "high")))

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return not isnan(self.low) and not self.low <= 0 <= self.high

    def __str__(self) -> str:
        ends = "" if isnan(self.low) else f" ({interval(self.low, self.high)})"
        return percent(self.effect) + ends


@dataclass(frozen=True)
class OnData:
    """The effect on one data set: its verdict over `paired` seeds, and how many trainings failed."""

    dataset: str
    range: Range
    p: float
    paired: int
    failed: int
    verdict: str

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> OnData:
        """Read it from plain data."""
        p = nan if plain.get("p") is None else float(plain["p"])
        paired, failed = int(plain["paired"]), int(plain["failed"])
        return cls(plain["dataset"], Range.read(plain), p, paired, failed, plain["verdict"])


@dataclass(frozen=True)
class Claim:
    """One way to arrange a network against another, measured on several data sets.

    words: "batch norm between LSTM and output, against none"; an effect below zero means that the first
    named has the smaller error. rules: slugs of those it bears on; task: "forecast" or "classify"; pooled:
    over the data sets, None where none could be pooled.
    """

    name: str
    words: str
    rules: tuple[str, ...]
    task: str
    pooled: Range | None
    effects: tuple[OnData, ...]

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Claim:
        """Read it from plain data."""
        pooled = None if plain["pooled"] is None else Range.read(plain["pooled"])
        effects = tuple(OnData.read(each) for each in plain["effects"])
        return cls(plain["name"], plain["words"], tuple(plain["rules"]), plain["task"], pooled, effects)

    @property
    def anchor(self) -> str:
        """Where it stands on the page of evidence."""
        return f"{self.task}-{self.name}"

    def count(self, verdict: str) -> int:
        """Return on how many data sets the verdict was so."""
        return sum(each.verdict == verdict for each in self.effects)

    @property
    def sentence(self) -> str:
        """What was found, in one sentence."""
        data = counted(len(self.effects), "data set")
        counts = f"better on {self.count('better')}, worse on {self.count('worse')} of {len(self.effects)}"
        failed = sum(each.failed for each in self.effects)
        lost = f"; {counted(failed, 'training')} failed" if failed else ""
        if self.pooled is None:
            return f"no common effect over {data}; {counts}{lost}"
        low, high = self.pooled.low, self.pooled.high
        ends = "" if isnan(low) else f" (95 % interval {interval(low, high)})"
        return f"error {percent(self.pooled.effect)}{ends} over {data}; {counts}{lost}"


@dataclass(frozen=True)
class Evidence:
    """All claims of one record, and how they were measured."""

    claims: tuple[Claim, ...]
    network: str
    seeds: int
    measured: str
    machine: str

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
        how = (
            f"The network is {self.network}, trained from {counted(self.seeds, 'seed')} on each data set. A "
            f"change below zero is a smaller error; better and worse are tested. All of it: {PAGE}."
        )
        return "\n".join([*lines, "", how])


@lru_cache
def read_evidence(file: Path = RECORD) -> Evidence | None:
    """Return what a record holds; None if there is no such file.

    >>> read_evidence(Path("no such file")) is None
    True
    """
    if not file.is_file():
        return None
    plain = parsed(file.read_text(encoding="utf-8"), str(file))
    claims = tuple(Claim.read(each) for each in plain["claims"])
    return Evidence(claims, plain["network"], int(plain["seeds"]), plain["measured"], plain["machine"])
