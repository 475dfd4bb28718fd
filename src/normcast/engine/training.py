"""Training: how a network is trained, as a frozen value."""

from dataclasses import dataclass
from typing import Any, Literal

import keras

from normcast.engine.losses import LossLike, key_of, loss_of
from normcast.engine.optimizer import (
    OPTIMIZERS,
    Optimizer,
    left_to_keras,
    made,
    plain,
    rate_of,
    refused,
)
from normcast.errors import at_least_one, unknown
from normcast.plain import text
from normcast.sheet import Written

SCHEDULES = ("cosine", "exponential")


@dataclass(frozen=True, repr=False)
class Training(Written):
    """How a network is trained.

    optimizer: "nadam", "adam", "adamw", "sgd" and other names of Keras, with Keras' defaults; or a Keras
    optimizer, which stands for its settings: it is left as it is.
    learning_rate: above 0; None is that of the optimizer, 0.001 for a name. schedule: None holds it; "cosine"
    lowers it to 0 over all steps (Keras' CosineDecay); "exponential" lowers it to 1 % of its start.
    undecayed: paths of variables that weight decay leaves out.
    loss: "mse", "mae", "huber" or another of Keras' names, a `keras.losses.Loss`, or a function of (targets,
    outputs).
    batch_size, epochs: at least 1. epoch_windows: windows that one epoch visits, drawn anew for each; None
    visits all. patience: epochs without a better validation loss before a replica stops;
    None trains to the end. clipnorm: the largest norm of each variable's gradient, None does not clip.
    weight_decay: decoupled, with any optimizer; None is the optimizer's own (AdamW: 0.004, others: none).
    seed: of initial weights, window order and random layers; replica i has seed + i.
    rng: "fast" draws the random layers' numbers cheaply, "keras" exactly as Keras would.
    compute: "float32", or "bfloat16" to compute in bfloat16 and keep the weights in float32.
    loss_weight: above 0, what the loss is multiplied by; regularization is not.
    by: "engine", or "keras" for Keras' own training, slower, with what the engine does not do: moving
    averages of the weights, a scaled loss, a train_step of the model's own. Random layers then draw as Keras
    would.
    reason: why it is left to Keras, for people.
    record: how many of the windows, evenly spread (of `Shards` those of the first), are looked at after each
    epoch, so that `Trained.flow` tells what gradients and gates did; None looks at none. The training is the
    same bit for bit.
    Raises ValueError on values out of range.

    >>> Training(optimizer="adam", epochs=3).epochs
    3
    """

    optimizer: str | Optimizer = "nadam"
    learning_rate: float | None = None
    schedule: Literal["cosine", "exponential"] | None = None
    loss: LossLike = "mse"
    batch_size: int = 32
    epochs: int = 50
    epoch_windows: int | None = None
    patience: int | None = 10
    clipnorm: float | None = None
    weight_decay: float | None = None
    seed: int = 0
    rng: Literal["fast", "keras"] = "fast"
    compute: Literal["float32", "bfloat16"] = "float32"
    undecayed: tuple[str, ...] = ()
    loss_weight: float = 1.0
    by: Literal["engine", "keras"] = "engine"
    reason: str = ""
    record: int | None = None

    def __post_init__(self) -> None:
        choices: tuple[tuple[str, Any, Any], ...] = (
            ("optimizer", self.optimizer if isinstance(self.optimizer, str) else "adam", OPTIMIZERS),
            ("schedule", self.schedule or "cosine", SCHEDULES),
            ("rng", self.rng, ("fast", "keras")),
            ("compute", self.compute, ("float32", "bfloat16")),
            ("by", self.by, ("engine", "keras")),
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
        if self.record is not None:
            at_least_one("Training", "record", self.record)
        loss_of(self.loss)
        self._settle_optimizer()
        for name in ("learning_rate", "clipnorm", "loss_weight"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"Training: {name} is {value}, but must be above 0.")

    def _settle_optimizer(self) -> None:
        """Take the learning rate of the optimizer where none is given; refuse what is not trained with."""
        given = self.optimizer
        if isinstance(given, str):
            rate: float | None = 1e-3
        else:
            self._refuse_optimizer(given)
            rate = rate_of(given)
        if self.learning_rate is None:
            object.__setattr__(self, "learning_rate", rate)
        if self.learning_rate is None and self.schedule is not None:
            raise ValueError(
                f"Training: schedule is {self.schedule!r}, but the optimizer has a schedule of its own. Give "
                "one of them."
            )

    def _refuse_optimizer(self, given: Optimizer) -> None:
        name, why = type(given).__name__, refused(given)
        if why:
            raise ValueError(f"Training: optimizer {name} {why}; it is not trained with.")
        left = left_to_keras(given)
        if left and self.by == "engine":
            raise ValueError(
                f"Training: optimizer {name} {left}, which the engine does not do. Give by='keras'."
            )

    @property
    def key(self) -> tuple[Any, ...]:
        """What a compiled program depends on: not the learning rate, the epochs or the seed."""
        handed = None if self.learning_rate is None else 1.0  # the rate, where it is no part of the program
        return (
            text(plain(made(self.optimizer, handed))),
            self.schedule,
            self.undecayed,
            self.loss_key,
            self.clipnorm,
            self.weight_decay,
            self.rng,
            self.compute,
            self.by,
        )

    @property
    def loss_key(self) -> str:
        """What tells the loss from others."""
        return f"{self.loss_weight} x {key_of(self.loss)}"

    def build_loss(self) -> keras.losses.Loss:
        """Return the Keras loss."""
        return loss_of(self.loss)

    def build_optimizer(self) -> Optimizer:
        """Return the Keras optimizer, with a constant learning rate (the engine applies `schedule`) or its
        own schedule.
        """
        return made(self.optimizer, self.learning_rate, self.clipnorm, self.weight_decay)
