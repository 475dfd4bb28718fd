"""Windows: what turns the rows of a panel into the batches of the engine."""

from typing import Any

from normcast.windows.scaling import Scaler
from normcast.windows.split import Cuts, Split, cutoffs, largest_input_size, parted, rows_needed, split
from normcast.windows.waves import waves
from normcast.windows.windows import Windows, default_input_size, sliding

__all__ = [
    "Cuts",
    "Scaler",
    "Split",
    "Windows",
    "cutoffs",
    "default_input_size",
    "largest_input_size",
    "parted",
    "rows_needed",
    "sliding",
    "split",
    "waves",
]


def __getattr__(name: str) -> Any:
    if name == "parquet_shards":  # it brings the engine along, which windows by themselves do not need
        from normcast.windows.parquet import parquet_shards

        return parquet_shards
    raise AttributeError(f"module 'normcast.windows' has no attribute {name!r}")
