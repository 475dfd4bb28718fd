"""Is the network better than the simple baselines, by how much, and could that be chance?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from normcast.cases.evaluation import OURS, Evaluation
from normcast.errors import counted, listed
from normcast.pages.page import Opening
from normcast.pages.words import decimals
from normcast.report.of_cases.coverage import coverages, in_words
from normcast.report.of_cases.reading import baselines, losses, units, units_in_words
from normcast.report.of_cases.values import CaseReport
from normcast.report.of_cases.words import change, range_of_changes, score_text
from normcast.scoring import score_interval

FEWEST = 5
"""Groups or cases whose interval is trusted: with fewer, chance alone puts all on one side too often."""
SAME = 1e-6
"""Of the baseline's loss: two losses that are nearer are the same but for rounding."""


@dataclass(frozen=True)
class Duel:
    """The network against one baseline, by the score that decides.

    ours, theirs: the scores; difference: ours minus theirs; low, high: its 95 % interval over groups or
    cases, NaN for a single one; units: how many there are; rises: whether more is better.

    >>> Duel("ridge", 0.9, 0.8, 0.1, 0.02, 0.15, units=8, rises=True).outcome
    'better'
    >>> Duel("ridge", 0.9, 0.8, 0.1, 0.02, 0.15, units=4, rises=True).outcome  # too few to tell
    'open'
    """

    baseline: str
    ours: float
    theirs: float
    difference: float
    low: float
    high: float
    units: int
    rises: bool

    @property
    def is_few(self) -> bool:
        """Whether there are too few groups or cases to trust the interval."""
        return self.units < FEWEST

    @property
    def outcome(self) -> str:
        """One of "better", "worse", "open": open where the interval holds zero or is not to be trusted."""
        if self.is_few or not (self.low > 0 or self.high < 0):
            return "open"
        return "better" if (self.low > 0) == self.rises else "worse"


def compare(evaluation: Evaluation) -> tuple[Duel, ...]:
    """Compare the network with every baseline, the best baseline first."""
    names, ours = baselines(evaluation), losses(evaluation)
    if not names:
        return ()
    theirs = {name: losses(evaluation, name) for name in names}
    gaps = {name: _unrounded(ours, theirs[name]) for name in names}
    which = len(ours) if evaluation.groups is None else evaluation.groups
    found = score_interval(lambda some: {name: gap[some].mean() for name, gap in gaps.items()}, which)
    is_share = evaluation.classes is not None
    return tuple(
        _duel(name, ours, theirs[name], (gaps[name].mean(), *found[name]), units(evaluation), is_share)
        for name in names
    )


def _unrounded(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    gap = ours - theirs
    return np.where(np.abs(gap) <= SAME * theirs.mean(), 0.0, gap)


def _duel(
    name: str,
    ours: np.ndarray,
    theirs: np.ndarray,
    gap: tuple[float, float, float],
    count: int,
    is_share: bool,
) -> Duel:
    """Return a duel; losses are shares of wrong cases, which are turned to accuracies, or errors."""
    difference, low, high = map(float, gap)
    if is_share:
        means = 1 - ours.mean(), 1 - theirs.mean()
        difference, low, high = 0.0 - difference, 0.0 - high, 0.0 - low
    else:
        means = ours.mean(), theirs.mean()
    return Duel(name, float(means[0]), float(means[1]), difference, low, high, count, rises=is_share)


def judge(report: CaseReport) -> Opening:
    """Answer in one sentence, with the evidence in the next, and what the intervals are worth."""
    duels = compare(report.evaluation)
    points = tuple(in_words(each) for each in coverages(report.evaluation))
    if not duels:
        return Opening("open", f"Not measured: no baseline was evaluated beside {OURS}.", "", points)
    best = duels[0]
    tone = {"better": "yes", "worse": "no", "open": "open"}[best.outcome]
    detail = f"{_evidence(report, best)}{_others(duels[1:])}"
    return Opening(tone, _answer(report, best), detail, points)


def _answer(report: CaseReport, best: Duel) -> str:
    rival = f"{best.baseline}, the best simple baseline"
    ours, theirs = score_text(report.main, [best.ours, best.theirs])
    figures = f"{report.main} {ours} against {theirs}"
    if best.outcome == "better":
        return f"Yes: {OURS} is better than {rival}: {figures}."
    if best.outcome == "worse":
        return f"No: {OURS} is worse than {rival}: {figures}. Use {best.baseline} here."
    count = units_in_words(report.evaluation)
    if best.is_few:
        only = f"there {'is' if best.units == 1 else 'are'} only {count}"
        return f"Not proven: {OURS} is not told apart from {rival}: {figures}, and {only}."
    if best.low == best.high == 0:
        return f"A draw: {OURS} is not told apart from {rival}: {figures}."
    return (
        f"No winner inside the noise: {OURS} is not told apart from {rival}: {figures},"
        f" and {count} cannot tell that from chance."
    )


def _evidence(report: CaseReport, best: Duel) -> str:
    places = decimals_of(best)
    which = "" if report.classifies else ", lower is better"
    over = f"over {units_in_words(report.evaluation)}"
    if report.evaluation.groups is not None:
        over += f", each drawn whole, of {counted(len(report.evaluation.tested), 'case')}"
    if not np.isfinite(best.low):
        return f"A single {'case' if report.evaluation.groups is None else 'group'} has no interval."
    between = range_of_changes(report.main, best.low, best.high, places)
    difference = change(report.main, best.difference, places)
    said = (
        f"The difference is {difference} ({OURS} minus {best.baseline}{which}); its 95 % interval {over} is"
        f" {between}"
    )
    if best.is_few:
        return f"{said}. Of fewer than {FEWEST}, that interval is not to be trusted: evaluate with more."
    held = "includes" if best.low <= 0 <= best.high else "excludes"
    return f"{said}, which {held} zero."


def decimals_of(duel: Duel) -> int:
    """Return the decimals of a difference: those of the scores, or more where its interval is narrow."""
    ends = [abs(end) for end in (duel.low, duel.high) if np.isfinite(end)] or [0.0]
    return max(decimals([duel.ours, duel.theirs]), decimals([max(ends)], digits=2) if any(ends) else 0)


def _others(duels: tuple[Duel, ...]) -> str:
    words = {"better": "better than", "worse": "worse than", "open": "not told apart from"}
    parts = [
        f"{said} {listed(names, most=6)}"
        for outcome, said in words.items()
        if (names := [each.baseline for each in duels if each.outcome == outcome])
    ]
    return f" Of the others, {OURS} is {'; '.join(parts)}." if parts else ""
