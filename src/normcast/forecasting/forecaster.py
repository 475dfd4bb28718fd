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
    refuse_other_reading,
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
    """Forecast time series with a conv-recurrent network and simple forecasts beside it.

    Each series is standardized from its training rows; one network is trained for all series, with `seeds`
    starts; linear maps and simple forecasts are fitted beside it, and all are weighted by their errors on
    held-out windows, where quantiles are corrected too, so that intervals are held to what they say.

    Parameters
    ----------
    h : int
        Rows to forecast, at least 1. There is no default: say it.
    input_size : int, optional
        Rows that network and linear maps read at most. By default the network reads whole seasons, fewer
        where series are short; of a keras model, what its input says.
    freq : str or int, optional
        The step between rows: a pandas name, as in "D", "h" or ``"30min@Mon-Fri/09:30-15:30"``, or a whole
        number where stamps are numbers. Found from the stamps by default.
    season : int or sequence of int, optional
        Rows per season. Several stand from the main one up, as in [24, 168], the longest for a baseline. By
        default what `freq` says: 7 of days, 24 of hours, 12 of months.
    model : str, Architecture or keras.Model, default "combination"
        What forecasts. "combination" is network and candidates together. Anything else forecasts alone: a
        preset's name (`normcast presets`), a candidate's such as "ridge" or "seasonal_naive" (no network is
        trained then), an `Architecture`, or a keras model from (batch, input_size, channels) to (batch, h).
    hist_exog : sequence of str, default ()
        Columns that are known up to now, such as a measurement.
    futr_exog : sequence of str, default ()
        Columns that are known ahead, such as a price or a holiday; `predict` needs their next h rows.
    stat_exog : sequence of str, default ()
        Columns with one value per series, such as the size of a shop.
    level : sequence of float, optional
        Intervals to give, in percent, from 1 to below 100; () for none. By default 80 and 95, or those of
        them that calibration can support; a level that was asked for and cannot be supported raises in `fit`.
    seeds : int, default 3
        Networks to train, from different starts; their median is the forecast.
    seed : int, default 0
        The seed of the first network; the next ones have seed + 1, seed + 2, ... The same seed on the same
        machine gives the same forecast, bit for bit.
    epochs : int, default 30
        Epochs that each network trains at most.
    patience : int, default 4
        Epochs without a better validation loss before a network stops; its best weights are kept.
    batch_size : int, default 64
        Windows in one step of training.
    epoch_windows : int or None, default 8000
        Windows that are visited in one epoch, drawn anew for each; None visits all.
    learning_rate : float, optional
        Step size of the optimizer, by default that of the preset (0.001, if it says nothing else).
    optimizer : str, optional
        A name of Keras such as "adam" or "adamw", by default that of the preset.
    scaling : {"standard", "robust", "none"}, default "standard"
        How each series is scaled from its training rows: by mean and standard deviation, by median and
        quartiles, or not at all.
    minimum : float, "auto" or None, default "auto"
        No forecast below it, in the unit of the target. "auto" is 0 for counts and for amounts that are often
        0, else no bound; None is no bound.
    short : {"error", "skip"}, default "error"
        What to do with series that are too short or broken: "error" names them all, "skip" goes on without
        them and notes it.
    **unexpected : Any
        No other argument is taken. Other libraries' words, such as `horizon` or `lags`, are told ours.

    Attributes
    ----------
    settings : Settings
        What was asked for, checked; after `fit` with what the data settled, such as the levels.
    fitted_ : Fitted or None
        What a forecast needs of what was learned, and what a file keeps. None before `fit`.
    learned_ : Learned or None
        Everything that the last `fit` learned: folds, candidates, `trained` networks with their history. None
        before `fit`, and in a forecaster that was loaded.
    panel_ : Panel or None
        The series that were fitted; `panel_.notes` says what was guessed, filled in or left out.
    backtest_ : Backtest or None
        The last back-test, with `scores` and `scoreboard()`. None before `cross_validation`.

    Raises
    ------
    TypeError
        If h is missing, or an argument is not known.
    ValueError
        If an argument cannot be: a count below 1, an unknown model, a level outside of its range.

    See Also
    --------
    normcast.load : Read a forecaster that was saved.
    normcast.write_report : Write what it learned, forecast and scored as one HTML page.
    normcast.Study : Measure which placement of norms and dropout suits a network on given data.

    Examples
    --------
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
        """Learn from all rows but those of the calibration windows.

        Parameters
        ----------
        df : DataFrame, str, Path or Panel
            A pandas or polars frame, or the path of a CSV, Parquet or XLSX file. In a long table each row is
            one stamp of one series; without an id column it is one series. What `panel` returned is taken as
            it is, so that a long table is read once.
        progress : bool or callable, default True
            True shows a line on the terminal or in the notebook, False none; a function is called with
            `engine.Progress`.
        checkpoint : str or Path, optional
            A file that an interrupted training goes on from, and that is kept up to date while it trains.
        record : int, optional
            Training windows that are looked at after each epoch, so that `flow_` tells what gradients and
            gates did; none by default. What is learned is the same, bit for bit.
        **table : Any
            How the table is read, as in `Panel.from_frame`: id_col, time_col, target_col (each found where it
            can be), duplicates, fill_gaps, missing, na_values.

        Returns
        -------
        Forecaster
            Itself, fitted.

        Raises
        ------
        ValueError
            If the table cannot be forecast; the message names column, series and row.
        TypeError
            If the table is none, or an argument says nothing of how it is read.
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
        """Learn from all rows of a panel; `fit` does so after reading a table.

        Parameters
        ----------
        panel : Panel
            The series.
        report : callable or None, default None
            Called with `engine.Progress` while networks train.
        checkpoint : Path or None, default None
            A file that an interrupted training goes on from.
        held : int or None, default None
            Rows at the end of each series that stop the training and calibrate, as in `Sizes.plan`; None
            leaves them to the plan.
        record : int or None, default None
            Windows that `flow_` looks at, as in `fit`.
        """
        # After a back-test both have series and levels of its first cutoff, so that one report shows both.
        base = self.asked if self.backtest_ is None else self.settings
        self.settings, panel = settle(base, self.beyond_.taken_off(panel), held=held)
        arrays = Arrays.of(panel, self.settings.h, calendar=self.settings.calendar)
        rows, season = panel.lengths, panel.season
        self.learned_ = learn(arrays, rows, season, self.settings, report, checkpoint, held, record)
        self.fitted_, self.panel_ = self.learned_.fitted, panel

    def predict(self, df: Any = None, futr_df: Any = None, **policies: Any) -> Any:
        """Forecast the h rows after the end of each series.

        A series that was fitted keeps its scale, a new one is scaled from its own rows.

        Parameters
        ----------
        df : DataFrame, str or Path, optional
            New rows in the form of the fitted table; without it, the fitted rows are continued.
        futr_df : DataFrame, optional
            The futr_exog columns of the h rows ahead, unless the table brought them as rows with an empty
            target.
        **policies : Any
            How the new rows are read, all as in `fit` unless given: duplicates, fill_gaps, missing,
            na_values; wide, whether column names are times; day_first, whether 03/04/2024 is the third of
            April; short, "error" or "skip" for series that are too short or broken.

        Returns
        -------
        DataFrame
            A frame of the kind that was fitted, pandas or polars, h rows for each series: id and time
            columns, `normcast` (the median of the forecast), and for each level its lower and upper bound, as
            in `normcast-lo-80` and `normcast-hi-80`, all in the unit of the target.

        Raises
        ------
        RuntimeError
            If it was not fitted.
        ValueError
            If the rows cannot be forecast.
        """
        panel, values = self.ahead(df, futr_df, **policies)
        series = np.repeat(np.arange(panel.n_series), self.settings.h)
        return panel.frame(series, panel.stamps_after(self.settings.h).ravel(), values)

    def ahead(
        self, df: Any = None, futr_df: Any = None, **policies: Any
    ) -> tuple[Panel, dict[str, np.ndarray]]:
        """Return the panel that is continued and its forecast columns, before they become a frame.

        Parameters
        ----------
        df : DataFrame, str or Path, optional
            New rows, as in `predict`.
        futr_df : DataFrame, optional
            Rows that are known ahead, as in `predict`.
        **policies : Any
            How new rows are read, as in `predict`.

        Returns
        -------
        panel : Panel
            The series that are continued.
        columns : dict of str to array (series * h,)
            The forecast and the bounds by name, series after series, in the unit of the target.

        Raises
        ------
        RuntimeError
            If it was not fitted.
        """
        if self.fitted_ is None or self.panel_ is None:
            raise RuntimeError("Forecaster: predict was called before fit; call fit(df) first.")
        panel = self.panel_ if df is None else self.reread(df, **policies)
        values = self.fitted_.ahead(panel, self.known_ahead(panel, futr_df))
        return panel, {name: each.ravel() for name, each in columns(MODEL, values, self.settings.level)}

    def known_ahead(self, panel: Panel, futr_df: Any) -> np.ndarray | None:
        """Return the known-future columns of the h rows ahead.

        Parameters
        ----------
        panel : Panel
            The series that are continued.
        futr_df : DataFrame or None
            The rows ahead, unless the panel has them.

        Returns
        -------
        array (series, h, futr) or None
            The values, None if no column is known ahead.

        Raises
        ------
        ValueError
            If rows are missing, or a table is given that no futr_exog asks for.
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

        Everything is learned anew from the rows before a cutoff: scaling, candidates, networks, intervals. A
        longer season of which two fit, such as the week of hourly rows, is repeated too (`longest_season`).

        Parameters
        ----------
        df : DataFrame, str, Path or Panel
            The table, as in `fit`.
        n_windows : int, optional
            Cutoffs, 3 by default; with `valid_end` and `step_size` as many as fit.
        step_size : int, optional
            Rows between cutoffs. By default they are spread over the last tenth of the rows, at least h
            apart.
        refit : bool or int, default True
            When to learn anew: at each cutoff (True), once at the first (False), or at every k-th (k).
        train_end : stamp or int, optional
            The last row to train on before `valid_end`, a stamp or a count of rows. The rows between the two
            stop the training and calibrate, and are as many in later fits.
        valid_end : stamp or int, optional
            The first cutoff: the last row that is seen before it, a stamp or a count of rows. Cutoffs stand
            behind it.
        progress : bool or callable, default True
            As in `fit`, but a function is called with the number of the fit, then `engine.Progress`.
        checkpoint : str or Path, optional
            A folder that keeps what each fit trained: the same call goes on from there, bit for bit. It may
            be deleted when all is done.
        **table : Any
            How the table is read, as in `fit`.

        Returns
        -------
        DataFrame
            A frame of the kind that was given, h rows for each cutoff and series: id and time columns, cutoff
            (the last row seen), the target, and the columns of each model. `backtest_` keeps it with scores
            and `scoreboard()`.

        Raises
        ------
        ValueError
            If cutoffs do not fit into the series, or a table cannot be read.

        See Also
        --------
        Backtest : What `backtest_` holds.
        normcast.canary : Test that nothing behind a cutoff reaches what stands before it.
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
        """Read and check a table as this forecaster sees it.

        Parameters
        ----------
        df : DataFrame, str, Path or Panel
            The table, as in `fit`.
        **table : Any
            How it is read, as in `fit`; of a panel, how it was read.

        Returns
        -------
        Panel
            The series, with notes on what was guessed, filled in or left out.

        Raises
        ------
        ValueError
            If the table cannot be read; the message names column, series and row. If a panel has other
            exogenous columns or seasons than this forecaster.
        """
        where, settings = "table", self.settings
        refuse_untabled(table, settings)
        if isinstance(df, Panel):
            refuse_other_reading(df, settings)
            return df
        if isinstance(df, str | Path):
            where, df = str(df), read_table(df, table.get("na_values"))
        exog = {name: getattr(settings, name) for name in ("hist_exog", "futr_exog", "stat_exog")}
        how = {"freq": settings.freq, "season": settings.season, "short": settings.short}
        return read_settled(self.asked, df, **how, **exog, **{"where": where, **table})

    def reread(self, df: Any, **policies: Any) -> Panel:
        """Read new rows as the fitted table was read: columns, frequency, policies, marks.

        Parameters
        ----------
        df : DataFrame, str or Path
            New rows in the form of the fitted table.
        **policies : Any
            What is to be read otherwise than in `fit`; see `predict`.

        Returns
        -------
        Panel
            The new rows; with short="skip" without series that are too short.

        Raises
        ------
        RuntimeError
            If it was not fitted.
        ValueError
            If the rows cannot be read so.
        """
        if self.panel_ is None or self.fitted_ is None:
            raise RuntimeError("Forecaster: new rows were given before fit; call fit(df) first.")
        refuse_unknown(policies, (*POLICIES, *READING, "short"), "Forecaster.predict")
        policies = {"short": self.settings.short, **self.policies_, **policies}
        panel, short = reread(self.panel_, df, **policies), policies["short"]
        return long_enough(panel, self.fitted_.rows_needed) if short == "skip" else panel

    def save(self, path: str | Path) -> None:
        """Write the fitted forecaster to one file, which `normcast.load` reads.

        The file holds data alone, no code: JSON, safetensors and a Keras archive. It appears whole or not at
        all.

        Parameters
        ----------
        path : str or Path
            Where it is written; the usual ending is .normcast.

        Raises
        ------
        RuntimeError
            If it was not fitted.
        OSError
            If the path cannot be written.
        """
        if self.fitted_ is None or self.panel_ is None:
            raise RuntimeError("Forecaster: save was called before fit; call fit(df) first.")
        saved.write(saved.Kept(self.settings, self.fitted_, self.panel_, self.policies_), path)

    def plot(self, rows: int | None = None) -> Any:
        """Draw the end of each series with its forecast.

        Parameters
        ----------
        rows : int, optional
            How many rows of the end are drawn, 5 * h by default; the first 6 series are drawn.

        Returns
        -------
        altair.Chart
            A chart that a notebook shows; `chart.save("forecast.svg")` writes it.

        Raises
        ------
        RuntimeError
            If it was not fitted.
        ValueError
            If rows is below 1.
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
