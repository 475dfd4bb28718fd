"""Apply edits to a model: a new model with the weights and the compile settings that could be kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import keras

from normcast import keras_seam
from normcast.engine.identity import is_keras
from normcast.errors import last_line
from normcast.layers import GRU, LSTM
from normcast.models.edits.change import edited
from normcast.models.edits.compiled import compile_edits, compile_like
from normcast.models.edits.edit import Edit, Replace
from normcast.models.edits.optimizer_state import copy_value, is_as_shaped
from normcast.models.graph.serialized import wiring_of, write
from normcast.models.graph.wiring import Spec
from normcast.models.making import at_length
from normcast.models.revival import refuse_code, revived
from normcast.models.shapes import Held, refuse_large

# One recurrence in two classes: weights of the same names, shapes and columns; and a convolution of one step.
SAME = ({keras.layers.LSTM, LSTM}, {keras.layers.GRU, GRU}, {keras.layers.Conv1D, keras.layers.Dense})


@dataclass(frozen=True, eq=False)
class Applied:
    """An edited model and what became of the old weights.

    Variables are named "layer/variable". Those of new layers are in none of the lists.

    Parameters
    ----------
    model : keras.Model
        The edited model.
    kept : tuple of str
        Variables carried over.
    fresh : tuple of str
        Variables of old layers that start anew because their shape or class changed.
    dropped : tuple of str
        Variables that have no place any more.
    carried : frozenset of int, default frozenset()
        Where the kept ones stand among the model's weights.
    restarted : tuple of str, default ()
        Kept ones whose state the optimizer lost (moments, averages), which happens only to variables that it
        did not train before.

    Examples
    --------
    >>> import keras
    >>> from normcast.models.edits import Set
    >>> net = keras.Sequential([keras.Input((8, 3)), keras.layers.LSTM(4, name="lstm_1")])
    >>> print(apply_reported(net, [Set("lstm_1", recurrent_dropout=0.2)]))
    kept 3 variables
    """

    model: keras.Model
    kept: tuple[str, ...]
    fresh: tuple[str, ...]
    dropped: tuple[str, ...]
    carried: frozenset[int] = frozenset()
    restarted: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"kept {len(self.kept)} variables"]
        lines += [f"starts anew: {name}" for name in self.fresh]
        lines += [f"dropped: {name}" for name in self.dropped]
        lines += [f"the optimizer starts anew: {name}" for name in self.restarted]
        return "\n".join(lines)


def apply(model: keras.Model, edits: Iterable[Edit]) -> keras.Model:
    """Return a new model with the edits made; the given model stays as it is.

    Weights of layers whose shape did not change are carried over, and so is all that the model was compiled
    with, down to the moments that the optimizer keeps of those weights, so that training goes on where it
    was. Edits are data: layers that would run code of their own, such as Lambda, are not made from them.

    Parameters
    ----------
    model : keras.Model
        Any model with a graph: Sequential or functional, ours or anyone's.
    edits : iterable of Edit
        What to change, in order, such as the fix of a finding or a placement of a study.

    Returns
    -------
    keras.Model
        The edited model.

    Raises
    ------
    ValueError
        For layers of code, and for names and arguments that do not exist.
    TypeError
        If the model has no graph (a subclass with a call of its own).

    See Also
    --------
    apply_reported : The same, and which weights could not be kept.
    diff : The edits that lead from one model to another.

    Examples
    --------
    >>> import keras
    >>> net = keras.Sequential([keras.Input((8, 3)), keras.layers.LSTM(4, name="lstm_1")])
    >>> from normcast.models.edits import Insert
    >>> [layer.name for layer in apply(net, [Insert("LayerNormalization", after="lstm_1")]).layers]
    ['lstm_1', 'layer_normalization']
    """
    return apply_reported(model, edits).model


def apply_reported(model: keras.Model, edits: Iterable[Edit]) -> Applied:
    """Return the edited model together with what became of each weight.

    Parameters
    ----------
    model : keras.Model
        Any model with a graph; it stays as it is.
    edits : iterable of Edit
        What to change, in order.

    Returns
    -------
    Applied
        The edited model, and which weights were kept, start anew or were dropped.

    Raises
    ------
    ValueError
        For layers of code, and for names and arguments that do not exist.
    TypeError
        If the model has no graph.

    See Also
    --------
    apply : The edited model alone.

    Examples
    --------
    >>> import keras
    >>> from normcast.models.edits import Set
    >>> net = keras.Sequential([keras.Input((8, 3)), keras.layers.LSTM(4, name="lstm_1")])
    >>> apply_reported(net, [Set("lstm_1", units=8)]).fresh
    ('lstm_1/kernel', 'lstm_1/recurrent_kernel', 'lstm_1/bias')
    """
    classes, edits = custom_classes(model), tuple(edits)
    for edit in edits:
        refuse_code(edit.to_dict(), "Edit", classes)
    wiring = edited(wiring_of(model), edits, lambda spec: _complete(spec, classes))
    plain = write(wiring)
    refuse_large(plain, "apply", Held(model.count_params()), classes, safe_mode=False)
    new = _revive(plain, classes)
    layers = _stayed(model, new, edits)
    found = [(f"{path}/{v.name}", v, source) for path, *two in layers for v, source in _pairs(*two)]
    applied = _carry_weights(found, model, new)
    _carry_run([(old, layer) for _, old, layer in layers])
    pairs = [(variable, source) for _, variable, source in found]
    anew = {id(v) for v in compile_like(model, new, pairs, classes, compile_edits(edits))}
    restarted = [name for name, v, _ in found if id(v) in anew and name in applied.kept]
    return replace(applied, restarted=tuple(restarted))


def custom_classes(model: keras.Model) -> dict[str, Any]:
    """Return the classes of the model's own that Keras would not find by itself, by name."""
    objects = {type(part).__name__: type(part) for part in all_layers(model) if not is_keras(type(part))}
    given = (getattr(layer, name, None) for layer in all_layers(model) for name in ("activation", "function"))
    functions = [f for f in given if callable(f) and not is_keras(f)]
    return objects | {getattr(f, "__name__", ""): f for f in functions}


def all_layers(model: Any) -> Iterator[Any]:
    """Yield every layer inside a model or a wrapper, at any depth."""
    inner = list(getattr(model, "layers", ()))
    inner += [
        x
        for k in ("layer", "forward_layer", "backward_layer", "cell")
        if (x := getattr(model, k, None)) is not None
    ]
    for layer in inner:
        yield layer
        yield from all_layers(layer)


def _complete(spec: Spec, classes: dict[str, Any]) -> Spec:
    layer = revived(spec, f"Edit: {spec['class_name']}", classes)
    full = keras.saving.serialize_keras_object(layer)
    return {key: value for key, value in full.items() if key != "build_config"}


def _revive(spec: Spec, classes: dict[str, Any]) -> keras.Model:
    # Edits brought no code: what code there is, is that of a model that is alive already.
    try:
        with at_length:
            return keras.saving.deserialize_keras_object(spec, custom_objects=classes, safe_mode=False)
    except Exception as error:
        raise ValueError(f"apply: Keras cannot build the edited model. {last_line(error)}") from error


def _stayed(old: keras.Model, new: keras.Model, edits: tuple[Edit, ...]) -> list[tuple[str, Any, Any]]:
    """Return path, old and new layer of each that stayed, under a new name too if it was replaced by it."""
    replaced = [(edit.what["config"].get("name"), edit.layer) for edit in edits if isinstance(edit, Replace)]
    names = {name: layer.rpartition("/")[2] for name, layer in replaced if name}
    before, found = dict(leaves(old)), []
    for path, layer in leaves(new):
        head, slash, name = path.rpartition("/")
        source = before.get(path) or before.get(head + slash + names.get(name, name))
        found += [] if source is None else [(path, source, layer)]
    return found


def _carry_weights(found: list[tuple[str, Any, Any]], old: keras.Model, new: keras.Model) -> Applied:
    kept, fresh, carried = [], [], set()
    for name, variable, source in found:
        if source is None or not is_as_shaped(variable, source):
            fresh.append(name)
        else:
            copy_value(variable, source)
            kept.append(name)
            carried.add(id(variable))
    for adapted in keras_seam.adapted_layers(new):
        adapted.finalize_state()
    continued = {id(source) for _, _, source in found}
    all_old = [(f"{path}/{v.name}", v) for path, layer in leaves(old) for v in layer.weights]
    dropped = [name for name, variable in all_old if id(variable) not in continued]
    places = frozenset(place for place, each in enumerate(new.weights) if id(each) in carried)
    return Applied(new, tuple(kept), tuple(fresh), tuple(dropped), places)


def _carry_run(layers: Iterable[tuple[Any, Any]]) -> None:
    """Let layers that draw, such as dropout, and stateful ones, which remember, go on where they were."""
    for old, new in layers:
        theirs, mine = _of_run(old), _of_run(new)
        if type(old) is type(new) and [v.shape for v in theirs] == [v.shape for v in mine]:
            for variable, source in zip(mine, theirs, strict=True):
                copy_value(variable, source)


def _of_run(layer: keras.Layer) -> list[keras.Variable]:
    """Return what a layer holds that is no weight: seeds, and states from batch to batch."""
    found = []
    for each in keras_seam.all_layers(layer):
        seeds = getattr(each, "seed_generator", None)
        found += [seeds.state] if isinstance(seeds, keras.random.SeedGenerator) else []
        states = keras.tree.flatten(getattr(each, "states", None))
        found += [state for state in states if isinstance(state, keras.Variable)]
    return found


def leaves(model: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, layer) for each layer that is not itself a model."""
    for layer in model.layers:
        inner = layer if hasattr(layer, "layers") else getattr(layer, "layer", None)
        if inner is not None and hasattr(inner, "layers"):
            yield from leaves(inner, f"{prefix}{layer.name}/")
        else:
            yield prefix + layer.name, layer


def _pairs(old: Any, new: Any) -> list[tuple[Any, Any]]:
    """Pair each variable of the new layer with the old one that it continues, or with None."""
    if type(old) is type(new) is keras.layers.Bidirectional:  # their names in it differ by class
        return [
            *_pairs(old.forward_layer, new.forward_layer),
            *_pairs(old.backward_layer, new.backward_layer),
        ]
    if type(old) is not type(new) and {type(old), type(new)} not in SAME:
        return [(variable, None) for variable in new.weights]
    known = {_tail(v, old): v for v in old.weights}
    if len(known) < len(old.weights):
        known = {str(i): v for i, v in enumerate(old.weights)}
        names = [str(i) for i in range(len(new.weights))]
    else:
        names = [_tail(v, new) for v in new.weights]
    return [(v, known.get(name)) for v, name in zip(new.weights, names, strict=True)]


def _tail(variable: Any, layer: Any) -> str:
    """Return the path of a variable in its layer; Keras' recurrences hold theirs in a cell, ours do not."""
    return re.sub(r"(^|/)(lstm|gru)_cell/", r"\1", variable.path.rpartition(f"{layer.name}/")[2])
