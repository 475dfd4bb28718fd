"""LocalRunner: jobs on the cores of this machine, one process per core."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Iterable
from contextlib import suppress
from typing import IO, Any

from normcast.study.backlog import Backlog
from normcast.study.job import Job, run
from normcast.study.trial import Trial
from normcast.study.worker import FILE, message, received, send
from normcast.tasks.task import Task

# As a file, not as a module: it listens before the package is imported, which takes seconds.
WORKER = [sys.executable, "-P", FILE]
TRIES = 3
SILENCE = 5.0  # seconds between two signs of life
Trials = Generator[Trial | None, None, None]


def run_here(jobs: Iterable[Job], task: Task) -> Trials:
    """Train jobs in this process; yields each trial as it is done."""
    for job in jobs:
        yield from run(job, task)


def run_on_cores(jobs: Iterable[Job], task: Task, processes: int) -> Trials:
    """Train jobs in so many processes; yields each trial as it is done, and None now and then in between."""
    with Crew(task, processes) as crew:
        yield from crew.trials(Backlog(jobs))


class Crew:
    """Worker processes that stay for several rounds of jobs, each with a thread that leads it in a round.

    A worker has the programs of the placements that it trained before, and is given those first. One that
    dies is replaced and its unfinished trials are tried again, three times in all; then they are failed
    trials. An error in a job is raised where trials are taken.
    """

    def __init__(self, task: Task, size: int) -> None:
        self.task, self.size = message(task), size  # written once, for all workers
        self.backlog, self.again = Backlog(()), list[tuple[Job, int]]()
        self.told: queue.SimpleQueue[Trial | Exception | None] = queue.SimpleQueue()
        self.stopping = threading.Event()
        self.began = threading.Event()
        self.workers: dict[int, subprocess.Popen[bytes]] = {}  # by the place of the thread that leads it
        self.hired: list[subprocess.Popen[bytes]] = []  # those that died too
        self.programs: list[set[str]] = [set() for _ in range(size)]  # placements that each has compiled
        self.threads: list[threading.Thread] = []
        self.compiling, self.training, self.trained = 0.0, 0.0, 0  # CPU seconds, and trainings

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for worker in tuple(self.hired):
            worker.kill()
        for thread in self.threads:
            thread.join(timeout=10)
        for worker in self.hired:
            worker.wait()

    def trials(self, backlog: Backlog) -> Trials:
        """Train a round of jobs: yield trials until every thread has found that there is no more to do."""
        self.backlog = backlog
        self.threads = []
        for place in range(self.size):
            self.threads.append(threading.Thread(target=self._guarded, args=(place,), daemon=True))
            self.threads[-1].start()
        leading = self.size
        while leading:
            try:
                told = self.told.get(timeout=SILENCE)
            except queue.Empty:
                yield None
                continue
            if isinstance(told, Exception):
                raise told
            if told is None:
                leading -= 1
            else:
                self._count(told)
                yield told

    def _count(self, trial: Trial) -> None:
        self.compiling += trial.compile_seconds
        self.training += trial.seconds - trial.compile_seconds
        self.trained += 1

    @property
    def _cost(self) -> float:
        """What compiling a program costs, in trainings, as far as is known."""
        programs = max(1, sum(map(len, self.programs)))  # none is left where every worker died
        return self.compiling / programs / (self.training / self.trained) if self.training else 0.0

    def _next(self, place: int) -> tuple[Job, int] | None:
        """Return a job and which try it is; None when there is none left."""
        if self.again:
            with suppress(IndexError):  # another thread was faster
                return self.again.pop()
        others = [each for n, each in enumerate(self.programs) if n != place]
        cost = self._cost * max(1, len(others))
        job = self.backlog.take(self.programs[place], set().union(*others), cost)
        return None if job is None else (job, 1)

    def _guarded(self, place: int) -> None:
        try:
            self._lead(place)
        except Exception as error:
            if not self.stopping.is_set():
                self.told.put(error)
        self.told.put(None)

    def _lead(self, place: int) -> None:
        """Hand one job after the other to the worker at a place, hired when it is first needed."""
        while (taken := self._next(place)) is not None and not self.stopping.is_set():
            job, tries = taken
            open_pairs = set(job.pairs)
            try:
                worker = self.workers.get(place) or self._hired(place)
                self.programs[place].add(job.placement)
                self._work(worker, job, open_pairs)
            except (EOFError, OSError, pickle.UnpicklingError) as error:
                if self.stopping.is_set():
                    return
                self.programs[place] = set()
                dead = self.workers.pop(place, None)
                # Trials are trained in order, so the first that is open was in work.
                left = job.only(tuple(sorted(open_pairs)))
                self._try_again(left, tries if left.pairs == tuple(sorted(job.pairs)) else 1, dead, error)

    def _work(self, worker: subprocess.Popen[bytes], job: Job, open_pairs: set[tuple[int, int]]) -> None:
        read, write = pipes(worker)
        send(write, job)
        while (told := pickle.loads(received(read))) is not None:
            if isinstance(told, Trial):
                open_pairs.discard((told.fold, told.seed))
            self.told.put(told)
            if isinstance(told, Exception):
                return

    def _try_again(
        self, left: Job, tries: int, dead: subprocess.Popen[bytes] | None, error: Exception
    ) -> None:
        """Put back what a dead worker left; the trial that it was at is given up after so many tries.

        Raises RuntimeError if no worker ever began.
        """
        if not left.pairs:
            return
        if tries < TRIES:
            self.again.append((left, tries + 1))
            return
        how = f"could not be started ({error})" if dead is None else f"ended {ended_by(dead.wait())}"
        if not self.began.is_set():
            raise RuntimeError(
                f"Study: a worker process {how} before it began, {TRIES} times; its words are above. "
                "processes=1 trains in this process instead."
            ) from error
        (fold, seed), *others = left.pairs
        self.told.put(lost(left, fold, seed, f"its worker {how}, {TRIES} times"))
        if others:
            self.again.append((left.only(tuple(others)), 1))

    def _hired(self, place: int) -> subprocess.Popen[bytes]:
        worker = subprocess.Popen(
            WORKER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=worker_environment(),
        )
        self.workers[place] = worker
        self.hired.append(worker)
        if self.stopping.is_set():  # the others were killed before this one was known
            worker.kill()
        read, write = pipes(worker)
        write.write(self.task)
        write.flush()
        received(read)
        self.began.set()
        return worker


def pipes(worker: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """Return the ends of a worker's pipes: what it says, and what it hears."""
    assert worker.stdout is not None
    assert worker.stdin is not None
    return worker.stdout, worker.stdin


def ended_by(code: int) -> str:
    """Return how a process ended, from its exit code.

    >>> ended_by(1), ended_by(-9)
    ('with code 1', 'by SIGKILL, as when memory is out')
    """
    if code >= 0:
        return f"with code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    return f"by {name}, as when memory is out" if name == "SIGKILL" else f"by {name}"


def lost(job: Job, fold: int, seed: int, why: str) -> Trial:
    """Return the trial that could not be had."""
    return Trial(job.placement, fold, seed, job.epochs, status=f"failed: {why}")


def worker_environment() -> dict[str, str]:
    """Return the environment of a worker: JAX on one core, the packages that this process sees."""
    own: dict[str, Any] = {
        # Else the first would take a GPU's memory from the others.
        "XLA_PYTHON_CLIENT_PREALLOCATE": os.environ.get("XLA_PYTHON_CLIENT_PREALLOCATE", "false"),
        "KERAS_BACKEND": "jax",
        "NORMCAST_DEVICES": "1",
        "PJRT_NPROC": "1",  # this process may have set more for itself
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    flags = os.environ.get("XLA_FLAGS", "")
    own["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    return {**os.environ, **own}
