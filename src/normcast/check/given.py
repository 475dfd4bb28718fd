"""Given: the data files that stand beside a model on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from normcast.check.facts import Facts
from normcast.check.gather import facts_from
from normcast.data import Panel, read_table, workbook
from normcast.data.case_arrays import CaseArrays
from normcast.data.case_file import is_of_cases, read_case_file
from normcast.data.case_input import Layout
from normcast.data.network_npz import read_network_npz
from normcast.data.table import ENDINGS
from normcast.data.uneven import padded
from normcast.probes.given import input_names, output_names


@dataclass(frozen=True, eq=False)
class Given:
    """Data as they are given to fit: windows from files of cases, series from tables.

    x: (windows, ...) and y: (windows, ...), None where no such file was given, and a dict of them by name
    where a model reads, or gives, several; panels: one per table; notes: what was found, to tell the user.
    """

    x: Any = None
    y: Any = None
    panels: tuple[Panel, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def read(
        cls,
        files: Iterable[Path | str],
        names: Mapping[str, str] | None = None,
        *,
        arrays: Mapping[str, str] | None = None,
        layout: Layout | None = None,
        sheet: str | None = None,
        model: Any = None,
        needs_y: bool = True,
        **columns: Any,
    ) -> Given:
        """Read files of cases with x and y, and tables as `read_table` does.

        names: where it is given, tables hold cases too, of which it names the columns, as in `Cases.read`.
        arrays: what an .npz calls x and y, or the file of y beside an .npy; layout, sheet: see `Cases.read`.
        model: an .npz may call arrays as its inputs and outputs are, and does where there are several.
        needs_y: whether it is an error that a file tells nothing of its cases.
        columns: id_col, time_col, target_col and na_values of the tables, as in `Panel.from_frame`. Windows
        of several files are joined. Missing values and absent stamps are facts here, not errors; so are rows
        of one stamp, unless `duplicates` says otherwise.
        Raises OSError or ValueError on what cannot be read, naming the file.
        """
        paths = [Path(file) for file in files]
        tables = [path for path in paths if names is None and not is_of_cases(path)]
        lenient: dict[str, Any] = {"missing": "mask", "fill_gaps": True, "duplicates": "first"}
        with workbook.asked_for(sheet or workbook.asked()):
            cases = [
                cases_in(path, names if _is_table(path) else arrays, layout, model, needs_y)
                for path in paths
                if path not in tables
            ]
            panels = tuple(
                Panel.from_frame(
                    read_table(path, columns.get("na_values")), where=str(path), **(lenient | columns)
                )
                for path in tables
            )
        notes = tuple(note for found in (cases, panels) for each in found for note in each.notes)
        if not cases:
            return cls(panels=panels, notes=notes)
        x = _joined([each.parts["x"] for each in cases], "x")
        told = [each.parts["y"] for each in cases if "y" in each.parts]
        y = _joined(told, "y") if len(told) == len(cases) else None
        return cls(x, y, panels, notes)

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

    def inputs(self, model: Any) -> Any:
        """Return x as a model reads it: (windows, steps) become series of one channel where it reads such."""
        reads = [tuple(each.shape[1:]) for each in getattr(model, "inputs", None) or []]
        flat = not isinstance(self.x, dict) and self.x is not None and self.x.ndim == 2
        is_one_channel = len(reads) == 1 and len(reads[0]) == 2 and reads[0][1] in (None, 1)
        return self.x[:, :, None] if flat and is_one_channel else self.x

    def targets(self, model: Any) -> Any:
        """Return y as the loss of a model takes it: labels that are text become numbers of classes, or rows.

        >>> Given(y=np.array(["walk", "rest"])).targets(None).tolist()
        [1, 0]
        """
        told = self.y if isinstance(self.y, dict) else {"y": self.y}
        if not any(y is not None and y.dtype.kind in "US" for y in told.values()):
            return self.y
        found = () if model is None else facts_from(model).training.losses
        losses = [each.name if each else None for each in found]
        shapes = [tuple(each.shape[1:]) for each in getattr(model, "outputs", None) or []]
        if told is not self.y:
            return _numbered(self.y, shapes, losses)
        places = {name: slice(i, i + 1) for i, name in enumerate(output_names(model))}
        return {name: _numbered(y, shapes[places[name]], losses[places[name]]) for name, y in told.items()}


def cases_in(
    path: Path,
    names: Mapping[str, str] | None = None,
    layout: Layout | None = None,
    model: Any = None,
    needs_y: bool = True,
) -> CaseArrays:
    """Return x and y of a file of cases, as they stand in it; shorter series behind zeros.

    names, layout, model: as in `Given.read`; needs_y: whether it is an error that there is no y, which is
    then left out.
    """
    if path.suffix.lower() == ".npz":
        own = {"x": input_names(model), "y": output_names(model)}
        read = read_network_npz(path, own, names or {}, needs_y=needs_y)
    else:
        read = read_case_file(path, names, needs_y)
    parts: dict[str, Any] = {part: read.parts[part] for part in ("x", "y") if part in read.parts}
    notes = read.notes
    if isinstance(parts["x"], list):
        parts["x"], lengths = padded(parts["x"], str(path))
        notes += (f"series have {lengths.min()} to {lengths.max()} steps: shorter ones stand behind zeros",)
    if layout == "channels_first" and getattr(parts["x"], "ndim", 0) == 3:
        parts["x"] = np.swapaxes(parts["x"], 1, 2)
    return CaseArrays(parts, notes)


def _is_table(path: Path) -> bool:
    return path.name.lower().endswith(ENDINGS)


def _numbered(y: np.ndarray, shapes: Sequence[tuple], losses: Sequence[str | None]) -> np.ndarray:
    """Return labels that are text as numbers of classes, or as rows where the one output has as many."""
    if y.dtype.kind not in "US":
        return y
    classes, number = np.unique(y, return_inverse=True)
    is_wide = list(shapes) == [(len(classes),)] and "sparse_categorical_crossentropy" not in losses
    return np.eye(len(classes), dtype=np.float32)[number] if is_wide else number


def _joined(arrays: list[Any], name: str) -> Any:
    if all(isinstance(each, dict) for each in arrays):
        return {key: _joined([each[key] for each in arrays], key) for key in arrays[0]}
    shapes = {array.shape[1:] for array in arrays}
    if len(shapes) > 1:
        listed = ", ".join(str(shape) for shape in sorted(shapes))
        raise ValueError(f"--data: {name} has windows of different shapes in the files: {listed}.")
    return np.concatenate(arrays)
