"""The child of `python -m benchmarks first`: runs a command and says on what its processor time went.

A thread looks at the stacks of all others every few milliseconds, and books the processor time since the
last look under the phase that their innermost known frame tells. So time that XLA spends on threads of its
own counts for the phase that waits for it, and of Keras and JAX nothing but the names of files is known.
"""

import importlib
import json
import os
import resource
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

PHASES = {
    "kernel": ("normcast/library.py", "normcast/kernels/native/__init__.py"),
    "compiling": ("jax/_src/compiler.py", "jax/_src/compilation_cache.py", "normcast/engine/stored.py"),
    "lowering": ("jax/_src/interpreters/mlir.py",),
    "tracing": ("jax/_src/interpreters/partial_eval.py",),
    "imports": ("<frozen importlib._bootstrap>",),
    "building": ("normcast/models/network.py", "normcast/engine/seeding.py", "normcast/engine/twin.py"),
    "training": ("normcast/engine/run.py", "normcast/engine/keras_fit.py", "normcast/engine/prediction.py"),
    "report": ("normcast/report/", "normcast/pages/", "normcast/scoring/scores.py"),
}
ALL = (*PHASES, "workers", "other")
EVERY = 0.004  # seconds between two looks
WAITING = ("threading.py", "concurrent/futures/_base.py", "concurrent/futures/thread.py", "selectors.py")
COMPILED = "/jax/core/compile/backend_compile_duration"
KEPT = "/jax/compilation_cache/cache_hits"


class Sampler(threading.Thread):
    """Books processor time by phase until it is stopped; what Python took to start is an import."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.spent: Counter[str] = Counter({"imports": time.process_time()})
        self.events: Counter[str] = Counter()
        self.over = threading.Event()
        self.at, self.below = time.process_time(), children()
        self.listens = False

    def run(self) -> None:
        """Look until it is over."""
        before: set[str] = set()
        while not self.over.wait(EVERY):
            before = self.look(before)

    def look(self, before: set[str] = frozenset()) -> set[str]:  # type: ignore[assignment]
        """Book the time since the last look, under the phases seen now; returns these."""
        now, below = time.process_time(), children()
        stacks = [frame for thread, frame in sys._current_frames().items() if thread != self.ident]
        seen = {phase for frame in stacks if (phase := phase_of(frame)) is not None}
        for phase in seen or {"other"}:
            self.spent[phase] += (now - self.at) / max(1, len(seen))
        self.spent["kernel" if "kernel" in seen | before else "workers"] += below - self.below
        self.at, self.below = now, below
        self._listen()
        return seen

    def _listen(self) -> None:
        """Count programs from when JAX is there."""
        monitoring = getattr(sys.modules.get("jax"), "monitoring", None)
        if monitoring is not None and not self.listens:
            self.listens = True
            monitoring.register_event_duration_secs_listener(
                lambda name, *_, **__: self.events.update([name])
            )
            monitoring.register_event_listener(lambda name, **_: self.events.update([name]))

    def told(self) -> dict[str, Any]:
        """Return seconds by phase, and how many programs were made and taken from the cache."""
        self.over.set()
        self.look()
        phases = {name: self.spent[name] for name in ALL}
        return {
            "phases": phases, "programs": self.events[COMPILED], "kept": self.events[KEPT], "peak": peak(),
        }  # fmt: skip


def peak() -> float:
    """Return the most memory that this process has had, in gigabytes.

    Linux counts in `ru_maxrss` what the process had that started this one, too.
    """
    with suppress(OSError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**20
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**30 if sys.platform == "darwin" else 2**20)


def children() -> float:
    """Return the processor time of child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def phase_of(frame: FrameType | None) -> str | None:
    """Return the phase of a thread by its innermost known frame; None for one that waits, or has none."""
    waits = frame is not None and frame.f_code.co_filename.endswith(WAITING)
    while frame is not None:
        phase = phase_of_file(frame.f_code.co_filename)
        if phase is not None and (not waits or phase == "kernel"):  # which waits for the C++ compiler
            return phase
        frame = frame.f_back
    return None


_known: dict[str, str | None] = {}


def phase_of_file(name: str) -> str | None:
    """Return the phase that code of this file works for."""
    if name not in _known:
        matching = (phase for phase, parts in PHASES.items() if any(part in name for part in parts))
        _known[name] = next(matching, None)
    return _known[name]


def watched(work: Callable[[], object], out: Path) -> None:
    """Do the work, and write what a sampler saw of it, also where it ends the process."""
    sampler = Sampler()
    sampler.start()
    try:
        work()
    finally:
        out.write_text(json.dumps(sampler.told()))


def main() -> None:
    """Run `import`, `call MODULE FUNCTION [ARGUMENT ...]` or a `normcast` command.

    Arguments: the file for the phases, then the command.
    """
    out, what, *arguments = Path(sys.argv[1]), *sys.argv[2:]

    def work() -> None:
        if what == "import":
            import normcast  # noqa: F401
        elif what == "call":
            getattr(importlib.import_module(arguments[0]), arguments[1])(*arguments[2:])
        else:
            from normcast.__main__ import main as command

            sys.argv = ["normcast", what, *arguments]
            command()

    watched(work, out)
    sys.stdout.flush()
    os._exit(0)  # as quickly as a command ends that nobody watches


if __name__ == "__main__":
    main()
