"""Data: tables in, checked panels, scaling, windows, and tables out."""

from normcast.data.artefact import check_writable, write_whole
from normcast.data.columns import Columns
from normcast.data.output import check_ending, write_table
from normcast.data.panel import Panel
from normcast.data.scaling import Scaler
from normcast.data.split import Split, cutoffs, largest_input_size, split
from normcast.data.table import read_table
from normcast.data.waves import waves
from normcast.data.windows import Windows, default_input_size, sliding

__all__ = [
    "Columns",
    "Panel",
    "Scaler",
    "Split",
    "Windows",
    "check_ending",
    "check_writable",
    "cutoffs",
    "default_input_size",
    "largest_input_size",
    "read_table",
    "sliding",
    "split",
    "waves",
    "write_table",
    "write_whole",
]
