"""Verdict: what the tests allow to be said about one placement, and the sentence that says it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, isnan

from normcast.errors import counted
from normcast.pages.percent import between, exact, interval, size
from normcast.study.statistics.effect import Effect, Verdict
from normcast.study.statistics.failures import MOST_FAILED
from normcast.study.statistics.interval import FEWEST_SEEDS
from normcast.study.statistics.power import MOST_SEEDS, seeds_to_equate, seeds_to_see


@dataclass(frozen=True)
class Rules:
    """What counts: the smallest effect that matters, the level of tests and of intervals, the direction.

    one: what there is more than one of, so that tests are corrected.
    """

    min_effect: float
    alpha: float
    level: float
    lower_is_better: bool
    one: str = "placement"

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        if not 0 <= self.min_effect < 1:
            raise ValueError(
                f"compare: min_effect must be in [0, 1), such as 0.01 for 1 %, but is {self.min_effect!r}."
            )
        for name, value in (("alpha", self.alpha), ("level", self.level)):
            if not 0 < value < 1:
                raise ValueError(f"compare: {name} must be in (0, 1), such as 0.05, but is {value!r}.")


def judged(
    effect: Effect, rules: Rules, baseline_failed: int, more_seeds: Callable[[Effect], int | None]
) -> Effect:
    """Return the effect with its verdict and sentence; more_seeds: how many further ones would decide it."""
    verdict, sentence = _failing(effect, rules, baseline_failed) or _compared(effect, rules)
    if verdict != "undecided":
        return replace(effect, verdict=verdict, sentence=sentence)
    if sentence:
        return replace(effect, sentence=f"undecided: {sentence}")
    more = more_seeds(effect)
    return replace(effect, more_seeds=more, sentence=f"undecided: {_undecided(effect, rules, more)}")


def _compared(effect: Effect, rules: Rules) -> tuple[Verdict, str]:
    """Return what the scores of the paired seeds say; undecided has no sentence yet.

    Without an interval there is no verdict: two seeds may agree by luck, and say nothing of a third.
    """
    if effect.paired < FEWEST_SEEDS or isnan(effect.low):
        return "undecided", ""
    clear = effect.holm_p < rules.alpha
    if effect.is_identical:
        return "no difference", f"no difference: the scores are identical on all {effect.paired} seeds."
    if effect.equivalence_p < rules.alpha:
        return "no difference", _equal(effect, rules, clear)
    if clear:
        verdict: Verdict = "better" if (effect.effect < 0) == rules.lower_is_better else "worse"
        agree = effect.seeds_better if verdict == "better" else effect.seeds_worse
        return verdict, (
            f"{verdict}: {_size(effect, rules)} on {agree} of {effect.paired} seeds; "
            f"corrected p {p_words(effect.holm_p)}."
        )
    return "undecided", ""


def _equal(effect: Effect, rules: Rules, clear: bool) -> str:
    """Return the sentence without the interval, whose level is not the equivalence test's."""
    margin = exact(rules.min_effect)
    p = p_words(effect.holm_p)
    but = f" That it is not zero is clear (corrected p {p}), but it is too small to matter."
    return (
        f"no difference beyond {margin}: {_amount(effect)}, and shown to be within {margin} "
        f"(equivalence p {p_words(effect.equivalence_p)}).{but if clear else ''}"
    )


def _failing(effect: Effect, rules: Rules, baseline_failed: int) -> tuple[Verdict, str] | None:
    """Return the verdict where too many runs failed for the scores of the rest to give it."""
    if effect.share_failed <= MOST_FAILED:
        return None
    failed = (
        f"it failed on {effect.failed} of {counted(effect.seeds, 'seed')}, the baseline on {baseline_failed}"
    )
    if effect.failure_p < rules.alpha and effect.failed > baseline_failed:
        return "worse", f"worse: {failed}; corrected p {p_words(effect.failure_p)}."
    if _compared(effect, rules)[0] == "worse":
        return None
    return "undecided", f"{failed}; above {exact(MOST_FAILED)} the seeds that are left decide nothing."


def more_seeds(effect: Effect, rules: Rules, n_tests: int) -> int | None:
    """Return how many further seeds would decide, were the effect and spread as they seem to be.

    n_tests: placements that are corrected for.
    """
    if effect.paired < FEWEST_SEEDS:
        return None
    needed = (
        seeds_to_see(effect.effect, effect.spread, rules.alpha / n_tests),
        seeds_to_equate(effect.effect, effect.spread, rules.min_effect, rules.alpha),
    )
    known = [n for n in needed if n is not None]
    if not known:
        return None
    return max(1, ceil((min(known) - effect.paired) * effect.seeds / effect.paired))


def _undecided(effect: Effect, rules: Rules, more: int | None) -> str:
    if effect.paired < FEWEST_SEEDS:
        so_few = f"{counted(effect.paired, 'seed')} on which both finished"
        return f"{so_few}; a verdict needs at least {FEWEST_SEEDS}."
    alone = (
        f"; clear if it were the only {rules.one} (p {p_words(effect.p)}), but not among all "
        f"(corrected p {p_words(effect.holm_p)})"
    )
    so_far = f"{_size(effect, rules)}{alone if effect.p < rules.alpha else ''}"
    if more is None:
        return f"{so_far}; if it is so, more than {MOST_SEEDS:,} seeds would be needed to decide."
    return f"{so_far}; if it is so, about {counted(more, 'more seed')} would decide."


def _size(effect: Effect, rules: Rules) -> str:
    """Return the effect and its interval in words.

    An interval that goes through zero is written with signs, since neither end alone is "lower".
    """
    if isnan(effect.low):
        return _amount(effect)
    if effect.low <= 0 <= effect.high:
        ends = interval(effect.low, effect.high)
    else:
        near, far = sorted((abs(effect.low), abs(effect.high)))
        ends = between(near, far)
    return f"{_amount(effect)} ({exact(rules.level)} interval {ends})"


def _amount(effect: Effect) -> str:
    if effect.effect == 0:
        return "0 %"
    return f"{size(effect.effect)} {'lower' if effect.effect < 0 else 'higher'}"


def p_words(p: float) -> str:
    """Return a p value with its relation, as in "p = 0.02"."""
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"
