"""RayRunner: jobs on a Ray cluster; a job whose worker dies is tried again by Ray."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from normcast.study.job import Job
from normcast.study.local import SILENCE, TRIES, Trials, lost, worker_environment
from normcast.study.trial import Trial
from normcast.tasks.task import Task

PASSED = ("KERAS_BACKEND", "NORMCAST_DEVICES", "PJRT_NPROC", "XLA_FLAGS", "PYTHONPATH")
NO_TOKEN = (
    "See that it runs and that this machine reaches it. Clusters ask for a token by default: copy the file "
    "~/.ray/auth_token of the machine that started it to this one, or put the token in RAY_AUTH_TOKEN."
)


def run_on_ray(jobs: Iterable[Job], task: Task, address: str) -> Trials:
    """Train jobs on a Ray cluster; yields each trial as its job is done, and None now and then in between.

    address: "auto" for the cluster that runs on this machine, or one that is started here where there is
    none; else the address of a cluster. Each job is a task of one core: its trials share a program. The data
    is sent to each machine once. Raises ImportError without the extra `ray`, ConnectionError where no
    cluster answers or it asks for a token that is not here.
    """
    ray = connected(address)
    remote = ray.remote(num_cpus=1, max_retries=TRIES - 1, retry_exceptions=False)(trained)
    data = ray.put(task)
    waiting, pending = iter(jobs), dict[Any, Job]()
    most = 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))  # so that no core waits
    try:
        while True:
            for job in islice(waiting, most - len(pending)):
                pending[remote.remote(job, data)] = job
            if not pending:
                return
            done, _ = ray.wait(list(pending), num_returns=1, timeout=SILENCE)
            if not done:
                yield None
            for reference in done:
                yield from taken(ray, reference, pending.pop(reference))
    finally:
        for reference in pending:
            ray.cancel(reference, force=True)


def trained(job: Job, task: Task) -> list[Trial]:
    """Train the trials of a job, in a process of the cluster."""
    from normcast.study.job import run

    return list(run(job, task))


def taken(ray: Any, reference: Any, job: Job) -> list[Trial]:
    """Return the trials of a job that has ended; failed ones if every try lost its worker."""
    try:
        return list(ray.get(reference))
    except ray.exceptions.RayTaskError as error:
        raise error.cause if isinstance(error.cause, Exception) else error from None
    except ray.exceptions.RayError as error:  # its process, its machine or its memory is gone
        why = f"its worker died {TRIES} times ({type(error).__name__})"
        return [lost(job, fold, seed, why) for fold, seed in job.pairs]


def connected(address: str) -> Any:
    """Return Ray, connected; workers see what this process sees."""
    if "RAY_AUTH_MODE" not in os.environ and has_token():
        os.environ["RAY_AUTH_MODE"] = "token"  # clusters that ask for none let it pass
    try:
        import ray
    except ImportError as error:
        raise ImportError("Study: Ray is not installed; pip install 'normcast[ray]'.") from error
    if not ray.is_initialized():
        own = worker_environment()
        runtime = {"env_vars": {name: own[name] for name in PASSED}}
        known: dict[str, Any] = {"ignore_reinit_error": True, "log_to_driver": False, "runtime_env": runtime}
        try:
            ray.init(address=address, **known)
        except ConnectionError as error:
            if address != "auto":
                raise ConnectionError(
                    f"Study: no Ray cluster at {address!r} lets us in. {NO_TOKEN}"
                ) from error
            ray.init(**known)
    return ray


def has_token() -> bool:
    """Say whether the token of a cluster is where Ray looks for it."""
    if "RAY_AUTH_TOKEN" in os.environ:
        return True
    return Path(os.environ.get("RAY_AUTH_TOKEN_PATH", Path.home() / ".ray" / "auth_token")).is_file()
