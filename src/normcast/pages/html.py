"""From a page's values to one HTML text that opens anywhere, without network and without script."""

from __future__ import annotations

import re
from importlib.resources import files

from normcast.pages.page import Page

TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
ENDLESS = re.compile(r"\S{1000,}")


def html(page: Page) -> str:
    """Return a page as HTML text; the same values give the same text."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    def load(name: str) -> str:
        return files("normcast.pages").joinpath("templates", name).read_text(encoding="utf-8")

    environment = Environment(
        loader=FunctionLoader(load),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: ended(value) if type(value) is str else value,
    )
    environment.filters["tied"] = tied
    return unturned(environment.get_template("report.html.j2").render(page=page))


def unturned(text: str) -> str:
    """Write out the marks that turn the direction of letters around, by which a name reads as another.

    >>> unturned("abc\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe") == r"abc\\u202egnp.exe"
    True
    """
    return TURNS.sub(lambda mark: f"\\u{ord(mark[0]):04x}", text)


def ended(text: str) -> str:
    """Cut what nobody reads: words of a thousand letters.

    >>> len(ended("x" * 10_000))
    201
    """
    return ENDLESS.sub(lambda word: word[0][:200] + "…", text)


def tied(text: str) -> str:
    """Keep on one line what is read as one: a percent sign and its number, a p and its value.

    >>> tied("4 %, p < 0.001") == "4\\N{NO-BREAK SPACE}%, p\\N{NO-BREAK SPACE}<\\N{NO-BREAK SPACE}0.001"
    True
    """
    space = "\N{NO-BREAK SPACE}"
    for loose in (" %", "p < ", "p = ", "± ", " × 10"):
        text = text.replace(loose, loose.replace(" ", space))
    return text
