"""Docstrings of public names: what each takes, gives and raises stands in it, in numpydoc form."""

import importlib
from enum import EnumType
from functools import cached_property
from types import FunctionType, SimpleNamespace

import pytest

docscrape = pytest.importorskip("numpydoc.docscrape")
validation = pytest.importorskip("numpydoc.validate")

# The rooms that are held to it. A room joins when its docstrings are done.
DONE = (
    "normcast",
    "normcast.candidates",
    "normcast.cases",
    "normcast.check",
    "normcast.data",
    "normcast.data.datasets",
    "normcast.engine",
    "normcast.forecasting",
    "normcast.inspect",
    "normcast.layers",
    "normcast.leakage",
    "normcast.loading",
    "normcast.models",
    "normcast.models.edits",
    "normcast.report",
    "normcast.scoring",
    "normcast.study",
    "normcast.study.statistics",
    "normcast.windows",
)
# What numpydoc reports, and we hold to: https://numpydoc.readthedocs.io/en/stable/validation.html
# Left out: an extended summary and "See Also" where there is nothing more to say (ES01, SA01), and that a
# summary begins with a verb (SS05), since a metric is a noun.
CODES = {
    # The docstring, its sections and their order; the summary: one line, a whole sentence.
    *("GL01", "GL02", "GL03", "GL05", "GL06", "GL07", "GL08", "GL10", "SS01", "SS02", "SS03", "SS04", "SS06"),
    # Each parameter: there, known, in order, with a type and a whole sentence; the same of what is returned.
    *("PR01", "PR02", "PR03", "PR04", "PR05", "PR06", "PR07", "PR08", "PR09", "PR10"),
    *("RT01", "RT02", "RT03", "RT04", "RT05", "YD01", "SA02", "SA03", "SA04"),
}
METHODS = (FunctionType, property, cached_property)
EXAMPLE = "EX01"  # asked of classes and functions, not of methods


def faults(thing, name: str) -> list[str]:
    """What numpydoc finds wrong with one docstring, as "name: code message"."""
    doc = docscrape.get_doc_object(thing, config={"show_class_members": False})
    codes = CODES | {EXAMPLE} if "." not in name else CODES
    if getattr(thing, "_is_protocol", False) or isinstance(thing, EnumType):  # which nobody calls
        codes = codes - {"PR01"}
    found = validation.validate(doc)["errors"]
    return [f"{name}: {code} {message}" for code, message in found if code in codes]


def public(room) -> dict[str, object]:
    """The classes and functions of a room by name, classes with their members; constants tell nothing."""
    names = getattr(room, "__all__", None) or [
        name for name, each in vars(room).items() if getattr(each, "__module__", None) == room.__name__
    ]
    found = {}
    for name in names:
        thing = getattr(room, name)
        if isinstance(thing, type) and not name.startswith("_"):
            found |= {name: thing, **members(name, thing)}
        elif isinstance(thing, FunctionType) and not name.startswith("_"):
            found[name] = thing
    return found


def members(name: str, kind: type) -> dict[str, object]:
    """What is public in a class, but for what a base describes, as Keras does `build` of a layer."""
    found = {}
    for member, value in vars(kind).items():
        method = getattr(value, "__func__", value)  # of a class method
        told = method.__doc__ or not any(member in vars(base) for base in kind.__mro__[1:])
        if not member.startswith("_") and isinstance(method, METHODS) and told:
            found[f"{name}.{member}"] = method
    return found


@pytest.mark.parametrize("room", DONE)
def test_public_docstrings_say_what_is_taken_and_given(room):
    there = public(importlib.import_module(room))
    assert there
    assert "\n".join(fault for name, thing in there.items() for fault in faults(thing, name)) == ""


def scaled(values, by=1):
    """Multiply values.

    Parameters
    ----------
    values : list of float
        What is multiplied.

    Examples
    --------
    >>> scaled([1])
    [1]
    """
    return [value * by for value in values]


class Scale:
    """Multiplies.

    Parameters
    ----------
    by : float
    """

    def __init__(self, by):
        self.by = by

    @property
    def twice(self):
        return 2 * self.by

    def apply(self, value):
        """Multiply a value."""
        return value * self.by


def test_a_parameter_and_a_return_that_nobody_describes_are_found():
    assert [each[:12] for each in faults(scaled, "scaled")] == ["scaled: PR01", "scaled: RT01"]


def test_a_class_is_held_to_its_parameters_its_example_and_its_members():
    room = SimpleNamespace(__all__=["Scale"], Scale=Scale)
    found = [fault.split()[:2] for name, thing in public(room).items() for fault in faults(thing, name)]
    assert found == [
        ["Scale:", "PR07"],
        ["Scale:", "EX01"],
        ["Scale.twice:", "GL08"],
        ["Scale.apply:", "PR01"],
        ["Scale.apply:", "RT01"],
    ]
