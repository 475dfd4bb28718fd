"""Keras file: a model in Keras' own archive (or HDF5), looked through before anything in it is made."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from normcast.errors import first_line
from normcast.models.revival import Classes, refuse_code
from normcast.plain import parsed

if TYPE_CHECKING:
    import keras

CONFIG = "config.json"
MOST_TEXT = 32 * 2**20
"""Bytes that a configuration may unpack to; that of a network of a thousand layers has about one million."""


def read_keras_file(
    path: str | Path, own: Classes | None = None, compiled: bool = True, where: str = ""
) -> keras.Model:
    """Return the model in a .keras or .h5 file.

    own: classes and functions by name that it may need beside those registered with Keras.
    compiled: whether it is compiled as it was when it was saved; where: how messages call the file.
    Raises FileNotFoundError, and ValueError for a file that is damaged or would run code of its own.
    """
    import keras

    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"{path}: there is no such file.")
    where = where or str(path)
    config = _of_zip(file, where) if zipfile.is_zipfile(file) else _of_hdf5(file, where)
    if config is not None:
        refuse_code(parsed(config, f"{where}: {CONFIG}"), where, own)
    try:
        return keras.saving.load_model(file, custom_objects=dict(own or {}), compile=compiled, safe_mode=True)
    except Exception as error:
        raise ValueError(f"{where} cannot be read as a Keras model. {first_line(error)}") from error


def _of_hdf5(file: Path, where: str) -> str | bytes | None:
    import h5py

    try:
        with h5py.File(file) as content:
            return content.attrs.get("model_config")
    except OSError as error:
        raise ValueError(
            f"{where} cannot be read as a Keras model: it is damaged, or of another kind. Save it again."
        ) from error


def _of_zip(file: Path, where: str) -> bytes | None:
    try:
        with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as archive:
            if CONFIG not in archive.namelist():
                return None
            size = archive.getinfo(CONFIG).file_size
            if size > MOST_TEXT:
                raise ValueError(f"{where}: {CONFIG} unpacks to {size:,} bytes, more than {MOST_TEXT:,}.")
            return archive.read(CONFIG)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise ValueError(
            f"{where} cannot be read as a Keras model: it is damaged ({error}). Save the model again."
        ) from error
