"""Spending: how much of the chance of an error each look at a study may take, whenever the study ends."""

from __future__ import annotations

from normcast.study.statistics.power import MOST_SEEDS

FIRST = 5  # seeds at the first look
GROWTH = 1.5  # seeds at a look, over those at the look before


def look_seeds(most: int | None = None) -> tuple[int, ...]:
    """Return how many seeds each look is made at: about 1.5 times as many as at the look before.

    most: looks beyond so many seeds are left out; by default those beyond 1,000. The numbers before it do
    not depend on it, so that a study which is given more seeds later repeats the same looks.
    Raises ValueError for fewer seeds than the first look needs.

    >>> look_seeds(100)
    (5, 8, 12, 18, 27, 40, 60, 90)
    """
    most = MOST_SEEDS if most is None else most
    if most < FIRST:
        raise ValueError(
            f"look_seeds: most is {most!r}, but the first look is at {FIRST} seeds. Give at least {FIRST}."
        )
    seeds = [FIRST]
    while round(GROWTH * seeds[-1]) <= most:
        seeds.append(round(GROWTH * seeds[-1]))
    return tuple(seeds)


def share(look: int) -> float:
    """Return the share of alpha that a look may spend, counted from 0; all shares together are 1.

    >>> round(share(0), 3), round(sum(share(look) for look in range(1000)), 3)
    (0.5, 0.999)
    """
    return 1 / ((look + 1) * (look + 2))
