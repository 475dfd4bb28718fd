"""What does not fit a recurrent layer is refused by name, and weights go from batch size to batch size."""

import keras
import numpy as np
import pytest
from keras import ops

from normcast.layers import GRU, LSTM

x = np.random.default_rng(0).normal(size=(8, 6, 3)).astype("float32")
WRONG = {
    "fewer features": (x[..., :2], {}, r"sequences has shape \(8, 6, 2\), but .*\(batch, time, 3\)"),
    "no steps": (x[:, :0], {}, r"sequences has shape \(8, 0, 3\), but needs one step"),
    "states of one row": (
        x,
        {"states": (1, 4)},
        r"initial_state\[0\] has shape \(1, 4\), but must have \(8, 4\)",
    ),
    "states of other units": (
        x,
        {"states": (8, 7)},
        r"initial_state\[0\] has shape \(8, 7\), but must have \(8, 4\)",
    ),
    "a mask of other steps": (x, {"mask": np.ones((8, 5), bool)}, r"mask has shape \(8, 5\), but must have"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_shapes_that_do_not_fit_are_refused_with_the_layers_name(kind, wrong):
    layer = kind(4, name="memory")
    layer.build((None, 6, 3))
    given, more, message = WRONG[wrong]
    if "states" in more:
        more = {"initial_state": [ops.ones(more["states"])] * layer.states_held}
    with pytest.raises(ValueError, match=f"'memory': {message}"):
        layer(given, **more)


def test_the_second_state_is_held_too():
    layer = LSTM(4)
    layer.build((None, 6, 3))
    with pytest.raises(ValueError, match=r"initial_state\[1\] has shape \(2, 4\)"):
        layer(x, initial_state=[ops.ones((8, 4)), ops.ones((2, 4))])


def net(layer, batch, stateful=True):
    shape = {"batch_shape": (batch, 6, 3)}
    return keras.Sequential([keras.Input(**shape), layer(4, stateful=stateful), keras.layers.Dense(1)])


@pytest.mark.parametrize("rows", [9, 11])
@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_a_stateful_layer_refuses_a_last_batch_that_is_short(kind, rows):
    # TensorFlow's graph is traced for any number of rows, and raises an error of its own when it runs.
    refusal = Exception if keras.backend.backend() == "tensorflow" else ValueError
    with pytest.raises(refusal, match="give whole batches"):
        net(kind, 8).predict(np.ones((rows, 6, 3), "float32"), batch_size=8, verbose=0)


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="torch.compile is not what is tested")
@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_a_compiled_stateful_layer_refuses_a_last_batch_of_one_row(kind):
    model = net(kind, 8)
    model.compile(jit_compile=True)
    with pytest.raises(Exception, match=r"(?i)reshape|give whole batches"):
        model.predict(np.ones((9, 6, 3), "float32"), batch_size=8, verbose=0)


@pytest.mark.parametrize("source", [(8, True), (None, False)])
@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_weights_are_loaded_whatever_the_batch_and_the_states(kind, source, tmp_path):
    path = tmp_path / "net.weights.h5"
    given = net(kind, *source)
    given.save_weights(path)
    for target in (net(kind, 1), net(kind, None, stateful=False)):
        target.load_weights(path)
        for ours, theirs in zip(target.get_weights(), given.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("stateful", [False, True])
@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_a_file_with_a_weight_too_many_is_refused(kind, stateful, tmp_path):
    path = tmp_path / "net.weights.h5"
    net(kind, 8, stateful=False).save_weights(path)
    without = kind(4, use_bias=False, stateful=stateful)
    target = keras.Sequential([keras.Input(batch_shape=(8, 6, 3)), without, keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="could not be loaded"):
        target.load_weights(path)


def test_a_file_that_lacks_a_weight_is_refused(tmp_path):
    path = tmp_path / "net.weights.h5"
    keras.Sequential([keras.Input((6, 3)), LSTM(4, use_bias=False), keras.layers.Dense(1)]).save_weights(path)
    with pytest.raises(ValueError, match="could not be loaded"):
        net(LSTM, 1).load_weights(path)
