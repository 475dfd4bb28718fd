"""Given: the data files that stand beside a model on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from normcast.check.facts import Facts
from normcast.check.gather import facts_from
from normcast.data import Panel, read_npz, read_table
from normcast.data.case_file import is_of_cases, read_case_file
from normcast.data.table import ENDINGS
from normcast.data.uneven import padded


@dataclass(frozen=True, eq=False)
class Given:
    """Data as they are given to fit: windows from files of cases, series from tables.

    x: (windows, ...) and y: (windows, ...), None where no such file was given; panels: one per table.
    """

    x: np.ndarray | None = None
    y: np.ndarray | None = None
    panels: tuple[Panel, ...] = ()

    @classmethod
    def read(
        cls,
        files: Iterable[Path | str],
        names: Mapping[str, str] | None = None,
        *,
        needs_y: bool = True,
        **columns: Any,
    ) -> Given:
        """Read files of cases with x and y, and tables as `read_table` does.

        names: where it is given, tables hold cases too, of which it names the columns, as in `Cases.read`.
        needs_y: whether it is an error that a file tells nothing of its cases.
        columns: id_col, time_col and target_col of the tables, as in `Panel.from_frame`. Windows of several
        files are joined. Missing values and absent stamps are facts here, not errors.
        Raises OSError or ValueError on what cannot be read, naming the file.
        """
        paths = [Path(file) for file in files]
        tables = [path for path in paths if names is None and not is_of_cases(path)]
        windows = [windows_in(path, names or {}, needs_y) for path in paths if path not in tables]
        lenient: dict[str, Any] = {"missing": "mask", "fill_gaps": True, "duplicates": "first"}
        panels = [
            Panel.from_frame(read_table(path), where=str(path), **lenient, **columns) for path in tables
        ]
        if not windows:
            return cls(panels=tuple(panels))
        x = _joined([arrays["x"] for arrays in windows], "x")
        told = [arrays["y"] for arrays in windows if "y" in arrays]
        return cls(x, _joined(told, "y") if len(told) == len(windows) else None, tuple(panels))

    def facts(self, model: Any = None) -> Facts:
        """Return what the data tell; windows win over tables. model: its losses say what labels are.

        >>> Given(x=np.zeros((6, 8, 3)), y=np.ones((6, 1))).facts().data.n_windows
        6
        """
        what: dict[str, Any] = {"x": self.x, "panel": self.panels or None}
        try:
            return facts_from(model, y=self.targets(model), **what)
        except Exception:  # compile settings that cannot be read do not hide what the data tell
            return facts_from(y=self.targets(None), **what)

    def targets(self, model: Any) -> np.ndarray | None:
        """Return y as the loss of a model takes it: labels that are text become numbers of classes, or rows.

        >>> Given(y=np.array(["walk", "rest"])).targets(None).tolist()
        [1, 0]
        """
        if self.y is None or self.y.dtype.kind not in "US":
            return self.y
        classes, number = np.unique(self.y, return_inverse=True)
        losses = [] if model is None else [each and each.name for each in facts_from(model).training.losses]
        shapes = [tuple(each.shape[1:]) for each in getattr(model, "outputs", None) or []]
        is_wide = shapes == [(len(classes),)] and "sparse_categorical_crossentropy" not in losses
        return np.eye(len(classes), dtype=np.float32)[number] if is_wide else number


def windows_in(path: Path, names: Mapping[str, str], needs_y: bool = True) -> dict[str, np.ndarray]:
    """Return the arrays x and y of a file of cases, as they stand in it; shorter series behind zeros.

    needs_y: whether it is an error that there is no y, which is then left out.
    """
    if path.suffix.lower() == ".npz":
        return read_npz(path, parts=("x", "y"), needs_y=needs_y).parts
    named = names if path.name.lower().endswith(ENDINGS) else None
    parts = read_case_file(path, named, needs_y).parts
    x = parts["x"]
    told = {"y": parts["y"]} if "y" in parts else {}
    return {"x": padded(x, str(path))[0] if isinstance(x, list) else x, **told}


def _joined(arrays: list[np.ndarray], name: str) -> np.ndarray:
    shapes = {array.shape[1:] for array in arrays}
    if len(shapes) > 1:
        listed = ", ".join(str(shape) for shape in sorted(shapes))
        raise ValueError(f"--data: {name} has windows of different shapes in the files: {listed}.")
    return np.concatenate(arrays)
