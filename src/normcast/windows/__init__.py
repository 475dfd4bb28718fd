"""Windows: what turns the rows of a panel into the batches of the engine."""

from normcast.windows.scaling import Scaler
from normcast.windows.split import Cuts, Split, cutoffs, largest_input_size, parted, split
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
    "sliding",
    "split",
    "waves",
]
