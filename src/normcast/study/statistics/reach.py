"""Reach: whether a study could have seen a change that matters, and how many more seeds would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan, sqrt

import numpy as np
from scipy.special import fdtrc

from normcast.errors import counted
from normcast.pages.percent import exact, size
from normcast.plain import Plain, number
from normcast.study.statistics.comparison import Comparison
from normcast.study.statistics.effect import Effect
from normcast.study.statistics.failures import MOST_FAILED
from normcast.study.statistics.interval import FEWEST_SEEDS
from normcast.study.statistics.paired import holm
from normcast.study.statistics.power import MOST_SEEDS, half_width, seeds_to_narrow, seeds_to_see
from normcast.study.statistics.seeds import fewest_seeds


@dataclass(frozen=True)
class Reach(Plain):
    """What a study could have seen of the placements that it leaves undecided; `print` shows the sentence.

    Parameters
    ----------
    seeds : int
        The seeds that were compared.
    min_effect : float
        The smallest effect that matters.
    level : float
        That of the intervals, corrected over all placements.
    undecided : tuple of str, default ()
        The placements without a verdict.
    unseen : tuple of str, default ()
        Those of them whose interval at that level holds an effect beyond `min_effect`, or is not known: a
        change that matters may hide in it.
    hopeful : tuple of str, default ()
        Those of them in which a change for the better may hide.
    half_width : float, default NaN
        How far the widest interval reaches to either side of its effect, NaN where none is known.
    more_seeds : int or None, default 0
        About how many further seeds leave none unseen, 0 where none is; below 3 seeds, whose spread says
        nothing, the fewest that find a large difference; None where no number up to 1,000 does.
    beyond : tuple of str, default ()
        The unseen that no such number helps: they differ too much from seed to seed, or fail too often.
    uneven : str, default ""
        The placement, not told better or worse, whose effect differs most from fold to fold, by more than
        `min_effect` and beyond the luck of so many placements; "" for none. Seeds do not narrow that.
    fold_spread : float, default NaN
        The standard deviation of its effect over folds.

    Examples
    --------
    >>> found = Reach(10, 0.01, 0.95, undecided=("norm",), unseen=("norm",), more_seeds=12)
    >>> found.too_small
    'this study is too small to say: about 12 more seeds would'
    """

    seeds: int
    min_effect: float
    level: float
    undecided: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    hopeful: tuple[str, ...] = ()
    half_width: float = nan
    more_seeds: int | None = 0
    beyond: tuple[str, ...] = ()
    uneven: str = ""
    fold_spread: float = nan

    @property
    def can_see(self) -> bool:
        """Whether a change of `min_effect` would have shown in every placement that is undecided."""
        return not self.unseen

    @property
    def too_small(self) -> str:
        """That the study is too small, and how many seeds would do, in a clause; "" where it is not."""
        if self.can_see:
            return ""
        if self.more_seeds is None:
            return f"this study is too small to say, and not even {MOST_SEEDS:,} more seeds would"
        about = "at least" if self.seeds < FEWEST_SEEDS else "about"
        some = f" for {len(self.unseen) - len(self.beyond)} of {len(self.unseen)}" if self.beyond else ""
        return f"this study is too small to say: {about} {counted(self.more_seeds, 'more seed')} would{some}"

    @property
    def detail(self) -> str:
        """Why it is too small or not, and what seeds cannot tell, in sentences; "" where all is decided."""
        return " ".join(each for each in (self._seen(), self._beyond(), self._uneven()) if each)

    def __str__(self) -> str:
        said = f"There, {self.too_small}." if self.too_small else ""
        return " ".join(each for each in (self.detail, said) if each)

    def _seen(self) -> str:
        if not self.undecided:
            return ""
        margin = exact(self.min_effect)
        if self.can_see:
            are = "is" if len(self.undecided) == 1 else "are"
            known = f"{self._which()} {are} known to lie within ± {margin}"
            return f"{known}: a change of {margin} would have shown."
        if self.seeds < FEWEST_SEEDS:
            few = counted(self.seeds, "seed")
            return f"{few} cannot tell a change from luck, nor how many would: intervals begin at 3."
        hides = f"{self._which()} may hide a change of {margin} or more"
        if not self.hopeful:
            hides = f"{hides}, for the worse alone"
        if not isfinite(self.half_width):
            return f"{hides}."
        return f"{hides}: the widest interval is ± {size(self.half_width)}, corrected for all placements."

    def _which(self) -> str:
        some, all_ = len(self.unseen), len(self.undecided)
        if all_ == 1:
            return "The one undecided placement"
        if some not in (0, all_):
            return f"{some} of {all_} undecided placements"
        return f"{'Both' if all_ == 2 else f'All {all_}'} undecided placements"

    def _beyond(self) -> str:
        if not self.beyond or self.seeds < FEWEST_SEEDS:
            return ""
        if self.min_effect == 0:
            return "No number of seeds shows that a change is nothing at all: give a min_effect above 0."
        which = f"{self.beyond[0]}{' and others' if len(self.beyond) > 1 else ''}"
        return (
            f"More seeds will hardly tell about {which}: too many fail, or they differ too much. Train "
            "longer, or on more data, or raise min_effect."
        )

    def _uneven(self) -> str:
        if not self.uneven:
            return ""
        return (
            f"From fold to fold the change by {self.uneven} differs by {size(self.fold_spread)} (standard "
            "deviation), beyond the luck of seeds: there, more data (groups, or longer series) would tell "
            "more, not more seeds."
        )


def reach(comparison: Comparison, scores: Mapping[str, np.ndarray]) -> Reach:
    """Return what a comparison could have seen.

    Parameters
    ----------
    comparison : Comparison
        What `compare` or `decide` found.
    scores : mapping of str to array (seeds, folds)
        The scores that it was made of.

    Returns
    -------
    Reach
        Which placements may hide a change that matters, and about how many more seeds it takes.

    Notes
    -----
    Intervals are t intervals of the mean paired difference, corrected by Bonferroni over all placements: of
    few seeds the bootstrap's are too short, and of many placements some by themselves. Of a comparison that
    `decide` made they are its own, which hold over all looks and placements, as is the number of more seeds.

    Examples
    --------
    >>> from normcast.study.statistics import compare
    >>> given = np.linspace(1.0, 1.1, 8)[:, None]
    >>> luck = np.array([1, -1, 1, -1, 1, -1, 1, -1])[:, None] * 0.02
    >>> scores = {"given": given, "noisy": given + luck}
    >>> found = reach(compare(scores, "given"), scores)
    >>> found.can_see, found.more_seeds
    (False, 27)
    """
    effects, level = comparison.effects, _corrected(comparison.level, comparison)
    undecided = [each for each in effects if each.verdict == "undecided"]
    ends = {each.name: _ends(each, level, comparison) for each in undecided}
    widths = {e.name: max(ends[e.name][1] - e.effect, e.effect - ends[e.name][0]) for e in undecided}
    gains = {name: -low if comparison.lower_is_better else high for name, (low, high) in ends.items()}
    unseen = [e for e in undecided if not abs(e.effect) + widths[e.name] <= comparison.min_effect]
    known = [width for width in widths.values() if isfinite(width)]
    more, beyond = _more(unseen, comparison)
    uneven, fold_spread = _most_uneven(comparison, scores)
    return Reach(
        seeds=comparison.seeds,
        min_effect=comparison.min_effect,
        level=level,
        undecided=tuple(widths),
        unseen=tuple(each.name for each in unseen),
        hopeful=tuple(each.name for each in unseen if not gains[each.name] <= comparison.min_effect),
        half_width=number(max(known, default=nan)),
        more_seeds=more,
        beyond=beyond,
        uneven=uneven,
        fold_spread=number(fold_spread),
    )


def _corrected(level: float, comparison: Comparison) -> float:
    if comparison.looks:
        return level
    return 1 - (1 - level) / max(1, len(comparison.effects))


def _ends(effect: Effect, level: float, comparison: Comparison) -> tuple[float, float]:
    """Return the interval of an effect that is corrected for all placements."""
    if comparison.looks:
        return effect.low, effect.high
    width = _half_width(effect, level)
    return effect.effect - width, effect.effect + width


def _half_width(effect: Effect, level: float) -> float:
    """Return how far the interval reaches to either side; NaN below 3 seeds and where too many fail."""
    if effect.paired < FEWEST_SEEDS or effect.share_failed > MOST_FAILED:
        return nan
    return half_width(effect.spread, effect.paired, level)


def _more(unseen: Sequence[Effect], comparison: Comparison) -> tuple[int | None, tuple[str, ...]]:
    """Return how many further seeds would do for those that any number helps, and the names of the rest."""
    if not unseen:
        return 0, ()
    if comparison.seeds < FEWEST_SEEDS:
        return fewest_seeds(len(comparison.effects), comparison.alpha) - comparison.seeds, ()
    needed = {
        each.name: _looks_more(each, comparison) if comparison.looks else _seeds_more(each, comparison)
        for each in unseen
    }
    possible = [count for count in needed.values() if count is not None]
    return max(possible, default=None), tuple(name for name, count in needed.items() if count is None)


def _looks_more(effect: Effect, comparison: Comparison) -> int | None:
    """Return how many seeds beyond those of the study decide; a placement set aside has fewer than it."""
    if effect.more_seeds is None:
        return None
    return max(1, effect.more_seeds + effect.seeds - comparison.seeds)


def _seeds_more(effect: Effect, comparison: Comparison) -> int | None:
    """Return how many further seeds show a true effect of `min_effect` four times out of five.

    And at which, if the effect is what it seems, its interval leaves out zero or all beyond `min_effect`.
    """
    if effect.paired < FEWEST_SEEDS or effect.share_failed > MOST_FAILED:
        return None
    margin, level = comparison.min_effect, _corrected(comparison.level, comparison)
    shown = seeds_to_see(margin, effect.spread, 1 - level)
    narrow = seeds_to_narrow(effect.spread, max(abs(effect.effect), margin - abs(effect.effect)), level)
    if shown is None or narrow is None:
        return None
    return max(1, -(-(max(shown, narrow) - effect.paired) * effect.seeds // effect.paired))


def _most_uneven(comparison: Comparison, scores: Mapping[str, np.ndarray]) -> tuple[str, float]:
    """Return which placement differs most from fold to fold, and by how much; ("", NaN) for none.

    Beyond luck by Holm's correction: of many placements, one would often seem so.
    """
    given = scores[comparison.baseline]
    asked = [e for e in comparison.effects if e.verdict not in ("better", "worse") and isfinite(e.effect)]
    tests = [fold_spread(scores[each.name] - given[: len(scores[each.name])]) for each in asked]
    corrected = holm([p for _, p in tests])
    found = {
        each.name: spread / _unit(comparison, given)
        for each, (spread, _), p in zip(asked, tests, corrected, strict=True)
        if p < comparison.alpha and spread / _unit(comparison, given) > comparison.min_effect
    }
    return max(found.items(), key=lambda each: each[1], default=("", nan))


def _unit(comparison: Comparison, given: np.ndarray) -> float:
    return comparison.scale if isfinite(comparison.scale) else float(np.nanmean(given))


def fold_spread(differences: np.ndarray) -> tuple[float, float]:
    """Return the standard deviation over folds of the mean difference, without what seeds explain, and its p.

    differences: (seeds, folds); seeds with an unfinished fold are left out. p: of the F test of a two-way
    layout without replication; (0, 1) where there is no such test.

    >>> swap = np.array([[0.1, -0.1], [0.11, -0.1], [0.1, -0.12]])
    >>> spread, p = fold_spread(swap)
    >>> round(spread, 2), p < 0.01, fold_spread(swap[:, :1])
    (0.15, True, (0.0, 1.0))
    """
    whole = differences[np.isfinite(differences).all(axis=1)]
    seeds, folds = whole.shape
    if seeds < FEWEST_SEEDS or folds < 2:
        return 0.0, 1.0
    means = whole.mean(axis=0)
    left = whole - whole.mean(axis=1, keepdims=True) - means + whole.mean()
    luck = float((left**2).sum() / ((seeds - 1) * (folds - 1))) / seeds
    between = float(means.var(ddof=1))
    if between <= luck:
        return 0.0, 1.0
    p = float(fdtrc(folds - 1, (seeds - 1) * (folds - 1), between / luck)) if luck > 0 else 0.0
    return sqrt(between - luck), p
