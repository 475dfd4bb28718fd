"""Models built again from their configuration, with initial values that depend on a seed alone."""

import random
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import keras
import numpy as np

from normcast import keras_seam

_turn = threading.RLock()  # Python's generator is one for all threads


@contextmanager
def drawing_alone() -> Iterator[None]:
    """Let no other thread draw for a seed meanwhile: where networks are built while others train."""
    with _turn:
        yield


@contextmanager
def seeded(seed: int | str) -> Iterator[None]:
    """Seed Python's generator, from which Keras draws its seeds, and give the caller's state back after.

    One thread at a time: two that train at once draw what each would draw alone.
    """
    with _turn:
        state = random.getstate()
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(state)


@contextmanager
def uncompiled(model: keras.Model) -> Iterator[None]:
    """Let a model seem not to be compiled: Keras would write down what is compiled in, which may be code."""
    compiled, model.compiled = model.compiled, False
    try:
        yield
    finally:
        model.compiled = compiled


def rebuilt(model: keras.Model, seed: int) -> keras.Model:
    """Return the model made anew from its configuration, not compiled, with the initial values of that seed.

    What a layer draws depends on the seed and its own name alone (see `_drawing_names`), so that a layer that
    two networks share starts alike in both. What no training of the model changes is not drawn but kept, see
    `kept`. Raises what Keras raises for a class without a complete get_config.
    """
    clone = _drawn(model, seed)
    assign_kept(clone, kept_values(model))
    return clone


def kept(model: keras.Model) -> list[keras.Variable]:
    """Return the weights that were learned before and that training leaves as they are, each once.

    Those of layers that the user froze, and the statistics that a `Normalization` was adapted to.

    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="old"), keras.layers.Dense(1)])
    >>> net.get_layer("old").trainable = False
    >>> [weight.name for weight in kept(net)]
    ['kernel', 'bias']
    """
    layers = keras_seam.all_layers(model)
    stay = [*(each for each in layers if not each.trainable), *keras_seam.adapted_layers(model)]
    return list({id(weight): weight for layer in stay for weight in layer.weights}.values())


def kept_values(model: keras.Model) -> dict[int, np.ndarray]:
    """Return what `kept` holds, by place among the model's weights."""
    stay = {id(weight) for weight in kept(model)}
    return {place: np.asarray(each.value) for place, each in enumerate(model.weights) if id(each) in stay}


def assign_kept(model: keras.Model, values: Mapping[int, np.ndarray]) -> None:
    """Give another build of a model what `kept_values` told of it."""
    for place, value in values.items():
        model.weights[place].assign(value)
    for layer in keras_seam.adapted_layers(model) if values else ():
        layer.finalize_state()


def _drawn(model: keras.Model, seed: int) -> keras.Model:
    """Return the model made anew, with all its values drawn."""
    names = _drawing_names(model)

    def fresh(layer: keras.Operation) -> keras.Operation:
        with seeded(f"{seed}/{names.get(id(layer), layer.name)}"):
            return type(layer).from_config(layer.get_config())

    with seeded(seed), uncompiled(model):
        if isinstance(model, keras.Sequential) or keras_seam.is_functional(model):
            return keras.models.clone_model(model, clone_function=fresh)
        clone = type(model).from_config(model.get_config())
        if not clone.built:
            clone.build_from_config(model.get_build_config() or {})
            clone.built = True
        return clone


def _drawing_names(model: keras.Model) -> dict[int, str]:
    """Return a name for each layer, by id, that is the same in every build of a network.

    Keras counts names up over a whole process ("dense_7"): here they are counted within the model.
    """
    counts: Counter[str] = Counter()
    names = {}
    for layer in keras_seam.all_layers(model):
        base = re.sub(r"_\d+$", "", layer.name)
        names[id(layer)] = f"{base}#{counts[base]}"
        counts[base] += 1
    return names
