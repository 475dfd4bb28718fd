"""Datasets: the data that comes with normcast."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import narwhals as nw

from normcast.data.table import read_table
from normcast.errors import unknown


def weather_path() -> Path:
    """Return where the shipped weather file lies.

    Returns
    -------
    pathlib.Path
        A gzipped CSV, inside the package.

    Examples
    --------
    >>> weather_path().name
    'weather.csv.gz'
    """
    return Path(str(files("normcast.data") / "weather.csv.gz"))


def weather(frame: str = "pandas") -> Any:
    """Return daily weather of Seattle and New York, 2012 to 2015, as a table of two series.

    Its columns are location (the id), date, precipitation (mm), temp_max and temp_min (degrees Celsius), wind
    (m/s) and weather (one word per day); 2 x 1461 rows, none missing.

    Parameters
    ----------
    frame : {"pandas", "polars"}, default "pandas"
        Which library the table is of.

    Returns
    -------
    pandas.DataFrame or polars.DataFrame
        A new table at each call.

    Raises
    ------
    ValueError
        For another frame.

    Notes
    -----
    NOAA daily observations, a U.S. government work in the public domain, as kept in vega-datasets under
    data/weather.csv.

    Examples
    --------
    >>> weather().columns.tolist()
    ['location', 'date', 'precipitation', 'temp_max', 'temp_min', 'wind', 'weather']
    """
    if frame not in ("pandas", "polars"):
        raise ValueError(unknown("frame", frame, ("pandas", "polars"), where="weather"))
    table = read_table(weather_path())
    table["date"] = table["date"].astype("datetime64[ns]")
    if frame == "pandas":
        return table
    columns: dict[str, Any] = {
        name: table[name].tolist() if name in ("location", "weather") else table[name].to_numpy()
        for name in map(str, table)
    }
    return nw.from_dict(columns, backend="polars").to_native()
