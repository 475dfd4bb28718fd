"""What an inspection says of itself: text on one screen, plain values, a few lines at a prompt."""

import json
import re
from dataclasses import replace

import pytest

import normcast
from normcast.document import text
from normcast.inspect.words import figure, steps
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
    plain = json.loads(text(inspection.to_dict()), parse_constant=pytest.fail)
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


def test_a_number_is_written_with_three_digits():
    assert [figure(v) for v in (0.5, 12345.0, -float("inf"))] == ["0.5", "1.23e04", "−∞"]
