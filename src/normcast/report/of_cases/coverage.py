"""Coverage: whether the network's intervals hold as much as they say, or differ by more than chance."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import betaincinv

from normcast.cases.evaluation import OURS, Evaluation
from normcast.errors import counted
from normcast.pages.words import number
from normcast.report.of_cases.reading import bounds_of, flat


@dataclass(frozen=True)
class Coverage:
    """How much of what came was inside an interval.

    level: percent; share: of the numbers of all cases, 0 to 1; low, high: its 95 % binomial interval over
    cases.

    >>> Coverage(80, share=0.7, cases=50, low=0.55, high=0.82).is_kept
    True
    """

    level: float
    share: float
    cases: int
    low: float
    high: float

    @property
    def is_kept(self) -> bool:
        """Whether the share differs from the level by no more than chance."""
        return self.low <= self.level / 100 <= self.high


def coverages(evaluation: Evaluation, output: int | None = None) -> tuple[Coverage, ...]:
    """Return the coverage of each level, of one output or of all together, narrow levels first.

    Numbers of one case are alike, so that chance is taken over cases and not over all their numbers.
    """
    return tuple(_coverage(evaluation, level, output) for level in sorted(evaluation.told[OURS].bounds))


def _coverage(evaluation: Evaluation, level: float, output: int | None) -> Coverage:
    bounds, actual = bounds_of(evaluation, level), flat(evaluation.actual)
    inside = (bounds[..., 0] <= actual) & (actual <= bounds[..., 1])
    share = float((inside if output is None else inside[:, output]).mean())
    return Coverage(level, share, len(actual), *binomial_interval(share * len(actual), len(actual)))


def binomial_interval(hits: float, cases: int) -> tuple[float, float]:
    """Return the 95 % interval of the chance of a hit, after so many hits among so many cases.

    Source: Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404

    >>> low, high = binomial_interval(8, 10)
    >>> round(low, 3), round(high, 3)
    (0.444, 0.975)
    >>> binomial_interval(0, 10)[0], binomial_interval(10, 10)[1]
    (0.0, 1.0)
    """
    misses = cases - hits
    low = float(betaincinv(hits, misses + 1, 0.025)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, misses, 0.975)) if misses > 0 else 1.0
    return low, high


def in_words(coverage: Coverage) -> str:
    """Return what an interval is worth, in a sentence.

    >>> in_words(Coverage(80, share=0.6, cases=50, low=0.45, high=0.74))
    'The 80 % interval held 60.0 % of what came, which is below its level by more than the noise of 50 cases:
     it is too narrow.'
    """
    held = f"The {coverage.level:g} % interval held {number(100 * coverage.share, 1)} % of what came"
    noise = f"the noise of {counted(coverage.cases, 'case')}"
    if coverage.is_kept:
        return f"{held}, which is within {noise}."
    side, width = ("below", "narrow") if 100 * coverage.share < coverage.level else ("above", "wide")
    return f"{held}, which is {side} its level by more than {noise}: it is too {width}."
