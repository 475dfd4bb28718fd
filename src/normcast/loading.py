"""Loading: what was saved, back again, whatever kind of thing it is."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from normcast.artefact import Archive, read_manifest
from normcast.errors import unknown

KINDS = {  # the module whose `read` takes a file of that kind
    "forecaster": "normcast.forecasting.forecaster",
    "regressor": "normcast.cases.regressor",
    "classifier": "normcast.cases.classifier",
}


def load(path: str | Path, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return what `save` wrote, the same bit for bit.

    No code is run: a file is JSON, arrays, and for a keras model of your own Keras' archive in safe mode.
    Files of every earlier format are read.

    Parameters
    ----------
    path : str or Path
        The file.
    custom_objects : mapping of str to type, optional
        Your own layers by name, for a keras model whose classes are not registered with Keras.

    Returns
    -------
    Forecaster, Regressor or Classifier
        What was saved, fitted. Of a forecaster, `predict` without a table continues the rows that were
        fitted, of which the file keeps the last ones.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If the table was of polars, and polars is not installed.
    ValueError
        If the file is broken, cut off, or not a normcast model of a kind and format this version knows.

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> from normcast import Forecaster
    >>> table = pd.DataFrame({"ds": range(60), "y": [step % 6 for step in range(60)]})
    >>> fitted = Forecaster(h=2, input_size=6, level=(), model="conv-lstm", epochs=1, seeds=1).fit(table)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fitted.save(folder + "/demo.normcast")
    ...     loaded = load(folder + "/demo.normcast")
    >>> loaded.predict().equals(fitted.predict())
    True
    """
    archive = Archive.opened(path)
    kind = read_manifest(archive).kind
    if kind not in KINDS:
        raise ValueError(f"{unknown('kind', kind, KINDS, where=archive.where)} Install a newer normcast.")
    return import_module(KINDS[kind]).read(archive, custom_objects)
