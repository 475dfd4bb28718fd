"""Saved network: an architecture or a keras model, and the weights of each seed, as members of an archive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from normcast.artefact.archive import Archive, as_arrays, as_json
from normcast.artefact.keras_file import read_keras_file
from normcast.models import Architecture
from normcast.models.edits.apply import custom_classes
from normcast.models.revival import Classes
from normcast.models.shapes import refuse_layers, without_values
from normcast.plain import parsed

if TYPE_CHECKING:
    import keras

EARLIER = {"h": "outputs"}  # what files of format 1 call an argument of `Architecture.build`
MOST_TEXT = 2**20
"""Bytes of an architecture; one of two thousand layers has two thirds of it."""

ARCHITECTURE, MODEL, WEIGHTS = "architecture.json", "model.keras", "weights.safetensors"


def network_members(
    model: keras.Model,
    weights: Sequence[Sequence[np.ndarray]],
    architecture: Architecture | None,
    build: dict[str, Any],
) -> dict[str, bytes]:
    """Return the network as an architecture if it is ours, else as Keras' own archive; and its weights.

    weights: per seed, in the order of `model.weights`; build: the arguments of `Architecture.build`.
    Raises ValueError for a keras model that could not be loaded without running its code.
    """
    if architecture is not None:
        members = {ARCHITECTURE: as_json({"architecture": architecture.to_dict(), "build": build})}
    else:
        members = {MODEL: keras_archive(model)}
    named = {
        name: values
        for replica, own in enumerate(weights)
        for name, values in zip(names(model, replica), own, strict=True)
    }
    return members | {WEIGHTS: as_arrays(named)}


def names(model: keras.Model, replica: int) -> list[str]:
    """Return what each weight of a replica is called: its number, and for readers its path."""
    return [f"{replica}/{number:03}/{weight.path}" for number, weight in enumerate(model.weights)]


def read_network(
    archive: Archive, build: dict[str, Any], own: Classes | None = None
) -> tuple[keras.Model, Architecture | None]:
    """Return the network without its trained weights, and its architecture if it is ours.

    build: the arguments that the data beside it ask for; own: classes that a keras model may need. Raises
    ValueError for a damaged member.
    """
    if ARCHITECTURE not in archive.members:
        with archive.reading(MODEL) as content:
            return read_keras(content, archive.where, own), None
    with archive.reading(ARCHITECTURE) as content:
        if len(content) > MOST_TEXT:
            raise ValueError(f"it has {len(content):,} bytes, more than {MOST_TEXT:,}.")
    values = archive.json(ARCHITECTURE)
    with archive.reading(ARCHITECTURE):
        built = {EARLIER.get(name, name): value for name, value in values["build"].items()}
        if built != build:
            raise ValueError(f"it is built by {built}, but the data need {build}.")
        architecture = Architecture.from_dict(values["architecture"])
        refuse_layers(architecture.n_layers, "it")
        shapes = without_values(partial(architecture.build, **build))
    refuse_others(archive, shapes)
    return architecture.build(**build), architecture


def refuse_others(archive: Archive, shapes: keras.Model) -> None:
    """Raise ValueError unless the first weights are those of a network that has none yet."""
    arrays = archive.arrays(WEIGHTS)
    with archive.reading(WEIGHTS):
        for _ in of_replica(numbered(arrays), shapes, 0):
            pass


def read_weights(archive: Archive, model: keras.Model, replicas: int) -> tuple[list[np.ndarray], ...]:
    """Return the weights of each replica in the order of `model.weights`.

    Raises ValueError for a weight that is missing or does not have the shape the network needs.
    """
    arrays = archive.arrays(WEIGHTS)
    with archive.reading(WEIGHTS):
        if len(arrays) != replicas * len(model.weights) or not replicas:
            raise ValueError(f"it holds {len(arrays)} arrays, not {replicas} x {len(model.weights)}.")
        of_all = numbered(arrays)
        return tuple(list(of_replica(of_all, model, replica)) for replica in range(replicas))


def numbered(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return arrays by replica and number: a Sequential gives its weights other paths after loading."""
    return {name[: name.index("/", name.index("/") + 1)]: arrays[name] for name in arrays}


def of_replica(arrays: dict[str, np.ndarray], model: keras.Model, replica: int) -> Iterator[np.ndarray]:
    """Yield the checked weights of one replica."""
    for number, weight in enumerate(model.weights):
        values, shape = arrays[f"{replica}/{number:03}"], tuple(weight.shape)
        if not shape and values.shape == (1,):  # how earlier versions wrote one of no axis
            values = values[0, ...]
        if values.shape != shape or str(values.dtype) != weight.dtype:
            raise ValueError(
                f"'{replica}/{number:03}' is {values.dtype} of shape {values.shape}, "
                f"but {weight.path!r} of the network needs {weight.dtype} of shape {shape}."
            )
        yield values


def keras_archive(model: keras.Model) -> bytes:
    """Return a model as Keras' own archive, with the same bytes for the same model."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / MODEL
        model.save(path)
        members = dict(Archive.opened(path).members)
    facts = parsed(members["metadata.json"], MODEL)
    facts.pop("date_saved", None)
    raw = Archive({**members, "metadata.json": as_json(facts)}, MODEL).packed()
    read_keras(raw, "save", custom_classes(model))  # better now than when the model is needed
    return raw


def read_keras(raw: bytes, where: str, own: Classes | None = None) -> keras.Model:
    """Return the model in Keras' own archive: it may name layers, but bring no code.

    own: classes and functions by name that it may need beside those registered with Keras. Raises ValueError
    for a model that needs code of its own, such as a Lambda layer.
    """
    Archive.unpacked(raw, f"{where}: {MODEL}")
    with TemporaryDirectory() as folder:
        path = Path(folder) / MODEL
        path.write_bytes(raw)
        try:
            return read_keras_file(path, own, compiled=False, where=MODEL)
        except ValueError as error:
            raise ValueError(
                f"{where}: the keras model cannot be loaded without running code of its own ({error}). "
                f"Use layers instead of Lambda. Of your own layers import the module that registers them "
                f"(keras.saving.register_keras_serializable) first, or name them: load(path, custom_objects="
                "{'MyLayer': MyLayer})."
            ) from error
