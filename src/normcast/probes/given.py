"""What is given to a look: a model, arrays in the structure of its inputs, and targets; refused here if
they don't fit.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import tree

from normcast import keras_seam
from normcast.errors import counted


def refuse_unbuilt(model: Any) -> None:
    """Raise TypeError for what is no Keras model, ValueError for one without weights yet."""
    if not isinstance(model, keras.Model):
        raise TypeError(f"inspect: needs a keras.Model, but was given a {type(model).__name__}.")
    if not model.built:
        raise ValueError(
            f"inspect: model {model.name!r} is not built: its layers do not know what they read. Begin it "
            "with keras.Input(...), or call it on some x once."
        )


def read_x(model: keras.Model, x: Any, finite: bool = True, where: str = "inspect") -> Any:
    """Return x as arrays in the structure that the model is called with.

    x: an array, or a list or a dict of arrays for a model of several inputs; where: what messages call them,
    as the file. Raises ValueError with the shape that was given and the one that is needed, for what is no
    number, and, unless finite=False, where a value is not finite.
    """
    x = tree.map_structure(np.asarray, x) if tree.is_nested(x) and not _is_rows(x) else np.asarray(x)
    leaves = tree.flatten(x)
    wanted = list(getattr(model, "inputs", None) or [])
    names = input_names(model)
    if isinstance(x, dict) and names and set(names) <= set(x):
        leaves = [x[name] for name in names]
    elif isinstance(x, dict) and len(names) == len(x) > 1 and not _has_keys(model, x):
        raise ValueError(
            f"{where}: model {model.name!r} has the inputs {', '.join(names)}, but x holds "
            f"{', '.join(map(str, x))}. Give one array under each name."
        )
    if wanted and len(leaves) != len(wanted):
        raise ValueError(
            f"{where}: model {model.name!r} has {counted(len(wanted), 'input')} ({', '.join(names)}), but x "
            f"holds {counted(len(leaves), 'array')}. Give a list or a dict with one array for each, in an "
            ".npz one under each name."
        )
    for i, leaf in enumerate(leaves):
        name = names[i] if i < len(names) and len(leaves) > 1 else "x"
        _refuse_no_numbers(leaf, f"{where}: {name}")
        _refuse_other_shape(leaf, tuple(wanted[i].shape) if wanted else None, f"{where}: {name}")
        if finite:
            _refuse_not_finite(
                leaf, f"{where}: {name}", "mask them with a value that the model's Masking knows"
            )
    if len({len(leaf) for leaf in leaves}) > 1:
        raise ValueError(
            f"{where}: the inputs hold {[len(leaf) for leaf in leaves]} cases; they must be as many."
        )
    if keras_seam.is_functional(model):
        x = tree.pack_sequence_as(model.input, leaves)
    elif len(wanted) == 1:
        x = leaves[0]
    dtypes = [str(each.dtype) for each in wanted] or [""] * len(leaves)
    typed = [_in_precision(leaf, dtype) for leaf, dtype in zip(tree.flatten(x), dtypes, strict=True)]
    return tree.pack_sequence_as(x, typed)


def _has_keys(model: keras.Model, x: dict) -> bool:
    """Whether a model is called with a dictionary of these keys, whatever its inputs are named."""
    called_with = getattr(model, "input", None) if keras_seam.is_functional(model) else None
    return isinstance(called_with, dict) and called_with.keys() == x.keys()


def input_names(model: keras.Model) -> list[str]:
    """Return the names of a model's inputs, none where they are not known."""
    return [str(each.name) for each in getattr(model, "inputs", None) or []]


def output_names(model: keras.Model) -> list[str]:
    """Return the names of a model's outputs, none where they are not known."""
    return [str(each) for each in getattr(model, "output_names", None) or []]


def read_y(y: Any, cases: int, finite: bool = True, where: str = "inspect") -> Any:
    """Return targets as arrays; where: what messages call them.

    Raises ValueError where they are not as many as the cases, for text, and, unless finite=False, where a
    value is not finite.
    """
    y = (
        tree.map_structure(np.asarray, y)
        if isinstance(y, (list, tuple, dict)) and not _is_rows(y)
        else np.asarray(y)
    )
    for leaf in tree.flatten(y):
        if not leaf.ndim:
            raise ValueError(f"{where}: y is {leaf.item()!r}, one value. Give one for each of {cases} cases.")
        if len(leaf) != cases:
            raise ValueError(
                f"{where}: y has {len(leaf)} rows, but x has {cases} cases. Give one for each case."
            )
        _refuse_no_numbers(leaf, f"{where}: y")
        if finite:
            _refuse_not_finite(leaf, f"{where}: y", "leave y out to see the gradients of the outputs")
    return tree.map_structure(_in_precision, y)


def _is_rows(given: Any) -> bool:
    """Whether a list is one array written out as rows of numbers."""
    return isinstance(given, (list, tuple)) and bool(given) and not hasattr(given[0], "shape")


def _in_precision(leaf: np.ndarray, wanted: str = "") -> np.ndarray:
    """Return an array in the precision that the model reads, where that is known.

    Else fractions in Keras' own, and whole numbers as they are: an embedding may read them.
    """
    wanted = wanted or (keras.config.floatx() if leaf.dtype.kind == "f" else "")
    return leaf.astype(wanted, copy=False) if "float" in wanted and leaf.dtype.kind in "fiu" else leaf


def _refuse_no_numbers(leaf: np.ndarray, name: str) -> None:
    if leaf.dtype.kind not in "biuf":
        held = leaf.ravel()[0] if leaf.size else ""
        raise ValueError(
            f"{name} holds {'text' if leaf.dtype.kind in 'US' else leaf.dtype}, as {str(held)!r:.40}, but "
            "numbers are needed. Make them such: labels the number of their class, other text a float."
        )


def _refuse_other_shape(leaf: np.ndarray, needed: tuple | None, name: str) -> None:
    if leaf.ndim < 2 or not len(leaf):
        raise ValueError(f"{name} has shape {leaf.shape}; needs (cases, time, channels), one case at least.")
    if needed is None:
        return
    fits = leaf.ndim == len(needed) and all(
        n is None or n == m for n, m in zip(needed[1:], leaf.shape[1:], strict=True)
    )
    if not fits:
        words = ", ".join("any" if n is None else str(n) for n in needed[1:])
        raise ValueError(
            f"{name} has cases of shape {leaf.shape[1:]}, but the model reads ({words}). "
            + _remedy(leaf.shape[1:], needed[1:], words)
        )
    rows = needed[0]
    if rows is not None and len(leaf) % rows:
        raise ValueError(
            f"{name} has {len(leaf)} cases, but the model reads batches of {rows}. Give a multiple of it."
        )


def _remedy(had: tuple, needed: tuple, words: str) -> str:
    """Say how cases of one shape become such of another."""
    if len(had) != len(needed):
        return f"Give an array (cases, {words})."
    fits = [n in (None, m) for n, m in zip(needed, had, strict=True)]
    if len(had) == 2 and needed[0] in (None, had[1]) and needed[1] in (None, had[0]):
        return "They look like (channels, steps): give x.swapaxes(1, 2), or layout channels_first."
    if len(had) == 2 and fits == [False, True]:
        return f"Cut windows of {counted(needed[0], 'step')}."
    if len(had) == 2 and fits == [True, False]:
        return f"Give the {counted(needed[1], 'channel')} that it was built for."
    return f"Give an array (cases, {words})."


def _refuse_not_finite(leaf: np.ndarray, name: str, or_else: str) -> None:
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
        f"{name} is {leaf[at]} at {where}{f', the first of {count} such values' if count > 1 else ''}. Fill "
        f"what is missing, leave those cases out, or {or_else}."
    )
