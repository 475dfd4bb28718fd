"""Keras file: a model in Keras' own archive (or HDF5), looked through before anything in it is made."""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from normcast.artefact.kinds_of_file import other_kind
from normcast.budgets import opened_zip, refuse_expansion
from normcast.errors import first_line
from normcast.keras_seam import no_word_on_optimizers
from normcast.models.making import at_length
from normcast.models.revival import Classes, refuse_hostile
from normcast.models.shapes import Held
from normcast.plain import parsed

if TYPE_CHECKING:
    import keras

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
MOST_PARTS = 40_000
"""Groups and arrays of a file of weights; that of two thousand layers with an optimizer has 20,000."""

MOST_TEXT = 32 * 2**20
"""Bytes that a configuration may unpack to; that of two thousand layers has about two million."""


def read_keras_file(
    path: str | Path, own: Classes | None = None, compiled: bool = True, where: str = ""
) -> keras.Model:
    """Return the model in a .keras or .h5 file; what Keras says of slots of its optimizer is not repeated.

    own: classes and functions by name that it may need beside those registered with Keras.
    compiled: whether it is compiled as it was when it was saved; where: how messages call the file.
    Raises FileNotFoundError, and ValueError for a file that is of another kind, which is named, that is
    damaged, or that would run code of its own.
    """
    import keras

    file, where = Path(path), where or str(path)
    if not file.exists():
        raise FileNotFoundError(f"{path}: there is no such file.")
    if kind := other_kind(file):
        raise ValueError(f"{where} cannot be read as a Keras model: it looks like {kind}.")
    # As Keras does: what is both a zip and HDF5 must not be looked through as one and read as the other.
    look = _of_zip if str(path).endswith(".keras") else _of_hdf5
    try:
        config, held = look(file)
    except Exception as error:
        told = first_line(error).rstrip(".")
        raise ValueError(
            f"{where} cannot be read as a Keras model: it is damaged, or of another kind ({told}). "
            "Save it again."
        ) from error
    refuse_hostile(parsed(config, f"{where}: {CONFIG}"), where, own, held)
    try:
        with at_length, no_word_on_optimizers():
            return keras.saving.load_model(
                file, custom_objects=dict(own or {}), compile=compiled, safe_mode=True
            )
    except Exception as error:
        raise ValueError(f"{where} cannot be read as a Keras model. {first_line(error)}") from error


def _of_zip(file: Path) -> tuple[bytes, Held]:
    """Return the configuration, and what weights there are."""
    with file.open("rb") as raw, opened_zip(raw) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
        if sizes.get(CONFIG, 0) > MOST_TEXT:
            raise ValueError(f"{CONFIG} unpacks to {sizes[CONFIG]:,} bytes, more than {MOST_TEXT:,}")
        missing = [name for name in (CONFIG, WEIGHTS) if name not in sizes]
        if missing:
            raise ValueError(f"it has no {' and no '.join(missing)}")
        with archive.open(WEIGHTS) as weights:
            return archive.read(CONFIG), _held(io.BytesIO(weights.read()))


def _of_hdf5(file: Path) -> tuple[str | bytes, Held]:
    import h5py

    with h5py.File(file) as content:
        config = content.attrs.get("model_config")
    if config is None:
        raise ValueError("it has no model_config")
    return config, _held(file)


def _held(file: Path | BinaryIO) -> Held:
    """Return what HDF5 holds; raise ValueError where it declares far more than stands in it."""
    import h5py

    names: list[bytes] = []
    count = itertools.count(1)

    def look(name: bytes, info: h5py.h5o.ObjInfo) -> None:
        if next(count) > MOST_PARTS:
            raise ValueError(f"it has more than {MOST_PARTS:,} parts")
        if info.type == h5py.h5o.TYPE_DATASET:
            names.append(name)

    with h5py.File(file) as content:
        h5py.h5o.visit(content.id, look, info=True)
        arrays = [content[name] for name in names]
        stored = sum(each.id.get_storage_size() for each in arrays)
        refuse_expansion(sum(each.nbytes for each in arrays), stored)
        return Held(sum(each.size or 0 for each in arrays), len(arrays))
