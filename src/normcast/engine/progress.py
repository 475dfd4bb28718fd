"""Progress of a training: the value that callbacks get, and one line on a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite, isnan


@dataclass(frozen=True)
class Progress:
    """Where a training stands, after an epoch.

    epoch: epochs done, 0 after the initial weights were judged; epochs: the most there will be.
    loss: mean training loss of the epoch over the replicas still training; val_loss: the best validation loss
    of any replica so far (NaN without validation data). seconds_left: at most, by the epochs so far; NaN
    at epoch 0.
    alive: replicas that still train; model, models: which model of how many, from 0.
    """

    epoch: int
    epochs: int
    loss: float
    val_loss: float
    seconds_left: float
    alive: int
    model: int = 0
    models: int = 1

    def __str__(self) -> str:
        """Return the line that the progress bar shows.

        >>> print(Progress(3, 10, 0.5, 0.25, 65.0, 2))
        epoch 3/10  loss 0.5  best 0.25  1:05 left  2 alive
        """
        left = "-:--"
        if isfinite(self.seconds_left):
            minutes, seconds = divmod(round(self.seconds_left), 60)
            left = f"{minutes}:{seconds:02d}"
        head = f"model {self.model + 1}/{self.models}  " if self.models > 1 else ""
        best = "" if isnan(self.val_loss) else f"  best {self.val_loss:.4g}"
        return (
            f"{head}epoch {self.epoch}/{self.epochs}  loss {self.loss:.4g}{best}"
            f"  {left} left  {self.alive} alive"
        )


@contextmanager
def progress_bar(quiet: bool = False) -> Iterator[Callable[[Progress], None]]:
    """Give a callback for `train` that draws one line; silent when quiet or when stderr is no terminal.

    >>> with progress_bar() as progress:
    ...     progress(Progress(1, 2, 0.5, 0.5, 1.0, 1))
    """
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(bar_width=24), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("preparing", total=None)
        yield lambda now: bar.update(
            task,
            completed=now.model * now.epochs + now.epoch,
            total=now.models * now.epochs,
            description=str(now),
        )
