"""Seeds: what a number of seeds can decide, said before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from normcast.errors import at_least_one, counted
from normcast.plain import Plain
from normcast.study.statistics.power import detectable


@dataclass(frozen=True)
class SeedCheck(Plain):
    """What a number of seeds can decide about a number of placements; `print` shows the sentence.

    Parameters
    ----------
    n_seeds : int
        The number of seeds.
    n_placements : int
        How many placements are compared with the baseline.
    alpha : float
        The level of the tests.
    can_decide : bool
        Whether `detectable` is a difference that a study could meet.
    detectable : float
        The smallest difference, in standard deviations over seeds of the paired difference, that is found
        with a power of 80 % at the strictest level of Holm's correction; infinite where no test exists.
    detectable_alone : float
        The same for a single placement without correction.
    wilcoxon_floor : float
        The smallest p that the signed-rank test can reach.
    sentence : str
        All of it in words.

    Examples
    --------
    >>> enough_seeds(10, 20).can_decide
    True
    """

    n_seeds: int
    n_placements: int
    alpha: float
    can_decide: bool
    detectable: float
    detectable_alone: float
    wilcoxon_floor: float
    sentence: str

    def __str__(self) -> str:
        return self.sentence


# A difference larger than so many of its own standard deviations is seen without a test.
LARGEST_MET = 4.0
LARGE = 2.0


def enough_seeds(n_seeds: int, n_placements: int, alpha: float = 0.05) -> SeedCheck:
    """Say what a number of seeds can decide, before anything is trained.

    It cannot decide where there is no test (1 seed), or where only a difference of more than 4 times its own
    standard deviation over seeds would be found.

    Parameters
    ----------
    n_seeds : int
        The number of seeds.
    n_placements : int
        How many placements are compared with the baseline.
    alpha : float, default 0.05
        The level of the tests.

    Returns
    -------
    SeedCheck
        What can be decided, in numbers and in a sentence.

    Raises
    ------
    ValueError
        If a number is below 1, or alpha is outside (0, 1).

    Examples
    --------
    >>> print(enough_seeds(10, 20))
    10 seeds for 20 placements: a difference of 1.6 times its own standard deviation over seeds is found
    four times out of five (a placement by itself: 1.0 times).
    >>> enough_seeds(2, 20).can_decide
    False
    """
    at_least_one("enough_seeds", "n_seeds", n_seeds)
    at_least_one("enough_seeds", "n_placements", n_placements)
    if not 0 < alpha < 1:
        raise ValueError(f"enough_seeds: alpha must be in (0, 1), such as 0.05, but is {alpha!r}.")
    smallest, alone = detectable(n_seeds, alpha / n_placements), detectable(n_seeds, alpha)
    return SeedCheck(
        n_seeds=n_seeds,
        n_placements=n_placements,
        alpha=alpha,
        can_decide=smallest <= LARGEST_MET,
        detectable=smallest,
        detectable_alone=alone,
        wilcoxon_floor=min(1.0, 2 * 0.5**n_seeds),
        sentence=_sentence(n_seeds, n_placements, alpha),
    )


def _sentence(n_seeds: int, n_placements: int, alpha: float) -> str:
    who = f"{counted(n_seeds, 'seed')} for {counted(n_placements, 'placement')}"
    advice = f"Use at least {fewest_seeds(n_placements, alpha)} seeds."
    if n_seeds < 2:
        return f"{who} decides nothing: with one seed, a difference cannot be told from luck. {advice}"
    smallest, alone = detectable(n_seeds, alpha / n_placements), detectable(n_seeds, alpha)
    by_itself = f" (a placement by itself: {alone:.1f} times)" if n_placements > 1 else ""
    if smallest > LARGEST_MET:
        return (
            f"{who} decide next to nothing: only a difference of {smallest:.1f} times its own standard "
            f"deviation over seeds is found four times out of five{by_itself}. {advice}"
        )
    found = (
        f"{who}: a difference of {smallest:.1f} times its own standard deviation over seeds is found four "
        f"times out of five{by_itself}."
    )
    return f"{found} Smaller ones need more seeds." if smallest > LARGE else found


def fewest_seeds(n_placements: int, alpha: float = 0.05) -> int:
    """Return the fewest seeds that find a large difference, 2 of its standard deviations, among so many.

    Parameters
    ----------
    n_placements : int
        How many placements are compared with the baseline.
    alpha : float, default 0.05
        The level of the tests.

    Returns
    -------
    int
        The number of seeds.

    Examples
    --------
    >>> fewest_seeds(22)
    9
    """
    return next(n for n in count(2) if detectable(n, alpha / n_placements) <= LARGE)
