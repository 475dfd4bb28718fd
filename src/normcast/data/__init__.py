"""Data: tables in, checked panels, and tables out."""

from normcast.data.columns import Columns
from normcast.data.output import check_ending, write_table
from normcast.data.panel import Panel
from normcast.data.table import read_table

__all__ = ["Columns", "Panel", "check_ending", "read_table", "write_table"]
