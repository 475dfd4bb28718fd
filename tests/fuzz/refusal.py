"""Refusal: what opening a file or a text that is no good costs, and what is said of it."""

import contextlib
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Refusal:
    """told: the message; megabytes: of memory at the peak, above what was held before."""

    told: str
    seconds: float
    megabytes: float


def refusal(open_: Callable[[], Any]) -> Refusal:
    """Return how it was refused; raise AssertionError if it was not."""
    gc.collect()
    _forget_peak()
    before, start = _memory("VmRSS"), time.process_time()
    try:
        open_()
    except (ValueError, OSError) as error:
        return Refusal(str(error), time.process_time() - start, _memory("VmHWM") - before)
    raise AssertionError("it was not refused")


def _memory(name: str) -> float:
    """What Linux says of this process in MiB; elsewhere nothing is measured."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), 0.0)


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
