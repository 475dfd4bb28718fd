"""Ticks: how far a study is, for a progress line or a function of the caller's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from normcast.engine.line import progress_line
from normcast.errors import counted
from normcast.study.plan import Plan
from normcast.study.trial import Trial


@dataclass(frozen=True)
class Ticked:
    """How far a study is; `Study.run` hands it to a progress function.

    Parameters
    ----------
    done : int
        Trials done so far.
    total : int
        Trials in all.
    failed : int
        Trials done that failed.
    seconds : float
        Seconds so far.
    left : float
        Seconds that are still to go, about.
    stage : str, default ""
        Which part of the study that is of, "" where there is one only.

    Examples
    --------
    >>> tick = Ticked(done=3, total=40, failed=1, seconds=20.0, left=240.0)
    >>> tick.done / tick.total
    0.075
    """

    done: int
    total: int
    failed: int
    seconds: float
    left: float
    stage: str = ""

    def __str__(self) -> str:
        """Return the words of the progress line.

        >>> print(Ticked(3, 40, 1, 20.0, 240.0))
        3 of 40 trainings, 1 failed, about 4 min left
        """
        failed = f", {self.failed} failed" if self.failed else ""
        left = f"about {max(1, round(self.left / 60))} min left" if self.left > 60 else "a minute left"
        stage = f"{self.stage}: " if self.stage else ""
        return f"{stage}{self.done} of {counted(self.total, 'training')}{failed}, {left}"


TickReport = Callable[[Ticked], None] | None
TickReports = Callable[[Ticked], None] | bool | None


@contextmanager
def ticking(asked: TickReports) -> Iterator[tuple[TickReport, Callable[[str], None]]]:
    """Give what is told of the trials, and what is told in words of the work before them.

    The first is a line for True, what was handed in, or nothing; the second the same line, or nothing.
    """
    if not isinstance(asked, bool):
        yield asked, lambda words: None
        return
    with progress_line(quiet=not asked) as show:
        if show is None:
            yield None, lambda words: None
        else:
            yield lambda tick: show(tick.done, tick.total, str(tick)), lambda words: show(0, 1, words)


class Ticks:
    """Counts trials for a progress callback."""

    def __init__(self, plan: Plan, progress: TickReport) -> None:
        self.total, self.progress = len(plan.keys), progress
        open_ = counted(len(plan.cells) - 1, "placement")
        self.stage = f"{counted(len(plan.seeds), 'seed')}, {open_}" if plan.design == "decide" else ""
        self.done = self.before = self.failed = 0
        self.began = time.monotonic()

    def begin(self, done: int) -> None:
        """Say how many were done before."""
        self.done = self.before = done

    @property
    def is_still(self) -> bool:
        """Whether nothing was done since it began."""
        return self.done == self.before

    def add(self, trial: Trial) -> None:
        """Count a trial."""
        self.done += 1
        self.failed += trial.failed
        seconds = time.monotonic() - self.began
        left = seconds / (self.done - self.before) * (self.total - self.done)
        if self.progress is not None:
            self.progress(Ticked(self.done, self.total, self.failed, seconds, left, self.stage))
