"""Written: a page as one HTML file, whole or not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from normcast.files import check_writable, write_whole


def refuse_page(path: str | Path, where: str = "report") -> None:
    """Raise ValueError for a path that is no HTML name, OSError for one that cannot be written.

    >>> refuse_page("report.pdf")
    Traceback (most recent call last):
    ValueError: report: 'report.pdf' does not end in .html; give a name such as report.html.
    """
    if Path(path).suffix.lower() not in {".html", ".htm"}:
        raise ValueError(f"{where}: {str(path)!r} does not end in .html; give a name such as report.html.")
    check_writable(path)


def written(path: str | Path, draw: Callable[[], str], where: str = "report") -> Path:
    """Write what `draw` returns, and return the path; it is refused before the seconds that drawing takes."""
    refuse_page(path, where)
    write_whole(path, draw())
    return Path(path)
