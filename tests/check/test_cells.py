"""Cells: what a recurrence is given to do at each step, seen by the rules for recurrent layers."""

import keras
import numpy as np
import pytest
from keras import layers as L

from normcast.check.checker import check_model, fix_model
from normcast.check.reading import read
from normcast.check.recurrence import cells_of

LOOSE = {"activation": "relu", "recurrent_dropout": 0.3}


def over(layer, shape=(60, 4)):
    return keras.Sequential([keras.Input(shape), layer, L.Flatten(), L.Dense(1, name="head")])


def severe(model, **facts):
    return [f.rule for f in check_model(model, facts) if f.severity > 1]


HELD = {
    "one cell": lambda: L.RNN(L.LSTMCell(4, **LOOSE), name="rnn"),
    "the first of a stack": lambda: L.RNN([L.LSTMCell(4, **LOOSE), L.GRUCell(2)], name="rnn"),
    "the last of a stack": lambda: L.RNN(
        L.StackedRNNCells([L.GRUCell(4), L.LSTMCell(2, **LOOSE)]), name="rnn"
    ),
    "both ways": lambda: L.Bidirectional(L.RNN([L.GRUCell(4), L.LSTMCell(2, **LOOSE)]), name="rnn"),
    "backwards": lambda: L.Bidirectional(
        L.LSTM(4), backward_layer=L.LSTM(4, go_backwards=True, **LOOSE), name="rnn"
    ),
    "a layer as activation": lambda: L.LSTM(
        4, activation=L.LeakyReLU(negative_slope=0.1), recurrent_dropout=0.3, name="rnn"
    ),
}


@pytest.mark.parametrize("held", HELD)
def test_a_cell_without_a_bound_is_found_wherever_it_is_held_and_told_with_weight_once(held):
    model = over(HELD[held]())
    assert severe(model) == ["recurrent-dropout-unbounded"]
    fixed = fix_model(model, safety="unsafe")
    assert severe(fixed.model) == []
    cells = cells_of(read(fixed.model).nodes[1])
    assert {cell.activation for cell in cells} == {"tanh"}
    assert sum(cell.recurrent_dropout for cell in cells) > 0


def test_the_fix_of_a_stack_keeps_its_weights_and_its_other_cells():
    model = over(HELD["the first of a stack"]())
    fixed = fix_model(model, safety="unsafe").model
    assert fixed.layers[0].cell.cells[1].get_config() == model.layers[0].cell.cells[1].get_config()
    for before, after in zip(model.get_weights(), fixed.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_frames_of_unknown_number_are_less_severe_than_many():
    def found(steps):
        film = over(L.ConvLSTM1D(2, 3, **LOOSE), (steps, 6, 1) if steps else (None, 6, 1))
        return {f.rule: str(f.severity) for f in check_model(film)}["recurrent-dropout-unbounded"]

    assert (found(60), found(20)) == ("error", "warning")
    layers = [keras.Input((None, 6, 1)), L.ConvLSTM1D(2, 3, activation="relu"), L.GlobalMaxPooling1D()]
    assert severe(keras.Sequential([*layers, L.Dense(1)])) == []


class Own(L.Layer):
    state_size = output_size = 3

    def call(self, inputs, states):
        return inputs, [inputs]


def test_cells_of_the_users_own_are_not_looked_into():
    model = keras.Sequential([keras.Input((60, 3)), L.RNN(Own(), return_sequences=True), L.LSTM(2)])
    assert read(model).nodes[1].kind == "RNN"
    assert check_model(model) == []


def test_cells_have_no_kernel_of_cudnn_to_lose():
    rules = [f.rule for f in check_model(over(L.RNN(L.LSTMCell(4, recurrent_dropout=0.2))))]
    assert rules == []


def test_a_recurrence_is_followed_as_the_layer_its_cells_make():
    layer = L.RNN([L.GRUCell(4), L.LSTMCell(3)], return_sequences=True, stateful=False)
    node = read(over(layer)).nodes[1]
    assert (node.kind, node.activation, node.gives_sequence, node.steps) == ("LSTM", "tanh", True, 60)
    assert [cell.kind for cell in cells_of(node)] == ["GRU", "LSTM"]
    masked = keras.Sequential([keras.Input((8, 3)), L.Masking(), layer_of(), L.Conv1D(2, 3), L.LSTM(2)])
    assert "mask-dropped" in severe(masked)


def layer_of():
    return L.RNN(L.GRUCell(4), return_sequences=True)
