"""A network of these layers can be listed and drawn, and its weights have names that say what they are."""

import inspect

import keras
import pytest

from normcast.layers import GRU, LSTM
from tests.layers.test_exchange import network


def test_summary_counts_the_weights_of_every_layer() -> None:
    model = network()
    lines: list[str] = []
    model.summary(print_fn=lines.append, expand_nested=True, show_trainable=True)
    text = "\n".join(lines)
    assert f"{model.count_params():,}" in text
    for layer in model.layers:
        assert type(layer).__name__[:12] in text
    paths = [v.path for v in model.weights]
    assert len(set(paths)) == len(paths)


def test_weights_are_named_by_their_term() -> None:
    layer = LSTM(4, norm="batch")
    layer.build((2, 9, 3))
    named = {v.path.split("/", 1)[1]: tuple(v.shape) for v in layer.weights}
    assert named == {
        "kernel": (3, 16),
        "recurrent_kernel": (4, 16),
        "bias": (16,),
        **{f"{term}_norm/gamma": (16,) for term in ("input", "recurrent")},
        "cell_norm/gamma": (4,),
        "cell_norm/beta": (4,),
        **{f"{term}_norm/updates": (9,) for term in ("input", "recurrent", "cell")},
        **{
            f"{term}_norm/{name}": (9, 4 if term == "cell" else 16)
            for term in ("input", "recurrent", "cell")
            for name in ("moving_mean", "moving_variance")
        },
    }


def test_network_is_drawn() -> None:
    pytest.importorskip("pydot")
    dot = keras.utils.model_to_dot(network(), show_shapes=True, show_layer_names=True, show_dtype=True)
    assert "normcast" in dot.to_string() or "LSTM" in dot.to_string()


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_arguments_are_those_of_keras_in_the_same_places(kind: str) -> None:
    ours = {"LSTM": LSTM, "GRU": GRU}[kind]
    theirs = list(inspect.signature(getattr(keras.layers, kind).__init__).parameters.values())
    mine = inspect.signature(ours.__init__).parameters
    in_place = [p for p in theirs if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert list(mine)[: len(in_place)] == [p.name for p in in_place]
    for p in in_place:
        assert mine[p.name].default == p.default, p.name
    config = getattr(keras.layers, kind)(3, dropout=0.2, name="same").get_config()
    again = ours.from_config(config).get_config()
    assert {name: again[name] for name in config if name != "dtype"} == {
        name: value for name, value in config.items() if name != "dtype"
    }
