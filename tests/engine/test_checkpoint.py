import os
from dataclasses import replace

import jax
import numpy as np
import pytest

from normcast.engine import Training, train
from normcast.engine.checkpoint import Checkpoint
from normcast.engine.progress import Progress, progress_bar
from tests.engine.networks import conv_lstm, same, sine_data

TRAINING = Training(batch_size=16, epochs=4, learning_rate=0.01)


def interrupted(path, epochs, **settings):
    """Train until so many epochs are done, then stop as Ctrl-C would."""

    def progress(now):
        if now.epoch == epochs:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(train(progress=progress, checkpoint=path, **settings))


@pytest.mark.parametrize("momentum", [None, 0.9])
@pytest.mark.parametrize("with_validation", [True, False])
def test_an_interrupted_training_goes_on_bit_for_bit(tmp_path, with_validation, momentum):
    path = tmp_path / "fit.safetensors"
    training = replace(TRAINING, ema_momentum=momentum)
    settings = {"models": conv_lstm(random=True), "data": sine_data(50), "training": training, "seeds": 3}
    settings["validation"] = sine_data(30, seed=2) if with_validation else None
    whole = list(train(**settings))
    interrupted(path, 2, **settings)
    assert path.exists()
    seen = []
    resumed = list(train(**settings, checkpoint=path, progress=lambda now: seen.append(now.epoch)))
    assert seen == [2, 3, 4]
    for a, b in zip(whole, resumed, strict=True):
        assert same(a.weights, b.weights)
        assert (a.history, a.best_epoch, a.status) == (b.history, b.best_epoch, b.status)
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    path = tmp_path / "fit.safetensors"
    settings = {"models": conv_lstm(), "data": sine_data(50), "training": TRAINING}
    interrupted(path, 1, **settings)
    with pytest.raises(ValueError, match="other arguments"):
        next(train(**{**settings, "data": sine_data(50, seed=8)}, checkpoint=path))
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="not a checkpoint"):
        next(train(**settings, checkpoint=path))


def test_a_damaged_checkpoint_is_refused_wherever_the_damage_is(tmp_path):
    checkpoint = Checkpoint(tmp_path / "fit.safetensors", "arguments")
    arrays = [np.arange(6.0), {"b": np.ones((2, 3), np.float32), "a": np.array(3)}]
    checkpoint.save(arrays, {"epoch": 2})
    found, facts = checkpoint.load(arrays)
    assert facts == {"epoch": 2}
    assert same(jax.tree.leaves(found), jax.tree.leaves(arrays))
    raw = checkpoint.path.read_bytes()
    damaged = [raw[:size] for size in range(0, len(raw), 7)]
    damaged += [raw[:i] + bytes([raw[i] ^ (1 << i % 8)]) + raw[i + 1 :] for i in range(len(raw))]
    for each in damaged:
        checkpoint.path.write_bytes(each)
        with pytest.raises(ValueError, match=r"checkpoint .*fit\.safetensors: (not a|it belongs)"):
            checkpoint.load(arrays)


def test_an_interrupted_write_leaves_the_older_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "fit.safetensors"
    settings = {"models": conv_lstm(), "data": sine_data(50), "training": TRAINING}
    interrupted(path, 1, **settings)
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        list(train(**settings, checkpoint=path))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_progress_tells_epoch_loss_time_and_replicas():
    seen = []
    list(train(conv_lstm(), sine_data(50), TRAINING, validation=sine_data(20), seeds=2, progress=seen.append))
    assert [now.epoch for now in seen] == [0, 1, 2, 3, 4]
    assert [now.alive for now in seen] == [2, 2, 2, 2, 0]
    best = [now.val_loss for now in seen]
    assert best == sorted(best, reverse=True)
    assert all(np.isfinite(now.seconds_left) for now in seen[1:])
    assert seen[-1].seconds_left == 0


def test_the_progress_bar_is_silent_without_a_terminal(capsys):
    with progress_bar() as progress:
        progress(Progress(1, 2, 0.5, 0.5, 1.0, 1))
    assert capsys.readouterr() == ("", "")
