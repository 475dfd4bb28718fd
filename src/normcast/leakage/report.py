"""CanaryReport: what was changed behind the cutoffs, what was compared before them, and what leaked."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from normcast.errors import counted, listed
from normcast.leakage.ways import WAYS
from normcast.plain import write
from normcast.sheet import Sheet, Shown, Table


@dataclass(frozen=True)
class Leak:
    """Something before a cutoff that changes with what comes after it.

    Parameters
    ----------
    what : str
        Its name, such as a column, a weight or a score.
    place : str
        Where it first differs: row, series, stamp.
    before : str
        Its value there, as it was.
    after : str
        Its value there, after the change.
    differing : int
        How many of its values differ at that cutoff.
    of : int
        How many values it has there.
    difference : float
        The largest absolute difference of any, NaN where there is none between numbers.
    cutoff : str
        The first cutoff at which it was seen.
    ways : tuple of str
        What showed it, keys of `WAYS`.

    Examples
    --------
    >>> print(Leak("column 'y'", "row 3", "1", "2", 1, 9, difference=1.0, cutoff="row 4", ways=("noise",)))
    column 'y', first in row 3: 1 becomes 2 (1 of 9 values, by up to 1; cutoff row 4; seen by: noise)
    """

    what: str
    place: str
    before: str
    after: str
    differing: int
    of: int
    difference: float
    cutoff: str
    ways: tuple[str, ...]

    def __str__(self) -> str:
        amount = f", by up to {self.difference:.3g}" if self.difference > 0 else ""
        values = f"{self.differing:,} of {self.of:,} values{amount}"
        return (
            f"{self.what}, first in {self.place}: {self.before} becomes {self.after} "
            f"({values}; cutoff {self.cutoff}; seen by: {', '.join(self.ways)})"
        )


@dataclass(frozen=True, repr=False)
class CanaryReport(Shown):
    """Whether anything before the cutoffs changed with what comes after them; `print` says it in words.

    Parameters
    ----------
    subject : str
        What was tested.
    changed : tuple of str
        The columns that were changed.
    ways : tuple of str
        How, keys of `WAYS`.
    cutoffs : tuple of str
        The last stamps that were left as they were.
    comparisons : int
        How many comparisons of a thing with itself.
    values : int
        The values in all of them.
    leaks : tuple of Leak, default ()
        What changed.
    notes : tuple of str, default ()
        What could not be tested, and why.

    Examples
    --------
    >>> print(CanaryReport("function smooth", ("y",), ("noise",), ("2024-01-31",), 1, 31))
    No leakage in function smooth: everything before cutoff 2024-01-31 stays equal to the last bit.
    1 comparison, of 31 values in all.
    Changed: y. How: noise a million times as large.
    """

    subject: str
    changed: tuple[str, ...]
    ways: tuple[str, ...]
    cutoffs: tuple[str, ...]
    comparisons: int
    values: int
    leaks: tuple[Leak, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing leaked."""
        return not self.leaks

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values.

        Returns
        -------
        dict of str to Any
            Dictionaries, lists, texts and numbers, `passed` among them.
        """
        return {
            "passed": self.passed,
            **{each.name: write(getattr(self, each.name)) for each in fields(self)},
        }

    def _sheet(self) -> Sheet:
        said, *rest = [line for line in str(self).splitlines() if not line.startswith("- ")]
        rows = [
            (each.what, each.place, each.before, each.after, each.cutoff, ", ".join(each.ways))
            for each in self.leaks
        ]
        head = ("leak", "first in", "before", "after", "cutoff", "seen by")
        return Sheet(
            "CanaryReport",
            ": passed" if self.passed else f": {counted(len(self.leaks), 'leak')}",
            notes=(said, *rest),
            table=Table(head, tuple(rows)) if rows else None,
        )

    def __str__(self) -> str:
        where = f"cutoff{'s' if len(self.cutoffs) > 1 else ''} {listed(self.cutoffs)}"
        lines = [f"No leakage in {self.subject}: everything before {where} stays equal to the last bit."]
        if self.leaks:
            lines = [f"Leakage in {self.subject}: what comes after {where} changes what stands before."]
        lines += [f"- {leak}" for leak in self.leaks]
        lines.append(f"{counted(self.comparisons, 'comparison')}, of {self.values:,} values in all.")
        how = "; ".join(WAYS[way] for way in self.ways)
        lines.append(f"Changed: {listed(self.changed, 8) or 'nothing'}. How: {how}.")
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])
