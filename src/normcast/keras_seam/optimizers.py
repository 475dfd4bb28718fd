"""What Keras' optimizers keep to themselves: their state, and what they leave out."""

from collections.abc import Iterable
from typing import Any

import keras

from normcast.keras_seam.gone import told_gone


def is_decayed(optimizer: keras.optimizers.Optimizer, variable: keras.Variable) -> bool | None:
    """Say whether an optimizer's weight decay acts on a variable.

    Hidden: `Optimizer._use_weight_decay`. Without it: None, not known.

    >>> optimizer = keras.optimizers.AdamW()
    >>> optimizer.exclude_from_weight_decay(var_names=["bias"])
    >>> is_decayed(optimizer, keras.Variable([0.0], name="bias"))
    False
    """
    ask = getattr(optimizer, "_use_weight_decay", None)
    if ask is None:
        told_gone("Optimizer._use_weight_decay")
        return None
    return bool(ask(variable))


def spared(
    optimizer: keras.optimizers.Optimizer, variables: Iterable[keras.Variable]
) -> tuple[list[keras.Variable], list[str]]:
    """Return what weight decay leaves out: those of the variables that were named one by one, and patterns.

    Hidden: `Optimizer._exclude_from_weight_decay` and `_exclude_from_weight_decay_pattern`. Without the
    second: what is left out, one by one, as far as `is_decayed` knows.

    >>> optimizer = keras.optimizers.AdamW()
    >>> optimizer.exclude_from_weight_decay(var_names=["bias"])
    >>> spared(optimizer, [])
    ([], ['bias'])
    """
    pattern = getattr(optimizer, "_exclude_from_weight_decay_pattern", None)
    if pattern is not None:
        listed: set[Any] = getattr(optimizer, "_exclude_from_weight_decay", set())
        return [each for each in variables if optimizer._var_key(each) in listed], [pattern.pattern]
    return [each for each in variables if is_decayed(optimizer, each) is False], []


def own_rate(optimizer: keras.optimizers.Optimizer) -> Any:
    """Return the schedule or function that tells an optimizer its learning rate, None where it is a number.

    Hidden: `Optimizer._learning_rate`. Without it: None, and a schedule is made anew from what Keras writes.

    >>> own_rate(keras.optimizers.Adam(0.1)) is None
    True
    """
    if not hasattr(optimizer, "_learning_rate"):
        told_gone("Optimizer._learning_rate")
    rate = getattr(optimizer, "_learning_rate", None)
    return rate if callable(rate) else None


def trained_by(optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    """Return the variables that an optimizer was built for, in its order.

    Hidden: `Optimizer._trainable_variables`. Without it none: what it has learned of them is not found.
    """
    if not hasattr(optimizer, "_trainable_variables"):
        told_gone("Optimizer._trainable_variables")
    return list(getattr(optimizer, "_trainable_variables", ()))


def state_of(optimizer: keras.optimizers.Optimizer) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Return what an optimizer keeps, by attribute: single variables, and lists of one for each it trains.

    Hidden: the attributes, and that `Optimizer._variables` lists them all again.

    >>> optimizer = keras.optimizers.Adam()
    >>> optimizer.build([keras.Variable([0.0])])
    >>> sorted(state_of(optimizer)[1])
    ['_momentums', '_velocities']
    """
    held = {key: value for key, value in vars(optimizer).items() if key not in _LISTED_AGAIN}
    single = {key: value for key, value in held.items() if isinstance(value, keras.Variable)}
    count = len(trained_by(optimizer))
    lists = {key: value for key, value in held.items() if isinstance(value, list) and len(value) == count}
    each = {key: value for key, value in lists.items() if any(isinstance(v, keras.Variable) for v in value)}
    return single, each


_LISTED_AGAIN = ("_variables", "_trainable_variables")
AVERAGES = "_model_variables_moving_average"
"""The attribute of an optimizer with the averages that become the weights in the end."""
