"""Training: how a network is trained, as a frozen value."""

from dataclasses import dataclass
from typing import Any, Literal

import keras

from normcast.engine.identity import has_foreign, is_own
from normcast.engine.losses import LossLike, key_of, loss_of, plain_of
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
    """How a network is trained, as a value.

    Parameters
    ----------
    optimizer : str or keras.optimizers.Optimizer, default "nadam"
        "nadam", "adam", "adamw", "sgd" and other names of Keras, with Keras' defaults; or a Keras optimizer,
        which stands for its settings: it is left as it is.
    learning_rate : float or None, default None
        Above 0; None is that of the optimizer, 0.001 for a name.
    schedule : {None, "cosine", "exponential"}, default None
        None holds the learning rate; "cosine" lowers it to 0 over all steps (Keras' CosineDecay);
        "exponential" lowers it to 1 % of its start.
    loss : str or keras.losses.Loss or callable, default "mse"
        "mse", "mae", "huber" or another of Keras' names, a loss of Keras, or a function of (targets,
        outputs).
    batch_size : int, default 32
        Windows per step, at least 1.
    epochs : int, default 50
        The most epochs, at least 1.
    epoch_windows : int or None, default None
        Windows that one epoch visits, drawn anew for each; None visits all.
    patience : int or None, default 10
        Epochs without a better validation loss before a replica stops; None trains to the end.
    clipnorm : float or None, default None
        The largest norm of each variable's gradient, above 0; None does not clip.
    weight_decay : float or None, default None
        Decoupled, with any optimizer; None is the optimizer's own (AdamW: 0.004, others: none).
    seed : int, default 0
        Of initial weights, window order and random layers; replica i has seed + i.
    rng : {"fast", "keras"}, default "fast"
        Whether the random layers' numbers are drawn cheaply, or exactly as Keras would.
    compute : {"float32", "bfloat16"}, default "float32"
        With "bfloat16" it is computed in bfloat16, and the weights are kept in float32.
    undecayed : tuple of str, default ()
        Paths of variables that weight decay leaves out.
    loss_weight : float, default 1.0
        Above 0, what the loss is multiplied by; regularization is not.
    by : {"engine", "keras"}, default "engine"
        "keras" is Keras' own training, slower, with what the engine does not do: moving averages of the
        weights, a scaled loss, a train_step of the model's own. Random layers then draw as Keras would.
    reason : str, default ""
        Why it is left to Keras, for people.
    record : int or None, default None
        How many of the windows, evenly spread (of `Shards` those of the first), are looked at after each
        epoch, so that `Trained.flow` tells what gradients and gates did; None looks at none. The training is
        the same bit for bit.
    ema_momentum : float or None, default None
        Within (0, 1), of an exponential moving average of the trained weights, as Keras names it: the average
        is judged after each epoch, kept and handed out, while the steps go on from the weights themselves.
        Over the first steps it is lower, (1 + step) / (10 + step), so that the average leaves the initial
        weights. Statistics such as those of batch norm are not averaged. None averages nothing.

    Raises
    ------
    ValueError
        For values out of range, unknown names, and an optimizer that is not trained with.

    Examples
    --------
    >>> Training(optimizer="adam", epochs=3)
    Training(optimizer='adam', learning_rate=0.001, epochs=3)
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
    ema_momentum: float | None = None

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
        self._check_average()
        self._settle_optimizer()
        for name in ("learning_rate", "clipnorm", "loss_weight"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"Training: {name} is {value}, but must be above 0.")

    def _check_average(self) -> None:
        """Refuse a momentum that averages nothing, and one that Keras would not know of."""
        if self.ema_momentum is None:
            return
        if not 0 < self.ema_momentum < 1:
            raise ValueError(
                f"Training: ema_momentum is {self.ema_momentum}, but must be above 0 and below 1."
            )
        if self.by == "keras":
            raise ValueError(
                f"Training: ema_momentum is {self.ema_momentum}, which by='keras' does not read. Give an "
                "optimizer with use_ema=True and its ema_momentum."
            )

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
            self.ema_momentum,
        )

    @property
    def is_told(self) -> bool:
        """Whether `key` tells all that a program is made of: no loss or optimizer of the user's own code."""
        loss = plain_of(self.loss)
        own = is_own(self.loss) or is_own(self.optimizer)
        return not own and not has_foreign(loss) and not has_foreign(plain(self.optimizer))

    @property
    def loss_key(self) -> str:
        """What tells the loss from others."""
        return f"{self.loss_weight} x {key_of(self.loss)}"

    def build_loss(self) -> keras.losses.Loss:
        """Return the loss as an object of Keras.

        Returns
        -------
        keras.losses.Loss
            The loss, without `loss_weight`.
        """
        return loss_of(self.loss)

    def build_optimizer(self) -> Optimizer:
        """Return the optimizer as an object of Keras.

        Returns
        -------
        keras.optimizers.Optimizer
            A new one, with a constant learning rate (the engine applies `schedule`) or its own schedule.
        """
        return made(self.optimizer, self.learning_rate, self.clipnorm, self.weight_decay)
