"""Data: tables and arrays in, checked panels and cases, and tables out."""

from normcast.data.arff import read_arff
from normcast.data.cases import Cases, read_parts
from normcast.data.clock import Clock
from normcast.data.columns import Columns
from normcast.data.cut import cut_windows
from normcast.data.future import future_rows
from normcast.data.npz import read_npz
from normcast.data.output import check_ending, write_table
from normcast.data.panel import Panel
from normcast.data.table import read_table
from normcast.data.ts import read_ts
from normcast.data.wide_dates import melted

__all__ = [
    "Cases",
    "Clock",
    "Columns",
    "Panel",
    "check_ending",
    "cut_windows",
    "future_rows",
    "melted",
    "read_arff",
    "read_npz",
    "read_parts",
    "read_table",
    "read_ts",
    "write_table",
]
