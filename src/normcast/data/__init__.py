"""Data: tables and arrays in, checked panels and cases, and tables out."""

from normcast.data.cases import Cases
from normcast.data.columns import Columns
from normcast.data.future import future_rows
from normcast.data.npz import read_npz
from normcast.data.output import check_ending, write_table
from normcast.data.panel import Panel
from normcast.data.table import read_table

__all__ = [
    "Cases",
    "Columns",
    "Panel",
    "check_ending",
    "future_rows",
    "read_npz",
    "read_table",
    "write_table",
]
