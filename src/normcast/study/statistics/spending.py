"""Spending: how much of the chance of an error each look at a study may take, whenever the study ends."""

from __future__ import annotations

from normcast.study.statistics.power import MOST_SEEDS

FIRST = 5  # seeds at the first look
GROWTH = 1.5  # seeds at a look, over those at the look before


def look_seeds(most: int | None = None) -> tuple[int, ...]:
    """Return how many seeds each look is made at: about 1.5 times as many as at the look before.

    Parameters
    ----------
    most : int, optional
        Looks beyond so many seeds are left out, and those beyond 1,000 in any case. The numbers before it do
        not depend on it, so that a study which is given more seeds later repeats the same looks.

    Returns
    -------
    tuple of int
        The numbers of seeds, ascending.

    Raises
    ------
    ValueError
        If the first look needs more seeds than most.

    Examples
    --------
    >>> look_seeds(100)
    (5, 8, 12, 18, 27, 40, 60, 90)
    """
    most = MOST_SEEDS if most is None else min(most, MOST_SEEDS)
    if most < FIRST:
        raise ValueError(
            f"look_seeds: most is {most!r}, but the first look is at {FIRST} seeds. Give at least {FIRST}."
        )
    seeds = [FIRST]
    while round(GROWTH * seeds[-1]) <= most:
        seeds.append(round(GROWTH * seeds[-1]))
    return tuple(seeds)


def share(look: int) -> float:
    """Return the share of alpha that a look may spend, counted from 0; those of all looks add up to 1.

    An eighth at the first look, whose few seeds hardly ever decide by a t test, then a quarter of what is
    left at each: the placements of simulated studies stopped soonest so. No look has to be the last.

    >>> [round(share(look), 3) for look in range(4)], round(sum(share(look) for look in range(99)), 6)
    ([0.125, 0.219, 0.164, 0.123], 1.0)
    """
    return 0.125 if look == 0 else 0.875 * 0.25 * 0.75 ** (look - 1)
