"""Team: who trains the jobs of a study, over all of its rounds."""

from __future__ import annotations

import logging
from contextlib import ExitStack, suppress
from typing import Self

from normcast.errors import listed
from normcast.study.backlog import Backlog
from normcast.study.local import Crew, Trials, run_here
from normcast.study.measures import Measures
from normcast.tasks.subject import Subject
from normcast.tasks.task import Task

_log = logging.getLogger("normcast")


class Team:
    """This process, the cores of this machine, or a Ray cluster.

    Programs stay compiled from round to round, as long as the team is held. size: processes; ray: "auto" or
    an address, None for this machine.
    """

    def __init__(self, task: Task, size: int, ray: str | None) -> None:
        self.task, self.size, self.ray = task, size, ray
        self.held = ExitStack()

    @classmethod
    def of(cls, subject: Subject, measures: Measures, size: int, ray: str | None) -> Team:
        """Choose it: where code of the user's is needed, this process alone.

        Raises ValueError for a cluster, which does not have that code.
        """
        own = listed(sorted({**subject.own, **measures.own}))
        if own and ray is not None:
            raise ValueError(
                f"Study: {own} is code of your own, which a cluster does not have. Run without ray."
            )
        if own and size > 1:
            _log.warning(
                "normcast: Study: %s is code of your own, which other processes do not have: trained in this "
                "process alone.",
                own,
            )
        return cls(subject.task, 1 if own else size, ray)

    def __enter__(self) -> Self:
        local = self.ray is None and self.size > 1
        self.crew = self.held.enter_context(Crew(self.task, self.size)) if local else None
        return self

    def __exit__(self, *raised: object) -> None:
        with suppress(Exception):
            self.held.close()

    def trials(self, backlog: Backlog) -> Trials:
        """Train a round of jobs; yields each trial as it is done, and None now and then in between."""
        if self.ray is not None:
            from normcast.study.on_ray import run_on_ray

            return run_on_ray(backlog, self.task, self.ray)
        return run_here(backlog, self.task) if self.crew is None else self.crew.trials(backlog)
