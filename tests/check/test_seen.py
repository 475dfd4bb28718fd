"""Findings of a look: each on a network in which the fault was planted, and none on sound ones."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers as L

from normcast import inspect_model
from normcast.check.dynamic import run_checks
from normcast.check.reading import read
from normcast.check.rule import ADVICE, WARNING
from normcast.check.seen import findings_of, remedies
from normcast.layers import GRU, LSTM
from normcast.models.edits import apply
from normcast.probes import Looker, Objective, Programs, StepStatistics, look

RNG = np.random.default_rng(5)
X = RNG.normal(size=(32, 12, 2)).astype("float32")
Y = (X[:, -1:, 0] - 0.5 * X[:, -3:-2, 1]).astype("float32")
UNITS = 8


class Patient:
    """A network whose weights are changed, looked at, and set back; its programs are made once."""

    def __init__(self):
        keras.utils.set_random_seed(2)
        layers = [
            L.Conv1D(6, 3, padding="causal", activation="relu", name="conv"),
            L.BatchNormalization(name="norm"),
            L.LSTM(UNITS, name="lstm"),
            L.Dense(1, name="head"),
        ]
        self.model = keras.Sequential([keras.Input((12, 2)), *layers])
        self.looker = Looker(Programs(self.model, Objective(self.model, Y, "mse"), None, training=False))
        self.start = self.model.get_weights()
        self.net = read(self.model)

    def look(self, fault=lambda weights: None):
        named = {
            w.path.partition("/")[2]: np.array(v) for w, v in zip(self.model.weights, self.start, strict=True)
        }
        fault(named)
        self.model.set_weights(list(named.values()))
        seen = self.looker.look(X, Y, 32)
        self.model.set_weights(self.start)
        return seen

    def findings(self, fault):
        found = findings_of(self.look(fault), self.net)
        for finding in found:
            if finding.fix:
                assert apply(self.model, finding.fix).predict(X[:2], verbose=0).shape == (2, 1)
        return {finding.rule: finding for finding in found}


@pytest.fixture(scope="module")
def patient():
    return Patient()


def unit(weights, gate, *units):
    """Where the columns of these units stand in a gate of the kernels."""
    return ["ifgo".index(gate) * UNITS + each for each in units]


def lstm(weights):
    return (weights[f"lstm_cell/{name}"] for name in ("kernel", "recurrent_kernel", "bias"))


def path_of(weights, end):
    return next(path for path in weights if path.endswith(end))


def test_a_fresh_network_has_no_findings(patient):
    assert findings_of(patient.look(), patient.net) == []


def close_forget_gates(weights):
    weights[path_of(weights, "lstm_cell/bias")][unit(weights, "f", 0, 2, 5)] = -60


def test_closed_forget_gates_are_counted_with_a_norm_to_measure(patient):
    finding = patient.findings(close_forget_gates)["gates-closed"]
    assert finding.message == "38 % of forget gates closed in 95 % of steps"
    assert finding.evidence == {"gate": "f", "share": 0.375}
    assert (finding.safety, finding.layers) == ("unsafe", ("lstm",))
    assert "norm='layer'" in str(finding.fix[0])
    assert finding.hint.endswith("normcast check MODEL.keras --data FILE.npz --run --measure")


def test_saturated_gates_are_those_of_check(patient):
    def fault(weights):
        weights[path_of(weights, "lstm_cell/kernel")] *= 1000

    assert patient.findings(fault)["saturated-gates"].evidence["share"] > 0.5


def test_a_layer_that_forgets_within_a_step_is_a_warning(patient):
    def fault(weights):
        weights[path_of(weights, "lstm_cell/bias")][unit(weights, "f", *range(UNITS))] = -60
        weights[path_of(weights, "recurrent_kernel")] *= 1e-3

    finding = patient.findings(fault)["gradient-vanishes-inside"]
    assert finding.severity == WARNING
    assert finding.message.startswith("half-life of the gradient 0.")
    assert "in a window of 12: lstm hardly learns from what lies more than" in finding.message


def carried(look, *, reach):
    """The look, with a layer of which 1e-7 is left beyond so many steps."""
    back = np.where(np.arange(12)[::-1] < reach, 1.0, 1e-7)
    seen = replace(look.recurrences["lstm"], carried=back)
    return replace(look, recurrences={"lstm": seen})


def test_a_layer_that_reaches_all_but_a_rest_of_the_window_is_left_alone(patient):
    assert findings_of(carried(patient.look(), reach=10), patient.net) == []
    (finding,) = findings_of(carried(patient.look(), reach=9), patient.net)
    assert (finding.rule, finding.evidence["reach"]) == ("gradient-vanishes-inside", 9)


def test_a_gradient_that_vanishes_over_several_layers_is_told_where_no_layer_says_it(patient):
    look = patient.look()
    faint = {
        name: slope * np.where(np.arange(12) < 3, 1e-9, 1.0)[:, None] for name, slope in look.inputs.items()
    }
    (finding,) = findings_of(replace(look, inputs=faint), patient.net)
    assert (finding.rule, finding.severity) == ("gradient-vanishes", ADVICE)
    told = findings_of(carried(replace(look, inputs=faint), reach=4), patient.net)
    assert [each.rule for each in told] == ["gradient-vanishes-inside"]


def test_dead_units_are_named(patient):
    def fault(weights):
        weights[path_of(weights, "lstm_cell/bias")][unit(weights, "o", 3, 5)] = -60

    finding = patient.findings(fault)["dead-recurrent-units"]
    assert finding.message == "units 3 and 5 dead"
    assert finding.fix[0].config == {"units": 6}


def test_a_unit_without_a_gradient_is_silent(patient):
    def fault(weights):
        weights[path_of(weights, "head/kernel")][4] = 0
        weights[path_of(weights, "recurrent_kernel")][4] = 0

    assert patient.findings(fault)["silent-units"].evidence["units"] == [4]


def test_a_layer_that_gets_no_gradient_at_all_is_advice_without_edits(patient):
    def fault(weights):
        weights[path_of(weights, "head/kernel")][:] = 0

    finding = patient.findings(fault)["silent-units"]
    assert (finding.severity, finding.fix) == (ADVICE, ())
    assert finding.message == "no unit gets a gradient at any step"


def test_a_shift_between_the_modes_is_told_only_behind_noise():
    def found(*layers):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((12, 2)), *layers, L.GlobalAveragePooling1D(), L.Dense(1)])
        shifted = replace(calm, **{"in_training": loud})
        return [f.rule for f in findings_of(replace(empty, channels={"norm": shifted}), read(model))]

    norm = lambda: L.BatchNormalization(name="norm")  # noqa: E731
    empty = replace(look(keras.Sequential([keras.Input((12, 2)), norm(), L.Flatten(), L.Dense(1)]), X))
    calm = empty.channels["norm"]
    loud = replace(calm.in_training, variance=2 * calm.in_training.variance)
    assert found(L.Dropout(0.5), norm()) == ["variance-shift"]
    assert found(L.Dropout(0.5), L.Conv1D(2, 3), norm()) == ["variance-shift"]
    assert found(L.LSTM(2, recurrent_dropout=0.5, return_sequences=True), norm()) == ["variance-shift"]
    assert found(L.Dropout(0.5), L.BatchNormalization(), L.Conv1D(2, 3), norm()) == []
    assert found(L.Conv1D(2, 3), norm()) == []


def test_units_that_do_the_same_are_twins(patient):
    def fault(weights):
        for end in ("lstm_cell/kernel", "recurrent_kernel", "lstm_cell/bias"):
            w = weights[path_of(weights, end)]
            for gate in "ifgo":
                w[..., unit(weights, gate, 6)] = w[..., unit(weights, gate, 1)]

    assert patient.findings(fault)["twin-units"].evidence["groups"] == [[1, 6]]


def test_the_first_tensor_that_is_not_finite_is_named_with_its_step(patient):
    def fault(weights):
        weights[path_of(weights, "lstm_cell/bias")][unit(weights, "g", 1)] = np.nan

    finding = patient.findings(fault)["value-not-finite"]
    assert finding.message == "g is not finite from step 0 on"
    assert finding.evidence == {"tensor": "g", "step": 0}


def test_dead_filters_are_named(patient):
    def fault(weights):
        weights[path_of(weights, "conv/bias")][[1, 2]] = -60

    finding = patient.findings(fault)["dead-filters"]
    assert finding.evidence["filters"] == [1, 2]
    assert finding.fix[0].config == {"activation": "leaky_relu"}


def test_batch_statistics_apart_from_the_running_ones_are_measured(patient):
    batch = patient.look().channels["norm"].in_training

    def fault(weights):
        weights[path_of(weights, "moving_mean")][:] = batch.mean
        weights[path_of(weights, "moving_variance")][:] = batch.variance / 3.1

    finding = patient.findings(fault)["batch-statistics-apart"]
    assert finding.message == "batch norm has 3.1 times the variance in training that it has at inference"
    assert finding.fix[0].config == {"momentum": 0.9}


def test_a_batch_norm_that_never_saw_data_says_nothing_of_inference():
    keras.utils.set_random_seed(1)
    two = [L.Conv1D(8, 3), L.BatchNormalization(), L.Conv1D(8, 3), L.BatchNormalization()]
    model = keras.Sequential([keras.Input((12, 2)), *two, L.GlobalAveragePooling1D(), L.Dense(1)])
    assert inspect_model(model, 9 * X).findings == []


def test_batch_statistics_of_a_recurrence_are_compared_step_by_step(patient):
    seen = patient.look()
    one = np.ones((12, UNITS))
    variance = one.copy()
    variance[7] = 9
    apart = StepStatistics("recurrent", 0 * one, 3 * variance, 0.1 * one, one)
    changed = replace(seen.recurrences["lstm"], statistics=(apart,))
    (finding,) = findings_of(replace(seen, recurrences={"lstm": changed}), patient.net)
    assert finding.evidence["step"] == 7
    assert "3 times the variance in training that it has at inference, 27 times at step 7" in finding.message


def test_a_gradient_that_grows_explodes(patient):
    seen = patient.look()
    changed = replace(seen.recurrences["lstm"], carried=4.0 ** np.arange(11, -1, -1))
    (finding,) = findings_of(replace(seen, recurrences={"lstm": changed}), patient.net)
    assert finding.rule == "gradient-explodes-inside"
    assert finding.evidence["half_life"] == pytest.approx(-0.5)


def test_convolutions_that_see_a_part_of_the_window_are_told_with_their_field():
    inputs = keras.Input((12, 2), name="x")
    x = L.Conv1D(4, 3, padding="causal", name="one")(inputs)
    x = L.Conv1D(4, 3, padding="causal", name="two")(x)
    model = keras.Model(inputs, L.Dense(1)(x[:, -1]))
    inspection = inspect_model(model, X)
    (finding,) = inspection.findings
    assert finding.message == "no output depends on the oldest 7 of 12 steps of x: the convolutions see 5"
    assert finding.layers == ("one", "two")
    mended = apply(model, finding.fix)
    assert inspect_model(mended, X).findings == []


def test_a_plain_lstm_over_a_long_window_is_told_and_a_norm_mends_it():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((120, 2)), L.LSTM(16, name="lstm"), L.Dense(1)])
    x = RNG.normal(size=(16, 120, 2))
    finding = next(f for f in inspect_model(model, x).findings if f.rule == "gradient-vanishes-inside")
    assert finding.severity < WARNING
    assert finding.hint.startswith("plain LSTMs and GRUs start like this")
    assert 1 < finding.evidence["half_life"] < 6
    assert inspect_model(apply(model, finding.fix), x).findings == []


KINDS = {
    "lstm": lambda: L.LSTM(4),
    "gru": lambda: L.GRU(4, reset_after=False),
    "simple": lambda: L.SimpleRNN(4),
    "cell": lambda: L.RNN(L.LSTMCell(4)),
    "both ways": lambda: L.Bidirectional(L.GRU(4), merge_mode="sum"),
    "ours": lambda: LSTM(4, zoneout=(0.1, 0.1)),
    "ours both ways": lambda: L.Bidirectional(GRU(4)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_recurrence_can_be_normalized(kind):
    model = keras.Sequential([keras.Input((12, 2)), KINDS[kind](), L.Dense(1)])
    (edit,) = remedies.normalized(read(model).nodes[1])
    changed = apply(model, [edit])
    inside = changed.layers[0]
    inside = inside.forward_layer if isinstance(inside, L.Bidirectional) else inside
    assert inside.norm == "layer"
    assert changed.layers[0].name == model.layers[0].name
    assert changed.output_shape == model.output_shape
    assert remedies.normalized(read(changed).nodes[1]) == ()
    (pool,) = remedies.shortened(read(model).nodes[1], 4)
    assert apply(model, [pool]).output_shape == model.output_shape


def test_several_inputs_are_run_and_looked_into():
    one, other = keras.Input((12, 2), name="one"), keras.Input((12, 2), name="other")
    joined = L.Concatenate()([L.GRU(4)(one), L.LSTM(4)(other)])
    model = keras.Model([one, other], L.Dense(1)(joined))
    found = run_checks(model, [X, X * 0.5], Y, loss="mse")
    assert (list(found), found.not_checked) == ([], ())
    names = set(look(model, [X, X * 500]).recurrences)
    assert "saturated-gates" in {f.rule for f in inspect_model(model, [X, X * 500]).findings}
    assert len(names) == 2


SOUND = {
    "lstm": (20, lambda: [L.LSTM(16)]),
    "gru": (30, lambda: [GRU(32, norm="layer", zoneout=0.1)]),
    "norms": (
        24,
        lambda: [
            L.Conv1D(8, 3, padding="causal"),
            L.BatchNormalization(momentum=0.9),
            L.LeakyReLU(),
            LSTM(8, norm="batch"),
        ],
    ),
    "gru of keras": (24, lambda: [L.GRU(16, return_sequences=True), L.SimpleRNN(12)]),
    "stack": (24, lambda: [L.Conv1D(8, 3, activation="relu"), L.Bidirectional(L.LSTM(16))]),
}


@pytest.mark.parametrize("kind", SOUND)
def test_sound_networks_stay_without_findings_fresh_and_trained(kind):
    steps, layers = SOUND[kind]
    keras.utils.set_random_seed(1)
    x = RNG.normal(size=(64, steps, 2)).astype("float32")
    y = x[:, -4:, 0].mean(axis=1, keepdims=True)
    model = keras.Sequential([keras.Input((steps, 2)), *layers(), L.Dense(1)])
    model.compile("adam", "mse")
    looker = Looker(Programs(model, Objective(model, y), None, training=False))
    assert findings_of(looker.look(x, y, 32), read(model)) == []
    model.fit(x, y, epochs=8, verbose=0)
    assert findings_of(looker.look(x, y, 32), read(model)) == []
