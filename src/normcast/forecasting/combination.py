"""Combination: how much of each candidate and of the networks a forecast is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from normcast.plain import Plain
from normcast.scoring.series_scale import mean_seen

NETWORK = "network"
NEAR = 1.03  # times the least error: candidates up to here weigh the same
LEAST = 3  # candidates that weigh at least
MOST_OPTIMISM = 2.0
ALIKE = 1.01  # times the least error: shares of the networks that are as good
SHARES = np.linspace(0, 1, 11)  # of the networks, of which one is chosen


@dataclass(frozen=True, eq=False)
class Combination(Plain):
    """The weights of a forecast's parts, as values.

    weights: by name, positive, adding up to 1, `NETWORK` that of the networks: the median is the mean of
    their medians under these. spread: share that the networks' distances of quantiles from the median have in
    those of the whole; the rest is `widths` (h, quantiles). errors: mean |error| at the origins, over the
    in-sample error of the seasonal naive forecast, of every part that was tried, of `combined`, and of
    `candidates`, the combination without networks; empty where nothing was chosen. optimism: how many times
    larger errors are at origins that chose nothing; 1 where that is not known.
    """

    added: ClassVar[tuple[str, ...]] = ("optimism",)

    weights: dict[str, float]
    spread: float
    widths: np.ndarray
    errors: dict[str, float]
    optimism: float = 1.0

    COMBINED: ClassVar[str] = "combined"
    CANDIDATES: ClassVar[str] = "candidates"

    @classmethod
    def alone(cls, name: str, widths: np.ndarray) -> Combination:
        """Return the combination that is one part alone; widths: those of a candidate, zeros for networks."""
        return cls({name: 1.0}, float(name == NETWORK), widths, {})

    def check(self, candidates: set[str], shape: tuple[int, int], has_network: bool) -> None:
        """Raise ValueError where weights are of other parts than these, or widths of another shape."""
        parts = candidates | ({NETWORK} if has_network else set())
        used = set(self.weights)
        if not used or not used <= parts or not candidates <= used or (self.uses_network and not has_network):
            raise ValueError(f"it weighs {sorted(used)}, but holds {sorted(parts)}.")
        values = np.array([*self.weights.values(), self.spread])
        if self.widths.shape != shape or not np.isfinite(self.widths).all():
            raise ValueError(f"its widths have shape {self.widths.shape}, but need {shape}, all finite.")
        if not ((values >= 0) & (values <= 1)).all() or abs(values[:-1].sum() - 1) > 1e-6:
            raise ValueError(f"its weights {self.weights} do not add up to 1, or spread is {self.spread}.")

    @property
    def share(self) -> float:
        """The networks' weight."""
        return self.weights.get(NETWORK, 0.0)

    @property
    def uses_network(self) -> bool:
        """Whether the networks have a part in it."""
        return self.share > 0 or self.spread > 0

    def describe(self) -> str:
        """Return the parts and their weights, the largest first: "62 % network, 38 % ridge"."""
        ranked = sorted(self.weights, key=lambda name: (-self.weights[name], name))
        return ", ".join(f"{100 * self.weights[name]:.0f} % {name}" for name in ranked)

    def without_network(self) -> str:
        """Return what held-out errors would be without the networks, in words; "" where none were trained."""
        if NETWORK not in self.errors:
            return ""
        worse = 100 * (self.errors[self.CANDIDATES] / self.errors[self.COMBINED] - 1)
        if not self.share:
            return "; the network adds nothing"
        return f"; without the network {worse:.0f} % worse" if worse >= 0.5 else "; without it as good"

    def combined(self, points: Mapping[str, np.ndarray], network: np.ndarray | None) -> np.ndarray:
        """Return quantiles of points by name and of the networks' quantiles (windows, h, Q), all scaled."""
        if network is not None and self.share == 1.0:
            return network
        middle = self.widths.shape[1] // 2
        parts = dict(points) if network is None else {**points, NETWORK: network[..., middle]}
        # In the order of names, whatever that of a file is: a sum in another differs in its last bit.
        median = sum(self.weights[name] * parts[name] for name in sorted(self.weights))
        around = (1 - self.spread) * self.widths
        if network is not None and self.spread > 0:
            around = around + self.spread * (network - network[..., middle : middle + 1])
        return np.sort(np.asarray(median)[..., None] + around, axis=-1)


@dataclass(frozen=True, eq=False)
class Trial:
    """Forecasts of what could not be seen, beside what came, by which a combination is chosen.

    points: (windows, h) by name, of candidates; network: (windows, h, Q), or None; y: (windows, h), NaN where
    nothing was observed; unit: (windows,) in-sample error of the seasonal naive forecast of each series, NaN
    where it has none; time: (windows,) rows from the cutoff to the first target, negative.
    """

    points: Mapping[str, np.ndarray]
    network: np.ndarray | None
    y: np.ndarray
    unit: np.ndarray
    time: np.ndarray

    @property
    def early(self) -> np.ndarray:
        """Which windows are of the earlier half of the origins, (windows,)."""
        return self.time < np.median(np.unique(self.time))

    def error(self, forecast: np.ndarray) -> float:
        """Return the mean |error| of a forecast (windows, h) in units of its series, pooled over all."""
        sizes = mean_seen(np.abs(self.y - forecast)) / self.unit
        return float(np.nanmean(sizes)) if np.isfinite(sizes).any() else float("nan")

    def chosen(self, quantiles: tuple[float, ...]) -> Combination:
        """Choose weights by the errors, and the networks' share in the widths by the pinball loss."""
        weights = self.weights()
        median = self.median(weights)
        errors = {name: self.error(each) for name, each in self.parts.items()}
        rest = sum(weights[name] for name in self.points if name in weights)
        alone = {name: weights[name] / rest for name in self.points if name in weights}
        errors[Combination.CANDIDATES] = self.error(self.median(alone)) if alone else float("nan")
        errors[Combination.COMBINED] = self.error(median)
        around = self.spread(median, quantiles), widths(self.y - median, quantiles)
        return Combination(weights, *around, errors, self.optimism(errors[Combination.COMBINED]))

    @property
    def parts(self) -> dict[str, np.ndarray]:
        """The medians of candidates and of the networks by name, each (windows, h)."""
        if self.network is None:
            return dict(self.points)
        return {**self.points, NETWORK: self.network[..., self.network.shape[-1] // 2]}

    def median(self, weights: Mapping[str, float]) -> np.ndarray:
        """Return the mean of the parts under these weights, (windows, h)."""
        parts = self.parts
        return np.sum([weights[name] * parts[name] for name in sorted(weights)], axis=0)

    def weights(self) -> dict[str, float]:
        """Choose weights by the errors.

        Candidates within 3 % of the best, and the best three in any case, weigh the same; see `share` for how
        much the networks weigh beside their mean.
        """
        base = near({name: self.error(each) for name, each in self.points.items()})
        share = 0.0
        if self.network is not None:
            mean = np.mean([self.points[name] for name in base], axis=0)
            share = self.share(mean, self.parts[NETWORK])
        weights = {name: (1 - share) / len(base) for name in base if share < 1}
        return {**weights, NETWORK: share} if share > 0 else weights

    def optimism(self, error: float) -> float:
        """Return how many times larger than this error, of all origins, those are that chose nothing: 1 to 2.

        What one half of the origins chooses is judged by the other, both ways.
        """
        if not self.early.any() or self.early.all() or not error > 0:
            return 1.0
        told = np.empty_like(self.y)
        for seen in (self.early, ~self.early):
            told[~seen] = self.only(~seen).median(self.only(seen).weights())
        ratio = self.error(told) / error
        return float(np.clip(ratio, 1, MOST_OPTIMISM)) if np.isfinite(ratio) else 1.0

    def only(self, some: np.ndarray) -> Trial:
        """Return the windows of a mask."""
        points = {name: each[some] for name, each in self.points.items()}
        network = None if self.network is None else self.network[some]
        return Trial(points, network, self.y[some], self.unit[some], self.time[some])

    def share(self, candidates: np.ndarray, network: np.ndarray) -> float:
        """Return the networks' share of {0, 0.1, ..., 1} beside the candidates' mean, both (windows, h).

        Of those whose error is within `ALIKE` of the least, the one next to one half: what is hardly better
        on a few origins is no reason to put all on one.
        """
        tried = np.array([self.error(candidates + each * (network - candidates)) for each in SHARES])
        if np.isnan(tried).all():
            return 0.5
        alike = np.flatnonzero(tried <= ALIKE * np.nanmin(tried))
        return float(SHARES[alike[np.argmin(np.abs(SHARES[alike] - 0.5))]])

    def spread(self, median: np.ndarray, quantiles: tuple[float, ...]) -> float:
        """Return the share of the networks' widths with which the later origins' pinball loss is least.

        What the networks do not give are the widths of the earlier origins' errors.
        """
        if self.network is None or not quantiles or not self.early.any() or self.early.all():
            return float(self.network is not None)
        late = ~self.early
        plain = widths((self.y - median)[self.early], quantiles)
        middle = self.network.shape[-1] // 2
        own = (self.network - self.network[..., middle : middle + 1])[late]
        missed, unit = (self.y - median)[late][..., None], self.unit[late]
        losses = []
        for each in SHARES:
            over = missed - (each * own + (1 - each) * plain)
            loss = np.maximum(np.array(quantiles) * over, (np.array(quantiles) - 1) * over).mean(axis=-1)
            losses.append(np.nanmean(mean_seen(loss) / unit))
        return float(SHARES[int(np.nanargmin(losses))]) if np.isfinite(losses).any() else 1.0


def near(errors: Mapping[str, float]) -> list[str]:
    """Return the names whose errors are within `NEAR` of the least, and of the `LEAST` least ones.

    >>> near({"a": 1.0, "b": 1.02, "c": 2.0, "d": 3.0}), near({"a": 1.0, "b": 1.02, "c": 1.01, "d": 1.03})
    (['a', 'b', 'c'], ['a', 'b', 'c', 'd'])
    """
    ranked = sorted(errors, key=lambda name: np.inf if np.isnan(errors[name]) else errors[name])
    most = NEAR * errors[ranked[0]]
    chosen = [name for place, name in enumerate(ranked) if place < LEAST or errors[name] <= most]
    return [name for name in errors if name in chosen]


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
