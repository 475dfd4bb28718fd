"""What Keras' metrics say of outputs, by the names and rules of a compiled model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from jaxtyping import Shaped

from normcast.engine.identity import is_own

RISING = re.compile(
    r"(^|_)(acc(uracy)?(_|\d|$)|roc_?auc|auc|precision|recall|f1|f_?beta|sensitivity|specificity|r2|io_?u"
    r"|cosine_similarity|true_(posi|nega)tives)"
)
FALLING = re.compile(r"loss|error|entropy|false_")


def measured(
    metrics: Sequence[Any],
    targets: Shaped[np.ndarray, "cases ..."],
    outputs: Shaped[np.ndarray, "cases ..."],
) -> dict[str, float]:
    """Return what metrics say, by Keras' names.

    One that gives several numbers has one name for each. Objects are left in the state they have.

    Parameters
    ----------
    metrics : sequence of str, keras.metrics.Metric or callable
        As `compile` takes them: what "accuracy" means follows from the shapes.
    targets : array (cases, ...)
        What a compiled model would compare with.
    outputs : array (cases, ...)
        What a model gave.

    Returns
    -------
    dict of str to float
        The numbers by name.

    Raises
    ------
    ValueError
        If a metric fails on these shapes, which it names.

    Examples
    --------
    >>> measured(["mae", keras.metrics.MeanSquaredError(name="mse")], np.zeros((2, 1)), np.full((2, 1), 2.0))
    {'mae': 2.0, 'mse': 4.0}
    """
    inputs = keras.Input(outputs.shape[1:], name="told")  # named: Keras counts up names for the user's models
    probe = keras.Model(inputs, keras.layers.Identity(name="as_told")(inputs), name="probe")
    y, told = (np.asarray(each, "float32") for each in (targets, outputs))
    with _kept(metrics):
        try:
            probe.compile(metrics=list(metrics))
            found = probe.compute_metrics(None, y, told)
        except Exception as error:
            names = ", ".join(map(str, metrics))
            raise ValueError(
                f"metrics: {names} cannot be measured on targets {y.shape} and outputs {told.shape}: {error}"
            ) from error
        found.pop("loss", None)  # of Keras' own account
        return dict(_numbers(found))


@contextmanager
def _kept(metrics: Iterable[Any]) -> Iterator[None]:
    """Give metric objects an empty state, and what they had counted back afterwards."""
    objects = [each for each in metrics if isinstance(each, keras.metrics.Metric)]
    before = [[keras.ops.convert_to_numpy(v) for v in each.variables] for each in objects]
    for each in objects:
        each.reset_state()
    try:
        yield
    finally:
        for each, values in zip(objects, before, strict=True):
            each.reset_state()
            for variable, value in zip(each.variables, values, strict=False):
                variable.assign(value)


def _numbers(found: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in found.items():
        flat = np.asarray(value, float).ravel()
        names = [name] if flat.size == 1 else [f"{name}-{place}" for place in range(1, flat.size + 1)]
        yield from zip(names, flat.tolist(), strict=True)


def is_own_metric(metric: Any) -> bool:
    """Say whether a metric is, or may hold, code of the user's.

    Parameters
    ----------
    metric : str, keras.metrics.Metric or callable
        As `compile` takes it.

    Returns
    -------
    bool
        False for what Keras brings.

    Examples
    --------
    >>> is_own_metric("mae"), is_own_metric(keras.metrics.AUC()), is_own_metric(np.add)
    (False, False, True)
    """
    return is_own(metric) or type(metric) is keras.metrics.MeanMetricWrapper


def plain_metric(metric: Any) -> Any:
    """Return a metric of Keras as plain values.

    Parameters
    ----------
    metric : str, keras.metrics.Metric or callable
        One that Keras brings.

    Returns
    -------
    str or dict
        Its name, or Keras' form of it.

    Examples
    --------
    >>> plain_metric(keras.metrics.mean_absolute_error)["config"]
    'mean_absolute_error'
    """
    return metric if isinstance(metric, str) else keras.saving.serialize_keras_object(metric)


def rises(name: str) -> bool:
    """Say whether more of a metric is better, by its name.

    Parameters
    ----------
    name : str
        As Keras writes it.

    Returns
    -------
    bool
        False also for names that say nothing.

    Examples
    --------
    >>> rises("binary_accuracy"), rises("auc_1"), rises("mean_io_u"), rises("mean_absolute_error")
    (True, True, True, False)
    """
    return bool(RISING.search(name.lower())) and not FALLING.search(name.lower())


def beside(found: Mapping[str, float], taken: Iterable[str]) -> dict[str, float]:
    """Return scores of compiled metrics under names that no other score has.

    Parameters
    ----------
    found : mapping of str to float
        The scores by Keras' names.
    taken : iterable of str
        Names of the others.

    Returns
    -------
    dict of str to float
        The same numbers, with " (compiled)" behind a name that is taken.

    Examples
    --------
    >>> beside({"mae": 1.0, "mse": 2.0}, taken=["mae"])
    {'mae (compiled)': 1.0, 'mse': 2.0}
    """
    known = set(taken)
    return {f"{name} (compiled)" if name in known else name: value for name, value in found.items()}
