"""Saved: a fitted estimator of cases as one file of data, which loading reads without running any code."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from itertools import product
from pathlib import Path
from typing import Any, ClassVar, Literal

import keras
import numpy as np

from normcast.artefact import (
    Archive,
    as_arrays,
    as_json,
    manifest_member,
    network_members,
    read_manifest,
    read_network,
    read_weights,
    refuse_newer,
)
from normcast.cases.fitted import Fitted, Member
from normcast.cases.settings import Settings
from normcast.data.case_input import ALONE
from normcast.errors import listed
from normcast.files import write_whole
from normcast.models import Architecture
from normcast.models.revival import Classes
from normcast.plain import Plain
from normcast.tasks import CaseScaling, ClassHead, InputScaling
from normcast.tasks.subject import reads

FORMAT = 2  # 1 knows one input, and no labels of which several may hold
MANIFEST, ARRAYS = "manifest.json", "cases.safetensors"
KINDS = {"Regressor": "regressor", "Classifier": "classifier"}
STATISTICS = ("location", "spread")


@dataclass(frozen=True)
class Head(Plain):
    """What the manifest tells of a classifier's head; see `ClassHead`."""

    kind: Literal["softmax", "sigmoid", "labels"]
    is_logits: bool
    is_sparse: bool


@dataclass(frozen=True)
class Facts(Plain):
    """What the manifest tells of what was fitted. networks: how many; name, beside: as in `Fitted`."""

    added: ClassVar = ("name", "beside")

    networks: int
    steps: int
    channels: int
    target_shape: tuple[int, ...]
    is_ragged: bool
    temperature: float
    head: Head | None
    classes: list[Any] | None
    name: str = ALONE
    beside: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """What the network reads of a case, by the names of its inputs, first the one that leads."""
        return {self.name: (self.steps, self.channels), **self.beside}


@dataclass(frozen=True)
class Body(Plain):
    """What the manifest tells of an estimator. preset: its network's name, if it was given by name."""

    settings: dict[str, Any]
    preset: str | None
    fitted: Facts


@dataclass(frozen=True, eq=False)
class Kept:
    """What a file holds of a fitted estimator."""

    settings: Settings
    fitted: Fitted


def write(kept: Kept, path: str | Path) -> None:
    """Write a fitted estimator to one file, whole or not at all; the same one makes the same bytes.

    Raises ValueError for what a file cannot keep, OSError where it cannot be written.
    """
    settings, fitted = kept.settings, kept.fitted
    own = {each.name: getattr(settings, each.name) for each in fields(settings)}
    plain = {name: value for name, value in own.items() if name not in ("where", "model", "optimizer")}
    plain["optimizer"] = settings.optimizer if isinstance(settings.optimizer, str) else None
    preset = settings.model if isinstance(settings.model, str) else None
    body = Body(plain, preset, facts_of(fitted))
    held = {
        MANIFEST: as_json(manifest_member(KINDS[settings.where], FORMAT, body.to_dict(), fitted.recurrence)),
        **network_members(fitted.model, [each.weights for each in fitted.members], *built(fitted)),
        ARRAYS: as_arrays(arrays_of(fitted)),
    }
    write_whole(path, Archive(held, str(path)).packed())


def built(fitted: Fitted) -> tuple[Architecture | None, dict[str, Any]]:
    """Return what built the network of ours and with which arguments; None for a keras model."""
    if fitted.architecture is None:
        return None, {}
    return fitted.architecture, build_arguments(facts_of(fitted))


def build_arguments(facts: Facts) -> dict[str, Any]:
    """Return the arguments of `Architecture.build` for such cases."""
    outputs = facts.target_shape[-1] if facts.target_shape else 1
    outputs = outputs if facts.classes is None else len(facts.classes)
    return {"input_size": facts.steps, "channels": facts.channels, "outputs": outputs}


def facts_of(fitted: Fitted) -> Facts:
    """Return the plain facts of what was fitted."""
    head, classes = fitted.head, fitted.classes
    return Facts(
        networks=len(fitted.members),
        steps=fitted.steps,
        channels=fitted.channels,
        target_shape=fitted.target_shape,
        is_ragged=fitted.is_ragged,
        temperature=fitted.temperature,
        head=None if head is None else Head(head.kind, head.is_logits, head.is_sparse),
        classes=None if classes is None else classes.tolist(),
        name=fitted.name,
        beside=dict(fitted.beside),
    )


def arrays_of(fitted: Fitted) -> dict[str, np.ndarray]:
    """Return the scalings of all networks, (networks, ...), and the residuals."""
    parts = scalings_of(facts_of(fitted)).items()
    each = {part: [one.inputs.by_name[name] for one in fitted.members] for name, part in parts}
    each["targets"] = [one.targets for one in fitted.members]
    arrays = {
        f"{part}.{statistic}": np.stack([getattr(one, statistic) for one in scalings])
        for part, scalings in each.items()
        for statistic in STATISTICS
    }
    return arrays if fitted.residuals is None else {**arrays, "residuals": fitted.residuals}


def scalings_of(facts: Facts) -> dict[str, str]:
    """Return under which name a file keeps the scaling of each input, by the input's name."""
    beside = {name: f"inputs{place}" for place, name in enumerate(sorted(facts.beside), start=1)}
    return {facts.name: "inputs", **beside}


def read(archive: Archive, own: Classes | None = None) -> Kept:
    """Return what `write` wrote. No code is run: JSON, arrays, and Keras' archive in safe mode.

    own: classes of the user's that a keras model may need, by name.

    Raises ValueError for a file that is broken, cut off, or of a format this version does not know.
    """
    manifest = read_manifest(archive)
    refuse_newer(manifest, FORMAT, archive.where)
    with archive.reading(MANIFEST):
        body = Body.from_dict(manifest.body, f"{archive.where}: {MANIFEST}")
        facts = body.fitted
        refuse_contradiction(facts)
    arrays = read_arrays(archive, facts)
    model, architecture = read_network(archive, build_arguments(facts), own)
    refuse_other_model(archive, facts, model)
    weights = read_weights(archive, model, facts.networks)
    fitted = Fitted(
        model=model,
        members=tuple(member(own, arrays, place, facts) for place, own in enumerate(weights)),
        steps=facts.steps,
        channels=facts.channels,
        target_shape=facts.target_shape,
        is_ragged=facts.is_ragged,
        head=None if facts.head is None else ClassHead(**vars(facts.head)),
        classes=None if facts.classes is None else np.array(facts.classes),
        residuals=arrays.get("residuals"),
        temperature=facts.temperature,
        architecture=architecture,
        name=facts.name,
        beside=facts.beside,
        recurrence=manifest.recurrence,
    )
    return Kept(read_settings(archive, body, manifest.kind, architecture or model), fitted)


def member(weights: list[np.ndarray], arrays: dict[str, np.ndarray], place: int, facts: Facts) -> Member:
    """Return one network."""

    def scaling(part: str) -> CaseScaling:
        return CaseScaling(*(arrays[f"{part}.{statistic}"][place] for statistic in STATISTICS))

    inputs = {name: scaling(part) for name, part in scalings_of(facts).items()}
    return Member(weights, InputScaling(inputs), scaling("targets"))


def read_arrays(archive: Archive, facts: Facts) -> dict[str, np.ndarray]:
    """Return the scalings and residuals; raise ValueError for those of another network."""
    arrays = archive.arrays(ARRAYS)
    with archive.reading(ARRAYS):
        channels = {part: facts.inputs[name][-1] for name, part in scalings_of(facts).items()}
        channels["targets"] = arrays["targets.location"].shape[-1]
        for part, statistic in product(channels, STATISTICS):
            shape, wanted = arrays[f"{part}.{statistic}"].shape, (facts.networks, channels[part])
            if shape != wanted:
                raise ValueError(f"{part}.{statistic} has shape {shape}, but needs {wanted}.")
        residuals = arrays.get("residuals")
        if residuals is not None and residuals.shape[1:] != facts.target_shape:
            raise ValueError(f"residuals have shape {residuals.shape}, for targets {facts.target_shape}.")
        for name, values in arrays.items():
            if not np.isfinite(values).all() or (name.endswith("spread") and (values <= 0).any()):
                raise ValueError(f"{name} holds what no scaling has: NaN, infinity or a spread of 0.")
    return arrays


def refuse_contradiction(facts: Facts) -> None:
    """Raise ValueError for facts that do not go together."""
    classes = facts.classes
    if facts.name in facts.beside or not all(len(shape) in (1, 2) for shape in facts.beside.values()):
        raise ValueError(
            f"beside input {facts.name!r} are {facts.beside}, but each must be (columns,) or (time, "
            "channels), of a name of its own."
        )
    if (facts.head is None) != (classes is None):
        raise ValueError("it has a head without classes, or classes without a head.")
    if facts.head is not None and facts.head.kind == "labels":
        if len(classes or ()) < 2 or len(set(classes or ())) < len(classes or ()):
            raise ValueError(f"labels are {classes}, but must be two at least, none twice.")
    elif classes is not None and (len(classes) < 2 or classes != sorted(set(classes))):
        raise ValueError(f"classes are {classes}, but must be two at least, sorted, none twice.")
    if not 0 < facts.temperature < np.inf:
        raise ValueError(f"temperature is {facts.temperature}, but must be above 0.")


def refuse_other_model(archive: Archive, facts: Facts, model: keras.Model) -> None:
    """Raise ValueError for a model that reads or gives something else than the facts say."""
    classes, sigmoid = facts.classes, facts.head is not None and facts.head.kind == "sigmoid"
    given = tuple(model.output_shape[1:])
    fits = (
        given == (1 if sigmoid else len(classes),)
        if classes is not None
        else (np.prod(given) == np.prod(facts.target_shape))
    )
    if not (fits and reads(model, facts.inputs)) or (sigmoid and len(classes or ()) != 2):
        read = [tuple(tensor.shape[1:]) for tensor in model.inputs]
        raise ValueError(
            f"{archive.where}: its network maps {listed(read)} to {given}, which does not go with {facts}. "
            "Save the model again."
        )


def read_settings(archive: Archive, body: Body, kind: str, network: Architecture | keras.Model) -> Settings:
    """Return the settings. network: for where no preset was named."""
    where = {name: each for each, name in KINDS.items()}[kind]
    with archive.reading(MANIFEST):
        given = body.settings
        unheard = [name for name in given if name not in Settings.__dataclass_fields__]
        if unheard:
            raise ValueError(f"settings have {', '.join(unheard)}, which this version does not know.")
        return replace(Settings(where=where), **given, model=body.preset or network)
