"""A study on a Ray cluster gives the trials that it gives anywhere, also when a worker is killed."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest

from normcast.study.on_ray import connected, run_on_ray
from normcast.study.store import Store

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


@pytest.mark.slow
def test_a_cluster_decides_as_one_process(cluster):
    asked = {"design": "decide", "seeds": None, "max_seeds": 8, "folds": 1}
    alone, shared = small_study(**asked).run(processes=1), small_study(**asked).run(ray=cluster)
    assert shared.looks == alone.looks
    assert results(shared.trials) == results(alone.trials)


@pytest.mark.slow
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


BY_ADDRESS = """
import sys
sys.path.insert(0, sys.argv[2])
from tests.study.ready import small_study
small_study(sys.argv[3], folds=1, seeds=1).run(ray=sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.parametrize("token", ["the cluster's", "none"])
def test_a_cluster_that_asks_for_a_token_is_reached_by_address(tmp_path, token):
    ray = [sys.executable, "-m", "ray.scripts.scripts"]
    secret = tmp_path / "auth_token"
    secret.write_text("0123456789abcdef" * 4)
    plain = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    env = {**plain, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(secret)}
    head = ["start", "--head", "--port=6399", "--num-cpus=1", "--include-dashboard=false", "--block"]
    own = tempfile.mkdtemp(
        prefix="ray"
    )  # sockets have short names; the next cluster must not look for this one
    head.append(f"--temp-dir={own}")
    cluster = subprocess.Popen([*ray, *head], env=env, stdout=subprocess.DEVNULL, start_new_session=True)
    path = secret if token != "none" else tmp_path / "absent"
    try:
        call = [sys.executable, "-c", BY_ADDRESS, "127.0.0.1:6399", os.getcwd(), str(tmp_path / "s.db")]
        env = {**plain, "RAY_AUTH_TOKEN_PATH": str(path)}
        for _ in range(3):  # until it has started
            done = subprocess.run(call, env=env, capture_output=True, text=True, timeout=120, check=False)
            if done.returncode == 0 or token == "none":
                break
            time.sleep(5)
    finally:
        os.killpg(cluster.pid, signal.SIGTERM)
        cluster.wait(timeout=60)
        shutil.rmtree(own, ignore_errors=True)
    if token == "none":
        assert "no Ray cluster at '127.0.0.1:6399' lets us in." in done.stderr
        assert "RAY_AUTH_TOKEN" in done.stderr
    else:
        assert done.returncode == 0, done.stderr
        assert len(Store(tmp_path / "s.db").done()) == 3


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
