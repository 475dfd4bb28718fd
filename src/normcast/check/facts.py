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
    """What the model is for. None is not known, and keeps rules silent.

    Parameters
    ----------
    type : {"regression", "classification", "multilabel", "reconstruction"}, optional
        What is told of a window.
    granularity : {"per_window", "per_step"}, optional
        Whether there is one output for a window, or one for each input step.
    causal_required : bool, optional
        Whether an output step may not see later input steps.

    Examples
    --------
    >>> TaskFacts(type="regression").granularity is None
    True
    """

    type: str | None = None
    granularity: str | None = None
    causal_required: bool | None = None


@dataclass(frozen=True)
class Loss:
    """A loss by its short name.

    Parameters
    ----------
    name : str
        As in "mse"; "custom" if it is not Keras' own.
    from_logits : bool, optional
        Whether it takes logits; None is not known.

    Examples
    --------
    >>> Loss("binary_crossentropy", from_logits=True).name
    'binary_crossentropy'
    """

    name: str
    from_logits: bool | None = None


@dataclass(frozen=True)
class TrainingFacts:
    """How the model is trained. None is not known, and keeps rules silent.

    Parameters
    ----------
    optimizer : str, optional
        The class of Keras, as in "Adam".
    learning_rate : float, optional
        The step size, the highest one of a schedule.
    epsilon : float, optional
        What the optimizer adds to a denominator.
    momentum : float, optional
        That of the optimizer.
    weight_decay : float, optional
        That of the optimizer.
    decay_excludes : tuple of str, optional
        The names of variables that weight decay leaves out.
    losses : tuple of Loss or None, default ()
        One, or one for each output, None where an output has none.
    metrics : tuple of str, default ()
        Canonical names.
    batch_size : int, optional
        Windows in one step.
    epochs : int, optional
        How often all windows are visited.
    shuffle : bool, optional
        Whether fit shuffles the windows.
    replicas : int, default 1
        Devices that a batch is divided among.
    custom_step : bool, default False
        Whether train_step or add_loss is the user's.
    uses_gpu : bool, optional
        Whether it trains on a GPU.
    keras_version : str, optional
        The version of Keras, as in "3.12.0".

    Examples
    --------
    >>> TrainingFacts(losses=(Loss("mse"),), batch_size=32).losses[0].name
    'mse'
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
    """What the data look like, as they are given to fit. None is not known, and keeps rules silent.

    Shapes are without the batch axis.

    Parameters
    ----------
    target_shape : tuple of int or None, optional
        The shape of one target.
    target_kind : {"one_hot", "sparse", "binary", "multilabel", "real"}, optional
        How targets are written.
    target_min : float, optional
        The smallest target.
    target_max : float, optional
        The largest target.
    target_mean : float, optional
        The mean of the targets.
    target_std : float, optional
        The standard deviation of the targets.
    n_classes : int, optional
        How many classes there are.
    scaled : bool, optional
        Whether the inputs were scaled.
    input_min : float, optional
        The smallest value of an input.
    input_max : float, optional
        The largest value of an input.
    input_high : float, optional
        The 99.9th percentile of the absolute values of the inputs.
    input_spread : float, optional
        The largest over the smallest standard deviation of a feature.
    window_length : int, optional
        What the user takes for time: the steps of a window.
    n_features : int, optional
        What the user takes for channels.
    n_windows : int, optional
        Windows to train on.
    has_nan : bool, optional
        Whether a value is missing.
    split : {"random", "chronological"}, optional
        How windows were split into training and validation.
    windows_overlap : bool, optional
        Whether windows of different splits share rows.
    duplicates : int, optional
        Windows that stand in two splits.
    normalizer_fit_on : {"train", "all"}, optional
        The windows that the scaling was learned from.
    target_offset : int, optional
        Steps from the last input row to the first target row, at least 1 for a forecast.
    target_is_feature : bool, optional
        Whether a feature column equals the target at the target's own time.
    masked_real_share : float, optional
        The share, from 0 to 1, of steps that are not padding and equal the mask value.

    Examples
    --------
    >>> DataFacts(target_kind="real", target_min=-3.0).target_min
    -3.0
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
    """All that is known beyond the graph of a model; a rule that needs what is not known is silent.

    Parameters
    ----------
    task : TaskFacts, default TaskFacts()
        What the model is for.
    training : TrainingFacts, default TrainingFacts()
        How it is trained.
    data : DataFacts, default DataFacts()
        What it is trained on.
    lost_layers : tuple of str, default ()
        Layers that a script makes and loses, as `lost_layers` names them.

    See Also
    --------
    facts_from : Facts from a model, arrays, a training or a panel.

    Examples
    --------
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

        Parameters
        ----------
        **facts : Any
            Values by the names of `TaskFacts`, `TrainingFacts` and `DataFacts`, and lost_layers.

        Returns
        -------
        Facts
            New facts; these stay as they are.

        Raises
        ------
        ValueError
            If a name is no fact, or a word none of a fact's.
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
        """Return these facts, with those of others where these do not know.

        Parameters
        ----------
        other : Facts
            What fills them.

        Returns
        -------
        Facts
            What either knows; where both do, these win.
        """
        mine, theirs = self.stated(), other.stated()
        return other.known(**mine) if theirs else self

    def stated(self) -> dict[str, Any]:
        """Return what is known, by name.

        Returns
        -------
        dict of str to Any
            The facts that are not as they are by default.
        """
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
        """The number of optimizer steps of the whole training; None where it is not known."""
        known = (self.data.n_windows, self.training.batch_size, self.training.epochs)
        if None in known:
            return None
        windows, batch, epochs = (int(value) for value in known if value is not None)
        return -(-windows // batch) * epochs

    def loss(self, output: int = 0) -> Loss | None:
        """Return the loss of an output.

        Parameters
        ----------
        output : int, default 0
            The number of the output, from 0.

        Returns
        -------
        Loss or None
            None if it has none, or it is not known.
        """
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
