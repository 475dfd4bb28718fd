"""Where a GPU computes, a study is one process that trains seeds of a fold together."""

import jax
import numpy as np
import pytest

from normcast.engine import devices
from normcast.machine import cores
from normcast.study import job
from normcast.study.local import worker_environment
from tests.engine.accelerator import take_for_gpu

from .ready import small_study
from .test_study import results


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="to the bit on the CPU alone")
def test_seeds_that_are_trained_together_are_the_trials_that_they_are_alone(monkeypatch):
    alone = small_study(seeds=3).run(processes=1)
    asked, train = [], job.train
    monkeypatch.setattr(job, "at_once", lambda: 2)
    monkeypatch.setattr(
        job, "train", lambda *a, seeds, **how: asked.append(seeds) or train(*a, seeds=seeds, **how)
    )
    together = small_study(seeds=3).run(processes=1)
    assert set(asked) == {1, 2}
    assert results(together.trials) == results(alone.trials)
    assert all(0 <= trial.compile_seconds <= trial.seconds for trial in together.trials)


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="beside the CPU's trials")
def test_a_study_that_takes_the_cpu_for_a_gpu_scores_as_on_the_cpu(monkeypatch):
    expected = small_study(seeds=3).run(processes=1)
    take_for_gpu(monkeypatch)
    got = small_study(seeds=3).run()  # in this process, or the patch would not hold
    assert {trial.key for trial in got.trials} == {trial.key for trial in expected.trials}
    for name, scores in expected.scores.items():
        # float32 in another order of additions, over some epochs; seeds are apart by some percent.
        np.testing.assert_allclose(got.scores[name], scores, rtol=5e-3)


def test_a_study_has_a_process_per_core_and_one_on_a_gpu(monkeypatch):
    study = small_study()
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    assert (devices.at_once(), devices.usual_processes()) == (1, cores())
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert (devices.at_once(), devices.usual_processes()) == (devices.TOGETHER, 1)
    assert study.describe() == study.describe(processes=1)


def test_a_worker_takes_no_more_of_a_gpu_than_it_needs_unless_told(monkeypatch):
    monkeypatch.delenv("XLA_PYTHON_CLIENT_PREALLOCATE", raising=False)
    assert worker_environment()["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    monkeypatch.setenv("XLA_PYTHON_CLIENT_PREALLOCATE", "true")
    assert worker_environment()["XLA_PYTHON_CLIENT_PREALLOCATE"] == "true"
