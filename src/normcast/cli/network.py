"""Network: what `--model` names, a preset, a file that declares a network, or a keras model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def network_of(model: str) -> Any:
    """Return a preset's name, the architecture in a .json file, or the network in a .keras file."""
    if model.endswith(".json"):
        from normcast.models import Architecture

        if not Path(model).is_file():
            raise FileNotFoundError(f"{model}: there is no such file.")
        return Architecture.from_json(Path(model).read_bytes(), where=model)
    if not model.endswith((".keras", ".h5")):
        return model
    return read_model(model)


def read_model(path: str | Path, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the model in a .keras or .h5 file; custom_objects: classes that it may need by name."""
    from normcast.artefact import read_keras_file

    return read_keras_file(path, custom_objects)
