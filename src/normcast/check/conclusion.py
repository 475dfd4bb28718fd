"""Conclusion: what pooled figures allow to be said of a claim, and in which words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import exp, isnan, log, nan

from normcast.pages.percent import exact, interval, percent
from normcast.plain import Plain

REGION = 0.02
"""Errors within 2 % of each other are called the same: another seed moves the error of one training by more
(the page says by how much), and nobody would rebuild a network for less."""
ALPHA = 0.05


class Conclusion(StrEnum):
    """What holds of the second arm's error against the first's."""

    NOTHING = "does nothing"
    NOTHING_ON_AVERAGE = "does nothing on average"
    BETTER = "better"
    BETTER_ON_AVERAGE = "better on average"
    WORSE = "worse"
    WORSE_ON_AVERAGE = "worse on average"
    DIFFERS = "differs from data to data"
    NOT_KNOWN = "not known"

    @property
    def is_better(self) -> bool:
        """Whether the mean error is shown to be smaller."""
        return self in (Conclusion.BETTER, Conclusion.BETTER_ON_AVERAGE)

    @property
    def is_worse(self) -> bool:
        """Whether the mean error is shown to be larger."""
        return self in (Conclusion.WORSE, Conclusion.WORSE_ON_AVERAGE)

    @property
    def is_nothing(self) -> bool:
        """Whether the mean error is shown to be the same."""
        return self in (Conclusion.NOTHING, Conclusion.NOTHING_ON_AVERAGE)

    @property
    def is_to_measure(self) -> bool:
        """Whether only the reader's own data can tell."""
        return self in (Conclusion.DIFFERS, Conclusion.NOT_KNOWN)

    @property
    def flipped(self) -> Conclusion:
        """The same of the first arm against the second."""
        pairs = {"better": "worse", "worse": "better"}
        first, *rest = self.value.split(" ", 1)
        return Conclusion(" ".join([pairs.get(first, first), *rest]))


@dataclass(frozen=True)
class Figures(Plain):
    """Effects pooled over data sets, as log ratios of the second arm's error to the first's.

    effect, low, high: the mean and its 95 % interval; p, and corrected over the claims of the task: holm_p;
    between: standard deviation of the effects between data sets (tau), and its interval; low_new, high_new:
    the 95 % prediction interval, in which the effect on further data is expected; datasets: how many were
    pooled; smaller, larger: on how many of them the error was so by more than the region of equivalence. What
    one data set cannot tell is NaN.
    """

    effect: float
    low: float
    high: float
    p: float
    holm_p: float
    between: float
    between_low: float
    between_high: float
    low_new: float
    high_new: float
    datasets: int
    smaller: int
    larger: int

    @property
    def conclusion(self) -> Conclusion:
        """What may be said, the first that holds.

        It does nothing where both intervals and the effect on every data set lie within the region of
        equivalence. It differs from data to data where the prediction interval leaves the region on both
        sides, data sets do so too, and tau is clearly above zero. It does nothing on average where the
        interval of the mean lies within the region. It is better or worse where the corrected p is below
        5 %: everywhere if the prediction interval leaves out zero, else on average. All else is not known.
        """
        edge = log(1 + REGION)
        is_clear = self.holm_p < ALPHA
        is_alike = self.smaller == self.larger == 0
        leaves = self.low_new < -edge and self.high_new > edge  # as normal tails do where no data set has
        holds = {
            Conclusion.NOTHING: -edge <= self.low_new and self.high_new <= edge and is_alike,
            Conclusion.DIFFERS: leaves and min(self.smaller, self.larger) > 0 and self.between_low > 0,
            Conclusion.NOTHING_ON_AVERAGE: -edge <= self.low and self.high <= edge,
            Conclusion.BETTER: is_clear and self.high_new < 0,
            Conclusion.WORSE: is_clear and self.low_new > 0,
            Conclusion.BETTER_ON_AVERAGE: is_clear and self.effect < 0,
            Conclusion.WORSE_ON_AVERAGE: is_clear and self.effect > 0,
        }  # of one data set all figures are NaN, so that nothing holds
        return next((said for said, is_so in holds.items() if is_so), Conclusion.NOT_KNOWN)

    @property
    def words(self) -> str:
        """The conclusion with the figures that it rests on."""
        said = self.conclusion
        if said is Conclusion.NOTHING:
            return f"{said} (within ±{exact(REGION)}, on further data too)"
        if said is Conclusion.NOTHING_ON_AVERAGE:
            return f"{said} (within ±{exact(REGION)}; on further data {self.new})"
        if said is Conclusion.DIFFERS:
            tends = "smaller" if self.effect < 0 else "larger"
            mean = f", {tends} on average" if self.holm_p < ALPHA else ""
            return f"{said}: {self.new}{mean}"
        return str(said)

    @property
    def sides(self) -> str:
        """On how many data sets the error was smaller and larger than the region of equivalence."""
        return f"{self.smaller}, {self.larger} of {self.datasets}"

    @property
    def mean(self) -> str:
        """The mean change of the error with its interval, in percent."""
        return percent(change(self.effect)) + ("" if isnan(self.low) else f" ({self.ends})")

    @property
    def ends(self) -> str:
        """The interval of the mean, in percent."""
        return interval(change(self.low), change(self.high))

    @property
    def new(self) -> str:
        """The prediction interval, in percent."""
        return interval(change(self.low_new), change(self.high_new))

    @property
    def spread(self) -> str:
        """Tau with its interval, in log ratios."""
        if isnan(self.between):
            return "–"
        return f"{self.between:.2f} ({self.between_low:.2f} to {self.between_high:.2f})"


def change(log_ratio: float) -> float:
    """Return the relative change that a log ratio is; one too large for a number as infinite.

    >>> round(change(0.0953), 3), change(0.0)
    (0.1, 0.0)
    """
    if isnan(log_ratio):
        return nan
    return exp(log_ratio) - 1 if log_ratio < 700 else float("inf")
