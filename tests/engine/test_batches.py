from dataclasses import replace

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from normcast.engine import Batches, Field, PinballLoss, Training
from normcast.engine.devices import SHARED, local_mesh, placed
from normcast.engine.gather import laid_out
from normcast.engine.network import Network
from normcast.engine.order import epoch_order, padded, size_class
from normcast.engine.run import Run
from normcast.engine.training import OPTIMIZERS
from tests.engine.networks import conv_lstm, sine_data


def test_the_compiled_gather_reads_what_numpy_reads():
    rows = np.random.default_rng(0).normal(size=(50, 2)).astype("float32")
    per_series = np.arange(6, dtype="float32").reshape(3, 2)
    data = Batches(
        {"past": Field(rows, 0, 5), "ahead": Field(rows, 5, 3), "static": Field(per_series, by="series")},
        Field(rows[:, 0].copy(), 5, 3),
        np.array([0, 7, 42], np.int32),
        np.array([2, 0, 1], np.int32),
    )
    layout, arrays = laid_out(data, list(data.inputs))
    inputs, target = layout.gather(arrays, np.array([2, 0]))
    slow, slow_target = data.at(np.array([2, 0]))
    for fast, name in zip(inputs, data.inputs, strict=True):
        np.testing.assert_array_equal(fast, slow[name])
    np.testing.assert_array_equal(target, slow_target)


def test_an_array_that_two_fields_share_is_held_once():
    data = sine_data()
    shared = Batches(
        {"a": data.inputs["past"], "b": Field(data.inputs["past"].values, 1, 2)},
        None,
        data.start,
        data.series,
    )
    assert len(laid_out(shared, ["a", "b"])[1]["values"]) == 1


def buffers(array: jax.Array) -> list[int]:
    """Where an array lies in memory, for each device."""
    return [shard.data.unsafe_buffer_pointer() for shard in array.addressable_shards]


@pytest.mark.parametrize("given", [1000, 1024])
def test_a_padded_array_is_read_where_it_is_by_every_device_of_the_host(given):
    if jax.default_backend() != "cpu":
        pytest.skip("an accelerator has memory of its own")
    own = np.arange(1, 2 * given + 3, dtype="float32")[1:-1].reshape(given, 2)  # begins at no multiple of 64
    out = padded(own, 1024)
    np.testing.assert_array_equal(out[:given], own)
    assert not out[given:].any()
    assert set(buffers(placed(out, local_mesh(2), SHARED))) == {out.ctypes.data}


def test_windows_that_validate_read_the_arrays_of_those_that_train():
    data = sine_data()
    judged = Batches(dict(data.inputs), data.target, data.start[:9], data.series[:9])
    run = Run(Network(conv_lstm()), data, Training(epochs=1), judged, 1, None, None)
    run.compile()
    train, valid = run.source.whole(0).arrays["values"], run._validation[0]["values"]
    assert len(train) == len(valid) == 2
    assert [buffers(each) for each in valid] == [buffers(each) for each in train]


@pytest.mark.parametrize(("offset", "length"), [(-1, 2), (0, 99)])
def test_a_window_that_reaches_beyond_its_rows_is_refused(offset, length):
    index = np.zeros(1, np.int32)
    with pytest.raises(ValueError, match="field 'past' reads rows"):
        Batches({"past": Field(np.zeros(9, "float32"), offset, length)}, None, index, index)


def test_other_types_than_float32_and_int32_are_refused():
    with pytest.raises(ValueError, match="values are float64"):
        Field(np.zeros(3))
    with pytest.raises(ValueError, match="start is int64"):
        Batches({"past": Field(np.zeros(9, "float32"))}, None, np.zeros(1, int), np.zeros(1, np.int32))


@given(st.integers(1, 10**6))
def test_a_size_class_holds_its_count_and_wastes_less_than_a_quarter(count):
    assert count <= size_class(count) <= max(16, 1.25 * count)
    assert size_class(size_class(count)) == size_class(count)


def test_the_order_of_an_epoch_visits_every_window_once_and_differs_by_seed_and_epoch():
    orders = {tuple(epoch_order(30, seed, epoch)) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9
    assert all(sorted(order) == list(range(30)) for order in orders)


@pytest.mark.parametrize("windows", [100, 100_000])
def test_a_short_epoch_visits_so_many_different_windows(windows):
    order = epoch_order(windows, seed=1, epoch=2, visited=20)
    assert len(set(order.tolist())) == 20
    assert order.min() >= 0
    assert windows // 2 < order.max() < windows


def test_pinball_loss_is_the_mean_over_quantiles_of_the_tilted_error():
    target = np.array([[1.0, 2.0]], "float32")
    forecast = np.array([[[0.0, 2.0], [2.5, 4.0]]], "float32")
    # errors: 1, -1 | -0.5, -2 at q = 0.1, 0.9
    expected = np.mean([0.1 * 1, 0.1 * 1, 0.9 * 0.5, 0.1 * 2])
    np.testing.assert_allclose(float(PinballLoss([0.1, 0.9])(target, forecast)), expected, rtol=1e-6)


def test_pinball_loss_refuses_quantiles_out_of_order_and_forecasts_of_other_shape():
    with pytest.raises(ValueError, match="ascend"):
        PinballLoss([0.9, 0.1])
    with pytest.raises(ValueError, match="forecasts of shape"):
        PinballLoss([0.5])(np.zeros((2, 3), "float32"), np.zeros((2, 3), "float32"))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"optimizer": "adan"}, "Did you mean 'adam'"),
        ({"loss": "rmse"}, "no loss function 'rmse'"),
        ({"epochs": 0}, "epochs is 0"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
        ({"clipnorm": -1.0}, "clipnorm is -1.0"),
    ],
)
def test_a_training_out_of_range_says_what_is_wrong(wrong, told):
    with pytest.raises(ValueError, match=told):
        Training(**wrong)


def test_a_program_is_shared_only_by_trainings_that_compute_the_same():
    other = {
        "optimizer": "sgd",
        "schedule": "cosine",
        "loss": "huber",
        "clipnorm": 1.0,
        "weight_decay": 0.1,
        "rng": "keras",
        "compute": "bfloat16",
    }
    plain = Training()
    keys = {plain.key} | {replace(plain, **{name: value}).key for name, value in other.items()}
    assert len(keys) == 1 + len(other)
    assert replace(plain, learning_rate=0.5, epochs=2, seed=3, patience=None, batch_size=8).key == plain.key


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_optimizer_has_what_was_set_and_else_the_defaults_of_keras(optimizer):
    own = OPTIMIZERS[optimizer](learning_rate=0.3, name="own").get_config()

    def made(**settings):
        built = Training(optimizer, learning_rate=0.3, **settings).build_optimizer()
        return {**built.get_config(), "name": "own"}

    assert made() == own
    assert made(clipnorm=0.7, weight_decay=0.2) == {**own, "clipnorm": 0.7, "weight_decay": 0.2}
