"""The public data sets that forecasts are scored on: how each is read, and where its origins stand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

GAPS = {"fill_gaps": True}
HOLES = {"missing": "mask"}


@dataclass(frozen=True)
class ForecastSet:
    """One data set, and the origins that its forecasts start from.

    h: rows to forecast; step_size: rows from one of the `n_windows` origins to the next, so that all stand in
    the last fifth and not at one hour or month alone; read: a folder to a long frame of unique_id, ds, y;
    table: how the forecaster reads it; season: where stamps cannot tell; last: the rows of each series that
    are kept, and refit, as in `cross_validation`: so that a set takes a minute or two; short: whether the
    classical peers can be run.
    """

    h: int
    step_size: int
    read: Callable[[Path], pd.DataFrame]
    table: dict[str, Any] = field(default_factory=dict)
    season: tuple[int, ...] | None = None
    last: int | None = None
    n_windows: int = 15
    refit: bool | int = 5
    short: bool = False

    def frame(self, folder: Path) -> pd.DataFrame:
        """Return the rows of each series that are used."""
        frame = self.read(folder)
        return frame if self.last is None else frame.sort_values("ds").groupby("unique_id").tail(self.last)


def wide(file: str, time: str, columns: int | list[str], **how: Any) -> Callable[[Path], pd.DataFrame]:
    """Read columns of a file as series: the names of them, or how many behind that of the stamps."""

    def read(folder: Path) -> pd.DataFrame:
        frame = pd.read_csv(folder / file).rename(columns={time: "ds"})
        names = columns if isinstance(columns, list) else [*frame.columns.drop("ds")[:columns]]
        return long(frame.assign(ds=pd.to_datetime(frame["ds"], **how))[["ds", *names]])

    return read


def long(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns beside ds as series one after another."""
    return frame.melt("ds", var_name="unique_id", value_name="y").astype({"y": float})


def tourism(folder: Path) -> pd.DataFrame:
    frame = pd.read_csv(folder / "australia_tourism.csv.gz", parse_dates=["date_time"])
    names = frame[["Region", "State", "Purpose"]].agg("/".join, axis=1)
    return pd.DataFrame({"unique_id": names, "ds": frame["date_time"], "y": frame["Trips"]})


def beijing(folder: Path) -> pd.DataFrame:
    frame = pd.read_csv(folder / "beijing_pm25.csv.gz")
    return long(
        pd.DataFrame({"ds": pd.to_datetime(frame[["year", "month", "day", "hour"]])})
        .assign(pm25=frame["pm2.5"])
        .iloc[24:]
    )  # fmt: skip  (the first day is not observed)


def bike_hour(folder: Path) -> pd.DataFrame:
    frame = pd.read_csv(folder / "bike_sharing_hour.csv.gz")
    hours = pd.to_datetime(frame["dteday"]) + pd.to_timedelta(frame["hr"], unit="h")
    return long(pd.DataFrame({"ds": hours, "cnt": frame["cnt"]}))


def m4_hourly(folder: Path, part: str = "train") -> pd.DataFrame:
    """Return a part of the M4 hourly series, their rows counted on from the train part's."""
    own = pd.read_csv(folder / f"m4_hourly_{part}.csv.gz", index_col=0)
    rows = own.stack().dropna().rename("y").rename_axis(["unique_id", "column"]).reset_index()
    before = 0
    if part == "test":
        train = pd.read_csv(folder / "m4_hourly_train.csv.gz", index_col=0).notna().sum(axis=1)
        before = rows["unique_id"].map(train)
    return rows.assign(ds=rows.groupby("unique_id").cumcount() + before)[["unique_id", "ds", "y"]]


def pjm(folder: Path) -> pd.DataFrame:
    names = {"AEP": "pjm_AEP_hourly.csv.gz", "COMED": "pjm_COMED_hourly.csv.gz"}
    read = (wide(file, "Datetime", 1)(folder) for file in names.values())
    return pd.concat(read, ignore_index=True)


def cities(folder: Path) -> pd.DataFrame:
    frame = pd.read_csv(folder / "seattle_newyork_weather_daily.csv.gz", parse_dates=["date"])
    many = frame.melt(["location", "date"], ["temp_max", "temp_min", "wind", "precipitation"], value_name="y")
    return many.assign(unique_id=many["location"] + "/" + many["variable"], ds=many["date"])[
        ["unique_id", "ds", "y"]
    ].astype({"y": float})


def taylor(folder: Path) -> pd.DataFrame:
    demand = pd.read_csv(folder / "taylor_halfhourly_demand.csv.gz")["Y"]
    return long(pd.DataFrame({"ds": np.arange(len(demand)), "demand": demand}))


def victoria(folder: Path) -> pd.DataFrame:
    read = wide("vic_electricity.csv.gz", "Time", ["Demand"], utc=True)(folder)
    return read.assign(ds=read["ds"].dt.tz_localize(None))


def jena(folder: Path) -> pd.DataFrame:
    read = wide("weather_jena_autoformer.csv.gz", "date", 6)(folder)
    return read[read["ds"].dt.minute == 0]


ETTH1 = wide("ETTh1.csv.gz", "date", 7)
AIRLINE = wide("airline_passengers.csv.gz", "Month", ["#Passengers"])
WEATHER = ["temp_max", "temp_min", "wind", "precipitation"]
SETS = {
    "ETTh1-24": ForecastSet(24, 247, ETTH1),
    "ETTh1-96": ForecastSet(96, 241, ETTH1),
    "ETTm1-96": ForecastSet(96, 277, wide("ETTm1.csv.gz", "date", 7), last=20_000),
    "airline": ForecastSet(12, 1, AIRLINE, short=True),
    "airline-36": ForecastSet(12, 1, AIRLINE, n_windows=25, short=True),
    "tourism": ForecastSet(8, 1, tourism, n_windows=9, refit=3, short=True),
    "beijing": ForecastSet(24, 619, beijing, HOLES),
    "bike-day": ForecastSet(14, 9, wide("bike_sharing_day.csv.gz", "dteday", ["cnt"]), short=True),
    "bike-hour": ForecastSet(24, 247, bike_hour, GAPS),
    "co2-monthly": ForecastSet(
        12, 9, wide("co2_monthly_maunaloa.csv.gz", "Date", ["CO2"]), GAPS, short=True
    ),
    "co2-weekly": ForecastSet(
        13, 31, wide("co2_weekly_maunaloa.csv.gz", "date", 1, format="%Y%m%d"), HOLES, short=True
    ),
    "exchange": ForecastSet(14, 107, wide("exchange_rate.csv.gz", "date", 8), short=True),
    "m4-hourly": ForecastSet(48, 7, m4_hourly, season=(24, 168), n_windows=13),
    "m5-total": ForecastSet(28, 25, wide("m5_total_daily.csv.gz", "date", ["sales"]), short=True),
    "melbourne": ForecastSet(
        14, 51, wide("melbourne_min_temp_daily.csv.gz", "Date", 1), GAPS, short=True
    ),
    "illness": ForecastSet(24, 11, wide("national_illness.csv.gz", "date", 7), short=True),
    "pjm": ForecastSet(24, 373, pjm, {**GAPS, "duplicates": "mean"}, last=26_280),
    "seattle": ForecastSet(14, 19, wide("seattle_weather_daily.csv.gz", "date", WEATHER), short=True),
    "cities": ForecastSet(14, 19, cities, short=True),
    "sunspots": ForecastSet(12, 39, wide("sunspots_monthly.csv.gz", "Month", 1), short=True),
    "taylor": ForecastSet(48, 53, taylor, season=(48, 336)),
    "victoria": ForecastSet(48, 371, victoria, last=26_304),
    "jena": ForecastSet(24, 123, jena, {**GAPS, "duplicates": "mean"}),
}  # fmt: skip
