"""Make the notebooks from the tutorials of the same names: their words and their blocks, without outputs.

python examples/notebooks/make.py
"""

import re
from pathlib import Path

import nbformat
from markdown_it import MarkdownIt

HERE = Path(__file__).resolve().parent
TUTORIALS = HERE.parents[1] / "docs" / "tutorials"
NAMES = ("own-model", "first-forecast")
SAID_OF_BLOCKS = re.compile(r" ?The blocks go on from one another[^.]*\.")
COMMENT = re.compile(r"<!--.*?-->\n*")
LINK = re.compile(r"\]\((?!https?:)([^)]*)\)")


def notebook_of(page: str, name: str) -> str:
    """Return the page as a notebook: what stands between blocks of Python is a cell of words.

    Cells are named by their number, so that the same page makes the same bytes.
    """
    words = SAID_OF_BLOCKS.sub("", COMMENT.sub("", page))
    lines, at, cells = words.splitlines(keepends=True), 0, []
    for token in MarkdownIt().parse(words):
        if token.type == "fence" and token.info == "python":
            begin, end = token.map
            cells += [_words(lines[at:begin]), nbformat.v4.new_code_cell(token.content.strip())]
            at = end
    cells += [_words(lines[at:])]
    made = nbformat.v4.new_notebook(cells=[cell for cell in cells if cell.source])
    for number, cell in enumerate(made.cells):
        cell.id = f"{name}-{number}"
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.writes(made) + "\n"


def _words(lines: list[str]) -> nbformat.NotebookNode:
    there = LINK.sub(lambda found: f"]({_from_here(found[1])})", "".join(lines))
    return nbformat.v4.new_markdown_cell(there.strip())


def _from_here(link: str) -> str:
    """Return a link of a tutorial, which lies in docs/tutorials, as one from here."""
    path, mark, anchor = link.partition("#")
    target = (TUTORIALS / path).resolve()
    return f"../../{target.relative_to(HERE.parents[1]).as_posix()}{mark}{anchor}"


if __name__ == "__main__":
    for name in NAMES:
        page = (TUTORIALS / f"{name}.md").read_text(encoding="utf-8")
        (HERE / f"{name}.ipynb").write_text(notebook_of(page, name), encoding="utf-8")
