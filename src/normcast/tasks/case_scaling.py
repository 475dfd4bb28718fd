"""CaseScaling: what is taken off the channels of cases, learned from those that train."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from normcast.data import Cases
from normcast.windows import Scaler

NEAR_ZERO = 1e-30
"""Of a step that is the location in all channels, where zero means that there is none; sums do not see it."""


@dataclass(frozen=True, eq=False)
class CaseScaling:
    """Location and spread of each channel, (channels,); a channel that never changes has spread 1.

    Steps that only fill a short series up stay zero, and no other step is zero in all its channels, so that
    `keras.layers.Masking(0.0)` leaves out the ones and no others.

    >>> scaling = CaseScaling.fit(np.array([[[1.0], [3.0]]]))
    >>> scaling.apply(np.array([[[5.0], [1.0]]])).ravel()
    array([ 3., -1.], dtype=float32)
    """

    location: np.ndarray
    spread: np.ndarray

    @classmethod
    def fit(cls, x: np.ndarray, lengths: np.ndarray | None = None, kind: str = "standard") -> CaseScaling:
        """Learn from cases (cases, time, channels), or (cases, channels).

        lengths: (cases,) steps that were given, at the end.

        kind: "standard", "robust" or "none", as in `windows.Scaler`.
        """
        rows = x.reshape(-1, x.shape[-1]) if lengths is None else x[given_steps(x, lengths)]
        count = np.array([len(rows)])
        fitted = Scaler.fit(rows.astype(np.float64), np.array([0, len(rows)]), count, kind)
        return cls(fitted.location[0], fitted.spread[0])

    def apply(self, x: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
        """Return the scaled cases, float32."""
        scaled = ((x - self.location) / self.spread).astype(np.float32)
        if lengths is None:
            return scaled
        given = given_steps(x, lengths)
        scaled[~given] = 0
        scaled[given & ~scaled.any(axis=2)] = NEAR_ZERO
        return scaled

    def undo(self, values: np.ndarray) -> np.ndarray:
        """Return values (..., channels) as they were before `apply`."""
        return values * self.spread + self.location


@dataclass(frozen=True, eq=False)
class InputScaling:
    """The scaling of every input of cases, by its name.

    >>> cases = Cases.of({"series": [[[1.0], [3.0]]], "static": [[5.0]]}, [0])
    >>> {name: each.ravel() for name, each in InputScaling.fit(cases).apply(cases).items()}
    {'series': array([-1.,  1.], dtype=float32), 'static': array([0.], dtype=float32)}
    """

    by_name: Mapping[str, CaseScaling]

    @classmethod
    def fit(cls, cases: Cases, kind: str = "standard", codes: Collection[str] = ()) -> InputScaling:
        """Learn from all of these cases; kind: as in `CaseScaling.fit`; codes: inputs that stay."""
        kinds = {name: "none" if name in codes else kind for name in cases.inputs}
        each = cases.inputs.items()
        return cls({name: CaseScaling.fit(x, cases.lengths_of(name), kinds[name]) for name, x in each})

    def apply(self, cases: Cases) -> dict[str, np.ndarray]:
        """Return the scaled inputs by name, float32, in the order that the cases have them."""
        return {name: self.by_name[name].apply(x, cases.lengths_of(name)) for name, x in cases.inputs.items()}


def given_steps(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return which steps were given and do not only fill up, (cases, time).

    >>> given_steps(np.zeros((2, 3, 1)), np.array([1, 3]))
    array([[False, False,  True],
           [ True,  True,  True]])
    """
    steps = x.shape[1]
    return np.arange(steps) >= steps - lengths[:, None]
