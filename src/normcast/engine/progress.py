"""Progress of a training: the value that callbacks get, and one line on a terminal or in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import isfinite, isnan

from normcast.engine.line import progress_line


@dataclass(frozen=True)
class Progress:
    """Where a training stands, after an epoch: what a callback of `train` gets.

    Its text is the line that the progress bar shows.

    Parameters
    ----------
    epoch : int
        Epochs done; 0 after the initial weights were judged.
    epochs : int
        The most there will be.
    loss : float
        Mean training loss of the epoch over the replicas still training.
    val_loss : float
        The best validation loss of any replica so far; NaN without validation data.
    seconds_left : float
        At most, by the epochs so far; NaN at epoch 0.
    alive : int
        Replicas that still train.
    model : int, default 0
        Which model it is, from 0.
    models : int, default 1
        Of how many.

    Examples
    --------
    >>> print(Progress(3, 10, 0.5, 0.25, 65.0, 2))
    epoch 3/10  loss 0.5  best 0.25  1:05 left  2 alive
    """

    epoch: int
    epochs: int
    loss: float
    val_loss: float
    seconds_left: float
    alive: int
    model: int = 0
    models: int = 1

    def among(self, place: int, count: int) -> Progress:
        """Return it as that of one of several trainings.

        Parameters
        ----------
        place : int
            Which training it is, from 0.
        count : int
            How many there are, of as many models each.

        Returns
        -------
        Progress
            With model and models counted over all of them.
        """
        return replace(self, model=place * self.models + self.model, models=count * self.models)

    def __str__(self) -> str:
        """Return the line that the progress bar shows."""
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


Report = Callable[[Progress], None] | None
Reports = Callable[[Progress], None] | bool | None
"""What callers say about progress: True for a line where somebody looks, False or None for nothing, or a
function."""


@contextmanager
def progress_bar(quiet: bool = False) -> Iterator[Callable[[Progress], None]]:
    """Give a callback for `train` that draws one line; silent where nobody looks.

    It is seen on a terminal and in a notebook.

    Parameters
    ----------
    quiet : bool, default False
        Whether it is silent there too.

    Yields
    ------
    callable
        Takes a `Progress`.

    Examples
    --------
    >>> with progress_bar() as progress:
    ...     progress(Progress(1, 2, 0.5, 0.5, 1.0, 1))
    """
    with progress_line(quiet) as show:
        if show is None:
            yield lambda _: None
            return
        done = 0

        def tell(now: Progress) -> None:
            nonlocal done
            done = max(done, now.model * now.epochs + now.epoch)  # networks train beside each other
            show(done, now.models * now.epochs, str(now))

        yield tell


@contextmanager
def reporting(asked: Reports) -> Iterator[Report]:
    """Give what is told of the progress: a line for True, what was handed in, or nothing.

    >>> with reporting(False) as report, reporting(print) as own:
    ...     own is print
    True
    """
    if not isinstance(asked, bool):
        yield asked
        return
    with progress_bar(quiet=not asked) as bar:
        yield bar


def told_as(progress: Report, place: int, count: int) -> Report:
    """Return a callback that tells of one network as the place-th of so many."""
    if progress is None:
        return None
    return lambda now: progress(now.among(place, count))
