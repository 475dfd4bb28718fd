"""Combination: how much of each candidate and of the networks a forecast is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from normcast.forecasting.shares import Shares
from normcast.plain import Plain

NETWORK = "network"
NAIVE, SEASONAL_NAIVE = "naive", "seasonal_naive"


@dataclass(frozen=True, eq=False)
class Combination(Plain):
    """The weights of a forecast's parts, as values.

    shares: of each part, `NETWORK` that of the networks: the median is the mean of their medians under these.
    spread: share that the networks' distances of quantiles from the median have in those of the whole; the
    rest is `widths` (h, quantiles). errors: mean |error| at the origins, over the in-sample error of the
    seasonal naive forecast, of every part that was tried, of `combined`, and of `candidates`, the combination
    without networks; empty where nothing was chosen. optimism: how many times larger errors are at origins
    that chose nothing; 1 where that is not known.
    """

    shares: Shares
    spread: float
    widths: np.ndarray
    errors: dict[str, float]
    optimism: float = 1.0

    COMBINED: ClassVar[str] = "combined"
    CANDIDATES: ClassVar[str] = "candidates"

    @classmethod
    def alone(cls, name: str, widths: np.ndarray) -> Combination:
        """Return the combination that is one part alone; widths: those of a candidate, zeros for networks."""
        return cls(Shares.alike({name: 1.0}), float(name == NETWORK), widths, {})

    def check(self, candidates: set[str], series: int, shape: tuple[int, int], has_network: bool) -> None:
        """Raise ValueError where it is one of other parts or series, or where widths have another shape."""
        self.shares.check(candidates, series, has_network, NETWORK)
        if self.widths.shape != shape or not np.isfinite(self.widths).all():
            raise ValueError(f"its widths have shape {self.widths.shape}, but need {shape}, all finite.")
        if not 0 <= self.spread <= has_network:
            raise ValueError(f"spread is {self.spread}, but must be within 0 and 1, and 0 without a network.")

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each part, the mean over all series."""
        return self.shares.mean()

    @property
    def share(self) -> float:
        """The networks' weight."""
        return self.weights.get(NETWORK, 0.0)

    @property
    def uses_network(self) -> bool:
        """Whether the networks have a part in it."""
        return self.share > 0 or self.spread > 0

    @property
    def only_tried(self) -> str | None:
        """The part that was named, or had no other beside it; None where several were tried."""
        tried = self.errors.keys() - {self.COMBINED, self.CANDIDATES}
        return next(iter(tried)) if len(tried) == 1 else None

    @property
    def is_last_value(self) -> bool:
        """Whether all is the last value, repeated; without a season the seasonal naive forecast is."""
        parts = self.shares.parts
        return parts == (NAIVE,) or (parts == (SEASONAL_NAIVE,) and NAIVE not in self.errors)

    def describe(self) -> str:
        """Return the parts and their weights, the largest first: "62 % network, 38 % ridge"."""
        weights = self.weights
        ranked = sorted(weights, key=lambda name: (-weights[name], name))
        told = ", ".join(f"{100 * weights[name]:.0f} % {name}" for name in ranked)
        return (
            f"{told} (the mean over series, which have weights of their own)" if self.shares.differ else told
        )

    def remark(self) -> str:
        """Return what the other parts add, in words; "" where no networks were trained that could add any."""
        if self.errors and self.only_tried is None and self.is_last_value:
            return "; nothing is shown to be better than the last value, repeated"
        if NETWORK not in self.errors:
            return ""
        if not self.share:
            return "; the network adds nothing"
        without, error = self.errors[self.CANDIDATES], self.errors[self.COMBINED]
        if error == 0:  # a series that repeats itself
            return f"; without the network {'worse' if without > 0 else 'as good'}"
        worse = 100 * (without / error - 1)
        return f"; without the network {f'{worse:.0f} % worse' if worse >= 0.5 else 'as good'}"

    def combined(
        self, points: Mapping[str, np.ndarray], network: np.ndarray | None, series: np.ndarray
    ) -> np.ndarray:
        """Return quantiles of points by name and of the networks' quantiles (windows, h, Q), all scaled.

        series: (windows,), of each.
        """
        if network is not None and self.shares.parts == (NETWORK,) and self.spread == 1:
            return network
        middle = self.widths.shape[1] // 2
        told = dict(points) if network is None else {**points, NETWORK: network[..., middle]}
        around = (1 - self.spread) * self.widths
        if network is not None and self.spread > 0:
            around = around + self.spread * (network - network[..., middle : middle + 1])
        return np.sort(self.shares.of(told, series)[..., None] + around, axis=-1)

    def matched(self, old: tuple[str, ...], new: tuple[str, ...]) -> Combination:
        """Return the combination of other series by their ids; those not known have the usual weights."""
        return replace(self, shares=self.shares.matched(old, new))


def widths(errors: np.ndarray, quantiles: tuple[float, ...]) -> np.ndarray:
    """Return the distance of each quantile of the errors from their median, at each step: 0 where unknown.

    errors: (windows, h), NaN where nothing was observed; quantiles: () for none, which gives (h, 1).

    >>> widths(np.array([[-1.0], [0.0], [1.0]]), (0.25, 0.5, 0.75))
    array([[-0.5,  0. ,  0.5]])
    """
    bounds = np.zeros((errors.shape[1], max(1, len(quantiles))))
    for step, each in enumerate(errors.T):
        seen = each[~np.isnan(each)]
        if len(seen) and quantiles:
            bounds[step] = np.quantile(seen, quantiles)
    return bounds - bounds[:, [bounds.shape[1] // 2]]
