"""LocalRunner: jobs on the cores of this machine, one process per core."""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import IO, Any

from normcast.study.job import Job, run
from normcast.study.trial import Trial
from normcast.tasks.task import Task

TRIES = 3
SILENCE = 5.0  # seconds between two signs of life
Trials = Iterator[Trial | None]


def run_here(jobs: Iterable[Job], task: Task) -> Trials:
    """Train jobs in this process; yields each trial as it is done."""
    for job in jobs:
        yield from run(job, task)


def run_on_cores(jobs: Iterable[Job], task: Task, processes: int) -> Trials:
    """Train jobs in so many processes; yields each trial as it is done, and None now and then in between.

    jobs: taken one by one as workers become free. A worker that dies is replaced and its unfinished trials
    are tried again, three times in all; then they are failed trials. An error in a job is raised here.
    """
    with Crew(jobs, task, processes) as crew:
        yield from crew.trials()


class Crew:
    """Worker processes, each with a thread that hands it jobs and takes its trials."""

    def __init__(self, jobs: Iterable[Job], task: Task, size: int) -> None:
        self.task = pickle.dumps(task)
        self.jobs, self.again = iter(jobs), list[tuple[Job, int]]()
        self.taking = threading.Lock()
        self.told: queue.SimpleQueue[Trial | Exception | None] = queue.SimpleQueue()
        self.stopping = threading.Event()
        self.workers: list[subprocess.Popen[bytes]] = []
        self.threads = [threading.Thread(target=self._guarded, daemon=True) for _ in range(size)]

    def __enter__(self) -> Crew:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for worker in self.workers:
            worker.kill()
        for thread in self.threads:
            thread.join(timeout=10)

    def trials(self) -> Trials:
        """Yield trials until every thread has found that there is no more to do."""
        leading = len(self.threads)
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
                yield told

    def _next(self) -> tuple[Job, int] | None:
        """Return a job and which try it is; None when there is none left."""
        with self.taking:
            if self.again:
                return self.again.pop()
            job = next(self.jobs, None)
            return None if job is None else (job, 1)

    def _guarded(self) -> None:
        try:
            self._lead()
        except Exception as error:
            if not self.stopping.is_set():
                self.told.put(error)
        self.told.put(None)

    def _lead(self) -> None:
        taken = self._next()
        if taken is None:
            return
        worker = self._hired()
        while taken is not None and not self.stopping.is_set():
            job, tries = taken
            open_pairs = set(job.pairs)
            try:
                self._work(worker, job, open_pairs)
            except (EOFError, OSError, pickle.UnpicklingError):
                if self.stopping.is_set():
                    return
                worker = self._replaced(worker, job, tuple(sorted(open_pairs)), tries)
            taken = self._next()
        with suppress(OSError):
            pipes(worker)[1].close()

    def _work(self, worker: subprocess.Popen[bytes], job: Job, open_pairs: set[tuple[int, int]]) -> None:
        read, write = pipes(worker)
        pickle.dump(job, write)
        write.flush()
        while (told := pickle.load(read)) is not None:
            if isinstance(told, Trial):
                open_pairs.discard((told.fold, told.seed))
            self.told.put(told)
            if isinstance(told, Exception):
                return

    def _replaced(
        self, worker: subprocess.Popen[bytes], job: Job, pairs: tuple[tuple[int, int], ...], tries: int
    ) -> subprocess.Popen[bytes]:
        code = worker.wait()
        if tries < TRIES:
            self.again.append((job.only(pairs), tries + 1))
        else:
            for fold, seed in pairs:
                self.told.put(lost(job, fold, seed, f"its worker died {TRIES} times, last with code {code}"))
        return self._hired()

    def _hired(self) -> subprocess.Popen[bytes]:
        worker = subprocess.Popen(
            [sys.executable, "-m", "normcast.study.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=worker_environment(),
        )
        self.workers.append(worker)
        read, write = pipes(worker)
        try:
            write.write(self.task)
            write.flush()
            pickle.load(read)
        except (EOFError, OSError) as error:
            if self.stopping.is_set():
                return worker
            raise RuntimeError(
                f"Study: a worker process ended with code {worker.wait()} before it began; its words are "
                "above. processes=1 trains in this process instead."
            ) from error
        return worker


def pipes(worker: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """Return the ends of a worker's pipes: what it says, and what it hears."""
    assert worker.stdout is not None
    assert worker.stdin is not None
    return worker.stdout, worker.stdin


def lost(job: Job, fold: int, seed: int, why: str) -> Trial:
    """Return the trial that could not be had."""
    return Trial(job.placement, fold, seed, job.epochs, status=f"failed: {why}")


def worker_environment() -> dict[str, str]:
    """Return the environment of a worker: JAX on one core, the packages that this process sees."""
    own: dict[str, Any] = {
        "KERAS_BACKEND": "jax",
        "NORMCAST_DEVICES": "1",
        "PJRT_NPROC": "1",  # this process may have set more for itself
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    flags = os.environ.get("XLA_FLAGS", "")
    own["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    return {**os.environ, **own}
