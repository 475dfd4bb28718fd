"""Power: what a number of seeds can see, and how many more would be needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import ceil, inf, log2, sqrt

from scipy.optimize import brentq
from scipy.special import stdtrit
from scipy.stats import nct

POWER = 0.8
# Nobody trains so many; a larger number would only pretend to be one.
MOST_SEEDS = 1000


def seen(effect: float, n: int, alpha: float) -> float:
    """Return the power of a two-sided paired t test, the wrong side left out.

    effect: in standard deviations of the paired difference; n: seeds.
    Source: Cohen 1988, Statistical Power Analysis for the Behavioral Sciences, chapter 2

    >>> round(seen(effect=1.0, n=10, alpha=0.05), 3)
    0.803
    """
    return _tail(float(stdtrit(n - 1, 1 - alpha / 2)), n - 1, effect * sqrt(n))


def _tail(t: float, df: int, noncentrality: float) -> float:
    return float(nct.sf(t, df, noncentrality))


@lru_cache(maxsize=1024)
def detectable(n: int, alpha: float) -> float:
    """Return the smallest effect, in standard deviations, that `n` seeds see with a power of 80 %.

    alpha: two-sided, already divided by the number of tests. Below 2 seeds there is no test: infinite.

    >>> round(detectable(10, 0.05), 2), detectable(1, 0.05)
    (1.0, inf)
    """
    if n < 2:
        return inf
    widest = 2 * float(stdtrit(n - 1, 1 - alpha / 2)) + 5
    return float(brentq(lambda each: seen(each, n, alpha) - POWER, 0.0, widest / sqrt(n)))


def seeds_to_see(effect: float, deviation: float, alpha: float) -> int | None:
    """Return how many seeds see a true effect with a power of 80 %; None above 1,000.

    effect, deviation: in one unit; with no deviation at all, the sign test's 2 / 2^n has to reach alpha.

    >>> seeds_to_see(effect=1.0, deviation=1.0, alpha=0.05)
    10
    """
    if effect == 0:
        return None
    if deviation == 0:
        return max(2, ceil(1 - log2(alpha)))
    return _fewest(lambda n: seen(abs(effect) / deviation, n, alpha) >= POWER)


def seeds_to_equate(effect: float, deviation: float, margin: float, alpha: float) -> int | None:
    """Return how many seeds show with a power of 80 % that a true effect is within a margin.

    None above 1,000, and where the effect is not within the margin.

    >>> seeds_to_equate(effect=0.0, deviation=1.0, margin=1.0, alpha=0.05)
    11
    """
    if abs(effect) >= margin:
        return None
    if deviation == 0:
        return max(2, ceil(-log2(alpha)))

    return _fewest(lambda n: equated(effect / deviation, n, margin / deviation, alpha) >= POWER)


def equated(effect: float, n: int, margin: float, alpha: float) -> float:
    """Return the power of two one-sided paired t tests to show that an effect is within a margin.

    effect, margin: in standard deviations of the paired difference; n: seeds.
    Source: the approximation of Phillips 1990, doi:10.1007/BF01063556, by noncentral t

    >>> round(equated(effect=0.0, n=11, margin=1.0, alpha=0.05), 3)
    0.849
    """
    t = float(stdtrit(n - 1, 1 - alpha))
    near, far = margin - abs(effect), margin + abs(effect)
    return _tail(t, n - 1, near * sqrt(n)) + _tail(t, n - 1, far * sqrt(n)) - 1


def half_width(deviation: float, n: int, level: float) -> float:
    """Return how far a t interval of a mean over `n` seeds reaches to either side; 2 seeds or more.

    deviation: standard deviation over seeds.

    >>> round(half_width(deviation=1.0, n=10, level=0.95), 3)
    0.715
    """
    return float(stdtrit(n - 1, (1 + level) / 2)) * deviation / sqrt(n)


def seeds_to_narrow(deviation: float, margin: float, level: float) -> int | None:
    """Return at how many seeds a t interval reaches no further than a margin; None above 1,000.

    >>> seeds_to_narrow(deviation=1.0, margin=0.715, level=0.95)
    11
    """
    return _fewest(lambda n: n > 1 and half_width(deviation, n, level) <= margin)


def _fewest(is_enough: Callable[[int], bool]) -> int | None:
    """Return the fewest seeds that are enough, by bisection: more are too."""
    low, high = 1, MOST_SEEDS
    if not is_enough(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
