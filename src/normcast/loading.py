"""Loading: what was saved, back again, whatever kind of thing it is."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from normcast.artefact import Archive, read_manifest
from normcast.errors import unknown

if TYPE_CHECKING:
    from normcast.forecasting import Forecaster

KINDS = {"forecaster": "normcast.forecasting.forecaster"}  # the module whose `read` takes a file of that kind


def load(path: str | Path) -> Forecaster:
    """Return what `save` wrote; a forecaster forecasts bit for bit as that one did.

    Without a table `predict` continues the rows that were fitted, of which the file keeps the last ones.
    No code is run: a file is JSON, arrays, and for a keras model of your own Keras' archive in safe mode.
    Files of every earlier format are read. Raises FileNotFoundError, ImportError for a polars table where
    polars is not installed, and ValueError for a file that is broken, cut off, or not a normcast model of a
    kind and format this version knows.

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
    read: Any = import_module(KINDS[kind]).read
    return read(archive)
