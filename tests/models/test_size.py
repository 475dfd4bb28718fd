"""What a forward pass costs: each weight, once per step that it is used at."""

import keras
import pytest
from keras import layers as L

from normcast.models.size import multiplications

LSTM, DENSE, CONV = 4 * 4 * (3 + 4 + 1), 4 * 2 + 2, 5 * 3 * 4 + 4


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ([L.LSTM(4), L.Dense(2)], LSTM * 12 + DENSE),
        ([L.LSTM(4, return_sequences=True), L.Dense(2)], (LSTM + DENSE) * 12),
        ([L.Conv1D(4, 5)], CONV * 8),
        ([L.Conv1D(4, 5, padding="same")], CONV * 12),
        ([L.Conv1D(4, 5, strides=4, padding="causal")], CONV * 3),
        ([L.Conv1D(4, 5, strides=4, padding="causal"), L.Dense(2)], (CONV + DENSE) * 3),
        ([L.Bidirectional(L.LSTM(4))], 2 * LSTM * 12),
        ([L.Flatten(), L.Dense(2)], 12 * 3 * 2 + 2),
        ([L.Dropout(0.2), L.GlobalMaxPooling1D()], 0),
    ],
)
def test_a_weight_counts_once_per_step_it_is_used_at(chain, expected):
    assert multiplications(keras.Sequential([keras.Input((12, 3)), *chain])) == expected


def test_layers_with_several_inputs_and_without_weights_cost_nothing():
    x = keras.Input((12, 3))
    y = L.Dense(2)(L.Concatenate()([x, x]))
    assert multiplications(keras.Model(x, y)) == 12 * (6 * 2 + 2)
