"""Designs held against a known truth: what each decides rightly, wrongly, and in what time."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.table import Row, at_least, at_most
from normcast.study.statistics import Comparison, compare

ALPHA = 0.05
FIXED = (5, 8, 10, 12, 15, 18, 22, 27, 33, 40)  # seeds that a fixed design is tried with
DEFINITION = (
    "Decided rightly: better or worse where the true effect is beyond min_effect and has that sign, no "
    "difference where it is within. Wrongly: better or worse without an effect, or with the other sign; no "
    "difference where the effect is min_effect or more. Power per second: placements decided rightly, per "
    "second of training (compiling left out) of all networks together. A fixed design corrects all claims "
    "by Holm, also those of no difference. It leaves the hard placements undecided if it has few seeds, and "
    "is then cheap by how little it decides: so deciding is held against a fixed design that may use as "
    "many seeds, and, as the harder rival, one of the fewest seeds that decide as much, which nobody knows "
    "beforehand."
)


@dataclass(frozen=True)
class Told:
    """What one design said in one study: placements decided rightly, whether any wrongly, and its time."""

    right: int
    wrong: bool
    seconds: float


def told(verdicts: Mapping[str, str], truths: Mapping[str, float], margin: float, seconds: float) -> Told:
    """Hold verdicts against true effects, of a loss; margin: the smallest effect that matters."""
    pairs = [(verdicts[name], effect) for name, effect in truths.items()]
    return Told(
        right=sum(_is_right(verdict, effect, margin) for verdict, effect in pairs),
        wrong=any(_is_wrong(verdict, effect, margin) for verdict, effect in pairs),
        seconds=seconds,
    )


def _is_right(verdict: str, effect: float, margin: float) -> bool:
    if abs(effect) < margin:
        return verdict == "no difference"
    return abs(effect) > margin and verdict == ("worse" if effect > 0 else "better")


def _is_wrong(verdict: str, effect: float, margin: float) -> bool:
    if verdict == "no difference":
        return abs(effect) >= margin
    return (verdict == "worse" and effect <= 0) or (verdict == "better" and effect >= 0)


def verdicts_of(comparison: Comparison) -> dict[str, str]:
    return {effect.name: effect.verdict for effect in comparison.effects}


def fixed(
    scores: Mapping[str, np.ndarray], truths: Mapping[str, float], margin: float, seconds: np.ndarray
) -> dict[int, Told]:
    """Return what designs of each fixed number of seeds say. seconds: (seeds,), of all networks."""
    baseline = next(iter(scores))
    found = {}
    for seeds in (each for each in FIXED if each <= len(seconds)):
        rows = {name: table[:seeds] for name, table in scores.items()}
        comparison = compare(rows, baseline, min_effect=margin, alpha=ALPHA, resamples=9)
        verdicts = verdicts_of(comparison)
        for each in comparison.effects:
            if each.verdict == "no difference" and not (each.is_identical or each.equivalence_holm_p < ALPHA):
                verdicts[each.name] = "undecided"
        found[seeds] = told(verdicts, truths, margin, float(seconds[:seeds].sum()))
    return found


def rows(
    decided: list[Told],
    tables: Mapping[int, dict[int, Told]],
    placements: int,
    least: float | None = None,
) -> list[Row]:
    """Return what deciding is worth next to fixed designs.

    tables: what fixed designs said in some of the studies, by their number: there the time is compared.
    least: how much worth is asked, None for a row that only tells.
    """
    share, seconds = _means([decided[number] for number in tables], placements)
    fixed_ones = list(tables.values())
    means = {seeds: _means([each[seeds] for each in fixed_ones], placements) for seeds in fixed_ones[0]}
    most, wrong = max(means), "studies with any wrong decision"
    equal = _time_for(share, means)
    gained = {seeds: share / seconds / (means[seeds][0] / means[seeds][1]) for seeds in (8, most)}
    what = "power per second"
    full = Row(what, round(gained[most], 2), "x", f"{most} seeds for all")
    least_seeds = Row(
        what,
        None if equal is None else round(equal / seconds, 2),
        "x" if equal else f"more than {most}",
        "the fewest seeds for all that decide as much",
    )
    return [
        at_most(f"deciding: {wrong}, of {len(decided)}", _wrong(decided), ALPHA, ""),
        Row("deciding: placements decided rightly", round(_means(decided, placements)[0], 3), ""),
        *(Row(f"{k} seeds: {wrong}", round(_wrong([each[k] for each in fixed_ones]), 3), "") for k in gained),
        *(Row(f"{k} seeds: placements decided rightly", round(means[k][0], 3), "") for k in gained),
        full if least is None else at_least(what, gained[most], least, full.against),
        Row(what, round(gained[8], 2), "x", "8 seeds for all"),
        least_seeds,
    ]


def _means(told: list[Told], placements: int) -> tuple[float, float]:
    """Return the share decided rightly, and the seconds of a study."""
    share = np.mean([each.right for each in told]) / placements
    return float(share), float(np.mean([each.seconds for each in told]))


def _wrong(told: list[Told]) -> float:
    return float(np.mean([each.wrong for each in told]))


def _time_for(share: float, means: Mapping[int, tuple[float, float]]) -> float | None:
    """Return the seconds in which a fixed design decides such a share, between those tried; None for none."""
    pairs = [means[seeds] for seeds in sorted(means)]
    known = np.maximum.accumulate([each for each, _ in pairs])
    if share > known[-1]:
        return None
    return float(np.interp(share, known, [seconds for _, seconds in pairs]))
