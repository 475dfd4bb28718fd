"""How a forecaster's networks are trained: as asked, else as the preset says."""

from dataclasses import replace

import pytest

from normcast.engine import PinballLoss
from normcast.forecasting.learned import training_of
from normcast.forecasting.settings import Settings
from normcast.models import preset

ASKED = {
    "optimizer": "sgd",
    "learning_rate": 0.25,
    "batch_size": 17,
    "epochs": 5,
    "epoch_windows": 123,
    "patience": 2,
    "seed": 9,
}


@pytest.mark.parametrize("name", ASKED)
def test_each_setting_reaches_the_training_alone(name):
    usual, changed = training_of(Settings(h=2)), training_of(replace(Settings(h=2), **{name: ASKED[name]}))
    assert changed.key == replace(usual, **{name: ASKED[name]}).key
    for each in ASKED:
        assert getattr(changed, each) == (ASKED[name] if each == name else getattr(usual, each))


@pytest.mark.parametrize("name", ["conv-lstm", "conv-se-lstm"])
def test_what_was_not_asked_for_is_as_the_preset_says_and_gradients_are_clipped(name):
    training, own = training_of(Settings(h=2, model=name, level=())), preset(name)
    assert (training.optimizer, training.learning_rate) == (own.optimizer, own.learning_rate)
    assert training.loss == own.loss
    assert training.clipnorm == 1.0
    assert training.weight_decay is None


def test_quantile_heads_are_trained_by_the_loss_of_their_quantiles():
    settings = Settings(h=2, level=(80,))
    loss = training_of(settings).loss
    assert isinstance(loss, PinballLoss)
    assert loss.quantiles == list(settings.quantiles)
