"""Spared: what Keras imports wherever it is installed, and no command needs."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType

NAME, FOR = "sklearn", "keras.src.wrappers."


class Spared(MetaPathFinder):
    """Finds no scikit-learn for Keras, which then leaves out its wrappers for it; anybody else finds it.

    Half a second of each command, with most of SciPy. Only for a process that is ours alone.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raise ModuleNotFoundError where Keras asks for scikit-learn; leave all else to others."""
        if name == NAME and asked_by(FOR, sys._getframe(1)):
            raise ModuleNotFoundError(f"No module named {name!r}: no command needs it", name=name)
        return None


def asked_by(package: str, frame: FrameType | None) -> bool:
    """Say whether a module of a package stands among the callers."""
    while frame is not None and not str(frame.f_globals.get("__name__", "")).startswith(package):
        frame = frame.f_back
    return frame is not None


def spare() -> None:
    """Spare this process what no command needs; before Keras is imported."""
    sys.meta_path.insert(0, Spared())
