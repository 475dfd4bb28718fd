"""Coverage: whether intervals held as often as they say, in all and for each series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from normcast.errors import listed

NEAR = 10.0  # points of percent between a series' coverage and the level
SURE = 2.0  # standard errors that are no chance


@dataclass(frozen=True)
class Coverage:
    """What one model's intervals of one level held, in percent of the values that came.

    Parameters
    ----------
    level : float
        Percent that they should hold.
    inside : float
        Percent of all values that they held.
    near : float
        Percent of the series that are within 10 points of the level.
    worst : str
        The series furthest from it.
    worst_inside : float
        What its intervals held.
    noise : float
        Two standard errors of `inside`, over series and folds.
    off : tuple of str
        Series that are further than 10 points from the level, and further than chance.
    n_series : int
        How many series there are.

    Examples
    --------
    >>> Coverage(80, 81.0, 100.0, "b", 76.0, 4.0, (), 2).holds
    True
    """

    level: float
    inside: float
    near: float
    worst: str
    worst_inside: float
    noise: float
    off: tuple[str, ...]
    n_series: int

    @property
    def holds(self) -> bool:
        """Whether the level is kept: within 5 points in all, as far as can be told, and by most series."""
        distance = abs(self.inside - self.level)
        return not (distance > max(5.0, self.noise) or len(self.off) > 0.2 * self.n_series)

    def words(self, model: str) -> str:
        """Say what to think of the intervals, in a sentence.

        Parameters
        ----------
        model : str
            What to call it.

        Returns
        -------
        str
            One sentence.

        Examples
        --------
        >>> Coverage(80, 54.0, 50.0, "b", 36.0, 4.0, ("b",), 2).words("normcast")
        'Do not rely on the 80 % intervals of normcast: they held 54 % of what came, and of series b 36 %.'
        """
        most = "" if self.n_series == 1 else f", and of series {self.worst} {self.worst_inside:.0f} %"
        held = f"{self.inside:.0f} % of what came{most}"
        if self.holds:
            return f"The {self.level:g} % intervals of {model} held {held}."
        if abs(self.inside - self.level) > max(5.0, self.noise):
            if self.inside > self.level:
                return f"The {self.level:g} % intervals of {model} are too wide: they held {held}."
            return f"Do not rely on the {self.level:g} % intervals of {model}: they held {held}."
        many = f"{len(self.off)} of {self.n_series} series ({listed(self.off)})"
        return f"The {self.level:g} % intervals of {model} held {held}; for {many} they are not true."


def coverages(folds: pd.DataFrame, model: str, levels: Sequence[float]) -> Iterator[Coverage]:
    """Yield what the intervals of a model held, by level.

    Parameters
    ----------
    folds : pandas.DataFrame
        One value per series and fold, as `Scores.folds` has them.
    model : str
        Its name there.
    levels : sequence of float
        Percent.

    Yields
    ------
    Coverage
        Of each level that was scored.

    Examples
    --------
    >>> folds = pd.DataFrame({"unique_id": list("aabb"), "model": "ridge", "metric": "coverage-80"})
    >>> [(each.level, each.inside) for each in coverages(folds.assign(value=[75, 85, 70, 90]), "ridge", [80])]
    [(80.0, 80.0)]
    """
    own = folds[folds["model"] == model]
    for level in levels:
        held = own[own["metric"] == f"coverage-{level:g}"].dropna(subset="value")
        if len(held):
            yield _coverage(held, float(level))


def _coverage(held: pd.DataFrame, level: float) -> Coverage:
    groups = held.groupby("unique_id", sort=False, observed=True)["value"]
    mean, folds = groups.mean(), groups.count()
    distance = (mean - level).abs()
    values = held["value"]
    off = mean.index[(distance > NEAR) & (distance > _chance(groups.sem(), folds, level))]
    worst = int(distance.to_numpy().argmax())
    return Coverage(
        level=level,
        inside=float(values.to_numpy(dtype=np.float64).mean()),
        near=100 * float((distance <= NEAR).mean()),
        worst=str(mean.index[worst]),
        worst_inside=float(mean.iloc[worst]),
        noise=float(_chance(values.sem(), len(values), level)),
        off=tuple(map(str, off)),
        n_series=len(mean),
    )


def _chance(error: Any, folds: Any, level: float) -> Any:
    """Return two standard errors of a mean over so many folds, NaN being unknown.

    A few folds may all hold the same, and a single one shows no spread: that of the level itself counts, as
    if the steps of a fold were three observations.
    """
    share = level / 100
    least = 100 * np.sqrt(share * (1 - share) / (3 * folds))
    return SURE * np.fmax(error, least)
