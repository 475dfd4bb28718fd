"""Training: how a network is trained, as a frozen value."""

from dataclasses import dataclass
from typing import Any, Literal

import keras

from normcast.errors import unknown
from normcast.plain import text

OPTIMIZERS = {
    "nadam": keras.optimizers.Nadam,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
}
LOSSES = {
    "mse": keras.losses.MeanSquaredError,
    "mae": keras.losses.MeanAbsoluteError,
    "huber": keras.losses.Huber,
}
SCHEDULES = ("cosine", "exponential")


@dataclass(frozen=True)
class Training:
    """How a network is trained.

    optimizer: "nadam", "adam", "adamw", "sgd" or "rmsprop", Keras' own with Keras' defaults.
    learning_rate: above 0. schedule: None holds it; "cosine" lowers it to 0 over all steps
    (Keras' CosineDecay); "exponential" lowers it to 1 % of its start.
    loss: "mse", "mae", "huber" or any `keras.losses.Loss`.
    batch_size, epochs: at least 1. epoch_windows: windows that one epoch visits, drawn anew for each; None
    visits all. patience: epochs without a better validation loss before a replica stops;
    None trains to the end. clipnorm: the largest norm of each variable's gradient, None does not clip.
    weight_decay: decoupled, with any optimizer; None is the optimizer's own (AdamW: 0.004, others: none).
    seed: of initial weights, window order and random layers; replica i has seed + i.
    rng: "fast" draws the random layers' numbers cheaply, "keras" exactly as Keras would.
    compute: "float32", or "bfloat16" to compute in bfloat16 and keep the weights in float32.
    Raises ValueError on values out of range.

    >>> Training(optimizer="adam", epochs=3).epochs
    3
    """

    optimizer: str = "nadam"
    learning_rate: float = 1e-3
    schedule: Literal["cosine", "exponential"] | None = None
    loss: str | keras.losses.Loss = "mse"
    batch_size: int = 32
    epochs: int = 50
    epoch_windows: int | None = None
    patience: int | None = 10
    clipnorm: float | None = None
    weight_decay: float | None = None
    seed: int = 0
    rng: Literal["fast", "keras"] = "fast"
    compute: Literal["float32", "bfloat16"] = "float32"

    def __post_init__(self) -> None:
        choices: tuple[tuple[str, Any, Any], ...] = (
            ("optimizer", self.optimizer, OPTIMIZERS),
            ("schedule", self.schedule or "cosine", SCHEDULES),
            ("loss", self.loss if isinstance(self.loss, str) else "mse", LOSSES),
            ("rng", self.rng, ("fast", "keras")),
            ("compute", self.compute, ("float32", "bfloat16")),
        )
        for kind, got, known in choices:
            if got not in known:
                raise ValueError(unknown(kind, got, known, where="Training"))
        for name, least in (
            ("batch_size", 1),
            ("epochs", 1),
            ("epoch_windows", 1),
            ("patience", 0),
            ("seed", 0),
        ):
            value = getattr(self, name)
            if value is not None and (value != int(value) or value < least):
                raise ValueError(f"Training: {name} is {value}, but must be a whole number from {least}.")
        for name in ("learning_rate", "clipnorm"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"Training: {name} is {value}, but must be above 0.")

    @property
    def key(self) -> tuple[Any, ...]:
        """What a compiled program depends on: not the learning rate, the epochs or the seed."""
        return (
            self.optimizer,
            self.schedule,
            self.loss_key,
            self.clipnorm,
            self.weight_decay,
            self.rng,
            self.compute,
        )

    @property
    def loss_key(self) -> str:
        """The loss as text: its name, or the configuration of a Keras loss."""
        if isinstance(self.loss, str):
            return self.loss
        return text(keras.saving.serialize_keras_object(self.loss))

    def build_loss(self) -> keras.losses.Loss:
        """Return the Keras loss."""
        return LOSSES[self.loss]() if isinstance(self.loss, str) else self.loss

    def build_optimizer(self, clip: bool = True) -> keras.optimizers.Optimizer:
        """Return the Keras optimizer, with a constant learning rate: the engine applies the schedule."""
        settings: dict[str, Any] = {"learning_rate": self.learning_rate}
        if clip:
            settings["clipnorm"] = self.clipnorm
        if self.weight_decay is not None:
            settings["weight_decay"] = self.weight_decay
        return OPTIMIZERS[self.optimizer](**settings)
