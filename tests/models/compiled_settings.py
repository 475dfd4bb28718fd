"""Networks compiled at random: every optimizer of Keras, and all that can be set beside it."""

from collections.abc import Iterator

import keras
import numpy as np
from keras import layers as L

from normcast import keras_seam
from normcast.models.edits.optimizer_state import inner_optimizers


class Halved(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule of a user's own, in no register."""

    def __init__(self, start):
        self.start = start

    def __call__(self, step):
        return self.start / (1 + keras.ops.cast(step, "float32"))

    def get_config(self):
        return {"start": self.start}


def own_loss(y, prediction):
    return keras.ops.mean(keras.ops.abs(y - prediction) ** 1.5, -1)


WRAPPERS = ("LossScaleOptimizer", "MultiOptimizer")
OPTIMIZERS = sorted(
    name
    for name, each in vars(keras.optimizers).items()
    if isinstance(each, type)
    and issubclass(each, keras.optimizers.Optimizer)
    and name not in ("Optimizer", *WRAPPERS)
)


def network():
    """A convolution with a useless bias, a norm, a dropout, a relu twice over, and a frozen layer."""
    return keras.Sequential(
        [
            keras.Input((6, 2)),
            L.Conv1D(3, 2, name="conv"),
            L.BatchNormalization(name="norm"),
            L.Activation("relu", name="act"),
            L.ReLU(name="again"),
            L.Dropout(0.3, name="drop"),
            L.Flatten(name="flat"),
            L.Dense(4, trainable=False, kernel_regularizer="l2", name="frozen"),
            L.Dense(2, name="head"),
        ]
    )


def compiled(seed: int, optimizer: str = "") -> keras.Model:
    """Return a network compiled with settings drawn by the seed, and trained for three steps."""
    rng = np.random.default_rng(seed)
    model = network()
    one = lambda *given: given[rng.integers(len(given))]  # noqa: E731
    made = drawn(rng, optimizer or OPTIMIZERS[seed % len(OPTIMIZERS)], model)
    if rng.random() < 0.2:
        made = keras.optimizers.LossScaleOptimizer(made, initial_scale=64.0, dynamic_growth_steps=2)
    weighted = one(None, ["mae"], {"head": [keras.metrics.MeanAbsoluteError(name="far")]})
    model.compile(
        made,
        loss=one("mse", keras.losses.Huber(0.5), own_loss, {"head": "mae"}, [own_loss]),
        loss_weights=one(None, [0.5], [2.0]),
        metrics=one(None, ["mae"], [keras.metrics.RootMeanSquaredError(name="root")], [own_loss]),
        weighted_metrics=weighted,
        run_eagerly=bool(rng.integers(2)),
        steps_per_execution=int(one(1, 3)),
        jit_compile=one("auto", False),
    )
    step(model, rng, times=3)
    return model


def drawn(rng, name: str, model: keras.Model) -> keras.optimizers.Optimizer:
    """Return an optimizer of that name with settings at random."""
    one = lambda *given: given[rng.integers(len(given))]  # noqa: E731
    rate = one(0.03, keras.optimizers.schedules.CosineDecay(0.1, 20), Halved(0.2), lambda: 0.07)
    clip = one({}, {"clipnorm": 0.7}, {"clipvalue": 0.1}, {"global_clipnorm": 1.3})
    average = one({}, {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": one(None, 4)})
    gather = one({}, {"gradient_accumulation_steps": 2})
    scale = one({}, {"loss_scale_factor": 8.0})
    decay = one({}, {"weight_decay": 0.1})
    made = getattr(keras.optimizers, name)(rate, **clip, **average, **gather, **scale, **decay)
    spared = one({}, {"var_names": ["gamma", "bias"]}, {"var_list": [model.get_layer("conv").kernel]})
    if spared:
        made.exclude_from_weight_decay(**spared)
    return made


def step(model: keras.Model, rng, times: int = 1) -> None:
    """Let the optimizer take steps with gradients at random, as a training would."""
    variables, optimizer = model.trainable_variables, model.optimizer
    if not optimizer.built:
        optimizer.build(variables)
    for _ in range(times):
        gradients = [
            keras.ops.convert_to_tensor(rng.normal(size=v.shape).astype("float32")) for v in variables
        ]
        # Without state, as Keras trains on JAX: the loss scale leaves its tracers elsewhere.
        values = [v.value for v in optimizer.variables], gradients, [v.value for v in variables]
        moved, kept = optimizer.stateless_apply(*values)
        for variable, value in zip([*variables, *optimizer.variables], [*moved, *kept], strict=True):
            variable.assign(value)


def settings(model: keras.Model) -> dict[str, object]:
    """Return all that a model was compiled with, as values that compare."""
    given = keras_seam.compile_arguments(model)
    return {
        "optimizers": [told(each) for each in with_inner(model.optimizer)],
        "loss": plain(given["loss"]),
        "loss_weights": given["loss_weights"],
        "metrics": plain(given["metrics"]),
        "weighted_metrics": plain(given["weighted_metrics"]),
        "run": (model.run_eagerly, model.steps_per_execution, model.jit_compile),
        "trainable": {layer.name: layer.trainable for layer in model.layers},
    }


def with_inner(optimizer) -> Iterator[object]:
    yield optimizer
    for each in inner_optimizers(optimizer):
        yield from with_inner(each)


def told(optimizer) -> tuple[object, ...]:
    own = keras_seam.own_rate(optimizer)
    config = {k: v for k, v in optimizer.get_config().items() if k != "inner_optimizer"}
    return type(optimizer), config | ({"learning_rate": own} if own else {}), spared(optimizer)


def spared(optimizer) -> list[str]:
    """Return the places in the network that the weight decay of an optimizer leaves out."""
    trained = keras_seam.trained_by(optimizer)
    return ["/".join(v.path.split("/")[-2:]) for v in trained if not keras_seam.is_decayed(optimizer, v)]


def plain(tree) -> object:
    """Return losses and metrics as values: objects of Keras by class and settings, functions as they are."""
    if isinstance(tree, dict):
        return {key: plain(each) for key, each in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [plain(each) for each in tree]
    return (type(tree), tree.get_config()) if hasattr(tree, "get_config") else tree


def state(optimizer, kept) -> dict[str, np.ndarray]:
    """Return what an optimizer and those inside it hold: single values, and lists at the kept variables."""
    found = {}
    for number, each in enumerate(with_inner(optimizer)):
        ones, lists = keras_seam.state_of(each)
        found |= {f"{number} {key}": np.array(v) for key, v in ones.items()}
        for place, variable in enumerate(keras_seam.trained_by(each)):
            name = "/".join(variable.path.split("/")[-2:])
            held = {k: v[place] for k, v in lists.items() if v[place] is not None and name in kept}
            found |= {f"{number} {key} {name}": np.array(v) for key, v in held.items()}
    return found
