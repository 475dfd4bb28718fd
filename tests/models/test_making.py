"""Networks of a text are what Keras makes, at any length that is read."""

import sys
from threading import Barrier, Thread

import keras
import numpy as np
import pytest

from normcast.artefact import read_keras_file
from normcast.models.making import FRAMES, at_length
from normcast.models.revival import revived_model
from normcast.models.shapes import MOST_LAYERS

L = keras.layers


class Own(keras.Sequential):
    """A class of a user."""


MODELS = {
    "built": lambda: keras.Sequential([keras.Input((8, 3), name="x"), L.LSTM(2), L.Dense(1)], name="net"),
    "codes": lambda: keras.Sequential([keras.Input((8,), dtype="int32"), L.Embedding(5, 2), L.LSTM(2)]),
    "by its first call": lambda: built(keras.Sequential([L.Dense(2), L.Dropout(0.1)])),
    "not yet built": lambda: keras.Sequential([L.Dense(2), L.Dropout(0.1)]),
    "in one another": lambda: keras.Sequential(
        [keras.Input((8, 3)), keras.Sequential([L.Dense(2), L.Dense(3)], name="inner"), L.LSTM(2)]
    ),
    "of one layer": lambda: keras.Sequential([keras.Input((3,)), L.Dense(2)]),
}


def built(model):
    model.build((None, 4))
    return model


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_sequential_of_a_text_is_the_one_that_keras_makes(make):
    text = make().to_json()
    ours, theirs = revived_model(text, "text"), keras.models.model_from_json(text)
    assert type(ours) is keras.Sequential
    assert ours.get_config() == theirs.get_config()
    assert ours.built == theirs.built
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]


def test_each_layer_of_a_text_is_called_once():
    spec = keras.saving.serialize_keras_object(MODELS["built"]())
    spec["build_config"] = None
    with at_length:
        model = keras.saving.deserialize_keras_object(spec)
    assert [len(layer._inbound_nodes) for layer in model.layers] == [1, 1]


def test_keras_and_python_are_left_as_they_were():
    limit, before = sys.getrecursionlimit(), vars(keras.Sequential)["from_config"]
    inside, left = Barrier(2), Barrier(2)

    def other():
        with at_length:
            inside.wait()
            left.wait()

    thread = Thread(target=other)
    thread.start()
    with at_length:
        inside.wait()
        assert type(Own.from_config(Own([L.Dense(2)]).get_config())) is Own
    assert sys.getrecursionlimit() == FRAMES  # the other is still at it
    left.wait()
    thread.join()
    assert sys.getrecursionlimit() == limit
    assert vars(keras.Sequential)["from_config"] is before
    assert type(Own.from_config(Own([L.Dense(2)]).get_config())) is Own


def quiet(n):
    return keras.Sequential([keras.Input((2,)), L.Dense(2), *(L.Identity() for _ in range(n - 1))])


def dense(n):
    return keras.Sequential([keras.Input((2,)), *(L.Dense(2) for _ in range(n))])


def functional(n):
    inputs = x = keras.Input((2,))
    for _ in range(n):
        x = L.Dense(2)(x)
    return keras.Model(inputs, x)


LONG = [(make, name, 2_000) for make in (dense, functional) for name in ("net.keras", "net.h5")]


@pytest.mark.parametrize(
    ("make", "name", "n"),
    [
        (quiet, "net.keras", 1_050),  # more than Python lets calls stand inside one another
        *(pytest.param(*each, marks=pytest.mark.slow) for each in LONG),
    ],
)
def test_a_long_network_is_read_with_its_weights(make, name, n, tmp_path):
    assert n < MOST_LAYERS
    with at_length:
        model = make(n)
        model.save(tmp_path / name)
    again = read_keras_file(tmp_path / name)
    assert len(again.layers) == len(model.layers)
    assert all(map(np.array_equal, model.get_weights(), again.get_weights()))
