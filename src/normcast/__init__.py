"""normcast: conv-recurrent networks for time series, with normalization and dropout in the right places.

Public names are imported when they are first used, so that `import normcast` is immediate.

>>> import normcast
>>> "Forecaster" in dir(normcast)
True
"""

import json
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

# What people need, and where it lives; a module is imported when it is first asked for.
_HOME = {
    "Architecture": "normcast.models",
    "Cases": "normcast.data",
    "Classifier": "normcast.cases",
    "Forecaster": "normcast.forecasting",
    "Panel": "normcast.data",
    "Regressor": "normcast.cases",
    "Study": "normcast.study",
    "StudyResult": "normcast.study",
    "Training": "normcast.engine",
    "assert_no_findings": "normcast.check",
    "canary": "normcast.leakage",
    "check_model": "normcast.check",
    "cut_windows": "normcast.data",
    "facts_from": "normcast.check",
    "fix_model": "normcast.check",
    "inspect_model": "normcast.inspect",
    "load": "normcast.loading",
    "placements": "normcast.study",
    "write_report": "normcast.report",
}
_MODULES = (
    "check", "data", "datasets", "engine", "forecasting", "inspect", "layers", "models", "report", "scoring",
    "study",
)  # fmt: skip

__all__ = ["__version__", *_HOME, *_MODULES]  # noqa: PLE0604  (names resolved by __getattr__)


ASKED_BACKEND = os.environ.get("KERAS_BACKEND")  # the variable as the user left it


def _prefer_jax() -> None:
    """Choose JAX for Keras, unless the user chose a backend by variable, by keras.json or by importing keras.

    Keras writes "tensorflow" into keras.json when it is first imported, whatever backend was in use;
    a keras.json that names a backend which is not installed is therefore nobody's choice.
    """
    if "keras" in sys.modules or ASKED_BACKEND:
        return
    config = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "keras.json"
    try:
        chosen = json.loads(config.read_text()).get("backend", "jax")
    except (OSError, ValueError):
        chosen = "jax"
    os.environ["KERAS_BACKEND"] = chosen if find_spec(chosen) else "jax"


_prefer_jax()


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name == "datasets":
        return import_module("normcast.data.datasets")
    if name in _MODULES:
        return import_module(f"normcast.{name}")
    raise AttributeError(f"module 'normcast' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
