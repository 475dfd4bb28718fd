"""Backlog: the jobs of a round that nobody has taken yet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator

from normcast.study.job import Job
from normcast.study.store import Store


class Backlog:
    """Jobs in order, each claimed as it is taken; threads may take at once.

    claim: returns what is left of a job as it is taken, None where nothing is; by default all of it.
    """

    def __init__(self, jobs: Iterable[Job], claim: Callable[[Job], Job | None] = lambda job: job) -> None:
        self.waiting, self.claim = list(jobs), claim
        self.taking = threading.Lock()

    @classmethod
    def of_store(cls, jobs: Iterable[Job], store: Store) -> Backlog:
        """Make one whose jobs have only those trials that no other process is at."""

        def claim(job: Job) -> Job | None:
            won = set(store.claim(job.keys))
            pairs = tuple((key.fold, key.seed) for key in job.keys if key in won)
            return job.only(pairs) if pairs else None

        return cls(jobs, claim)

    def take(self, mine: Collection[str] = (), theirs: Collection[str] = (), cost: float = 0.0) -> Job | None:
        """Claim a job and return it, None where there is none to take.

        mine: placements whose programs the worker has; they come first. theirs: those whose programs others
        have; they come last, and only while more trainings wait for those others than compiling anew costs.
        """
        with self.taking:
            while (place := self._chosen(mine, theirs, cost)) is not None:
                job = self.claim(self.waiting.pop(place))
                if job is not None:
                    return job
        return None

    def _chosen(self, mine: Collection[str], theirs: Collection[str], cost: float) -> int | None:
        known = [job.placement for job in self.waiting]
        own = (place for place, name in enumerate(known) if name in mine)
        new = (place for place, name in enumerate(known) if name not in theirs)
        place = next(own, next(new, None))
        if place is not None or not known:
            return place
        before = sum(len(job.pairs) for job in self.waiting[:-1])
        return len(known) - 1 if before >= cost else None

    def __iter__(self) -> Iterator[Job]:
        while (job := self.take()) is not None:
            yield job
