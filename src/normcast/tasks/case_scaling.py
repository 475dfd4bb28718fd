"""CaseScaling: what is taken off the channels of cases, learned from those that train."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from normcast.windows import Scaler


@dataclass(frozen=True, eq=False)
class CaseScaling:
    """Location and spread of each channel, (channels,); a channel that never changes has spread 1.

    Steps that only fill a short series up stay zero, which is then the location.

    >>> scaling = CaseScaling.fit(np.array([[[1.0], [3.0]]]))
    >>> scaling.apply(np.array([[[5.0], [1.0]]])).ravel()
    array([ 3., -1.], dtype=float32)
    """

    location: np.ndarray
    spread: np.ndarray

    @classmethod
    def fit(cls, x: np.ndarray, lengths: np.ndarray | None = None, kind: str = "standard") -> CaseScaling:
        """Learn from cases (cases, time, channels); lengths: (cases,) steps that were given, at the end.

        kind: "standard", "robust" or "none", as in `windows.Scaler`.
        """
        rows = x.reshape(-1, x.shape[2]) if lengths is None else x[given_steps(x, lengths)]
        count = np.array([len(rows)])
        fitted = Scaler.fit(rows.astype(np.float64), np.array([0, len(rows)]), count, kind)
        return cls(fitted.location[0], fitted.spread[0])

    def apply(self, x: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
        """Return the scaled cases, float32."""
        scaled = ((x - self.location) / self.spread).astype(np.float32)
        return scaled if lengths is None else np.where(given_steps(x, lengths)[..., None], scaled, 0)

    def undo(self, values: np.ndarray) -> np.ndarray:
        """Return values (..., channels) as they were before `apply`."""
        return values * self.spread + self.location


def given_steps(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return which steps were given and do not only fill up, (cases, time).

    >>> given_steps(np.zeros((2, 3, 1)), np.array([1, 3]))
    array([[False, False,  True],
           [ True,  True,  True]])
    """
    steps = x.shape[1]
    return np.arange(steps) >= steps - lengths[:, None]
