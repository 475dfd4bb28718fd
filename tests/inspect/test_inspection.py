"""What an inspection says of itself: text on one screen, plain values, a few lines at a prompt."""

import json
import re
from dataclasses import replace

import keras
import pytest

import normcast
from normcast.inspect.words import figure, steps, verdict
from tests.inspect.nets import STEPS, X, Y, network


@pytest.fixture(scope="module")
def inspection():
    return normcast.inspect_model(network(), X, Y)


def test_the_text_has_a_block_for_the_layer_with_its_verdict_and_its_numbers(inspection):
    told = str(inspection)
    reading, h = inspection.readings["lstm_1"], inspection["lstm_1"].gradients["h"]
    assert "lstm_1  LSTM, 3 units, 8 steps" in told
    assert reading.verdict in told
    assert steps(reading.half_life) in told
    assert f"{figure(h.norm[0])} at the oldest step, {figure(h.norm[-1])} at the newest" in told
    assert "saturated: i 0 %, f 0 %, g 0 %, o 0 %" in told
    assert "conv  Conv1D, 4 channels" in told
    assert "loss (mse)" in told


@pytest.mark.parametrize(("count", "more"), [(9, False), (90, True)])
def test_the_text_of_many_layers_fits_one_screen_and_counts_what_is_left_out(inspection, count, more):
    seen, one = inspection.seen, inspection["lstm_1"]
    many = {f"rnn_{i}": replace(one, name=f"rnn_{i}") for i in range(count)}
    told = normcast.inspect.Inspection(replace(seen, recurrences=many)).text()
    lines = told.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    left = sum(int(number) for number in re.findall(r"and (\d+) more lines", told))
    assert bool(left) == more
    assert sum(line.startswith("rnn_") for line in lines) == count - left


def test_the_summary_is_json_without_nan_and_has_every_tensor_step_by_step(inspection):
    plain = json.loads(json.dumps(inspection.to_dict()), parse_constant=pytest.fail)
    (layer,) = plain["recurrences"]
    assert layer["verdict"] == inspection.readings["lstm_1"].verdict
    assert layer["gradients"].keys() == inspection["lstm_1"].gradients.keys()
    assert layer["gradients"]["h"]["norm"] == pytest.approx(inspection["lstm_1"].gradients["h"].norm)
    assert len(layer["activations"]["f"]["shut"]) == STEPS
    assert [each["name"] for each in plain["channels"]] == list(inspection.seen.channels)
    assert {each["weight"] for each in layer["weights"]} == {"kernel", "recurrent", "bias"}


def test_the_fields_of_the_summary_are_the_same_without_a_recurrence(inspection):
    flat = normcast.inspect_model(network(recurrent=False), X, Y)
    assert flat.to_dict().keys() == inspection.to_dict().keys()
    assert "no recurrent layer" in flat.text()
    assert "conv" in flat.text()


def test_a_prompt_and_a_notebook_show_it_in_short(inspection):
    assert len(repr(inspection).splitlines()) <= 12
    assert "lstm_1" in repr(inspection)
    assert "<table" in inspection._repr_html_()
    assert "<script" not in inspection._repr_html_()


def test_the_words_do_not_gainsay_what_is_left(inspection):
    seen, reading = inspection["lstm_1"], inspection.readings["lstm_1"]
    for half_life, left, told in [
        (9.0, 1.2, "keeps its gradient over all 12 steps: healthy, the gradient is 1.2 times as large"),
        (9.0, 0.7, "keeps more than half of its gradient over its 12 steps: healthy, 0.7 of the gradient"),
        (-3.0, 8.0, "doubles its gradient every 3 steps of 12: healthy, the gradient is 8 times as large"),
        (3.0, 0.1, "forgets half in 3 steps of 12: healthy, 0.1 of the gradient"),
    ]:
        words = verdict(replace(seen, window=12), replace(reading, half_life=half_life, left=left))
        assert told in words


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"keep": 0}, "keep must be a whole number of at least 1, but is 0"),
        ({"layers": []}, "names no layer"),
        ({"layers": 3}, "must be names"),
        ({"loss": "mea"}, "'mea', which Keras does not know"),
        ({"y": 3.0}, "one value"),
        ({"y": [Y, Y]}, "1 output, but y holds 2 arrays"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(given, told):
    with pytest.raises(ValueError, match=told):
        normcast.inspect_model(network(), X, **{"y": Y, **given})


def test_targets_of_several_outputs_are_taken_as_a_list_and_inputs_by_their_names():
    a, b = keras.Input((STEPS, X.shape[-1]), name="a"), keras.Input((2,), name="b")
    joined = keras.layers.Concatenate()([keras.layers.LSTM(2)(a), b])
    model = keras.Model([a, b], [keras.layers.Dense(1)(joined), keras.layers.Dense(3)(joined)])
    model.compile(loss="mse")
    given = {"a": X, "b": X[:, 0, :2]}
    targets = [Y, X[:, 0, :1].repeat(3, axis=1)]
    value = model.evaluate(list(given.values()), targets, verbose=0)[0]
    assert normcast.inspect_model(model, given, targets).seen.value == pytest.approx(value, rel=1e-5)
    with pytest.raises(ValueError, match="inputs a, b, but x holds a, c"):
        normcast.inspect_model(model, {"a": X, "c": given["b"]}, targets)


def test_what_cannot_be_compared_or_is_not_there_is_refused(inspection):
    with pytest.raises(TypeError, match="needs an Inspection"):
        inspection.compare(3)
    with pytest.raises(ValueError, match="two different ones"):
        inspection.compare(inspection, ("a", "a"))
    with pytest.raises(KeyError, match="no weight 'recurrent q'"):
        inspection["lstm_1"].weight("recurrent", "q")


class Cell(keras.layers.Layer):
    """A cell with a second state of other size, a row or a square."""

    def __init__(self, second):
        super().__init__()
        self.state_size, self.output_size = [2, second], 2
        self.wide = [second] if isinstance(second, int) else list(second)
        self.dense = keras.layers.Dense(2)

    def build(self, shape):
        self.dense.build((None, shape[-1] + 2))

    def call(self, x, states):
        h = keras.ops.tanh(self.dense(keras.ops.concatenate([x, states[0]], axis=-1)))
        return h, [h, states[1] + 1]

    def get_initial_state(self, batch_size=None):
        return [keras.ops.zeros((batch_size, 2)), keras.ops.zeros((batch_size, *self.wide))]


@pytest.mark.parametrize("second", [4, (2, 3)])
def test_states_of_other_sizes_are_drawn_and_those_that_are_no_rows_are_passed_over(second, tmp_path):
    rnn = keras.layers.RNN(Cell(second), name="own")
    model = keras.Sequential([keras.Input(X.shape[1:]), rnn, keras.layers.Dense(1)])
    seen = normcast.inspect_model(model, X)
    assert seen.report(tmp_path / "own.html").exists()
    assert ("own" in seen.layers) == (second == 4)
    assert bool(seen.seen.passed_over) == (second != 4)
    if second == 4:
        assert len(seen.plot.states("own").to_dict()["concat"]) == 2


def test_a_number_is_written_with_three_digits():
    assert [figure(v) for v in (0.5, 12345.0, -float("inf"))] == ["0.5", "1.23e04", "−∞"]
