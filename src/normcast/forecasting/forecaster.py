"""Forecaster: a table of past values in, forecasts with intervals out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from normcast.artefact import Archive
from normcast.data import Panel, future_rows, read_table
from normcast.engine.progress import Report, Reports, reporting
from normcast.engine.trained import Recorded
from normcast.errors import refuse_unknown
from normcast.files import writable_folder
from normcast.forecasting import saved
from normcast.forecasting.backtest import (
    MODEL,
    Backtest,
    FoldReport,
    backtest,
    columns,
    reporting_folds,
)
from normcast.forecasting.calls import Call, remembered
from normcast.forecasting.fitted import Fitted
from normcast.forecasting.learned import Learned, learn
from normcast.forecasting.rereading import reread
from normcast.forecasting.rolling import Rolling
from normcast.forecasting.settings import (
    COMBINATION,
    DEFAULT_LEVEL,
    POLICIES,
    READING,
    Settings,
    as_tuple,
    refuse_foreign,
    refuse_untabled,
)
from normcast.forecasting.settled import Beyond, long_enough, read_settled, refuse_unobserved, settle
from normcast.models import Architecture
from normcast.models.revival import Classes
from normcast.sheet import Sheet, Shown, Table, call, differing
from normcast.windows.arrays import Arrays

if TYPE_CHECKING:
    import keras


class Forecaster(Shown, Recorded):
    """Forecasts time series with a conv-recurrent network that is right by default.

    Each series is standardized from its training rows; one network is trained for all series, with `seeds`
    starts; linear maps and simple forecasts are fitted beside it, and all are weighted by their errors on
    held-out windows, where quantiles are corrected too, so that intervals cover what they say.

    h: rows to forecast. input_size: rows that network and linear maps read at most; by default the network
    reads whole seasons, fewer where series are short. freq, season: found from the stamps unless given;
    several seasons stand from the main one up, as in [24, 168], the longest for a baseline. model:
    "combination", the default; or what forecasts alone: a preset's name (`normcast presets`), a candidate's
    such as "ridge" or "seasonal_naive", an `Architecture`, or a keras model from
    (batch, input_size, channels) to (batch, h). hist_exog: columns known up to now; futr_exog: columns known
    ahead; stat_exog: columns with one value per series. level: intervals in percent, () for none; by default
    80 and 95, or those of them that calibration can support. seeds: networks to train, from `seed` on.
    epochs, patience, batch_size, epoch_windows (visited in one epoch), learning_rate, optimizer: training.
    scaling: "standard", "robust" or "none". minimum: no forecast below it; "auto" is 0 for counts and for
    amounts that are often 0, else None, for none. short: "skip" goes on without series that are too short or
    broken, "error" names them all.
    Raises ValueError or TypeError for arguments that cannot be; other libraries' words are told ours.

    >>> import normcast
    >>> forecaster = normcast.Forecaster(h=14, epochs=2, seeds=1)
    >>> weather = normcast.datasets.weather()
    >>> forecaster.fit(weather, id_col="location", time_col="date", target_col="temp_max").predict().shape
    (28, 7)
    """

    def __init__(
        self,
        h: int | None = None,
        *,
        input_size: int | None = None,
        freq: str | int | None = None,
        season: int | Sequence[int] | None = None,
        model: str | Architecture | keras.Model = COMBINATION,
        hist_exog: Sequence[str] = (),
        futr_exog: Sequence[str] = (),
        stat_exog: Sequence[str] = (),
        level: Sequence[float] | None = None,
        seeds: int = 3,
        seed: int = 0,
        epochs: int = 30,
        patience: int = 4,
        batch_size: int = 64,
        epoch_windows: int | None = 8_000,
        learning_rate: float | None = None,
        optimizer: str | None = None,
        scaling: str = "standard",
        minimum: float | Literal["auto"] | None = "auto",
        short: str = "error",
        **unexpected: Any,
    ) -> None:
        given = {name: value for name, value in locals().items() if name not in ("self", "unexpected")}
        refuse_foreign(unexpected, tuple(given))
        if h is None:
            raise TypeError("Forecaster: h is missing; say how many rows to forecast: Forecaster(h=14).")
        given["level"] = DEFAULT_LEVEL if level is None else level
        for name in ("hist_exog", "futr_exog", "stat_exog", "level"):
            given[name] = as_tuple(given[name])
        self.settings = self.asked = Settings(**given)
        self.beyond_ = Beyond()
        self.panel_: Panel | None = None
        self.policies_: dict[str, Any] = {}
        self.learned_: Learned | None = None
        self.fitted_: Fitted | None = None
        self.backtest_: Backtest | None = None
        self.calls_: dict[str, Call] = {}

    def _sheet(self) -> Sheet:
        head = call("Forecaster", {**differing(self.settings), "model": self.settings.network_name})
        scores = None if self.backtest_ is None else Table.of_scores(self.backtest_.scoreboard())
        if self.fitted_ is None or self.panel_ is None:
            return Sheet(head, ", not fitted: call fit(df)", table=scores)
        facts = {"fitted on": self.panel_.extent, **self.fitted_.describe()}
        return Sheet(head, ", fitted", facts, table=scores)

    @remembered
    def fit(
        self,
        df: Any,
        *,
        progress: Reports = True,
        checkpoint: str | Path | None = None,
        record: int | None = None,
        **table: Any,
    ) -> Forecaster:
        """Learn from all rows but those of the calibration windows; returns self.

        df: a pandas or polars frame, or the path of a CSV or Parquet file. table: how to read it, as in
        `Panel.from_frame`: id_col, time_col, target_col, duplicates, fill_gaps, missing, na_values. progress:
        False for no line on the terminal or in the notebook, or a function that takes `engine.Progress`.
        checkpoint: a file that an interrupted training goes on from. record: windows that `flow_` looks at.
        Raises ValueError for tables that cannot be forecast, naming column, series and row.
        """
        self._refuse_record(record)
        panel, path = self.panel(df, **table), None if checkpoint is None else Path(checkpoint)
        with reporting(progress) as report:
            self.learn_from(panel, report, path, record=record)
        self.policies_ = {name: table[name] for name in POLICIES if name in table}
        return self

    def learn_from(
        self,
        panel: Panel,
        report: Report = None,
        checkpoint: Path | None = None,
        held: int | None = None,
        record: int | None = None,
    ) -> None:
        """Learn from all rows of a panel; see `fit`, and for `held` `Sizes.plan`."""
        # After a back-test both have series and levels of its first cutoff, so that one report shows both.
        base = self.asked if self.backtest_ is None else self.settings
        self.settings, panel = settle(base, self.beyond_.taken_off(panel), held=held)
        arrays = Arrays.of(panel, self.settings.h, calendar=self.settings.calendar)
        rows, season = panel.lengths, panel.season
        self.learned_ = learn(arrays, rows, season, self.settings, report, checkpoint, held, record)
        self.fitted_, self.panel_ = self.learned_.fitted, panel

    def predict(self, df: Any = None, futr_df: Any = None, **policies: Any) -> Any:
        """Forecast the h rows after the end of each series.

        df: new rows in the form of the fitted table; without it, the fitted rows are continued. A series
        that was fitted keeps its scale, a new one is scaled from its own rows. futr_df: the futr_exog
        columns of the h rows ahead, unless the table brought them as rows with an empty target. policies:
        duplicates, fill_gaps, missing, na_values for the new rows, as in `fit`; wide: whether column names
        are times; day_first: whether 03/04/2024 is the third of April; short: "error", or "skip" for series
        that are too short or broken. All are those of `fit` unless given.
        Returns a frame like the one fitted: id and time columns, `normcast`, and two columns per level.
        Raises RuntimeError before fit, ValueError for rows that cannot be forecast.
        """
        panel, values = self.ahead(df, futr_df, **policies)
        series = np.repeat(np.arange(panel.n_series), self.settings.h)
        return panel.frame(series, panel.stamps_after(self.settings.h).ravel(), values)

    def ahead(
        self, df: Any = None, futr_df: Any = None, **policies: Any
    ) -> tuple[Panel, dict[str, np.ndarray]]:
        """Return the panel that is continued and its forecast columns, each (series * h,); see `predict`."""
        if self.fitted_ is None or self.panel_ is None:
            raise RuntimeError("Forecaster: predict was called before fit; call fit(df) first.")
        panel = self.panel_ if df is None else self.reread(df, **policies)
        values = self.fitted_.ahead(panel, self.known_ahead(panel, futr_df))
        return panel, {name: each.ravel() for name, each in columns(MODEL, values, self.settings.level)}

    def known_ahead(self, panel: Panel, futr_df: Any) -> np.ndarray | None:
        """Return the known-future columns of the h rows ahead, (series, h, futr); None if there are none.

        Raises ValueError for rows that are missing, and for a table that no futr_exog asks for.
        """
        if self.settings.futr_exog:
            return future_rows(panel, futr_df, self.settings.h)
        if futr_df is not None:
            raise ValueError(
                "future table: was given, but no column of it is used. Name its columns with --futr-exog "
                "(futr_exog=), or leave the table out."
            )
        return None

    @remembered
    def cross_validation(
        self,
        df: Any,
        *,
        n_windows: int | None = None,
        step_size: int | None = None,
        refit: bool | int = True,
        train_end: Any = None,
        valid_end: Any = None,
        progress: FoldReport | bool = True,
        checkpoint: str | Path | None = None,
        **table: Any,
    ) -> Any:
        """Forecast from `n_windows` cutoffs in the past, beside the network and each candidate alone.

        A longer season of which two fit, such as the week of hourly rows, is repeated too (`longest_season`).

        n_windows: cutoffs, 3 by default; step_size: rows between them, by default spread over the last tenth
        of the rows, at least h apart; refit: learn anew at each cutoff (True, default), once at the first
        (False), or at every k-th (k). valid_end: the first cutoff, a stamp (the last row seen) or a count of
        rows; cutoffs stand behind it, with a step_size alone as many as fit. train_end: the last row to train
        on before it; those between stop the training and calibrate, and are as many in later fits. progress:
        as in `fit`, but a function takes the number of the fit, then `engine.Progress`. checkpoint: a folder
        that keeps what each fit trained: the same call goes on from there, bit for bit, and it may be
        deleted when all is done. table: as in `fit`. Returns a frame with cutoff (the last row seen), the
        target, and the columns of each model; `backtest_` keeps it with scores and `scoreboard()`.
        """
        rolling = Rolling(n_windows, step_size, refit, train_end, valid_end)
        panel, h = self.panel(df, **table), self.asked.h
        whole = rolling.within(panel, h, self.asked.short)
        rolling, held = rolling.spaced(whole, h), rolling.held(whole)
        self.settings, whole = settle(self.asked, whole, rolling.behind(whole, h), held)
        refuse_unobserved(self.settings, whole, rolling.learned_at(whole, h), held)
        self.beyond_ = Beyond.between(panel, whole)
        folder = None if checkpoint is None else writable_folder(checkpoint)
        with reporting_folds(progress, rolling.fits(whole, h)) as report:
            self.backtest_ = backtest(whole, self.settings, rolling, progress=report, checkpoint=folder)
        return self.backtest_.table

    def panel(self, df: Any, **table: Any) -> Panel:
        """Read and check a table as this forecaster sees it."""
        where, settings = "table", self.settings
        if isinstance(df, str | Path):
            where, df = str(df), read_table(df, table.get("na_values"))
        refuse_untabled(table, settings)
        exog = {name: getattr(settings, name) for name in ("hist_exog", "futr_exog", "stat_exog")}
        how = {"freq": settings.freq, "season": settings.season, "short": settings.short}
        return read_settled(self.asked, df, **how, **exog, **{"where": where, **table})

    def reread(self, df: Any, **policies: Any) -> Panel:
        """Read new rows as the fitted table was read: columns, frequency, policies, marks; see `predict`."""
        if self.panel_ is None or self.fitted_ is None:
            raise RuntimeError("Forecaster: new rows were given before fit; call fit(df) first.")
        refuse_unknown(policies, (*POLICIES, *READING, "short"), "Forecaster.predict")
        policies = {"short": self.settings.short, **self.policies_, **policies}
        panel, short = reread(self.panel_, df, **policies), policies["short"]
        return long_enough(panel, self.fitted_.rows_needed) if short == "skip" else panel

    def save(self, path: str | Path) -> None:
        """Write the fitted forecaster to one file; see `normcast.load`.

        The file holds data alone, no code: JSON, safetensors and a Keras archive. It appears whole or not
        at all. Raises RuntimeError before fit, OSError where the path cannot be written.
        """
        if self.fitted_ is None or self.panel_ is None:
            raise RuntimeError("Forecaster: save was called before fit; call fit(df) first.")
        saved.write(saved.Kept(self.settings, self.fitted_, self.panel_, self.policies_), path)

    def plot(self, rows: int | None = None) -> Any:
        """Draw the end of each series with its forecast, as an altair chart.

        rows: how many of the end, 5 * h by default; the first 6 series are drawn.
        Raises RuntimeError before fit, ValueError if rows is below one.
        """
        from normcast.forecasting.plot import plot

        if self.panel_ is None:
            raise RuntimeError("Forecaster: plot was called before fit; call fit(df) first.")
        panel, values = self.ahead()
        return plot(panel, self.settings.h, values, self.settings.level, model=MODEL, rows=rows)


def read(archive: Archive, own: Classes | None = None) -> Forecaster:
    """Return the forecaster that is kept in a file; see `normcast.load`."""
    kept = saved.read(archive, own)
    forecaster = Forecaster(kept.settings.h)
    forecaster.settings = forecaster.asked = kept.settings
    forecaster.fitted_ = kept.fitted
    forecaster.panel_, forecaster.policies_ = kept.panel, kept.policies
    return forecaster
