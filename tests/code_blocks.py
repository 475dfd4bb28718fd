"""The code that stands in the pages: fenced blocks, found as the parser of the site finds them."""

from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if "_build" not in page.parts),
]
ONE_PROGRAM = "<!-- blocks: one program -->"  # no reader of a page sees it


@dataclass(frozen=True)
class Block:
    """Code between two fences: where it stands, from which line on, in which language, and what it says."""

    page: Path
    line: int
    language: str
    code: str

    @property
    def name(self) -> str:
        """Page and line, as an editor opens them."""
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, from top to bottom."""
    fences = [
        token for token in MarkdownIt().parse(page.read_text(encoding="utf-8")) if token.type == "fence"
    ]
    # `map` counts lines from 0, and its first is that of the fence.
    return [Block(page, token.map[0] + 2, token.info.partition(" ")[0], token.content) for token in fences]


def programs_of(page: Path) -> list[Block]:
    """Return what of a page runs by itself: each block of Python, or all as one where the page says so."""
    blocks = [block for block in blocks_of(page) if block.language == "python"]
    if not blocks or ONE_PROGRAM not in page.read_text(encoding="utf-8"):
        return blocks
    first, code = blocks[0].line, ""
    for block in blocks:
        code += "\n" * (block.line - first - code.count("\n")) + block.code  # each line stays where it was
    return [Block(page, first, "python", code)]
