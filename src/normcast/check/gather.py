"""Gather facts from a compiled model, a training setting, arrays and a panel."""

from __future__ import annotations

from typing import Any

import numpy as np

from normcast.check.facts import OPTIMIZERS, Facts, Loss
from normcast.engine.identity import is_keras

_LOSS = {
    "mean_squared_error": "mse",
    "mean_absolute_error": "mae",
    "mean_absolute_percentage_error": "mape",
    "mean_squared_logarithmic_error": "msle",
    "logcosh": "log_cosh",
    "kld": "kl_divergence",
    "bce": "binary_crossentropy",
}
_KNOWN_LOSSES = frozenset(
    [
        "mse",
        "mae",
        "mape",
        "msle",
        "huber",
        "log_cosh",
        "poisson",
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
        "binary_crossentropy",
        "categorical_focal_crossentropy",
        "binary_focal_crossentropy",
        "kl_divergence",
        "hinge",
        "squared_hinge",
        "categorical_hinge",
        "cosine_similarity",
    ]
)

SCALED_BELOW = 10.0
"""Data whose 99.9th percentile of |y| is at most this count as scaled; see unscaled-input."""


def facts_from(
    model: Any = None,
    *,
    training: Any = None,
    x: Any = None,
    y: Any = None,
    validation: tuple[Any, Any] | None = None,
    panel: Any = None,
    **known: Any,
) -> Facts:
    """Return the facts that can be read off what is given.

    Parameters
    ----------
    model : keras.Model, optional
        Its compile settings are read.
    training : Training, optional
        How it is trained: batch_size, epochs, optimizer, ...
    x : array (windows, time, channels) or dict of arrays, optional
        Inputs as given to fit; several inputs are a dict by name.
    y : array (windows, ...), optional
        Targets as given to fit.
    validation : tuple of arrays, optional
        The (x, y) of the validation windows; windows that stand in both are counted.
    panel : Panel or sequence of Panel, optional
        Series whose targets are given to fit as they stand.
    **known : Any
        Further facts by name, as in `Facts.known`; these win.

    Returns
    -------
    Facts
        What is known, for `check_model`, `fix_model`, `run_checks`.

    Raises
    ------
    ValueError
        If a name is no fact, or a word none of a fact's.

    Examples
    --------
    >>> import numpy as np
    >>> facts_from(x=np.zeros((10, 8, 3)), y=np.ones((10, 1))).data.target_shape
    (1,)
    """
    found: dict[str, Any] = {}
    found |= _from_model(model) if model is not None else {}
    found |= _from_training(training) if training is not None else {}
    found |= _from_panels(panel) if panel is not None else {}
    found |= _from_inputs(x) if x is not None else {}
    found |= _from_targets(y, found.get("losses", ())) if y is not None else {}
    found |= _from_split(x, y, validation) if validation is not None else {}
    return Facts().known(**(found | known))


def _from_model(model: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"custom_step": _has_own_step(model)}
    if not getattr(model, "compiled", False):
        return found
    try:
        config = model.get_compile_config() or {}
    except Exception:  # a compile configuration that cannot be written down; take it from the live objects
        config = {}
    optimizer = getattr(model, "optimizer", None)
    found |= _optimizer_facts(optimizer, model) if optimizer is not None else {}
    loss = getattr(model, "loss", None) if not config else config.get("loss")
    live = getattr(model, "loss", None)
    losses = [_loss(a, b) for a, b in zip(_listed(loss, model), _listed(live, model), strict=False)]
    found["losses"] = tuple(losses) if any(item is not None for item in losses) else ()
    found["metrics"] = tuple(metric_name(m) for m in _leaves(config.get("metrics")) if m is not None)
    return found


def _has_own_step(model: Any) -> bool:
    import keras

    from normcast import keras_seam

    own = any(
        getattr(type(model), name, None) is not getattr(keras.Model, name, None)
        for name in ("train_step", "compute_loss")
    )
    return own or keras_seam.has_added_losses(model)


def _optimizer_facts(optimizer: Any, model: Any) -> dict[str, Any]:
    config = optimizer.get_config()
    found = {
        "optimizer": type(optimizer).__name__,
        "learning_rate": peak_rate(config.get("learning_rate")),
        "epsilon": config.get("epsilon"),
        "momentum": config.get("momentum"),
        "weight_decay": config.get("weight_decay"),
    }
    from normcast import keras_seam

    # What is not known to be decayed counts as left out: a rule speaks of what it knows.
    decayed = {v.name for v in model.trainable_variables if keras_seam.is_decayed(optimizer, v)}
    found["decay_excludes"] = tuple(sorted({v.name for v in model.trainable_variables} - decayed)) or None
    return {key: value for key, value in found.items() if value is not None}


def peak_rate(rate: Any) -> float | None:
    """Return a learning rate, or the highest one of a serialized schedule; None if that is not known.

    >>> peak_rate({"class_name": "CosineDecay", "config": {"initial_learning_rate": 0.1}})
    0.1
    """
    if isinstance(rate, dict):
        config = rate.get("config", {})
        values = [
            config.get("initial_learning_rate"),
            config.get("warmup_target"),
            *(config.get("values") or []),
        ]
        numbers = [float(v) for v in values if isinstance(v, (int, float))]
        return max(numbers, default=None)
    return float(rate) if isinstance(rate, (int, float)) else None


def _listed(loss: Any, model: Any) -> list[Any]:
    if isinstance(loss, dict) and "class_name" not in loss:
        given = getattr(model, "output", None)  # losses go by keys of outputs, where these have keys
        keys = sorted(given) if isinstance(given, dict) and set(loss) <= set(given) else None
        names = keys or getattr(model, "output_names", None) or list(loss)
        return [loss.get(name) for name in names]
    return list(loss) if isinstance(loss, (list, tuple)) else [loss]


def _loss(loss: Any, live: Any) -> Loss | None:
    if loss is None:
        return None
    if isinstance(loss, dict) and isinstance(loss.get("config"), str):
        return Loss(loss_name(loss["config"]) if is_keras(live) else "custom", False)
    if isinstance(loss, dict):
        config = loss.get("config") if isinstance(loss.get("config"), dict) else {}
        name = loss_name(str(loss.get("class_name"))) if live is None or is_keras(type(live)) else "custom"
        return Loss(name, (config or {}).get("from_logits"))
    if callable(loss):
        return Loss(loss_name(getattr(loss, "__name__", type(loss).__name__)) if is_keras(loss) else "custom")
    return Loss(loss_name(loss), False)


def loss_name(name: str) -> str:
    """Return the short name of a Keras loss; "custom" for any other.

    >>> loss_name("MeanSquaredError"), loss_name("mse"), loss_name("my_loss")
    ('mse', 'mse', 'custom')
    """
    plain = _snake(name)
    plain = _LOSS.get(plain, plain)
    return plain if plain in _KNOWN_LOSSES else "custom"


def metric_name(metric: Any) -> str:
    """Return a metric's name: "accuracy" for the string, "Accuracy" for the class of exact equality."""
    if isinstance(metric, dict):
        return str(metric.get("class_name"))
    return metric if isinstance(metric, str) else type(metric).__name__


def _snake(name: str) -> str:
    out = ""
    for i, letter in enumerate(name):
        out += (
            "_" if letter.isupper() and i and not name[i - 1].isupper() and name[i - 1] != "_" else ""
        ) + letter.lower()
    return out


def _from_training(training: Any) -> dict[str, Any]:
    names = ("batch_size", "epochs", "learning_rate", "weight_decay")
    found = {name: getattr(training, name, None) for name in names}
    optimizer = getattr(training, "optimizer", None)
    if isinstance(optimizer, str):
        found["optimizer"] = OPTIMIZERS.get(optimizer.lower())
    elif optimizer is not None:
        found["optimizer"] = type(optimizer).__name__
    loss = getattr(training, "loss", None)
    found["losses"] = (Loss(loss_name(loss), False),) if isinstance(loss, str) else None
    return {key: value for key, value in found.items() if value is not None}


def _from_panels(panels: Any) -> dict[str, Any]:
    """Take the series as they are given to fit; a value that was filled is a missing one."""
    listed = panels if isinstance(panels, (list, tuple)) else [panels]
    y = np.concatenate([np.asarray(panel.y, float) for panel in listed])
    seen = y[np.concatenate([np.asarray(panel.observed, bool) for panel in listed]) & np.isfinite(y)]
    found: dict[str, Any] = {"has_nan": seen.size < y.size}
    if not seen.size:
        return found
    return found | {
        "target_min": float(seen.min()),
        "target_max": float(seen.max()),
        "target_mean": float(seen.mean()),
        "target_std": float(seen.std()),
        "scaled": bool(np.quantile(np.abs(seen), 0.999) <= SCALED_BELOW),
    }


def _from_inputs(x: Any) -> dict[str, Any]:
    inputs = [np.asarray(each) for each in (x.values() if isinstance(x, dict) else [x])]
    found: dict[str, Any] = {"n_windows": len(inputs[0])}
    inputs = [each for each in inputs if np.issubdtype(each.dtype, np.floating) and each.size]
    if not inputs:
        return found
    seen = np.concatenate([each[np.isfinite(each)] for each in inputs])
    columns = [each.reshape(-1, each.shape[-1] if each.ndim > 1 else 1) for each in inputs]
    deviations = np.concatenate([np.nanstd(each, axis=0) for each in columns])
    moving = deviations[deviations > 0]
    return found | {
        "has_nan": any(bool(np.isnan(each).any()) for each in inputs),
        "input_min": float(seen.min(initial=0)),
        "input_max": float(seen.max(initial=0)),
        "input_high": float(np.quantile(np.abs(seen), 0.999)) if seen.size else 0.0,
        "input_spread": float(moving.max() / moving.min()) if moving.size else 1.0,
    }


def _from_targets(y: Any, losses: tuple[Loss, ...]) -> dict[str, Any]:
    if isinstance(y, (list, tuple)) and len(y) == 1 and hasattr(y[0], "shape"):
        y = y[0]
    several = isinstance(y, (list, tuple)) and len(y) > 1 and getattr(y[0], "ndim", 0) > 0
    if isinstance(y, dict) or several:  # which facts of which output they would be, a rule does not ask
        return {}
    y = np.asarray(y)
    if not np.issubdtype(y.dtype, np.number) or not y.size:
        return {"target_shape": tuple(y.shape[1:])}
    seen = y[np.isfinite(y)] if np.issubdtype(y.dtype, np.floating) else y
    found: dict[str, Any] = {
        "target_shape": tuple(y.shape[1:]),
        "target_min": float(seen.min()),
        "target_max": float(seen.max()),
        "target_mean": float(seen.mean()),
        "target_std": float(seen.std()),
        "target_kind": _target_kind(y, losses),
        "has_nan": bool(len(seen.ravel()) < y.size),
    }
    return {key: value for key, value in found.items() if value is not None and value is not False}


def _target_kind(y: Any, losses: tuple[Loss, ...]) -> str | None:
    values = np.unique(y[:10000])
    if set(values.tolist()) <= {0, 1}:
        if y.ndim > 1 and y.shape[-1] > 1:
            return "one_hot" if np.all(y.sum(axis=-1) == 1) else "multilabel"
        return "binary"
    if any(loss.name == "sparse_categorical_crossentropy" for loss in losses):
        return "sparse"
    return "real" if np.any(values[np.isfinite(values)] % 1) else None


def _from_split(x: Any, y: Any, validation: tuple[Any, Any]) -> dict[str, Any]:
    """Find windows that stand in both splits, byte for byte."""
    train = {np.asarray(window).tobytes() for window in np.asarray(x)} if x is not None else set()
    shared = sum(np.asarray(window).tobytes() in train for window in np.asarray(validation[0]))
    return {"duplicates": shared}


def _leaves(tree: Any) -> list[Any]:
    if isinstance(tree, dict) and "class_name" not in tree:
        return [leaf for value in tree.values() for leaf in _leaves(value)]
    if isinstance(tree, (list, tuple)):
        return [leaf for value in tree for leaf in _leaves(value)]
    return [tree]
