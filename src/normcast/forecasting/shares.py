"""Shares: how much of each part is in the forecast of each series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from normcast.plain import Plain


@dataclass(frozen=True, eq=False)
class Shares(Plain):
    """Weights of parts, of all series alike or of each its own.

    parts: names, sorted; usual: (parts,) weights that add up to 1, of a series that nothing is known of; own:
    (series, parts), the same of each, or (0, parts) where all series have the usual ones.

    >>> shares = Shares.alike({"ridge": 0.25, "network": 0.75})
    >>> shares.mean(), shares.of({"ridge": np.ones((2, 1)), "network": np.zeros((2, 1))}, np.array([0, 1]))
    ({'network': 0.75, 'ridge': 0.25}, array([[0.25],
           [0.25]]))
    """

    parts: tuple[str, ...]
    usual: np.ndarray
    own: np.ndarray

    def __post_init__(self) -> None:
        own = np.asarray(self.own, dtype=np.float64)
        if own.size and own.ndim != 2:
            raise ValueError(f"own weights have {own.ndim} axes, but need 2.")
        object.__setattr__(self, "own", own if own.ndim == 2 else np.zeros((0, len(self.parts))))

    @classmethod
    def alike(cls, weights: Mapping[str, float]) -> Shares:
        """Return the weights of all series; those of 0 are left out."""
        parts = tuple(sorted(name for name in weights if weights[name] > 0))
        return cls(parts, np.array([weights[name] for name in parts]), np.zeros((0, len(parts))))

    @property
    def differ(self) -> bool:
        """Whether each series has its own."""
        return len(self.own) > 0

    def mean(self) -> dict[str, float]:
        """Return the mean weight over all series, by part."""
        mean = self.own.mean(axis=0) if self.differ else self.usual
        return {name: float(weight) for name, weight in zip(self.parts, mean, strict=True)}

    def of(self, told: Mapping[str, np.ndarray], series: np.ndarray) -> np.ndarray:
        """Return the weighted mean of what the parts told, each (windows, h); series: of each window."""
        # In the order of names, whatever that of a file is: a sum in another differs in its last bit.
        weights = (
            self.own[series] if self.differ else np.broadcast_to(self.usual, (len(series), len(self.parts)))
        )
        return np.sum([weights[:, at, None] * told[name] for at, name in enumerate(self.parts)], axis=0)

    def without(self, name: str) -> Shares:
        """Return the shares of the other parts, as large beside each other; the usual ones where a series has
        none of these. Raises ValueError where there is no other part."""
        at = [place for place, part in enumerate(self.parts) if part != name]
        if not at or self.usual[at].sum() + self.own[:, at].sum() == 0:
            raise ValueError(f"there is nothing but {name}.")
        even = np.full(len(at), 1 / len(at))
        usual = self.usual[at] / self.usual[at].sum() if self.usual[at].sum() > 0 else even
        sums = self.own[:, at].sum(axis=1, keepdims=True)
        own = np.where(sums > 0, self.own[:, at] / np.where(sums > 0, sums, 1), usual)
        return Shares(tuple(self.parts[place] for place in at), usual, own)

    def matched(self, old: tuple[str, ...], new: tuple[str, ...]) -> Shares:
        """Return the shares of other series by their ids; those not known have the usual ones."""
        if not self.differ:
            return self
        places = {name: place for place, name in enumerate(old)}
        every = np.vstack([self.own, self.usual])
        return replace(self, own=every[[places.get(name, -1) for name in new]])

    def check(self, candidates: set[str], series: int, has_network: bool, network: str) -> None:
        """Raise ValueError where these are weights of other parts or of other series than there are."""
        parts = candidates | ({network} if has_network else set())
        used = set(self.parts)
        if not used or not used <= parts or not candidates <= used or self.parts != tuple(sorted(used)):
            raise ValueError(f"it weighs {list(self.parts)}, but holds {sorted(parts)}.")
        if self.usual.shape != (len(used),) or self.own.shape[1:] != (len(used),):
            raise ValueError(
                f"weights have shapes {self.usual.shape} and {self.own.shape} for {len(used)} parts."
            )
        if len(self.own) not in (0, series):
            raise ValueError(f"it has weights of {len(self.own)} series, but there are {series}.")
        every = np.vstack([self.own, self.usual])
        if not ((every >= 0) & (every <= 1)).all() or not np.allclose(every.sum(axis=1), 1, atol=1e-6):
            raise ValueError("its weights do not add up to 1.")
