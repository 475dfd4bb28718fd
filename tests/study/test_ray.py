"""A study on a Ray cluster gives the trials that it gives anywhere, also when a worker is killed."""

import os
import subprocess
import time

import pytest

from normcast.study.on_ray import connected, run_on_ray

from .ready import small_study
from .test_study import results

pytest.importorskip("ray", reason="Ray is an extra")


@pytest.fixture(scope="module")
def cluster():
    import ray

    ray.init(num_cpus=2, log_to_driver=False, include_dashboard=False)
    yield "auto"
    ray.shutdown()


@pytest.mark.slow
def test_ray_and_one_process_give_the_same_trials_to_the_bit(cluster):
    alone = small_study(folds=1).run(processes=1)
    assert results(small_study(folds=1).run(ray=cluster).trials) == results(alone.trials)


def test_a_killed_ray_worker_loses_no_trial(cluster):
    connected(cluster)
    study = small_study(seeds=4, epochs=6)
    jobs = study.plan.jobs(study.subject, study.plan.keys, workers=2)
    found, killed = {}, False
    for trial in run_on_ray(jobs, study.subject.task, cluster):
        if trial is not None:
            found[trial.key] = trial.result
        if not killed and found:
            killed = kill_a_worker()
    assert killed
    assert found == results(small_study(seeds=4, epochs=6).run(processes=1).trials)


def kill_a_worker() -> bool:
    """Kill a process that trains; say whether there was one."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        busy = subprocess.run(["pgrep", "-f", "ray::trained"], capture_output=True, text=True, check=False)
        if busy.stdout.split():
            os.kill(int(busy.stdout.split()[0]), 9)
            return True
        time.sleep(0.05)
    return False
