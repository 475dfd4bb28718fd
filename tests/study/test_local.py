"""Workers that die are replaced, a trial that kills them is given up, and none outlives who started it."""

import subprocess
import sys
from dataclasses import dataclass, replace

import pytest

from normcast.study import local
from normcast.study.local import run_on_cores


@dataclass(frozen=True)
class Asked:
    """A job without a network."""

    pairs: tuple[tuple[int, int], ...]
    placement: str = "p"
    epochs: int = 1

    def only(self, pairs):
        return replace(self, pairs=pairs)


DEADLY = f"""
import os, sys, time
sys.path[:0] = {sys.path[:1]!r}
from normcast.study import job, worker
from normcast.study.trial import Trial

def run(job, task):
    for fold, seed in sorted(job.pairs):
        if seed == task:
            os.kill(os.getpid(), 9)
        time.sleep(max(0, seed - 999))
        yield Trial(job.placement, fold, seed, job.epochs)

job.run = run
worker.main()
"""


@pytest.mark.slow
def test_a_trial_that_kills_its_workers_is_given_up_alone(monkeypatch):
    monkeypatch.setattr(local, "WORKER", [sys.executable, "-c", DEADLY])
    monkeypatch.setattr(local, "TRIES", 2)
    jobs = [Asked(((0, 1), (0, 2), (0, 3)))]
    told = {trial.seed: trial for trial in run_on_cores(jobs, 2, processes=1) if trial is not None}
    assert {seed: trial.failed for seed, trial in told.items()} == {1: False, 2: True, 3: False}
    assert told[2].status == "failed: its worker ended by SIGKILL, as when memory is out, 2 times"


def test_a_crew_goes_on_with_other_jobs_when_all_that_was_compiled_died(monkeypatch):
    timed = DEADLY.replace("job.epochs)", "job.epochs, seconds=1)")
    monkeypatch.setattr(local, "WORKER", [sys.executable, "-c", timed])
    monkeypatch.setattr(local, "TRIES", 1)
    jobs = [Asked(((0, 1), (0, 7)), "deadly"), Asked(((0, 2),), "other")]
    found = {trial.seed: trial.failed for trial in run_on_cores(jobs, 7, processes=1) if trial}
    assert found == {1: False, 7: True, 2: False}


def test_workers_that_never_begin_are_an_error(monkeypatch):
    monkeypatch.setattr(local, "WORKER", [sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(RuntimeError, match="a worker process ended with code 3 before it began, 3 times"):
        list(run_on_cores([Asked(((0, 0),))], None, processes=2))
    monkeypatch.setattr(local, "WORKER", ["/no/such/python"])
    with pytest.raises(RuntimeError, match=r"could not be started .*No such file"):
        list(run_on_cores([Asked(((0, 0),))], None, processes=1))


def test_a_worker_ends_with_the_process_that_started_it():
    process = subprocess.Popen(local.WORKER, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.close()
    assert process.wait(timeout=60) == 0
    assert process.stdout.read() == b""


def test_a_worker_ends_in_the_midst_of_a_job():
    process = subprocess.Popen([sys.executable, "-c", DEADLY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    local.send(process.stdin, None)
    assert local.received(process.stdout)
    local.send(process.stdin, Asked(((0, 1), (0, 2000))))
    assert local.received(process.stdout)
    process.stdin.close()
    assert process.wait(timeout=60) == 0
