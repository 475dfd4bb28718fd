"""What is given to a look: a model, arrays in the structure of its inputs, and targets; refused here if
they don't fit.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import tree

from normcast import keras_seam


def refuse_unbuilt(model: Any) -> None:
    """Raise TypeError for what is no Keras model, ValueError for one without weights yet."""
    if not isinstance(model, keras.Model):
        raise TypeError(f"inspect: needs a keras.Model, but was given a {type(model).__name__}.")
    if not model.built:
        raise ValueError(
            f"inspect: model {model.name!r} is not built: its layers do not know what they read. Begin it "
            "with keras.Input(...), or call it on some x once."
        )


def read_x(model: keras.Model, x: Any, finite: bool = True) -> Any:
    """Return x as arrays in the structure that the model is called with.

    x: an array, or a list or a dict of arrays for a model of several inputs. Raises ValueError with the
    shape that was given and the one that is needed, or, unless finite=False, where a value is not finite.
    """
    x = tree.map_structure(np.asarray, x) if tree.is_nested(x) and not _is_rows(x) else np.asarray(x)
    leaves = tree.flatten(x)
    wanted = list(getattr(model, "inputs", None) or [])
    names = input_names(model)
    if isinstance(x, dict) and names and set(names) <= set(x):
        leaves = [x[name] for name in names]
    if wanted and len(leaves) != len(wanted):
        raise ValueError(
            f"inspect: model {model.name!r} has {len(wanted)} inputs ({', '.join(names)}), but x holds "
            f"{len(leaves)} arrays. Give a list or a dict with one array for each."
        )
    for i, leaf in enumerate(leaves):
        name = names[i] if i < len(names) and len(leaves) > 1 else "x"
        _refuse_other_shape(leaf, tuple(wanted[i].shape) if wanted else None, name)
        if finite:
            _refuse_not_finite(leaf, name)
    if len({len(leaf) for leaf in leaves}) > 1:
        raise ValueError(
            f"inspect: the inputs hold {[len(leaf) for leaf in leaves]} cases; they must be as many."
        )
    if keras_seam.is_functional(model):
        x = tree.pack_sequence_as(model.input, leaves)
    elif len(wanted) == 1:
        x = leaves[0]
    dtypes = [str(each.dtype) for each in wanted] or [""] * len(leaves)
    typed = [_in_precision(leaf, dtype) for leaf, dtype in zip(tree.flatten(x), dtypes, strict=True)]
    return tree.pack_sequence_as(x, typed)


def input_names(model: keras.Model) -> list[str]:
    """Return the names of a model's inputs, none where they are not known."""
    return [str(each.name) for each in getattr(model, "inputs", None) or []]


def read_y(y: Any, cases: int) -> Any:
    """Return targets as arrays; raises ValueError where they are not as many as the cases."""
    y = (
        tree.map_structure(np.asarray, y)
        if isinstance(y, (list, tuple, dict)) and not _is_rows(y)
        else np.asarray(y)
    )
    for leaf in tree.flatten(y):
        if len(leaf) != cases:
            raise ValueError(f"inspect: y has {len(leaf)} rows, but x has {cases} cases.")
    return tree.map_structure(_in_precision, y)


def _is_rows(given: Any) -> bool:
    """Whether a list is one array written out as rows of numbers."""
    return isinstance(given, (list, tuple)) and bool(given) and not hasattr(given[0], "shape")


def _in_precision(leaf: np.ndarray, wanted: str = "") -> np.ndarray:
    """Return an array in the precision that the model reads, where that is known.

    Else fractions in Keras' own, and whole numbers as they are: an embedding may read them.
    """
    wanted = wanted or (keras.config.floatx() if leaf.dtype.kind == "f" else "")
    return leaf.astype(wanted) if "float" in wanted and leaf.dtype.kind in "fiu" else leaf


def _refuse_other_shape(leaf: np.ndarray, needed: tuple | None, name: str) -> None:
    if leaf.ndim < 2 or not len(leaf):
        raise ValueError(
            f"inspect: {name} has shape {leaf.shape}; needs (cases, time, channels), one case at least."
        )
    if needed is None:
        return
    fits = leaf.ndim == len(needed) and all(
        n is None or n == m for n, m in zip(needed[1:], leaf.shape[1:], strict=True)
    )
    if not fits:
        words = ", ".join("any" if n is None else str(n) for n in needed[1:])
        raise ValueError(
            f"inspect: {name} has cases of shape {leaf.shape[1:]}, but the model reads ({words})."
        )
    rows = needed[0]
    if rows is not None and len(leaf) % rows:
        raise ValueError(
            f"inspect: {name} has {len(leaf)} cases, but the model reads batches of {rows}. Give a multiple "
            "of it."
        )


def _refuse_not_finite(leaf: np.ndarray, name: str) -> None:
    if leaf.dtype.kind != "f" or np.isfinite(leaf).all():
        return
    at = tuple(int(i) for i in np.argwhere(~np.isfinite(leaf))[0])
    where = (
        f"case {at[0]}"
        + (f", step {at[1]}" if len(at) > 1 else "")
        + (f", channel {at[2]}" if len(at) > 2 else "")
    )
    count = int((~np.isfinite(leaf)).sum())
    raise ValueError(
        f"inspect: {name} is {leaf[at]} at {where}, the first of {count} such values. Fill them, leave those "
        "cases out, or mask them with a value that the model's Masking knows."
    )
