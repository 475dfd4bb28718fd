"""Draw the floors of the source as a picture, from the contract that CI holds them to: `make floors`."""

from __future__ import annotations

import ast
import textwrap
import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "images" / "floors.svg"
WIDTH, GAP, MARGIN, HEAD, LINE = 960, 8, 12, 29, 15
LETTER = 6.1  # pixels of one letter of the small text


def floors(root: Path = ROOT) -> list[list[str]]:
    """Return the rooms of each floor that the contract names and the source has, the top floor first."""
    contracts = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(each["layers"] for each in contracts["contracts"] if each["type"] == "layers")
    named = [[room.strip().strip("()") for room in layer.split("|")] for layer in layers]
    there = [[room for room in floor if source_of(room, root) is not None] for floor in named]
    return [floor for floor in there if floor]


def source_of(room: str, root: Path = ROOT) -> Path | None:
    """Return the file that says what a room is for; None if there is no such room."""
    package = root / "src" / "normcast"
    found = [file for file in (package / room / "__init__.py", package / f"{room}.py") if file.is_file()]
    return found[0] if found else None


def purpose(room: str, root: Path = ROOT) -> str:
    """Return what a room is for, in the words of its own first sentence."""
    file = source_of(room, root)
    words = (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "") if file else ""
    first = words.partition("\n\n")[0].replace("\n", " ")
    lead, _, rest = first.partition(": ")
    words = (rest if rest and lead.lower().endswith(room.lower()) else first).partition(". ")[0].rstrip(".")
    return words[:1].upper() + words[1:]


def picture(root: Path = ROOT) -> str:
    """Return the picture as SVG: each floor imports only floors below it."""
    drawn, top = [], MARGIN
    for floor in floors(root):
        width = (WIDTH - 2 * MARGIN - GAP * (len(floor) - 1)) / len(floor)
        texts = [wrapped(purpose(room, root), width) for room in floor]
        tall = HEAD + LINE * max(map(len, texts))
        for place, (room, lines) in enumerate(zip(floor, texts, strict=True)):
            drawn += box(room, lines, MARGIN + place * (width + GAP), top, width, tall)
        top += tall + GAP
    height = top - GAP + MARGIN
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" '
        f'role="img" aria-label="The floors of normcast">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    return "\n".join([*head, *drawn, "</svg>"]) + "\n"


def wrapped(words: str, width: float) -> list[str]:
    """Return the lines of a text in a room."""
    return textwrap.wrap(words, int((width - 24) / LETTER))


def box(room: str, lines: list[str], left: float, top: int, width: float, height: int) -> list[str]:
    """Return the drawing of one room: its name, and under it what it is for."""
    middle = left + width / 2
    texts = [
        f'<text x="{middle:g}" y="{top + 36 + LINE * number:g}" font-size="11.5" fill="#59636e" '
        f'text-anchor="middle">{escape(line)}</text>'
        for number, line in enumerate(lines)
    ]
    return [
        f'<rect x="{left:g}" y="{top}" width="{width:g}" height="{height}" rx="8" fill="#f6f8fa" '
        'stroke="#d1d9e0"/>',
        f'<text x="{middle:g}" y="{top + 19:g}" font-size="14" font-weight="600" fill="#1f2328" '
        f'text-anchor="middle">{escape(room)}</text>',
        *texts,
    ]


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
    print(PICTURE.relative_to(ROOT))
