"""Pages whose measured parts are written by script, and all else by hand.

What stands between `<!-- measured: NAME -->` and `<!-- end -->` is made from a record.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

BLOCK = re.compile(r"(<!-- measured: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(page: str, record: dict[str, Any], parts: Mapping[str, Callable[[dict[str, Any]], str]]) -> str:
    """Return the page with each measured part as its function writes it from the record.

    >>> parts = {"n": lambda record: str(record["n"])}
    >>> filled("<!-- measured: n -->\\n<!-- end -->", {"n": 3}, parts)
    '<!-- measured: n -->\\n3\\n<!-- end -->'
    """
    return BLOCK.sub(lambda part: f"{part[1]}{parts[part[2]](record)}\n{part[3]}", page)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown, its first column of words and the others of numbers."""
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
