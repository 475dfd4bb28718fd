"""One thread for products and decompositions: the same bits on any number of cores."""

import os
import subprocess
import sys
import threading

import pytest
from threadpoolctl import threadpool_info

from normcast.blas import OneThread, one_blas_thread

CHILD = """
import numpy as np
from normcast.candidates.of_cases.ridge import fit_ridge as fit_cases
from normcast.candidates.of_cases.neighbour import nearest
from normcast.candidates.ridge import fit_ridge
from normcast.windows import sliding

draw = np.random.default_rng(0)
x = draw.standard_normal((480, 420))
told = fit_cases(x, x[:, :3] + draw.standard_normal((480, 3)))
y = draw.standard_normal(4000).cumsum()
train = sliding(np.array([0, 4000]), np.array([300]), np.array([3000]), 300, 12)
valid = sliding(np.array([0, 4000]), np.array([3000]), np.array([4000]), 300, 12)
ridge = fit_ridge(y, train, valid)
parts = told.weights, told.predict(x), nearest(x[:200], x[200:]), ridge.weights, ridge.predict(y, valid)
for part in parts:
    print(part.tobytes().hex())
"""


def threads():
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


@pytest.fixture(scope="module")
def by_threads():
    told = {}
    for count in (1, 2, 3):
        there = {**os.environ, "OPENBLAS_NUM_THREADS": str(count), "OMP_NUM_THREADS": str(count)}
        ran = subprocess.run([sys.executable, "-c", CHILD], env=there, capture_output=True, check=True)
        told[count] = ran.stdout.split()
    return told


def test_candidates_tell_the_same_bits_whatever_threads_there_are(by_threads):
    assert len(by_threads[1]) == 5
    for count in (2, 3):
        same = [one == other for one, other in zip(by_threads[1], by_threads[count], strict=True)]
        assert same == [True] * 5, (count, same)


def test_blocks_hold_blas_to_one_thread_and_give_back_what_was_there():
    before = threads()
    with one_blas_thread:
        assert threads() == {1}
        with one_blas_thread:
            assert threads() == {1}
        assert threads() == {1}
    assert threads() == before


def test_threads_beside_each_other_leave_what_was_there():
    log = []
    one = OneThread(lambda: log.append("one") or (lambda: log.append("many")))
    both_in, first_out = threading.Barrier(2), threading.Event()

    def first():
        with one:
            both_in.wait(10)
        first_out.set()

    def second():
        with one:
            both_in.wait(10)
            first_out.wait(10)
            log.append("still one")

    workers = [threading.Thread(target=work) for work in (first, second)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert log == ["one", "still one", "many"]


def test_an_error_inside_gives_back_too():
    before = threads()
    with pytest.raises(RuntimeError), one_blas_thread:
        raise RuntimeError
    assert threads() == before
