"""How programs are compiled."""

import threading

import jax
import keras
import numpy as np
import pytest

from normcast.engine import Batches, Field, predict, program
from normcast.engine.network import Network
from normcast.kernels import native
from normcast.models.presets import preset


def compiled_with(monkeypatch, options):
    monkeypatch.setattr(program, "ON_CPU", options)
    monkeypatch.setattr(program, "_compiled", {})
    return program.compiled("double", lambda x: 2 * x, np.float32(3))


def test_threads_that_ask_for_the_same_program_wait_for_the_one_that_makes_it(monkeypatch):
    made, begun, go = [], threading.Event(), threading.Event()

    def make(*given):
        made.append(given)
        name = f"program {len(made)}"
        begun.set()
        go.wait(10)
        return name

    monkeypatch.setattr(program, "_compiled", {})
    monkeypatch.setattr(program, "_made", make)
    found = []
    ask = [
        threading.Thread(target=lambda: found.append(program.compiled("one", print, np.float32(3))))
        for _ in range(3)
    ]
    for each in ask:
        each.start()
    assert begun.wait(10)
    other = threading.Thread(target=lambda: found.append(program.compiled("another", print, np.float32(3))))
    other.start()
    while len(made) < 2:  # the other one does not wait
        assert other.is_alive()
    go.set()
    for each in (*ask, other):
        each.join(10)
    assert len(made) == 2
    assert sorted(found) == ["program 1"] * 3 + ["program 2"]
    assert not program._turns


def test_options_that_this_xla_does_not_know_are_left_out(monkeypatch):
    assert not program._is_known("xla_cpu_no_such_option", True)
    run = compiled_with(monkeypatch, {"xla_cpu_no_such_option": True, "xla_backend_optimization_level": "2"})
    assert run(np.float32(3)) == 6


@pytest.mark.skipif(jax.__version_info__ < (0, 10), reason="an older XLA runs without some of the options")
def test_every_option_is_one_that_this_xla_knows():
    for name, value in {**program.ON_CPU, **program.LOOPS, **program.ONE_THREAD}.items():
        assert program._is_known(name, value), name


def test_a_program_without_a_recurrence_builds_no_native_kernel(monkeypatch):
    monkeypatch.setattr(native, "_is_built", lambda: pytest.fail("the native kernel was asked for"))
    assert compiled_with(monkeypatch, program.ON_CPU)(np.float32(3)) == 6


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="the options are those of the CPU")
def test_loops_of_xla_are_scheduled_for_memory_where_no_native_kernel_runs():
    with native.left_out():
        assert set(program.LOOPS) <= set(program.options(one_thread=True))
    assert set(program.ONE_THREAD) <= set(program.options(one_thread=True))
    assert not set(program.ONE_THREAD) & set(program.options(one_thread=False))


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="the options are those of the CPU")
def test_what_the_user_says_in_xla_flags_holds(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_backend_optimization_level=0")
    assert "xla_backend_optimization_level" not in program.options(one_thread=False)
    monkeypatch.setenv("XLA_FLAGS", "")
    assert "xla_backend_optimization_level" in program.options(one_thread=False)


def test_programs_that_were_not_used_for_long_are_let_go(monkeypatch):
    """Each is mapped into memory in a hundred pieces, and a process may have so many."""
    monkeypatch.setattr(program, "_compiled", {})
    monkeypatch.setattr(program, "KEPT", 3)
    for key in (1, 2, 3, 1, 4):
        program.compiled(key, lambda x: x + 1, np.float32(0))
    assert [full[0] for full in program._compiled] == [3, 1, 4]


def test_two_builds_of_a_graph_share_their_programs_whatever_keras_calls_its_operations():
    one, other = (differences(units=3) for _ in range(2))
    called = [[each.name for each in model.operations] for model in (one, other)]
    assert called[0] != called[1]  # Keras numbers slices and sums
    assert Network(one).key == Network(other).key
    assert Network(one).key != Network(differences(units=4)).key


@pytest.mark.parametrize("name", ["patch-lstm", "conv-se-lstm"])
def test_two_builds_of_a_preset_share_their_programs(name):
    one, other = (preset(name).architecture.build(48, 1, 12) for _ in range(2))
    assert Network(one).key == Network(other).key
    assert Network(one).key != Network(preset(name).architecture.build(48, 1, 13)).key


def differences(units: int) -> keras.Model:
    """A network that slices its input and subtracts."""
    x = keras.Input((8, 1), name="past")
    return keras.Model(x, keras.layers.LSTM(units, name="lstm")(x[:, 1:] - x[:, :-1]))


def test_forecasts_of_few_windows_share_one_program(monkeypatch):
    monkeypatch.setattr(program, "_compiled", {})
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    weights = [[np.ones((3, 2), "float32"), np.zeros(2, "float32")]]
    y = np.arange(200, dtype="float32")
    told = [predict(model, weights, windows(y[:rows])) for rows in (4, 20, 66, 150)]
    assert len(program._compiled) == 2  # of up to 64 windows, and of more
    for each in told:
        np.testing.assert_array_equal(each[0], told[-1][0, : each.shape[1]])


def windows(y: np.ndarray) -> Batches:
    """Every window of three rows of one series."""
    starts = np.arange(len(y) - 2, dtype="int32")
    return Batches({"past": Field(y, 0, 3)}, None, starts, np.zeros_like(starts))
