"""Plain: types, columns and stamps of a table as values that JSON knows, and back; no code is kept."""

import datetime
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

from normcast.data.stamps import Stamps
from normcast.errors import unknown

_POLARS = (
    "Boolean", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64",
    "String", "Categorical", "Date",
)  # fmt: skip


def write_dtype(dtype: Any) -> dict[str, Any] | None:
    """Return a pandas or polars type, or None, as plain values.

    >>> write_dtype(np.dtype("M8[us]"))
    {'pandas': 'datetime64[us]'}
    """
    if dtype is None or isinstance(dtype, pd.CategoricalDtype):
        return None  # stamps of a categorical column are written as plain text
    if type(dtype).__module__.startswith("polars"):
        return _write_polars_dtype(dtype)
    if isinstance(dtype, pd.DatetimeTZDtype):
        return {"pandas": f"datetime64[{dtype.unit}, {write_zone(dtype.tz)}]"}
    return {"pandas": str(np.dtype(object) if dtype is object else dtype)}


def _write_polars_dtype(dtype: Any) -> dict[str, Any]:
    kind = dtype.base_type().__name__
    if kind == "Datetime":
        return {"polars": kind, "unit": dtype.time_unit, "zone": dtype.time_zone}
    if kind == "Enum":
        return {"polars": kind, "categories": dtype.categories.to_list()}
    if kind not in _POLARS:
        raise ValueError(unknown("polars type", kind, (*_POLARS, "Datetime", "Enum"), where="a saved table"))
    return {"polars": kind}


def read_dtype(plain: dict[str, Any] | None) -> Any:
    """Return the type that `write_dtype` wrote.

    Raises ImportError where it needs polars or pyarrow and that is not installed, ValueError or TypeError
    for what is no type.
    """
    if plain is None:
        return None
    if "pandas" in plain:
        if plain["pandas"].endswith("[pyarrow]"):
            require("pyarrow", "parquet")
        dtype = pd.api.types.pandas_dtype(plain["pandas"])
        if dtype.kind in "SUV" and isinstance(dtype, np.dtype):  # of any length, taken for each value
            raise ValueError(f"a column of type {dtype} is not kept in a table; text is of type object.")
        return dtype
    require("polars", "polars")
    import polars as pl

    kind = plain["polars"]
    if kind == "Datetime":
        return pl.Datetime(plain["unit"], plain["zone"])
    if kind == "Enum":
        return pl.Enum(plain["categories"])
    if kind not in _POLARS:
        raise ValueError(unknown("polars type", kind, _POLARS))
    return getattr(pl, kind)


def require(module: str, extra: str) -> None:
    """Raise ImportError that names the extra, unless a module is installed."""
    if find_spec(module) is None:
        raise ImportError(f'this table needs {module}: pip install "normcast[{extra}]".')


def write_zone(zone: Any) -> str | None:
    """Return a time zone as its name; an offset without a name as "UTC+01:00".

    Raises ValueError for a zone of another library that has neither.

    >>> write_zone(datetime.timezone(datetime.timedelta(hours=1)))
    'UTC+01:00'
    """
    if zone is None:
        return None
    try:
        pd.DatetimeTZDtype("ns", str(zone))
        return str(zone)
    except (ValueError, TypeError, KeyError):
        offset = zone.utcoffset(None)
    if offset is None:
        raise ValueError(
            f"time zone {zone!r} has no name that a file could keep. "
            f"Give the stamps a named zone, such as zoneinfo.ZoneInfo('Europe/Berlin')."
        )
    return str(datetime.timezone(offset))


def write_stamps(stamps: Stamps) -> dict[str, Any]:
    """Return how a time column is written, as plain values."""
    return {
        "kind": stamps.kind,
        "dtype": write_dtype(stamps.dtype),
        "zone": write_zone(stamps.zone),
        "format": stamps.format,
        "on_wall": stamps.on_wall,
    }


def read_stamps(plain: dict[str, Any]) -> Stamps:
    """Return the stamps that `write_stamps` wrote.

    >>> read_stamps(write_stamps(Stamps("text", format="%Y-%m-%d"))).format
    '%Y-%m-%d'
    """
    zone = None if plain["zone"] is None else pd.DatetimeTZDtype("ns", plain["zone"]).tz
    kind, text_format, on_wall = (str(plain["kind"]), str(plain["format"]), bool(plain["on_wall"]))
    return Stamps(kind, read_dtype(plain["dtype"]), zone, text_format, on_wall)


def write_columns(frame: Any) -> list[dict[str, Any]]:
    """Return the columns of a pandas or polars frame as plain values.

    Raises ValueError for a column whose values would not come back equal.
    """
    return [{"name": name, **_write_column(frame[name])} for name in frame.columns]


def _write_column(column: Any) -> dict[str, Any]:
    write, read = (
        (_write_pandas, _read_pandas) if isinstance(column, pd.Series) else (_write_polars, _read_polars)
    )
    plain = write(column)
    if not read(plain).equals(column):
        raise ValueError(
            f"id column {column.name!r} holds values of type {type(column[0]).__name__}, which a file does "
            f"not keep. Turn it into text or whole numbers before fit."
        )
    return plain


def read_columns(plain: list[dict[str, Any]], frame_type: str) -> Any:
    """Return the frame that `write_columns` wrote; frame_type: "pandas" or "polars"."""
    if frame_type == "polars":
        require("polars", "polars")
        import polars as pl

        return pl.DataFrame({column["name"]: _read_polars(column) for column in plain})
    return pd.DataFrame({column["name"]: _read_pandas(column) for column in plain})


def _write_pandas(column: pd.Series) -> dict[str, Any]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = _write_pandas(pd.Series(column.cat.categories))
        ordered, codes = bool(column.cat.ordered), column.cat.codes.tolist()
        return {"categories": categories, "ordered": ordered, "codes": codes}
    values = [value if isinstance(value, str | int | float) else str(value) for value in column.tolist()]
    return {"dtype": write_dtype(column.dtype), "values": values}


def _read_pandas(plain: dict[str, Any]) -> pd.Series:
    if "codes" in plain:
        categories = pd.Index(_read_pandas(plain["categories"]))
        return pd.Series(pd.Categorical.from_codes(plain["codes"], categories, ordered=plain["ordered"]))
    return pd.Series(plain["values"], dtype=object).astype(read_dtype(plain["dtype"]))


def _write_polars(column: Any) -> dict[str, Any]:
    import polars as pl

    dtype = write_dtype(column.dtype)
    if column.dtype.is_temporal():
        column = column.to_physical()
    elif isinstance(column.dtype, pl.Categorical | pl.Enum):
        column = column.cast(pl.String)
    return {"dtype": dtype, "values": column.to_list()}


def _read_polars(plain: dict[str, Any]) -> Any:
    import polars as pl

    dtype = read_dtype(plain["dtype"])
    if dtype.is_temporal():
        return pl.Series(plain["values"], dtype=pl.Int64).cast(dtype)
    if isinstance(dtype, pl.Categorical | pl.Enum) or dtype == pl.Categorical:
        return pl.Series(plain["values"], dtype=pl.String).cast(dtype)
    return pl.Series(plain["values"], dtype=dtype)
