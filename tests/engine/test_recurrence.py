"""A training says in which form its recurrences were computed, and one without any says nothing."""

import keras
import pytest

from normcast.engine import Training, train
from normcast.engine.network import Network
from normcast.engine.recurrence import recurrence_of
from normcast.forms import BOTH, NATIVE, XLA
from normcast.kernels import native
from normcast.layers import GRU, LSTM

from .networks import sine_data


def one(*layers):
    return keras.Sequential([keras.Input((7, 1), name="past"), *layers, keras.layers.Dense(2)])


RECURRENT = {
    "ours": lambda: [LSTM(2, norm="layer")],
    "ours, both ways": lambda: [keras.layers.Bidirectional(GRU(2))],
    "Keras'": lambda: [keras.layers.LSTM(2)],
    "Keras', inside": lambda: [one(keras.layers.GRU(2))],
}
OTHERS = {
    "dense": lambda: [keras.layers.Flatten(), keras.layers.Dense(2)],
    "a recurrence that no kernel computes": lambda: [keras.layers.SimpleRNN(2)],
}


@pytest.fixture(params=[NATIVE, XLA])
def form(request, monkeypatch):
    monkeypatch.setattr(native, "_settled", [request.param])
    return request.param


@pytest.mark.parametrize("layers", RECURRENT.values(), ids=RECURRENT)
def test_a_recurrence_has_the_form_of_the_process(layers, form):
    assert recurrence_of(Network(one(*layers()))) == form
    assert recurrence_of(Network(one(*layers())), whole=False) == XLA  # a batch that is spread over devices


@pytest.mark.parametrize("layers", OTHERS.values(), ids=OTHERS)
def test_without_a_recurrence_there_is_no_form(layers, form):
    assert recurrence_of(Network(one(*layers()))) == ""


def test_what_keras_computes_itself_has_no_form(form):
    assert recurrence_of(Network(one(keras.layers.LSTM(2))), by="keras") == ""
    assert recurrence_of(Network(one(LSTM(2))), by="keras") == form
    network = Network(one(keras.layers.LSTM(2)))
    network._twins.append(None)  # it has no faithful one
    assert recurrence_of(network) == ""


def test_a_training_that_goes_on_in_another_form_says_both_and_one_that_is_done_its_own(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(native, "_settled", [NATIVE])
    settings = {"models": one(LSTM(2)), "data": sine_data(20, channels=1, input_size=7)}
    settings |= {"training": Training(epochs=2), "checkpoint": tmp_path / "fit.safetensors"}

    def stop(now):
        if now.epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(train(**settings, progress=stop))
    monkeypatch.setattr(native, "_settled", [XLA])
    (resumed,) = train(**settings, keep=True)
    assert resumed.recurrence == BOTH
    monkeypatch.setattr(native, "_settled", [NATIVE])
    (kept,) = train(**settings)
    assert kept.recurrence == BOTH


def test_before_any_ran_it_is_the_form_that_would_run(monkeypatch):
    monkeypatch.setattr(native, "_settled", [])
    monkeypatch.setenv("NORMCAST_NATIVE", "0")
    assert native.form() == XLA


@pytest.mark.parametrize("by", ["engine", "keras"])
def test_a_training_says_it(by):
    (trained,) = train(one(LSTM(2)), sine_data(input_size=7, channels=1), Training(epochs=1, by=by))
    assert trained.recurrence == (NATIVE if native.is_available() else XLA)
