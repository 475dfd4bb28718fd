"""Settings: everything a Forecaster was asked for, checked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from normcast.candidates import candidates
from normcast.data import Panel
from normcast.data.calendar import named_seasons
from normcast.data.faults import check_short
from normcast.errors import at_least_one, closest, listed, one_of, unknown
from normcast.models import DEFAULT, PRESETS, Architecture, Preset, preset
from normcast.scoring import quantiles_of
from normcast.windows.scaling import KINDS

if TYPE_CHECKING:
    import keras

POLICIES = ("duplicates", "fill_gaps", "missing")  # how new rows are read, unless given anew
READING = ("na_values", "wide", "day_first")  # the same of cells, which the panel's columns keep
TABLE = ("id_col", "time_col", "target_col", *POLICIES, "na_values", "where")  # arguments of how it is read

COMBINATION = "combination"
"""The default model: the default network, ridge maps and simple forecasts, weighted by held-out errors."""

FEWEST_ORIGINS = 4
"""Origins that can judge a network beside the candidates of a combination."""

# Words that other libraries use, and ours for the same thing.
FOREIGN = {
    "h": "prediction_length horizon forecast_horizon output_chunk_length pred_len fh steps n_ahead",
    "input_size": "input_chunk_length context_length lookback lags seq_len window_size max_encoder_length",
    "hist_exog": "hist_exog_list past_covariates",
    "futr_exog": "futr_exog_list future_covariates known_covariates_names known_covariates",
    "stat_exog": "stat_exog_list static_covariates static_features",
    "level": "levels quantiles quantile_levels interval coverage prediction_intervals",
    "season": "season_length seasonality seasonal_period sp",
    "freq": "frequency",
    "model": "architecture network preset",
    "seeds": "n_seeds num_seeds",
    "seed": "random_seed random_state",
    "epochs": "max_epochs n_epochs num_epochs max_steps",
    "scaling": "scaler scaler_type local_scaler_type",
}
OURS = {word: name for name, words in FOREIGN.items() for word in words.split()}


class DefaultLevel(tuple[float, ...]):
    """Levels that nobody asked for: those that calibration cannot support are dropped."""


DEFAULT_LEVEL = DefaultLevel((80, 95))


@dataclass(frozen=True)
class Settings:
    """What a `Forecaster` was asked for, checked once.

    Parameters
    ----------
    h : int
        Rows to forecast.
    input_size : int, optional
        Rows that network and linear maps read at most; left open by default, and settled by the data.
    freq : str or int, optional
        The step between rows; found from the stamps by default.
    season : int or sequence of int, optional
        Rows per season, from the main one up; what the step says by default.
    model : str, Architecture or keras.Model, default "combination"
        What forecasts.
    hist_exog : tuple of str, default ()
        Columns that are known up to now.
    futr_exog : tuple of str, default ()
        Columns that are known ahead.
    stat_exog : tuple of str, default ()
        Columns with one value per series.
    level : tuple of float, default (80, 95)
        Intervals in percent. The default ones are dropped where calibration cannot support them.
    seeds : int, default 3
        Networks to train.
    seed : int, default 0
        The seed of the first network.
    epochs : int, default 30
        Epochs that each network trains at most.
    patience : int, default 4
        Epochs without a better validation loss before a network stops.
    batch_size : int, default 64
        Windows in one step of training.
    epoch_windows : int or None, default 8000
        Windows that are visited in one epoch; None visits all.
    learning_rate : float, optional
        Step size of the optimizer, by default that of the preset.
    optimizer : str, optional
        A name of Keras, by default that of the preset.
    scaling : {"standard", "robust", "none"}, default "standard"
        How each series is scaled.
    minimum : float, "auto" or None, default "auto"
        No forecast below it, in the unit of the target.
    short : {"error", "skip"}, default "error"
        What to do with series that are too short or broken.

    Raises
    ------
    ValueError
        If a value cannot be; the message names it and the argument.

    See Also
    --------
    Forecaster : Says at length what each of them means.

    Examples
    --------
    >>> settings = Settings(h=14, level=(80,))
    >>> settings.combines, settings.quantiles
    (True, (0.1, 0.5, 0.9))
    """

    h: int
    input_size: int | None = None
    freq: str | int | None = None
    season: int | Sequence[int] | None = None
    model: str | Architecture | keras.Model = COMBINATION
    hist_exog: tuple[str, ...] = ()
    futr_exog: tuple[str, ...] = ()
    stat_exog: tuple[str, ...] = ()
    level: tuple[float, ...] = DEFAULT_LEVEL
    seeds: int = 3
    seed: int = 0
    epochs: int = 30
    patience: int = 4
    batch_size: int = 64
    epoch_windows: int | None = 8_000
    learning_rate: float | None = None
    optimizer: str | None = None
    scaling: str = "standard"
    minimum: float | Literal["auto"] | None = "auto"
    short: str = "error"

    def __post_init__(self) -> None:
        for name in ("h", "seeds", "epochs", "patience", "batch_size"):
            at_least_one("Forecaster", name, getattr(self, name))
        if self.input_size is not None:
            at_least_one("Forecaster", "input_size", self.input_size)
        if self.season is not None:
            named_seasons(self.season)
        minimum = self.minimum
        known = minimum is None or minimum == "auto"
        if not known and not (isinstance(minimum, int | float) and isfinite(minimum)):
            raise ValueError(
                f"Forecaster: minimum must be a finite number, None for none, or 'auto', but is {minimum!r}."
            )
        check_short(self.short, "Forecaster")
        one_of("Forecaster", "scaling", self.scaling, KINDS)
        self.quantiles  # noqa: B018  (raises for a level outside [1, 100))
        if isinstance(self.model, str):
            check_model(self.model)
            self._refuse_columns()
        elif self.foreign is not None and self.input_size is None:
            object.__setattr__(self, "input_size", self.foreign.input_shape[1])

    def _refuse_columns(self) -> None:
        columns = [*self.hist_exog, *self.futr_exog, *self.stat_exog]
        if self.candidate is not None and columns:
            raise ValueError(
                f"Forecaster: model {self.candidate!r} reads the target alone, not {listed(columns)}. Leave "
                "these out, or take another model: networks read them."
            )

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The quantiles of all levels and the median, ascending; () for a point forecast."""
        return quantiles_of(self.level) if self.level else ()

    @property
    def preset(self) -> Preset:
        """The network's preset: the one that was named, the default one in a combination, or a nameless one.

        A nameless preset stands around the architecture that was given.
        """
        if isinstance(self.model, str):
            return preset(self.model if self.model in PRESETS else DEFAULT)
        architecture = self.model if isinstance(self.model, Architecture) else Architecture()
        return Preset(architecture, "given by the user")

    @property
    def combines(self) -> bool:
        """Whether the forecast is a combination of networks and candidates."""
        return self.model == COMBINATION

    @property
    def judge(self) -> int:
        """The windows of each series that weigh the parts of a combination at least, where there is room."""
        return FEWEST_ORIGINS if self.combines else 0

    @property
    def candidate(self) -> str | None:
        """The candidate that was named to forecast alone, if one was: then no network is trained."""
        return self.model if isinstance(self.model, str) and self.model in candidate_names() else None

    @property
    def foreign(self) -> keras.Model | None:
        """The keras model that was given, if it was one."""
        return None if isinstance(self.model, str | Architecture) else self.model

    @property
    def pads(self) -> bool:
        """Whether windows of short series are padded; a network that was given does not read the mark."""
        return self.foreign is None

    @property
    def has_quantile_heads(self) -> bool:
        """Whether the network forecasts quantiles; one that gives points gets its intervals all the same."""
        if self.foreign is None:
            return bool(self.quantiles)
        return bool(self.quantiles) and self.foreign.output_shape[2:] == (len(self.quantiles),)

    @property
    def calendar(self) -> bool:
        """Whether the network reads the time of year and day."""
        return self.candidate is None and self.preset.architecture.calendar

    @property
    def network_name(self) -> str:
        """The name of what forecasts, for people."""
        return (
            self.model if isinstance(self.model, str) else getattr(self.model, "name", "given architecture")
        )

    @property
    def preset_name(self) -> str:
        """The name of the network in it."""
        return DEFAULT if self.combines else self.network_name


def candidate_names() -> tuple[str, ...]:
    """Return the names of candidates that may forecast alone."""
    return tuple(each.name for each in candidates())


def check_model(name: str) -> None:
    """Raise ValueError for a name that is none of a combination, a network or a candidate."""
    known = (COMBINATION, *PRESETS, *candidate_names())
    if name not in known:
        raise ValueError(unknown("model", name, known, where="model"))


def as_tuple(given: Any) -> tuple[Any, ...]:
    """Return what may be one name or number, or several, as a tuple."""
    if isinstance(given, tuple):
        return given
    return (given,) if isinstance(given, str | int | float) else tuple(given)


def refuse_foreign(given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Raise TypeError for arguments that Forecaster does not have, with ours for the same thing."""
    for name in given:
        meant = OURS.get(name) or closest(name, known)
        hint = f" Did you mean {meant}?" if meant else f" Its arguments are {', '.join(known)}."
        raise TypeError(f"Forecaster: unexpected argument '{name}'.{hint}")


def refuse_untabled(given: Mapping[str, Any], settings: Settings) -> None:
    """Raise TypeError for arguments that say nothing of how a table is read."""
    for name in given:
        if name not in TABLE:
            hint = closest(name, TABLE)
            meant = f" Did you mean {hint}?" if hint else f" They are {', '.join(TABLE)}."
            owner = " It belongs to Forecaster(...)." if hasattr(settings, name) else meant
            raise TypeError(f"Forecaster: unknown argument '{name}' for reading the table.{owner}")


def refuse_other_reading(panel: Panel, settings: Settings) -> None:
    """Raise ValueError for a panel that was read with other exogenous columns or seasons than are asked."""
    for name in ("hist_exog", "futr_exog", "stat_exog"):
        read, asked = tuple(getattr(panel.columns, name)), getattr(settings, name)
        if read != asked:
            raise ValueError(
                f"Forecaster: {name} is {asked}, but the panel was read with {read}. Read it with this "
                "forecaster: panel(df)."
            )
    seasons = () if settings.season is None else as_tuple(settings.season)
    if {*seasons} - {panel.season, *panel.longer_seasons}:
        raise ValueError(
            f"Forecaster: season is {settings.season}, but the panel was read with {panel.season}. Read it "
            "with this forecaster: panel(df)."
        )
