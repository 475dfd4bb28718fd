"""Kinds of file: what a file that is no Keras model looks like, from its first bytes."""

from __future__ import annotations

import zipfile
from pathlib import Path

from normcast.budgets import opened_zip

HDF5 = b"\x89HDF\r\n\x1a\n"
SIGNS = {
    b"\x80\x02": "a pickle, maybe of an old PyTorch",
    b"\x80\x03": "a pickle",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
    b"\x93NUMPY": "an .npy array",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "a Parquet table",
    b"SQLite format 3": "an SQLite database, such as a store of a study",
    b"\x89PNG": "a picture",
    b"%PDF": "a PDF",
}
INSIDE = {
    "manifest.json": "a model of normcast itself, for normcast predict",
    "[Content_Types].xml": "a spreadsheet",
}
"""What a zip is that has this part."""
HEAD = 4096


def other_kind(file: Path) -> str:
    """Return what a file looks like that is surely no Keras model; "" where it may be one, damaged or not.

    A file that begins as its ending says may be one: a .keras file as a zip, any other as HDF5.
    """
    if file.is_dir():
        return "a SavedModel of TensorFlow" if (file / "saved_model.pb").is_file() else "a folder"
    with file.open("rb") as raw:
        head = raw.read(HEAD)
    is_zip = head.startswith(b"PK")
    if file.suffix == ".keras":
        return "HDF5: name it .h5" if head.startswith(HDF5) else _in_zip(file) if is_zip else _of_head(head)
    if head.startswith(HDF5):
        return ""
    return (_in_zip(file) or "a .keras file: name it so") if is_zip else _of_head(head)


def _of_head(head: bytes) -> str:
    if not head:
        return "an empty file"
    for sign, kind in SIGNS.items():
        if head.startswith(sign):
            return kind
    if head[4:8] == b"TFL3":
        return "a TensorFlow Lite model"
    if head[8:10] == b'{"':
        return "an archive of safetensors"
    return _of_text(head)


def _of_text(head: bytes) -> str:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4 or len(head) < HEAD:  # not a sign that the head cuts in two
            return "binary data of a kind that is not known"
        text = head[: error.start].decode()
    if "\x00" in text:
        return "binary data of a kind that is not known"
    first = text.lstrip()[:1]
    return "JSON" if first in ("{", "[") else "a page of HTML" if first == "<" else "a text, such as a table"


def _in_zip(file: Path) -> str:
    """Return what a zip is by the parts it has; "" for what may be a Keras model, or a broken one."""
    try:
        with file.open("rb") as raw, opened_zip(raw) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return ""
    if {"config.json", "model.weights.h5"} & set(names):
        return ""
    if names and all(name.endswith(".npy") for name in names):
        return "an .npz of arrays"
    if any(name.endswith("data.pkl") for name in names):
        return "a model of PyTorch"
    return next((kind for name, kind in INSIDE.items() if name in names), "a zip archive")
