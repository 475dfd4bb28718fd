"""What the commands say: progress and notes on stderr, tables on stdout."""

from __future__ import annotations

import codecs
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from typer import Exit

if TYPE_CHECKING:
    import pandas as pd

    from normcast.data import Cases, Panel

P = ParamSpec("P")
R = TypeVar("R")

HEADERS = {
    "mase": "MASE", "mae": "MAE", "mse": "MSE", "rmse": "RMSE", "smape": "sMAPE %", "scaled_crps": "sCRPS",
}  # fmt: skip


PLAIN = {
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{MULTIPLICATION SIGN}": "x",
}


def write_what_can_be_written() -> None:
    """Let no sign stop a command: what a terminal or file cannot hold is written plainly, or as "?"."""
    codecs.register_error("normcast-plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a stream that a test put there may not have it
            stream.reconfigure(errors="normcast-plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(PLAIN.get(sign, "?") for sign in signs), error.end


def say(text: str, *, quiet: bool = False) -> None:
    """Print a line on stderr, unless quiet."""
    if not quiet:
        print(text, file=sys.stderr, flush=True)


class Refusal(Exception):
    """A call that cannot be carried out; its words are for the user."""


def refusing(command: Callable[P, R]) -> Callable[P, R]:
    """Let a command whose code 1 says what it found refuse by another what it was given and cannot use."""

    @wraps(command)
    def run(*args: P.args, **given: P.kwargs) -> R:
        try:
            return command(*args, **given)
        except Exit:
            raise
        except (ValueError, TypeError, OSError, ArithmeticError, ImportError, RuntimeError) as error:
            raise Refusal(str(error) or type(error).__name__) from error

    return run


_called: ContextVar[tuple[str, ...]] = ContextVar("called", default=())


def calling(arguments: Sequence[str]) -> None:
    """Remember the arguments of the command that runs."""
    _called.set(tuple(arguments))


def typed() -> str:
    """Return the command as it was typed, quoted for a shell."""
    return shlex.join(["normcast", *_called.get()])


def describe(panel: Panel, *, quiet: bool) -> None:
    """Say what was read, and what to know about it."""
    say(f"Read {panel.extent}{span(panel)}.", quiet=quiet)
    for note in panel.notes:
        say(f"Note: {note}", quiet=quiet)


def span(panel: Panel) -> str:
    """Return the first and the last stamp of all series as they were understood; "" for counted rows."""
    if panel.stamps.kind == "rows":
        return ""
    first, last = (panel.stamps.show(int(each)) for each in (panel.time.min(), panel.time.max()))
    return f", from {first} to {last}"


def describe_cases(cases: Cases, *, quiet: bool) -> None:
    """Say what was read of arrays, and what to know about it."""
    say(f"Read {cases.extent}.", quiet=quiet)
    for note in cases.notes:
        say(f"Note: {note}", quiet=quiet)


def scoreboard(
    board: pd.DataFrame, title: str, interval: Mapping[str, tuple[float, float]] | None = None
) -> None:
    """Print scores, one row per model, in their order.

    interval: the 95 % interval of scores of the first model, which then stand under it.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("model")
    for metric in board.columns:
        table.add_column(header(metric), justify="right")
    for place, (model, row) in enumerate(board.iterrows()):
        table.add_row(str(model), *(format(value, ".4g") for value in row))
        if interval and place == 0:
            ends = (interval.get(metric) for metric in board.columns)
            told = (f"{each[0]:.3g} to {each[1]:.3g}" if each else "" for each in ends)
            table.add_row("  95 % interval", *told, style="dim")
    Console(width=None if sys.stdout.isatty() else 120, highlight=False).print(table)


def header(metric: str) -> str:
    """Return what a column of scores is called.

    >>> header("smape"), header("coverage-80"), header("log loss")
    ('sMAPE %', 'covers 80 %', 'log loss')
    """
    if metric.startswith("near-"):
        return f"near {metric[5:]} %"
    named = HEADERS.get(metric, metric)
    return f"{named.replace('coverage-', 'covers ')} %" if named.startswith("coverage-") else named
