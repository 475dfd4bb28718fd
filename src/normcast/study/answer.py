"""Answer: what a study says, in a sentence or two; the report and the command line print the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite, nan
from typing import Any, Protocol

import numpy as np

from normcast.errors import counted, listed
from normcast.pages.percent import between, exact, interval, percent, size
from normcast.pages.words import decimals
from normcast.study.baselines import Baselines
from normcast.study.placement import BASELINE, Placement
from normcast.study.statistics import Comparison, Effect, Reach, look_seeds, t_test
from normcast.study.statistics.failures import MOST_FAILED
from normcast.study.statistics.interval import FEWEST_SEEDS
from normcast.study.statistics.power import MOST_SEEDS
from normcast.study.words import metric_name, p_value, score

VERDICTS = {
    "better": "better",
    "worse": "worse",
    "no difference": "without a difference that matters",
    "undecided": "undecided",
}
MOST_SCORES = 2  # metrics in the table of verdicts


class Measured(Protocol):
    """What an answer is drawn from: a `StudyResult`."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the study was about."""
        ...

    @property
    def seeds(self) -> Sequence[int]:
        """The seeds that all placements have finished."""
        ...

    @property
    def looks(self) -> Sequence[object]:
        """The looks of a study that decides as it goes."""
        ...

    @property
    def is_before_looks(self) -> bool:
        """Whether a study that decides as it goes has not come to its first look."""
        ...

    @property
    def metrics(self) -> tuple[str, ...]:
        """What was measured, the metric that decides first."""
        ...

    @property
    def scores(self) -> Mapping[str, np.ndarray]:
        """The metric that decides, (seeds, folds) per network."""
        ...

    @property
    def winner(self) -> Placement | None:
        """The best of the placements that are better."""
        ...

    @property
    def comparison(self) -> Comparison:
        """Every placement against the network as given."""
        ...

    @property
    def reach(self) -> Reach:
        """Whether a change that matters would have shown."""
        ...

    @property
    def baselines(self) -> Baselines:
        """The scores of baselines."""
        ...

    def effects(self, verdict: str) -> list[Effect]:
        """Return the effects with that verdict, the strongest first."""
        ...

    def mean_scores(self, metric: str) -> dict[str, float]:
        """Return the mean of a metric by network and baseline."""
        ...


def answer(result: Measured) -> str:
    """Return the answer to the study's question: what to put where, or that nothing is shown to help."""
    said = (lead(result), reach_words(result), tally(result), beside(result))
    return " ".join(each for each in said if each)


def lead(result: Measured) -> str:
    """Return the sentence that a reader needs if they read one only.

    That nothing says to change the network is said only where a change that matters would have shown.
    """
    if result.is_before_looks:
        return (
            f"Not decided yet: the first look is after {look_seeds()[0]} seeds of every placement. Run the "
            "study again: it goes on from its store."
        )
    if result.winner is not None:
        return _won(result, result.comparison.of(result.winner.name))
    if not result.effects("undecided"):
        return _settled(result)
    if result.reach.can_see:
        return "No placement beats the network as given beyond the noise. Nothing here says to change it."
    if not result.reach.hopeful:
        margin = exact(result.comparison.min_effect)
        return f"No placement makes the network better by {margin} or more. Leave it as it is."
    return f"Not decided: no placement is shown to beat the network as given, and {result.reach.too_small}."


def _won(result: Measured, best: Effect) -> str:
    error = metric_name(result.metrics[0]) if result.facts.get("task") in ("classify", "label") else "error"
    helps = "Yes, this helps" if result.facts.get("crossed") else "Yes, one change helps"
    ends = (best.low, best.high)
    fall = between(*reversed(ends)) if best.high < 0 else interval(*ends)
    return (
        f"{helps}: {best.name}. The {error} on data that training never saw falls by {size(best.effect)} "
        f"(95 % interval {fall}, {counted(best.paired, 'seed')})."
    )


def _settled(result: Measured) -> str:
    effects = result.comparison.effects
    if len(result.effects("no difference")) == len(effects):
        return (
            f"No placement beats the network as given: {'it' if len(effects) == 1 else 'each'} makes no "
            f"difference beyond {size(result.comparison.min_effect)}. Leave it as it is."
        )
    return "No placement beats the network as given. Leave it as it is."


def reach_words(result: Measured) -> str:
    """Return what the study could have seen; how many more seeds it takes, unless the lead says so."""
    if result.is_before_looks:
        return ""
    return result.reach.detail if result.winner is None else str(result.reach)


def tally(result: Measured) -> str:
    """Return how many placements got which verdict, and which did worst."""
    counts = {words: len(result.effects(verdict)) for verdict, words in VERDICTS.items()}
    parts = [f"{count} {words}" for words, count in counts.items() if count]
    total = counted(len(result.comparison.effects), "placement")
    said = f"Of {total} measured against the network as given: {listed(parts, most=4)}."
    worse = [each for each in result.effects("worse") if isfinite(each.effect)]
    if not worse:
        return said
    worst = max(worse, key=lambda each: each.effect)
    return f"{said} Worst: {worst.name} ({percent(worst.effect)})."


def beside(result: Measured) -> str:
    """Return what the baselines scored in the same folds, and whether any network beats the best of them.

    The best network is held against it by a one-sample t test over seeds: its luck was chosen, so that none
    beats the baseline is said the more rarely for it.
    """
    if not result.baselines:
        return ""
    metric = result.metrics[0]
    means = {name: mean for name, mean in result.mean_scores(metric).items() if isfinite(mean)}
    told = {name: mean for name, mean in means.items() if name in result.baselines}
    if not told or BASELINE not in means:
        return ""
    places = decimals(means.values())
    best = min(told, key=lambda name: told[name])
    scores = ", ".join(f"{name} {score(metric, mean, places)}" for name, mean in told.items())
    said = (
        f"In the same folds, {metric_name(metric)} (lower is better): network as given "
        f"{score(metric, means[BASELINE], places)}, {scores}."
    )
    network = min((name for name in means if name not in told), key=lambda name: means[name])
    seeds = result.scores[network].mean(axis=1)
    seeds = seeds[np.isfinite(seeds)]
    seeds = seeds + (means[network] - seeds.mean())  # of fewer seeds than others have, as its mean is told
    if not t_test(seeds - told[best], float(np.abs(seeds).max())) < result.comparison.alpha:
        over = counted(len(seeds), "seed")
        return f"{said} The best network ({network}) and {best} are not told apart over {over}."
    if told[best] < means[network]:
        return f"{said} No network here beats {best}, which costs next to nothing: look into that first."
    return said


def verdicts(result: Measured) -> list[tuple[str, ...]]:
    """Return the cells of a head, the network as given, each placement, best first, and each baseline.

    Placements without an effect come last. A baseline's change is that of means, without a test.
    """
    shown = result.metrics[:MOST_SCORES]
    means = {metric: result.mean_scores(metric) for metric in shown}
    places = {metric: decimals(means[metric].values()) for metric in shown}

    def scores(name: str) -> tuple[str, ...]:
        return tuple(score(metric, means[metric][name], places[metric]) for metric in shown)

    effects = sorted(result.comparison.effects, key=lambda each: (each.effect != each.effect, each.effect))
    given = means[shown[0]][BASELINE]
    head = ("placement", *map(metric_name, shown), "change", "95 % interval", "p", "corrected", "verdict")
    rows = [
        head,
        (BASELINE, *scores(BASELINE), "", "", "", "", ""),
        *((each.name, *scores(each.name), *_tested(each)) for each in effects),
        *(
            (name, *scores(name), percent(means[shown[0]][name] / given - 1 if given else nan), *BESIDE)
            for name in result.baselines
        ),
    ]
    if not result.looks:
        return rows
    seeds = {"placement": "seeds", BASELINE: str(result.comparison.seeds)}
    seeds |= {each.name: str(each.seeds) for each in effects}
    return [(name, seeds.get(name, ""), *cells) for name, *cells in rows]


BESIDE = ("", "", "", "baseline")


def _tested(effect: Effect) -> tuple[str, ...]:
    p, corrected = (p_value(each) for each in (effect.p, effect.holm_p))
    return (percent(effect.effect), interval_words(effect), p, corrected, verdict_words(effect))


def verdict_words(effect: Effect) -> str:
    """Return the verdict; where it is open, with about how many more seeds would decide.

    >>> verdict_words(Effect("x", seeds=8, paired=8, failed=0, more_seeds=12))
    'undecided: 12 more seeds'
    >>> verdict_words(Effect("x", seeds=8, paired=6, failed=2))
    'undecided: failed on 2 of 8'
    """
    if effect.verdict != "undecided" or effect.paired < FEWEST_SEEDS:
        return effect.verdict
    if effect.share_failed > MOST_FAILED:
        return f"{effect.verdict}: failed on {effect.failed} of {effect.seeds}"
    if effect.more_seeds is None:
        return f"{effect.verdict}: over {MOST_SEEDS:,} more seeds"
    return f"{effect.verdict}: {counted(effect.more_seeds, 'more seed')}"


def interval_words(effect: Effect) -> str:
    """Return the interval of an effect; where failures gave the verdict, how many there were in its place.

    >>> interval_words(Effect("x", seeds=8, paired=0, failed=8, verdict="worse"))
    'failed on 8 of 8'
    """
    if effect.verdict != "undecided" and not isfinite(effect.low):
        return f"failed on {effect.failed} of {effect.seeds}"
    return interval(effect.low, effect.high)
