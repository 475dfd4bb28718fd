"""The canary of a Forecaster: back-tests of a table whose future was changed, and a fit without one."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from normcast.data import Panel
from normcast.data.intake import open_table
from normcast.errors import at_least_one, first_line
from normcast.forecasting import Backtest, Forecaster
from normcast.forecasting.backtest import forecasts
from normcast.forecasting.rolling import Rolling
from normcast.leakage.behind import Behind
from normcast.leakage.learned import forecast_things, learned_things, scored_things
from normcast.leakage.report import CanaryReport
from normcast.leakage.table import WHERE, Table
from normcast.leakage.watch import Snapshot, Watch, Watched
from normcast.windows.arrays import Arrays


@dataclass(frozen=True, eq=False)
class ForecasterCanary:
    """One forecaster and one table. rolling: as `cross_validation` is told; policies: as `fit` is."""

    forecaster: Forecaster
    frame: Any
    rolling: Rolling
    policies: dict[str, Any]

    @cached_property
    def read(self) -> Panel:
        """The series of the table that have room for the borders."""
        settings = self.forecaster.settings
        panel = self.forecaster.panel(self.frame, **self.policies)
        return self.rolling.within(panel, settings.h, settings.short)

    @cached_property
    def panel(self) -> Panel:
        """The series that are back-tested."""
        scored = self.plain.backtest_
        assert scored is not None
        return self.read.only(np.isin(self.read.ids, scored.frame["unique_id"].unique()))

    @cached_property
    def origins(self) -> np.ndarray:
        """Rows before each cutoff, (n_windows, series)."""
        h = self.forecaster.settings.h
        return self.rolling.spaced(self.read, h).origins(self.panel, h)

    @property
    def every(self) -> int:
        """How many cutoffs one fit serves."""
        return self.rolling.every(len(self.origins))

    @property
    def tested(self) -> int:
        """The cutoff behind which all is changed: the last but one at most, at which something is learned."""
        return (len(self.origins) - 2) // self.every * self.every

    @cached_property
    def behind(self) -> Behind:
        """What lies behind that cutoff."""
        columns = self.panel.columns
        table = Table.of(open_table(self.frame, WHERE)[0].to_native(), columns.ids, columns.time)
        return Behind.of(table, self.panel, self.origins[self.tested], self.forecaster.settings.h)

    def run(self, ways: Sequence[str]) -> CanaryReport:
        """Compare in each way what was learned and forecast."""
        watch, plain = Watch("Forecaster"), self.plain.backtest_
        assert plain is not None
        before, reached = self.snapshot(plain), False
        for way in ways:
            if way == "missing" and self.policies.get("missing", "error") == "error":
                watch.note("missing: not tried, missing='error' refuses such a table.")
                continue
            try:
                after, differs = self.ended() if way == "end" else self.changed(way, plain)
            except ValueError as error:
                watch.note(f"{way}: not tried, the table is then refused: {first_line(error)}")
                continue
            reached = reached or differs
            kept: Snapshot = before
            if way == "end":
                kept = {name: each for name, each in {**before, **self.alone(plain)}.items() if name in after}
            watch.compare(kept, after, self.told, way)
        if watch.leaks:
            watch.refuse_unrepeatable(before, self.snapshot(self.backtest(self.frame)))
        if watch.comparisons and not reached:
            watch.note("no forecast of a later cutoff changed either.")
        return watch.report(self.behind.names)

    @property
    def told(self) -> str:
        """The cutoff of the first series, as text."""
        return self.panel.stamps.show(int(self.behind.cutoff[0]))

    @cached_property
    def plain(self) -> Forecaster:
        """The forecaster after a back-test of the table as it is."""
        return self.backtested(self.frame)

    def backtested(self, frame: Any) -> Forecaster:
        """Return a copy that back-tested a table; the user's forecaster stays as it is."""
        own = copy(self.forecaster)
        asked = {each.name: getattr(self.rolling, each.name) for each in fields(self.rolling)}
        own.cross_validation(frame, **asked, progress=False, **self.policies)
        return own

    def backtest(self, frame: Any) -> Backtest:
        """Back-test a table."""
        found = self.backtested(frame).backtest_
        assert found is not None
        return found

    def changed(self, way: str, plain: Backtest) -> tuple[Snapshot, bool]:
        """Return what a changed table leads to, and whether forecasts of later cutoffs are others."""
        other = self.backtest(self.behind.changed(way))
        rows = slice((self.tested + 1) * self.panel.n_series * self.forecaster.settings.h, None)
        later, changed = (each.frame.iloc[rows].drop(columns="y") for each in (plain, other))
        return self.snapshot(other), not later.equals(changed)

    def ended(self) -> tuple[Snapshot, bool]:
        """Return what a fit on the table that ends at the cutoff leads to."""
        own, h = copy(self.forecaster), self.forecaster.settings.h
        own.settings = own.asked = self.plain.settings  # the first cutoff decides what all can have
        held = self.rolling.held(self.panel)
        own.learn_from(own.panel(self.behind.before(), **self.policies), held=held)
        assert own.learned_ is not None
        if not np.array_equal(own.learned_.rows, self.origins[self.tested]):
            raise ValueError("rows at its end have no value, and are no longer counted.")
        _, values = own.ahead(futr_df=self.behind.known() if self.forecaster.settings.futr_exog else None)
        blocks = {name: each.reshape(-1, h) for name, each in values.items()}
        rows = self.origins[self.tested]
        return {
            **learned_things(own.learned_, self.panel, self.prefix(self.tested)),
            **forecast_things(blocks, self.panel, rows, self.prefix(self.tested)),
        }, True

    def snapshot(self, backtest: Backtest) -> Snapshot:
        """Return what is known at the tested cutoff: what was learned, forecasts, and scores before it."""
        found: dict[str, Any] = {}
        h, series = self.forecaster.settings.h, self.panel.n_series
        for number in range(self.tested + 1):
            rows, prefix = self.origins[number], self.prefix(number)
            if number % self.every == 0:
                found |= learned_things(backtest.folds[number // self.every], self.panel, prefix)
            piece = backtest.frame.iloc[number * series * h : (number + 1) * series * h]
            models = piece.drop(columns=["unique_id", "ds", "cutoff", "y"])
            blocks = {str(name): models[name].to_numpy().reshape(series, h) for name in models}
            found |= forecast_things(blocks, self.panel, rows, prefix)
            if (rows + h <= self.origins[self.tested]).all():
                found |= scored_things(backtest.scores.folds, piece, prefix)
        return found

    def alone(self, backtest: Backtest) -> dict[str, Watched]:
        """Return the forecasts of the tested cutoff, made without those of others: as many at once as a fit
        makes, since a sum of another number of windows may differ in its last bit."""
        rows, learned = self.origins[self.tested], backtest.folds[self.tested // self.every]
        arrays = Arrays.of(backtest.panel, learned.fitted.h, calendar=learned.fitted.calendar)
        blocks = forecasts(learned, arrays, rows)
        return forecast_things(blocks, self.panel, rows, self.prefix(self.tested))

    def prefix(self, number: int) -> str:
        """Return how the things of a cutoff are told from those of others."""
        return f"cutoff {number + 1}: " if self.tested else ""


def of_forecaster(
    forecaster: Forecaster,
    data: Any,
    ways: Sequence[str],
    *,
    n_windows: int = 2,
    step_size: int | None = None,
    refit: bool | int = False,
    train_end: Any = None,
    valid_end: Any = None,
    **policies: Any,
) -> CanaryReport:
    """Test a forecaster; see `canary`. Raises ValueError for fewer than two cutoffs."""
    at_least_one("canary", "n_windows", n_windows)
    if n_windows < 2:
        raise ValueError("canary: n_windows is 1; at least 2 are needed, so that rows lie behind a horizon.")
    rolling = Rolling(n_windows, step_size, refit, train_end, valid_end)
    return ForecasterCanary(forecaster, data, rolling, policies).run(ways)
