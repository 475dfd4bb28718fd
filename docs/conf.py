"""The site of the pages in this folder: `make docs` builds it, offline and without a warning."""

from __future__ import annotations

import os
import re
from inspect import Parameter, signature
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

ROOT = Path(__file__).parents[1]
ANCHOR = re.compile(r'^<a id="([^"]+)"></a>\n+', re.MULTILINE)
BAR = re.compile(r"(`[^`]*`)|\|")
MEMBERS = "\n\n```{toctree}\n:hidden:\n:glob:\n\n*\n```\n"
OUTSIDE = re.compile(r"\]\((?:\.\./)+(CHANGELOG|CONTRIBUTING|SECURITY)\.md")
DOWNLOAD = re.compile(r'download="" href="([^"]+\.html)"')
SHELVES = ("rules/index", "layers/README")  # pages that list all others of their folder

project = "normcast"
author = "The normcast authors"
copyright = author
html_title = "normcast"

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

autodoc_typehints = "none"  # the docstrings say types in words
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
default_role = "code"
numpydoc_show_class_members = False  # autodoc lists them
numpydoc_class_members_toctree = False
autosummary_generate = False
add_module_names = False

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_search_scorer = str(ROOT / "docs" / "_static" / "scorer.js")
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0969da", "color-brand-content": "#0969da"},
    "dark_css_variables": {"color-brand-primary": "#58a6ff", "color-brand-content": "#58a6ff"},
}
highlight_language = "text"  # a block that names no language is a command, or what one printed
pygments_style = "friendly"
pygments_dark_style = "github-dark"
copybutton_exclude = ".linenos, .gp, .go"


def as_targets(app: object, page: str, text: list[str]) -> None:
    """Make anchors into targets that other pages may link to, and list what a shelf holds."""
    told = OUTSIDE.sub(lambda found: f"](/{found[1].lower()}.md", text[0])
    text[0] = ANCHOR.sub(r"(\1)=\n", told) + (MEMBERS if page in SHELVES else "")


def as_written(app: object, kind: str, name: str, of: object, options: object, lines: list[str]) -> None:
    """Leave bars as they stand in docstrings, |error| among them, which else name a substitution."""
    lines[:] = [BAR.sub(lambda found: found[1] or r"\|", line) for line in lines]


def as_called(
    app: object, kind: str, name: str, of: object, options: object, arguments: str | None, gives: str | None
) -> tuple[str | None, str | None] | None:
    """Show a layer with the arguments of its own constructor; Keras wraps it in one that takes anything."""
    if kind != "class" or arguments != "(*args, **kwargs)":
        return None
    own = signature(of.__init__)  # type: ignore[misc]
    bare = [each.replace(annotation=Parameter.empty) for each in list(own.parameters.values())[1:]]
    return str(own.replace(parameters=bare, return_annotation=Parameter.empty)), gives


def to_open(app: object, page: str, template: str, context: dict[str, object], tree: object) -> None:
    """Let a link to a report open it; what is no page of the site is else a file to save."""
    context["body"] = DOWNLOAD.sub(r'href="\1"', str(context.get("body", "")))


def setup(app: object) -> None:
    """Register what pages go through before they are parsed."""
    app.connect("source-read", as_targets)  # type: ignore[attr-defined]
    app.connect("autodoc-process-docstring", as_written)  # type: ignore[attr-defined]
    app.connect("autodoc-process-signature", as_called)  # type: ignore[attr-defined]
    app.connect("html-page-context", to_open)  # type: ignore[attr-defined]
