"""What is known of a model's task, training and data. What is not known is None, and keeps rules silent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from normcast.errors import one_of, unknown

ELEMENTWISE = frozenset(["mse", "mae", "huber", "log_cosh", "mape", "msle"])
REGRESSION = ELEMENTWISE | {"poisson"}
OPTIMIZERS = {
    name.lower(): name
    for name in ("Adam", "AdamW", "Nadam", "Adamax", "RMSprop", "SGD", "Adadelta", "Adagrad", "Ftrl")
}
ONE_OF_MANY = frozenset(
    ["categorical_crossentropy", "sparse_categorical_crossentropy", "categorical_focal_crossentropy"]
)
CROSS_ENTROPY = ONE_OF_MANY | {"binary_crossentropy", "binary_focal_crossentropy"}

WORDS = {
    "type": ("regression", "classification", "multilabel", "reconstruction"),
    "granularity": ("per_window", "per_step"),
    "target_kind": ("one_hot", "sparse", "binary", "multilabel", "real"),
    "normalizer_fit_on": ("train", "all"),
}
"""The facts that are one of a few words, and those."""


@dataclass(frozen=True)
class TaskFacts:
    """type: "regression", "classification", "multilabel" or "reconstruction".

    granularity: "per_window" or "per_step" (an output for each input step).
    causal_required: whether an output step may not see later input steps.
    """

    type: str | None = None
    granularity: str | None = None
    causal_required: bool | None = None


@dataclass(frozen=True)
class Loss:
    """A loss by its short name ("mse"; "custom" if it is not Keras' own), and whether it takes logits."""

    name: str
    from_logits: bool | None = None


@dataclass(frozen=True)
class TrainingFacts:
    """How the model is trained.

    learning_rate: the highest one of a schedule. losses: one, or one for each output, None where an output
    has none. metrics: canonical names. decay_excludes: names of variables that weight decay leaves out.
    shuffle: whether fit shuffles the windows. replicas: devices a batch is divided among. custom_step:
    whether train_step or add_loss is the user's.
    """

    optimizer: str | None = None
    learning_rate: float | None = None
    epsilon: float | None = None
    momentum: float | None = None
    weight_decay: float | None = None
    decay_excludes: tuple[str, ...] | None = None
    losses: tuple[Loss | None, ...] = ()
    metrics: tuple[str, ...] = ()
    batch_size: int | None = None
    epochs: int | None = None
    shuffle: bool | None = None
    replicas: int = 1
    custom_step: bool = False
    uses_gpu: bool | None = None
    keras_version: str | None = None


@dataclass(frozen=True)
class DataFacts:
    """What the data look like, as they are given to fit. Shapes are without the batch axis.

    target_kind: "one_hot", "sparse", "binary", "multilabel" or "real". scaled: whether the inputs were
    scaled. input_high: the 99.9th percentile of |x|; input_spread: the largest over the smallest feature
    deviation. window_length, n_features: what the user takes for time and channels. split: "random" or
    "chronological". windows_overlap: whether windows of different splits share rows.
    normalizer_fit_on: "train" or "all". target_offset: steps from the last input row to the first target
    row (at least 1 for a forecast). target_is_feature: whether a feature column equals the target at the
    target's own time.
    masked_real_share: share of unpadded steps that equal the mask value. duplicates: windows in two splits.
    """

    target_shape: tuple[int | None, ...] | None = None
    target_kind: str | None = None
    target_min: float | None = None
    target_max: float | None = None
    target_mean: float | None = None
    target_std: float | None = None
    n_classes: int | None = None
    scaled: bool | None = None
    input_min: float | None = None
    input_max: float | None = None
    input_high: float | None = None
    input_spread: float | None = None
    window_length: int | None = None
    n_features: int | None = None
    n_windows: int | None = None
    has_nan: bool | None = None
    split: str | None = None
    windows_overlap: bool | None = None
    duplicates: int | None = None
    normalizer_fit_on: str | None = None
    target_offset: int | None = None
    target_is_feature: bool | None = None
    masked_real_share: float | None = None


@dataclass(frozen=True)
class Facts:
    """All that is known beyond the graph.

    >>> facts = Facts().known(type="regression", target_min=-3.0, batch_size=32)
    >>> facts.task.type, facts.data.target_min, facts.training.batch_size
    ('regression', -3.0, 32)
    """

    task: TaskFacts = field(default_factory=TaskFacts)
    training: TrainingFacts = field(default_factory=TrainingFacts)
    data: DataFacts = field(default_factory=DataFacts)
    lost_layers: tuple[str, ...] = ()

    def known(self, **facts: Any) -> Facts:
        """Return the facts with more of them known.

        Raises ValueError on a name that is no fact, and on a word that is none of a fact's.
        """
        groups: dict[str, dict[str, Any]] = {"task": {}, "training": {}, "data": {}}
        changed: dict[str, Any] = {}
        for name, value in facts.items():
            if name == "lost_layers":
                changed[name] = tuple(value)
            else:
                if name in WORDS:
                    one_of("Facts", name, value, WORDS[name], optional=True)
                plain = OPTIMIZERS.get(str(value).lower(), value) if name == "optimizer" else value
                groups[_group(name)][name] = tuple(plain) if isinstance(plain, list) else plain
        for group, values in groups.items():
            if values:
                changed[group] = replace(getattr(self, group), **values)
        return replace(self, **changed)

    def filled_from(self, other: Facts) -> Facts:
        """Return these facts, with those of `other` where these do not know."""
        mine, theirs = self.stated(), other.stated()
        return other.known(**mine) if theirs else self

    def stated(self) -> dict[str, Any]:
        """Return what is known, by name."""
        found = {n: getattr(getattr(self, g), n) for n, g in _GROUPS.items()}
        empty = {n: getattr(getattr(Facts(), g), n) for n, g in _GROUPS.items()}
        stated = {n: v for n, v in found.items() if v != empty[n]}
        return stated | ({"lost_layers": self.lost_layers} if self.lost_layers else {})

    @property
    def is_regression(self) -> bool:
        """Whether the task is known, or can be inferred, to be a regression (or a reconstruction)."""
        if self.task.type is not None:
            return self.task.type in ("regression", "reconstruction")
        if self.data.target_kind in ("one_hot", "sparse", "binary", "multilabel"):
            return False
        losses = [loss for loss in self.training.losses if loss is not None]
        return bool(losses) and all(loss.name in REGRESSION for loss in losses)

    @property
    def needs_causal_steps(self) -> bool:
        """Whether each step has an output that must not depend on later inputs."""
        return self.task.causal_required is True and self.task.granularity == "per_step"

    @property
    def steps(self) -> int | None:
        """The number of optimizer steps of the whole training."""
        known = (self.data.n_windows, self.training.batch_size, self.training.epochs)
        if None in known:
            return None
        windows, batch, epochs = (int(value) for value in known if value is not None)
        return -(-windows // batch) * epochs

    def loss(self, output: int = 0) -> Loss | None:
        """Return the loss of an output; None if it has none, or it is not known."""
        losses = self.training.losses
        if not losses:
            return None
        return losses[output] if len(losses) > 1 and output < len(losses) else losses[0]


_GROUPS = {
    f.name: g
    for g, c in (("task", TaskFacts), ("training", TrainingFacts), ("data", DataFacts))
    for f in fields(c)
}


def _group(name: str) -> str:
    if name not in _GROUPS:
        raise ValueError(unknown("fact", name, _GROUPS, where="Facts"))
    return _GROUPS[name]


def to_facts(facts: Facts | Mapping[str, Any] | None) -> Facts:
    """Return facts given as such, as a mapping of names to values, or not at all."""
    if facts is None:
        return Facts()
    return facts if isinstance(facts, Facts) else Facts().known(**facts)
