"""Pictures of a training: loss, gradients, gates and updates over epochs, and the slider among them."""

import numpy as np
import pytest

from normcast.inspect import pictures
from normcast.inspect.pictures.epochs import RIDGES
from normcast.probes.flow import Flow

STEPS = 12


def flow(count, steps=STEPS, names=("lstm",), **fields):
    """A training whose gradients grow, and whose gates shut a little more in every epoch."""
    grown = np.linspace(1, 3, count)
    norms = np.exp(np.linspace(-9, 0, steps))[None] * grown[:, None]
    gate = np.stack([np.linspace(0.5, 0.2, count), grown / 10, grown / 100], axis=1)
    updates = {
        f"net/{name}/lstm_cell/{weight}": grown / 50 for name in names for weight in ("kernel", "bias")
    }
    whole = {
        "gradients": dict.fromkeys(names, norms),
        "gates": {name: {"g": gate, "f": gate} for name in names},
        "updates": {**updates, "net/head/kernel": grown / 5},
        "loss": 1 / grown,
    }
    return Flow(np.arange(1, count + 1), **(whole | fields))


def plain(chart):
    return chart.to_dict(validate=False)  # it takes seconds; one test does it


def panels(chart):
    return {_text(panel["title"]["text"]): panel for panel in plain(chart)["concat"]}


def _text(words):
    return words if isinstance(words, str) else words[0]


def marks(chart):
    panels = plain(chart)["concat"]
    return sum(len(layer["data"]["values"]) for panel in panels for layer in panel["layer"])


def line(panel):
    """The heights of the curve of a panel, by epoch."""
    drawn = next(layer for layer in panel["layer"] if layer["mark"]["type"] == "line")
    return {row["x"]: row["y"] for row in drawn["data"]["values"]}


def test_the_slider_chooses_among_the_epochs_that_are_drawn():
    few = pictures.epochs(flow(3)).to_dict()["params"][0]["bind"]
    assert few | {"name": ""} == {"input": "range", "min": 1, "max": 3, "step": 1, "name": ""}
    many = pictures.epochs(flow(101), "gradients").to_dict()
    drawn = {row["epoch"] for row in many["concat"][1]["layer"][-1]["data"]["values"]}
    bind = many["params"][0]["bind"]
    assert drawn == set(range(bind["min"], bind["max"] + 1, bind["step"]))
    assert max(drawn) == many["params"][0]["value"] == 101
    assert len(drawn) <= RIDGES


def test_loss_gates_and_updates_are_curves_over_the_epochs():
    seen = flow(4)
    drawn = panels(pictures.epochs(seen))
    assert line(drawn["the loss"]) == pytest.approx(dict(zip(range(1, 5), seen.loss, strict=True)), rel=1e-3)
    gate = drawn["lstm: f, forget gate"]
    assert line(gate)[4] == pytest.approx(0.2)
    shut, opened = (layer["data"]["values"][-1] for layer in gate["layer"][:2])
    assert (shut["y2"], shut["y"], opened["y2"], opened["y"]) == pytest.approx((0, 0.3, 1, 0.97))
    assert line(drawn["head"])[1] == pytest.approx(20)
    assert {row["line"] for row in drawn["lstm"]["layer"][0]["data"]["values"]} == {"kernel", "bias"}


def test_the_share_of_a_squashed_gate_is_of_the_whole_range():
    shut, opened = panels(pictures.epochs(flow(3), "gates"))["lstm: g, candidate"]["layer"][:2]
    assert [shut["data"]["values"][-1][end] for end in ("y2", "y")] == pytest.approx([-1, -1 + 2 * 0.3])
    assert [opened["data"]["values"][-1][end] for end in ("y2", "y")] == pytest.approx([1, 1 - 2 * 0.03])


def test_of_many_layers_those_with_the_least_gradient_are_drawn_in_the_order_of_the_network():
    names = [f"lstm_{k}" for k in range(1, 13)]
    seen = flow(31, steps=200, names=names)
    for name, factor in (("lstm_11", 1e-9), ("lstm_2", 1e-6)):
        seen.gradients[name] = seen.gradients[name] * np.where(np.arange(200) < 9, factor, 1)
    mixed = Flow(seen.epochs, dict(sorted(seen.gradients.items())), seen.gates, seen.updates, seen.loss)
    chart = pictures.epochs(mixed)
    ridges = [title for title in panels(chart) if title.endswith("the epoch chosen")]
    assert "lstm_11: the epoch chosen" in ridges
    assert ridges.index("lstm_2: the epoch chosen") < ridges.index("lstm_11: the epoch chosen")
    assert len(ridges) == 6
    assert "of 12 recurrent layers the 6 with the least gradient" in " ".join(
        chart.to_dict()["title"]["subtitle"]
    )
    assert marks(chart) <= 20_000


def test_a_training_is_told_in_sentences_with_what_is_normal():
    told = pictures.over_training(flow(2))
    assert told.count("Normally") == 4
    assert "from 1 at epoch 1 to 0.33 at 2" in told
    assert "in lstm 1.2 × 10⁻⁴ at epoch 1, 1.2 × 10⁻⁴ at 2" in told
    assert "at the candidate of lstm: 33.0 %, from 11.0 % at epoch 1" in told
    assert "kernel of head moved most in epoch 2, by 60.0 % of its size" in told


@pytest.mark.parametrize(
    "seen",
    [
        flow(1),
        flow(3, gradients={}, gates={}),
        flow(3, updates={}),
        flow(3, loss=np.array([1.0, np.nan, np.inf]), gradients={"lstm": np.full((3, STEPS), np.nan)}),
        flow(3, gradients={"lstm": np.zeros((3, STEPS))}, gates={"lstm": {"f": np.full((3, 3), np.nan)}}),
        Flow.of([]),
    ],
    ids=["one epoch", "no recurrence", "frozen", "not finite", "zero", "nothing"],
)
def test_every_odd_training_draws_and_is_told(seen):
    assert pictures.figures(pictures.epochs(seen))
    assert pictures.over_training(seen).endswith(".")


def test_a_loss_that_is_not_finite_says_from_when_on():
    told = pictures.over_training(flow(3, loss=np.array([1.0, np.nan, np.nan])), "loss")
    assert "not finite from epoch 2 on" in told


def test_an_unknown_part_of_a_training_is_refused():
    with pytest.raises(ValueError, match=r"no part of a training 'gate'.*Did you mean 'gates'"):
        pictures.epochs(flow(2), "gate")


def test_what_is_left_of_a_gradient_is_drawn_however_little_it_is():
    norms = {"far": np.array([[1e-21, 1.0], [1e-25, 1.0]]), "near": np.array([[0.5, 1.0], [0.6, 1.0]])}
    panel = panels(pictures.epochs(flow(2, names=norms, gradients=norms), "loss"))[
        "gradient at the ends of the window"
    ]
    drawn = panel["layer"][0]
    heights = [row["y"] for row in drawn["data"]["values"]]
    assert None not in heights
    low, high = drawn["encoding"]["y"]["scale"]["domain"]
    assert low <= min(heights) == pytest.approx(1e-25)
    assert max(heights) <= high
