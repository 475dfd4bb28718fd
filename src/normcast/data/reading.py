"""Reading: how the cells of a table are read where they do not say it, kept for later tables of its kind."""

from __future__ import annotations

from dataclasses import dataclass, replace

from normcast.plain import Plain


@dataclass(frozen=True)
class Reading(Plain):
    """What was asked for, or what a table made clear and another may leave open.

    na_values: what stands for a missing value, as text; wide: whether column names are times; decimal: the
    sign that all columns which make it clear have, "." or ",", or "" where none or not all have one.

    >>> Reading(("-9999",)).then(Reading(wide=True, decimal=","))
    Reading(na_values=('-9999',), wide=True, decimal=',')
    """

    na_values: tuple[str, ...] = ()
    wide: bool = False
    decimal: str = ""

    def then(self, other: Reading) -> Reading:
        """Return this reading with what another adds."""
        marks = tuple(dict.fromkeys((*self.na_values, *other.na_values)))
        return Reading(marks, self.wide or other.wide, self.decimal or other.decimal)

    def told(self, na_values: tuple[str, ...] | None, wide: bool | None) -> Reading:
        """Return this reading with what is given anew in place of its own."""
        marks = self.na_values if na_values is None else na_values
        return replace(self, na_values=marks, wide=self.wide if wide is None else wide)


AS_IT_IS = Reading()
"""Of a table that says how it is read."""
