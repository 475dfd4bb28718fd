"""Pictures of an inspection: marks carry the values that were seen, and every odd case draws."""

from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

from normcast.inspect import inspect_model, pictures
from normcast.inspect.page.sections import drawn_layers
from normcast.inspect.pictures.cells import MOST, edges, gridded, means
from normcast.layers import LSTM

STEPS = 12
X = np.random.default_rng(0).normal(size=(6, STEPS, 2)).astype("float32")
OF_A_LAYER = ("gates", "states", "gradients", "histograms", "weights", "spectra", "statistics")


class Plain(layers.Layer):
    """A recurrent cell of a user's own."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.state_size = self.output_size = units

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], self.state_size), name="w")

    def call(self, x, states):
        h = keras.ops.tanh(x @ self.w + states[0])
        return h, [h]


def inspected(x, *stack, **how):
    keras.utils.set_random_seed(2)
    net = keras.Sequential([keras.Input(x.shape[1:]), *stack, layers.Dense(1, name="head")])
    net.compile("sgd", "mse")
    return inspect_model(net, x, x[:, -1, :1], **how)


@pytest.fixture(scope="module")
def plain():
    conv, norm = layers.Conv1D(3, 2, padding="causal", name="conv"), layers.BatchNormalization(name="norm")
    return inspected(X, conv, layers.LSTM(4, name="lstm"), norm)


@pytest.fixture(scope="module")
def odd():
    """Both directions of a GRU behind a mask, a stack with a cell of the user's own, on a masked end."""
    x = X.copy()
    x[:, -3:] = 0
    both = layers.Bidirectional(layers.GRU(2, return_sequences=True, name="gru"), name="both")
    stack = layers.RNN([Plain(3), layers.SimpleRNNCell(3)], name="stack")
    return inspected(x, layers.Masking(), both, stack)


@pytest.fixture(scope="module")
def one():
    return inspected(X[:, :1, :1], layers.SimpleRNN(1, name="one"))


@pytest.fixture(scope="module")
def still():
    return inspected(
        X, layers.Conv1D(3, 2, name="conv"), layers.BatchNormalization(name="norm"), layers.Flatten()
    )


def cells(chart, panel=0, layer=0):
    return chart.to_dict()["concat"][panel]["layer"][layer]["data"]["values"]


def title(chart):
    return chart.to_dict()["title"]["text"]


def marks(chart):
    panels = chart.to_dict()["concat"]
    return sum(len(layer["data"]["values"]) for panel in panels for layer in panel["layer"])


def with_trace(inspection, kind, name, **fields):
    """The inspection with one trace of its LSTM changed."""
    seen = inspection["lstm"]
    traces = {**getattr(seen, kind), name: replace(getattr(seen, kind)[name], **fields)}
    look = replace(inspection.seen, recurrences={"lstm": replace(seen, **{kind: traces})})
    return replace(inspection, seen=look)


def test_cells_of_a_gate_are_its_means_unit_by_unit(plain):
    mean = plain["lstm"].activations["f"].mean
    chart = pictures.gates(plain, "lstm")
    assert [panel["title"]["text"][0] for panel in chart.to_dict()["concat"]] == list("ifgo")
    found = {(cell["first"], int(cell["unit"])): cell["value"] for cell in cells(chart, panel=1)}
    assert len(found) == mean.size
    for (step, unit), value in found.items():
        assert value == pytest.approx(mean[step, unit], rel=1e-3)


def test_units_stand_in_the_order_of_their_memory(plain):
    rows = {cell["y"]: int(cell["unit"]) for cell in cells(pictures.gates(plain, "lstm"))}
    memory = plain.readings["lstm"].memory
    assert [memory[rows[y]] for y in sorted(rows)] == sorted(memory, reverse=True)


def test_bins_are_means_of_what_they_bin_and_do_not_count_what_is_missing():
    values = np.arange(12.0).reshape(6, 2)
    values[0, 0] = np.nan
    table = means(values.T, edges(2, 1), edges(6, 2))
    assert table.tolist() == [[np.mean([1, 2, 3, 4, 5]), np.mean([6, 7, 8, 9, 10, 11])]]


@pytest.mark.parametrize(("steps", "units"), [(10, 1), (10, 512), (2000, 1), (2000, 512), (100, 15)])
def test_grids_are_bounded_and_say_what_was_put_together(steps, units):
    grid = gridded(np.ones((steps, units)), np.arange(units), panels=4)
    assert grid.values.size * 4 <= MOST
    assert bool(grid.words) == (grid.values.size < steps * units)
    assert grid.columns[-1] == steps
    assert grid.rows[-1] == units


def test_gradients_of_all_panels_share_their_colours(plain):
    drawn = pictures.gradients(plain, "lstm").to_dict()["concat"]
    domains = {tuple(panel["layer"][0]["encoding"]["color"]["scale"]["domain"]) for panel in drawn}
    assert len(domains) == 1
    assert [panel["title"]["text"] for panel in drawn][:2] == ["to h, output", "to c, cell state"]


def test_masked_cells_are_grey_and_said(odd):
    chart = pictures.states(odd, "both/forward_gru").to_dict()
    colours, grey = chart["concat"][0]["layer"]
    patches = [(cell["x"], cell["x2"], cell["y"], cell["y2"]) for cell in grey["data"]["values"]]
    assert patches == [(8.5, 11.5, -0.5, 1.5)]  # three steps of both units, as one
    assert {cell["first"] for cell in colours["data"]["values"]} == set(range(9))
    assert "masked" in " ".join(chart["title"]["subtitle"])


def test_a_backward_direction_says_how_it_reads(odd):
    told = " ".join(pictures.gates(odd, "both/backward_gru").to_dict()["title"]["subtitle"])
    assert "from the last step to the first" in told


def test_shares_of_a_histogram_sum_to_all_values(plain):
    panels = pictures.histograms(plain, "lstm").to_dict()["concat"]
    for panel in panels:
        bars = [bar for layer in panel["layer"] for bar in layer["data"]["values"]]
        assert sum(bar["y"] for bar in bars) == pytest.approx(100, abs=0.1)


def test_matrices_have_a_border_between_gates(plain):
    panel = pictures.weights(plain, "lstm").to_dict()["concat"][1]
    assert [each["x"] for each in panel["layer"][1]["data"]["values"]] == [4, 8, 12]
    kernel = plain["lstm"].weight("recurrent", "f").values
    found = {
        (cell["row"], cell["unit"]): cell["value"]
        for cell in panel["layer"][0]["data"]["values"]
        if cell["gate"] == "f"
    }
    assert found[2, 3] == pytest.approx(kernel[2, 3], rel=1e-3)
    places = {cell["x"] for cell in panel["layer"][0]["data"]["values"] if cell["gate"] == "f"}
    assert places == {4, 5, 6, 7}


def test_gradients_of_weights_are_drawn_in_their_place(plain):
    gradient = plain["lstm"].weight("kernel", "o").gradient
    chart = pictures.weights(plain, "lstm", gradient=True)
    found = {(c["row"], c["unit"]): c["value"] for c in cells(chart) if c["gate"] == "o"}
    assert found[1, 2] == pytest.approx(gradient[1, 2], rel=1e-3)


def test_eigenvalues_are_points_and_their_radius_is_written(plain):
    weight = plain["lstm"].weight("recurrent", "i")
    panel = pictures.spectra(plain, "lstm").to_dict()["concat"][0]
    points = [point for layer in panel["layer"][1:] for point in layer["data"]["values"]]
    sizes = sorted(np.hypot(point["x"], point["y"]) for point in points)
    assert sizes == pytest.approx(sorted(np.abs(weight.eigenvalues)), abs=1e-4)
    assert f"{weight.spectral_radius:.2g}" in panel["title"]["subtitle"][0]


def test_an_orthogonal_kernel_has_its_eigenvalues_on_the_circle_and_singular_values_of_one():
    found = inspected(X, layers.SimpleRNN(6, name="turns"))  # its recurrent kernel is orthogonal at first
    *planes, singular = pictures.spectra(found, "turns").to_dict()["concat"]
    points = [point for layer in planes[0]["layer"][1:] for point in layer["data"]["values"]]
    assert [np.hypot(point["x"], point["y"]) for point in points] == pytest.approx([1] * 6, abs=1e-4)
    assert [row["y"] for row in singular["layer"][0]["data"]["values"]] == pytest.approx([1] * 6, abs=1e-4)


def test_values_that_are_not_finite_are_told_in_words(plain):
    broken = with_trace(
        plain, "activations", "h", **dict.fromkeys(("least", "most"), np.full((STEPS, 4), np.nan))
    )
    for kind in ("gates", "states", "histograms"):
        told = pictures.sentence(broken, kind, "lstm")
        assert "not finite" in told
        assert "not a number" not in told


def test_the_ribbon_of_a_deep_network_has_all_its_layers_in_rows():
    names = [f"rnn_{k}" for k in range(13)]
    deep = inspected(X, *(layers.SimpleRNN(1, return_sequences=True, name=name) for name in names))
    rows = pictures.ribbon(deep).to_dict()["concat"]
    texts = [
        row["text"]
        for r in rows
        for la in r["layer"]
        if la["mark"]["type"] == "text"
        for row in la["data"]["values"]
    ]
    assert [text for text in texts if text.startswith("rnn_")] == names
    assert [row["title"]["text"] for row in rows] == ["input → rnn_6 …", "… rnn_7 → output"]
    assert len({str(row["layer"][0]["encoding"]["y"]["scale"]["domain"]) for row in rows}) == 1


def test_of_many_layers_the_page_draws_those_that_forget_fastest_in_their_order(odd):
    fast = {"stack/0": 9.0, "both/forward_gru": 2.0, "both/backward_gru": 8.0, "stack/1": 1.0}
    readings = {
        name: replace(odd.readings[name], half_life=half, verdict="healthy") for name, half in fast.items()
    }
    told = SimpleNamespace(seen=odd.seen, readings=readings, findings=())
    names = list(odd.seen.recurrences)
    assert drawn_layers(told, most=2) == sorted(["both/forward_gru", "stack/1"], key=names.index)
    found = SimpleNamespace(layers=("stack",))
    assert "stack/0" in drawn_layers(SimpleNamespace(**{**vars(told), "findings": (found,)}), most=2)


def test_the_ribbon_goes_from_left_to_right_through_the_network(plain):
    panel = pictures.ribbon(plain).to_dict()["concat"][0]
    texts = [layer["data"]["values"] for layer in panel["layer"] if layer["mark"]["type"] == "text"]
    names = {row["text"]: row["x"] for rows in texts for row in rows}
    assert names["conv"] < names["lstm"] < names["norm"] < names["head"]
    line = next(layer for layer in panel["layer"] if layer["mark"]["type"] == "area")
    heights = [point["y"] for point in line["data"]["values"]]
    assert heights == pytest.approx(plain["lstm"].gradients["h"].norm, rel=1e-3)


def test_statistics_of_a_recurrent_norm_are_drawn_step_by_step():
    found = inspected(X, LSTM(3, norm="batch", name="lstm"))
    chart = pictures.statistics(found, "lstm")
    one = found["lstm"].statistics[0]
    middle = np.median((one.mean - one.moving_mean) / np.sqrt(one.moving_variance), axis=1)
    assert [point["y"] for point in cells(chart, layer=1)] == pytest.approx(middle, abs=1e-3)
    assert "standard deviations" in pictures.sentence(found, "statistics", "lstm")


def test_channels_that_never_change_are_marked_dead(plain):
    conv = plain.seen.channels["conv"]
    gone = replace(conv.writes, least=np.zeros(3), most=np.array([0.0, 1, 0]))
    look = replace(plain.seen, channels={"conv": replace(conv, writes=gone)})
    dead = pictures.channels(replace(plain, seen=look)).to_dict()["concat"][0]["layer"][-1]
    assert [point["x"] for point in dead["data"]["values"]] == [0, 2]
    assert "2 of 3 are dead: 2 in conv" in pictures.sentence(replace(plain, seen=look), "channels")


def test_sight_tells_in_how_many_steps_most_of_it_lies(plain):
    slope = np.zeros((10, 1))
    slope[-4:] = 1
    look = replace(plain.seen, sight=(replace(plain.seen.sight[0], slope=slope),))
    assert "90 % of what moves the outputs lies in the last 4 steps of 10" in pictures.sentence(
        replace(plain, seen=look), "sight"
    )
    assert len(pictures.sight(replace(plain, seen=look)).concat) == 1


@pytest.mark.parametrize("kind", OF_A_LAYER)
def test_every_layer_draws_in_every_picture(plain, odd, one, kind):
    for inspection in (plain, odd, one):
        for layer in inspection.seen.recurrences:
            chart = getattr(inspection.plot, kind)(layer)
            assert 0 <= marks(chart) <= 7000
            assert layer in title(chart)
            assert pictures.sentence(inspection, kind, layer).endswith(".")


def test_every_network_draws_and_says_where_there_is_no_recurrence(plain, odd, one, still):
    for inspection in (plain, odd, one, still):
        for kind in ("ribbon", "channels", "sight"):
            assert getattr(inspection.plot, kind)().concat
            assert pictures.sentence(inspection, kind).endswith(".")
    assert "no recurrent layer" in " ".join(pictures.ribbon(still).to_dict()["title"]["subtitle"])
    assert "no recurrent layer" in pictures.sentence(still, "ribbon")


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_gradients_of_nothing_or_without_end_still_draw(plain, value):
    wrong = np.full((STEPS, 4), value)
    broken = with_trace(plain, "gradients", "h", rms=wrong)
    drawn = pictures.figures(pictures.gradients(broken, "lstm"))
    assert len(drawn) == 7
    assert pictures.figures(pictures.ribbon(broken))


def test_a_picture_becomes_figures_that_take_their_colours_from_the_page(plain):
    drawn = [*pictures.figures(plain.plot.gates("lstm")), *pictures.figures(plain.plot.spectra("lstm"))]
    text = "".join(each.svg for each in drawn)
    assert "var(--muted)" in text
    assert "#6a7581" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    names = [part.split('"')[0] for part in text.split(' id="')[1:]]
    assert len(names) == len(set(names))


def test_two_inspections_are_matched_by_the_names_of_their_layers(plain, one):
    both = plain.compare(plain, names=("before", "after"))
    table = both.to_frame()
    assert (table["before"] == table["after"]).all()
    assert title(both.plot("lstm")) == "lstm: before and after"
    half = f"{plain.readings['lstm'].half_life:.2g}"
    assert both.sentence().count(f"it halves every {half} steps") == 2
    apart = plain.compare(one)
    assert apart.layers == ()
    assert apart.only == {"one": ("lstm", "conv", "norm"), "other": ("one",)}
    with pytest.raises(ValueError, match=r"no recurrent layer is in both; only in one: lstm, conv and norm"):
        apart.plot()


def test_unknown_names_are_refused_with_the_one_probably_meant(plain):
    with pytest.raises(KeyError, match=r"no recurrent layer 'lstn'.*Did you mean 'lstm'"):
        plain.plot.gates("lstn")
    with pytest.raises(KeyError, match="Did you mean 'norm'"):
        plain.plot.statistics("nrom")
    with pytest.raises(ValueError, match=r"no picture 'gate'.*Did you mean 'gates'"):
        pictures.sentence(plain, "gate", "lstm")
