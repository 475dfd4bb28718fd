"""Parts: whether the parts of a panel that were read from a file belong together."""

from typing import Any

import numpy as np

from normcast.data.columns import Columns


def check(
    *,
    columns: Columns,
    ids: tuple[str, ...],
    id_values: Any,
    frame_type: str,
    offsets: np.ndarray,
    **fields: Any,
) -> None:
    """Raise ValueError unless the fields of a panel belong together."""
    many, rows, n_futr = len(ids), len(fields["y"]), len(columns.futr_exog)
    sizes: dict[str, tuple[int, ...]] = {
        "hist": (rows, len(columns.hist_exog)),
        "futr": (rows, n_futr),
        "stat": (many, len(columns.stat_exog)),
    }
    sizes |= {"offsets": (many + 1,), "time": (rows,), "observed": (rows,)}
    sizes["futr_ahead"] = (many, fields["futr_ahead"].shape[1], n_futr)
    arrays = {**fields, "offsets": offsets}
    for name, shape in sizes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"Panel: {name} has shape {arrays[name].shape}, but needs {shape}.")
    if offsets[0] != 0 or offsets[-1] != rows or (np.diff(offsets) < 1).any():
        raise ValueError(f"Panel: offsets must rise from 0 to {rows}, the number of rows.")
    if columns.id_names and len(id_values) != many:
        raise ValueError(f"Panel: there are {len(id_values)} rows of ids, but {many} series.")
    if frame_type not in ("pandas", "polars"):
        raise ValueError(f"Panel: frame_type is {frame_type!r}, but must be 'pandas' or 'polars'.")
