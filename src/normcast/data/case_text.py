"""Case text: what the .ts and .arff files of the UCR and UEA archives have in common."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from normcast.budgets import MOST_COLUMNS
from normcast.data.case_arrays import CaseArrays, stacked
from normcast.errors import counted, listed

MISSING = ("", "?", "nan")
LONGEST_LABEL = 1000
"""Characters of a label: an array of text holds each as long as the longest."""


def lines(path: str | Path, comment: str) -> Iterator[tuple[int, str]]:
    """Give the lines of a text file that say something, with their numbers from 1, one after another.

    comment: how lines begin that say nothing. Bytes that are not UTF-8 come as they are written in Python.
    Raises FileNotFoundError.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"{path}: there is no such file.")
    with file.open(encoding="utf-8-sig", errors="backslashreplace") as text:
        for number, raw in enumerate(text, 1):
            line = raw.strip()
            if line and not line.startswith(comment):
                yield number, line


@dataclass(eq=False)
class Gathered:
    """Cases that are read line by line, each checked when it comes.

    where: the file; classes: the labels there are, empty where the file does not say, None where a number is
    told of each case; channels: the dimensions of each case, or None where the first case says it; needs_y:
    whether it is an error that a label is missing.

    >>> cases = Gathered("gait.ts", classes={"a", "b"})
    >>> cases.add([["1", "2"], ["3", "4"]], "a", line=9)
    >>> cases.arrays().parts["x"].tolist()
    [[[1.0, 3.0], [2.0, 4.0]]]
    >>> cases.add([["1", "?"], ["3", "4"]], "b", line=10)
    Traceback (most recent call last):
    ValueError: gait.ts, line 10, dimension 1, step 2: the value is missing ('?'). Fill it, or leave the case
    out.
    """

    where: str
    classes: Collection[str] | None = ()
    channels: int | None = None
    needs_y: bool = True
    series: list[np.ndarray] = field(default_factory=list)
    labels: list[str | float | None] = field(default_factory=list)

    def add(self, dimensions: Sequence[Sequence[str]], label: str, line: int) -> None:
        """Take one case: the fields of each dimension, and its label; one of `MISSING` is none.

        Raises ValueError, with the line, for values missing or no numbers, dimensions that do not go
        together, and a label that there is not.
        """
        place = f"{self.where}, line {line}"
        if self.channels is None:
            _refuse_channels(len(dimensions), place)
            self.channels = len(dimensions)
        if len(dimensions) != self.channels:
            raise ValueError(
                f"{place}: has {counted(len(dimensions), 'dimension')}, but should have {self.channels}, as "
                "the header or the first case says."
            )
        values = [numbers(each, f"{place}, dimension {i}") for i, each in enumerate(dimensions, 1)]
        lengths = [len(each) for each in values]
        if len(set(lengths)) > 1:
            at = next(i for i, length in enumerate(lengths) if length != lengths[0])
            raise ValueError(
                f"{place}: dimension {at + 1} has {lengths[at]} steps, but dimension 1 has {lengths[0]}. "
                "Bring the dimensions of a case to one length."
            )
        self.labels.append(self._label(label.strip(), place))
        self.series.append(np.stack(values, axis=1))  # (time, channels)

    def _label(self, label: str, place: str) -> str | float | None:
        """Return the label of a case, None where there is none; a class may be called nan."""
        if label.lower() in (MISSING if self.classes is None else MISSING[:2]):
            if self.needs_y:
                raise ValueError(
                    f"{place}: the label is missing ({label!r}), so nothing can be learned of the case. "
                    "Write it, or leave the case out."
                )
            return None
        if self.classes is None:
            return float(numbers([label], f"{place}, target", np.float64)[0])
        if len(label) > LONGEST_LABEL or (self.classes and label not in self.classes):
            known = f"; labels are {listed(sorted(self.classes), 10)}" if self.classes else ""
            raise ValueError(f"{place}: {label[:40]!r} is no label{known}. Mend the line or the header.")
        return label

    def arrays(self, notes: tuple[str, ...] = ()) -> CaseArrays:
        """Return the cases there are, with y where each has a label; raises ValueError for none."""
        if not self.series:
            raise ValueError(f"{self.where}: has no case after @data.")
        parts = {"x": stacked(self.series)}
        absent = sum(label is None for label in self.labels)
        if not absent:
            return CaseArrays(parts | {"y": np.asarray(self.labels)}, notes, layout="channels_last")
        many = counted(len(self.labels), "case")
        some = f"{absent} of {many} without a label: those of the others are not read"
        notes = notes if absent == len(self.labels) else (*notes, some)
        return CaseArrays(parts, notes, layout="channels_last")


def _refuse_channels(count: int, place: str) -> None:
    if count > MOST_COLUMNS:
        raise ValueError(
            f"{place}: has {count:,} dimensions, more than {MOST_COLUMNS:,}. A dimension is a channel of a "
            "case: write its steps between commas."
        )


def numbers(fields: Sequence[str], place: str, dtype: type = np.float32) -> np.ndarray:
    """Return fields of text as numbers, (steps,); raises ValueError for the first that is no finite number.

    place: the file, line and dimension, for the message.

    >>> numbers(["1", "2.5"], "gait.ts, line 9")
    array([1. , 2.5], dtype=float32)
    """
    try:
        with np.errstate(over="ignore"):
            values: np.ndarray = np.array(fields, dtype=dtype)
    except ValueError:
        values = np.full(1, np.nan)
    if not np.isfinite(values).all():
        at = next(i for i, each in enumerate(fields) if not _is_finite(each, dtype))
        raise ValueError(f"{place}, step {at + 1}: {_fault(fields[at].strip())}")
    return values


def _is_finite(text: str, dtype: type) -> bool:
    try:
        with np.errstate(over="ignore"):
            return bool(np.isfinite(np.array(text, dtype=dtype)))
    except ValueError:
        return False


def _fault(text: str) -> str:
    if text.lower() in MISSING:
        return f"the value is missing ({text!r}). Fill it, or leave the case out."
    return f"{text[:40]!r} is no finite number. Mend it, or leave the case out."
