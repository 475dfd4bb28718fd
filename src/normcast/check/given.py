"""Given: the data files that stand beside a model on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from normcast.check.facts import Facts
from normcast.check.gather import facts_from
from normcast.data import Panel, read_npz, read_table


@dataclass(frozen=True, eq=False)
class Given:
    """Data as they are given to fit: windows from .npz files, series from tables.

    x: (windows, ...) and y: (windows, ...), None where no .npz was given; panels: one per table.
    """

    x: np.ndarray | None = None
    y: np.ndarray | None = None
    panels: tuple[Panel, ...] = ()

    @classmethod
    def read(cls, files: Iterable[Path | str], **columns: Any) -> Given:
        """Read .npz files with arrays x and y, and tables as `read_table` does.

        columns: id_col, time_col and target_col of the tables, as in `Panel.from_frame`. Windows of several
        files are joined. Missing values and absent stamps are facts here, not errors.
        Raises OSError or ValueError on what cannot be read, naming the file.
        """
        paths = [Path(file) for file in files]
        tables = [path for path in paths if path.suffix.lower() != ".npz"]
        windows = [read_npz(path, parts=("x", "y")).parts for path in paths if path not in tables]
        lenient: dict[str, Any] = {"missing": "mask", "fill_gaps": True, "duplicates": "first"}
        panels = [
            Panel.from_frame(read_table(path), where=str(path), **lenient, **columns) for path in tables
        ]
        if not windows:
            return cls(panels=tuple(panels))
        x, y = (_joined([arrays[name] for arrays in windows], name) for name in ("x", "y"))
        return cls(x, y, tuple(panels))

    def facts(self, model: Any = None) -> Facts:
        """Return what the data tell; windows win over tables. model: its losses say what labels are.

        >>> Given(x=np.zeros((6, 8, 3)), y=np.ones((6, 1))).facts().data.n_windows
        6
        """
        what: dict[str, Any] = {"x": self.x, "y": self.y, "panel": self.panels or None}
        try:
            return facts_from(model, **what)
        except Exception:  # compile settings that cannot be read do not hide what the data tell
            return facts_from(**what)


def _joined(arrays: list[np.ndarray], name: str) -> np.ndarray:
    shapes = {array.shape[1:] for array in arrays}
    if len(shapes) > 1:
        listed = ", ".join(str(shape) for shape in sorted(shapes))
        raise ValueError(f"--data: {name} has windows of different shapes in the .npz files: {listed}.")
    return np.concatenate(arrays)
