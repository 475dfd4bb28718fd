"""Line: one line that says how far a work is, on a terminal or in a notebook; nothing where nobody looks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Show = Callable[[int, int, str], None]
BARS = 24
APART = 0.2  # seconds between two lines of a notebook: each is a message to a browser


@contextmanager
def progress_line(quiet: bool = False) -> Iterator[Show | None]:
    """Give a function that shows (done, in all, in words), and takes the line away at the end.

    None where nobody looks: when quiet, and where stderr is no terminal and there is no notebook.

    >>> with progress_line() as show:
    ...     show is None
    True
    """
    if quiet:
        yield None
    elif in_notebook():
        with _notebook_line() as show:
            yield show
    elif sys.stderr.isatty():
        with _terminal_line() as show:
            yield show
    else:
        yield None


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook.

    >>> in_notebook()
    False
    """
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


@contextmanager
def _terminal_line() -> Iterator[Show]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (BarColumn(bar_width=BARS), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        line = bar.add_task("preparing", total=None)
        yield lambda done, total, words: bar.update(line, completed=done, total=total, description=words)


@contextmanager
def _notebook_line() -> Iterator[Show]:
    """Draw by what every notebook has: rich needs ipywidgets there, and warns without."""
    from IPython.display import display

    handle: Any = display({"text/plain": "preparing"}, raw=True, display_id=True)
    drawn = time.monotonic()

    def show(done: int, total: int, words: str) -> None:
        nonlocal drawn
        if time.monotonic() - drawn >= APART or done == total:
            drawn = time.monotonic()
            handle.update({"text/plain": f"{bar_of(done, total)} {words}"}, raw=True)

    try:
        yield show
    finally:
        handle.update({"text/plain": ""}, raw=True)


def bar_of(done: int, total: int, size: int = BARS) -> str:
    """Return a bar of letters.

    >>> bar_of(1, 4, size=8)
    '██░░░░░░'
    """
    full = size * min(done, total) // max(1, total)
    return "█" * full + "░" * (size - full)
