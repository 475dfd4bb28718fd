"""The graph that rules read, over the ways in which models are written."""

import keras
from keras import layers as L

from normcast.check.checker import check_model
from normcast.check.head import heads
from normcast.check.net import sources, through
from normcast.check.reading import read
from normcast.check.timeline import dead_taps, receptive_fields
from normcast.models.graph.kinds import ACT, NOISE


def kinds(net):
    return [node.kind for node in net.nodes]


def test_nodes_stand_behind_what_they_read():
    x = keras.Input((8, 3))
    y = L.Add()([L.Conv1D(4, 1)(x), L.Conv1D(4, 3, padding="same")(x)])
    net = read(keras.Model(x, L.LSTM(2)(y)))
    seen = set()
    for node in net.nodes:
        assert all(id(source) in seen for source in node.inputs)
        seen.add(id(node))


def test_nested_models_are_opened_up_and_named_by_path():
    inner = keras.Sequential(
        [keras.Input((8, 3)), L.Conv1D(4, 3, name="conv"), L.Dropout(0.2, name="drop")], name="part"
    )
    outer = keras.Sequential([keras.Input((8, 3)), inner, L.BatchNormalization(name="bn"), L.LSTM(2)])
    net = read(outer)
    assert [node.name for node in net.nodes][1:4] == ["part/conv", "part/drop", "bn"]
    (found,) = [f for f in check_model(outer) if f.severity > 1]
    assert (found.rule, found.layers) == ("dropout-before-bn", ("part/drop", "bn"))


def test_a_shared_model_is_read_once_for_each_call():
    inner = keras.Sequential([keras.Input((8, 3)), L.LSTM(4, name="lstm")], name="part")
    a, b = keras.Input((8, 3)), keras.Input((8, 3))
    net = read(keras.Model([a, b], L.Concatenate()([inner(a), inner(b)])))
    assert [n.name for n in net.nodes if n.kind == "LSTM"] == ["part/lstm", "part/lstm"]
    assert len(list(net.of({"LSTM"}))) == 1
    assert {source.name for source in net.nodes[-1].inputs} == {"part/lstm"}


def test_a_loaded_model_can_be_fixed_like_the_one_that_was_saved(tmp_path):
    net = keras.Sequential([keras.Input((8, 3)), L.Conv1D(4, 3), L.BatchNormalization(), L.LSTM(2)])
    net.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert [f.fix for f in check_model(loaded)] == [f.fix for f in check_model(net)] != [()]


def test_wrappers_show_what_they_wrap():
    net = read(
        keras.Sequential(
            [
                keras.Input((5, 12, 3)),
                L.TimeDistributed(L.LSTM(4, activation="relu")),
                L.Bidirectional(L.GRU(2)),
            ]
        )
    )
    lstm, gru = net.nodes[1:]
    assert (lstm.kind, lstm.wrappers, lstm.steps, lstm.activation) == (
        "LSTM",
        ("TimeDistributed",),
        12,
        "relu",
    )
    assert (gru.kind, gru.wrappers, gru.steps) == ("GRU", ("Bidirectional",), 5)


def test_walks_stop_at_layers_that_are_not_known():
    class Mystery(L.Layer):
        def call(self, inputs):
            return inputs * 2

    layers = [
        L.Dense(4),
        L.Dropout(0.5),
        Mystery(),
        L.Lambda(lambda v: v),
        L.BatchNormalization(),
        L.Dense(1),
    ]
    model = keras.Sequential([keras.Input((4,)), *layers])
    net = read(model)
    norm = next(net.of({"BatchNormalization"}))
    assert [n.kind for n in sources(norm, through(NOISE, ACT))] == ["Lambda"]
    assert [f.rule for f in check_model(model) if f.severity > 1] == []


def test_masks_are_no_edges():
    x = keras.Input((8, 3))
    net = read(keras.Model(x, L.GlobalAveragePooling1D()(L.LSTM(4, return_sequences=True)(L.Masking()(x)))))
    assert kinds(net) == ["InputLayer", "Masking", "LSTM", "GlobalAveragePooling1D"]


def test_an_input_that_only_says_which_steps_to_mask_is_used():
    start, valid, seen = keras.Input((8, 4)), keras.Input((8,), dtype="bool"), keras.Input((8, 8))
    attended = L.MultiHeadAttention(1, 4)(start, start, attention_mask=seen)
    net = read(keras.Model([start, valid, seen], L.LSTM(3)(attended, mask=valid)))
    assert net.unused_inputs == []


def test_a_model_without_a_graph_is_opaque_and_has_no_findings():
    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    assert read(Own()).opaque
    assert read(keras.Sequential([L.Dense(1)])).opaque
    assert check_model(Own()) == []
    assert check_model(object()) == []


def test_composites_of_ours_are_unfolded():
    class Block(L.Layer):
        def __init__(self):
            super().__init__(name="block")
            self.drop, self.norm = L.Dropout(0.3, name="drop"), L.BatchNormalization(name="norm")

        def build(self, shape):
            self.norm.build(shape)

        def call(self, inputs):
            return self.norm(self.drop(inputs))

        def unfold(self):
            from types import SimpleNamespace as Part

            return (Part(layer=self.drop, inputs=(-1,)), Part(layer=self.norm, inputs=(0,)))

    model = keras.Sequential([keras.Input((8, 3)), L.Conv1D(4, 3, activation="relu"), Block(), L.LSTM(2)])
    (found,) = [f for f in check_model(model) if f.severity > 1]
    assert (found.rule, found.layers, found.fix) == ("dropout-before-bn", ("block",), ())


def test_the_head_is_found_behind_reshapes_and_noise():
    layers = [
        L.LSTM(4),
        L.Dense(6, activation="relu", name="d"),
        L.Dropout(0.1),
        L.Reshape((3, 2)),
        L.Activation("linear"),
    ]
    (head,) = heads(read(keras.Sequential([keras.Input((8, 3)), *layers])))
    assert (head.node.name, head.activation, head.range[0], head.units) == ("d", "relu", 0.0, 2)


def test_the_range_of_an_unknown_end_is_not_known():
    (head,) = heads(read(keras.Sequential([keras.Input((8,)), L.Dense(1), L.Rescaling(3.0)])))
    assert head.range is None


def test_dead_taps_are_those_that_never_meet_data():
    def conv(steps, size, **config):
        return read(keras.Sequential([keras.Input((steps, 1)), L.Conv1D(2, size, **config)])).nodes[-1]

    assert dead_taps(conv(24, 40, padding="same")) == 0
    assert dead_taps(conv(8, 12, padding="causal")) == 4
    assert dead_taps(conv(8, 3, padding="causal", dilation_rate=4)) == 1


def field(*layers):
    net = read(keras.Sequential([keras.Input((64, 2)), *layers]))
    return receptive_fields(net).get(id(net.nodes[-1]))


def test_a_receptive_field_grows_with_kernels_dilations_strides_and_pools():
    assert field(*[L.Conv1D(2, 3, padding="causal", dilation_rate=d) for d in (1, 2, 4)]) == 15
    assert field(L.Conv1D(2, 3, strides=2), L.LayerNormalization(), L.Conv1D(2, 3)) == 7
    assert field(L.MaxPooling1D(4), L.Conv1D(2, 3)) == 12
    assert field(L.Conv1D(2, 5), L.TimeDistributed(L.Dense(3))) == 5


def test_what_sees_every_step_has_no_receptive_field():
    assert field(L.LSTM(2)) is None
    assert field(L.LSTM(2, return_sequences=True), L.Conv1D(2, 3)) is None
    assert field(L.Conv1D(2, 3), L.LayerNormalization(axis=(1, 2))) is None


def test_a_receptive_field_is_the_longest_of_joined_branches_strides_counted():
    x = keras.Input((64, 2))
    strided = L.Add()(
        [L.Conv1D(2, 3, strides=2, padding="same")(x), L.Conv1D(2, 5, strides=2, padding="same")(x)]
    )
    net = read(keras.Model(x, L.Conv1D(2, 3)(strided)))
    assert receptive_fields(net)[id(net.nodes[-1])] == 9  # 5, and two steps of two


def test_receptive_fields_of_many_residual_blocks_take_no_time():
    x = inside = keras.Input((64, 2))
    for _ in range(40):
        inside = L.Add()([inside, L.Conv1D(2, 2, padding="causal")(inside)])
    net = read(keras.Model(x, inside))
    assert receptive_fields(net)[id(net.nodes[-1])] == 41
