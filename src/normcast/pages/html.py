"""From a page's values to one HTML text that opens anywhere, without network and without script."""

from __future__ import annotations

from importlib.resources import files

from normcast.pages.page import Page


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
    )
    environment.filters["tied"] = tied
    return environment.get_template("report.html.j2").render(page=page)


def tied(text: str) -> str:
    """Keep on one line what is read as one: a percent sign and its number, a p and its value.

    >>> tied("4 %, p < 0.001") == "4\\N{NO-BREAK SPACE}%, p\\N{NO-BREAK SPACE}<\\N{NO-BREAK SPACE}0.001"
    True
    """
    space = "\N{NO-BREAK SPACE}"
    for loose in (" %", "p < ", "p = ", "± "):
        text = text.replace(loose, loose.replace(" ", space))
    return text
