"""Rolling: the origins of a back-test, and at which of them something is learned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from normcast.data import Panel
from normcast.errors import at_least_one
from normcast.forecasting.borders import DOOR, rows_to, with_borders
from normcast.tasks import Sizes
from normcast.tasks.sizes import least_read, of_full_length, typical
from normcast.windows import cutoffs

N_WINDOWS = 3


@dataclass(frozen=True)
class Rolling:
    """From which origins the past is forecast; see `Forecaster.cross_validation` for the meaning of each.

    Raises ValueError for values that cannot be.
    """

    n_windows: int | None = None
    step_size: int | None = None
    refit: bool | int = True
    train_end: Any = None
    valid_end: Any = None

    def __post_init__(self) -> None:
        for name in ("n_windows", "step_size"):
            if getattr(self, name) is not None:
                at_least_one(DOOR, name, getattr(self, name))
        if not isinstance(self.refit, bool):
            at_least_one(DOOR, "refit", self.refit)
        if self.train_end is not None and self.valid_end is None:
            raise ValueError(
                f"{DOOR}: train_end {self.train_end} is given without valid_end. Say where the rows that "
                "stop the training and calibrate end, and origins begin: valid_end= (--valid-end)."
            )

    def within(self, panel: Panel, h: int, short: str) -> Panel:
        """Return the panel without series that have no room for the borders, with what is told of the rest.

        short: see `with_borders`.
        """
        if self.valid_end is not None:
            return with_borders(panel, self.train_end, self.valid_end, h, short)
        return panel.noting(*self.told(panel, h))

    def held(self, panel: Panel) -> int | None:
        """Return the rows of each series between training and the first origin; None where nobody says."""
        if self.train_end is None:
            return None
        ends = (rows_to(panel, getattr(self, name), name) for name in ("train_end", "valid_end"))
        train, valid = (int(each[0]) for each in ends)
        return valid - train

    def behind(self, panel: Panel, h: int) -> np.ndarray:
        """Return the rows of each series behind the first origin, (series,); too many if it is short."""
        if self.valid_end is not None:
            return panel.lengths - rows_to(panel, self.valid_end, "valid_end")
        n, step = self.spacing(panel, h)
        return np.full(panel.n_series, h + (n - 1) * step)

    def spacing(self, panel: Panel, h: int) -> tuple[int, int]:
        """Return how many origins there are, and the rows from one to the next.

        Raises ValueError where so many do not fit behind valid_end.
        """
        n, step = self.n_windows or N_WINDOWS, self.step_size
        if self.valid_end is None:
            return n, step or spread_step(panel, h, n)
        room = int(self.behind(panel, h).min()) - h
        if self.n_windows is None and step is not None:
            return room // step + 1, step
        step = step or max(h, room // max(1, n - 1))
        if (n - 1) * step > room:
            raise ValueError(
                f"{DOOR}: n_windows {n}, {step} rows apart, and h {h} need {(n - 1) * step + h} rows behind "
                f"valid_end {self.valid_end}; the shortest series has {room + h}. Lower n_windows or "
                "step_size."
            )
        return n, step

    def spaced(self, panel: Panel, h: int) -> Rolling:
        """Return the same with the spacing of these series, whichever of them are left out later."""
        n, step = self.spacing(panel, h)
        return replace(self, n_windows=n, step_size=step)

    def told(self, panel: Panel, h: int) -> tuple[str, ...]:
        """Return the note on cutoffs that stand closer than usual, for the sake of short series."""
        if self.valid_end is not None or self.step_size is not None:
            return ()
        n, step = self.spacing(panel, h)
        usual = usual_step(usual_rows(panel, h), h, n)
        if step >= usual:
            return ()
        return (
            f"cutoffs stand {step} rows apart, not {usual}, so that short series have rows to train on "
            "before the first (--step-size)",
        )

    def origins(self, panel: Panel, h: int) -> np.ndarray:
        """Return the rows before each origin, (n_windows, series)."""
        n, step = self.spacing(panel, h)
        if self.valid_end is None:
            return cutoffs(panel.lengths, h, n, step, ids=panel.ids)
        return rows_to(panel, self.valid_end, "valid_end") + step * np.arange(n)[:, None]

    def learned_at(self, panel: Panel, h: int) -> np.ndarray:
        """Return the rows before each origin at which something is learned, (fits, series)."""
        origins = self.origins(panel, h)
        return origins[:: self.every(len(origins))]

    def every(self, n_windows: int) -> int:
        """Return how many windows one fit serves, of so many.

        >>> [Rolling(refit=refit).every(10) for refit in (True, 4, False)]
        [1, 4, 10]
        """
        return n_windows if self.refit is False else int(self.refit)

    def fits(self, panel: Panel, h: int) -> int:
        """Return how many times something is learned."""
        n, _ = self.spacing(panel, h)
        return -(-n // self.every(n))


def spread_step(panel: Panel, h: int, n_windows: int) -> int:
    """Return the rows between cutoffs that spread them over the last tenth of a usual series.

    Shorter series keep the rows of one window before the first cutoff, if h rows between cutoffs leave them.
    """
    usual = usual_rows(panel, h)
    apart, need = max(1, n_windows - 1), least_read(h, panel.season) + h
    shorter = panel.lengths[(panel.lengths < usual) & (panel.lengths >= need + n_windows * h)]
    room = (shorter - need - h) // apart
    return int(min([usual_step(usual, h, n_windows), *room]))


def usual_step(usual: int, h: int, n_windows: int) -> int:
    """Return the rows between cutoffs that spread them over the last tenth of so many rows, at least h.

    >>> usual_step(2000, h=7, n_windows=3)
    96
    """
    return max(h, (int(0.1 * usual) - h) // max(1, n_windows - 1))


def usual_rows(panel: Panel, h: int) -> int:
    """Return the rows of a series of median length, of those that sizes for it do not leave short."""

    def planned(some: np.ndarray) -> Sizes:
        return Sizes.of_typical(panel.lengths[some], panel.season, h, (), None, int(some.sum()), None)

    return typical(panel.lengths[of_full_length(panel.lengths, h, planned)])
