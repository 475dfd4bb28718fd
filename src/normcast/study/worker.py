"""Worker: a process of its own that trains jobs; `python -m normcast.study.worker` speaks over its pipes.

It reads pickled messages from the process that started it and from nobody else: first the task, then jobs.
For each job it writes one trial after the other and then None.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from typing import BinaryIO


def serve(read: BinaryIO, write: BinaryIO) -> None:
    """Train jobs until the pipe closes."""
    from normcast.study.job import run

    def say(message: object) -> None:
        pickle.dump(message, write)
        write.flush()

    task = pickle.load(read)
    say("ready")
    while True:
        try:
            job = pickle.load(read)
        except EOFError:
            return
        try:
            for trial in run(job, task):
                say(trial)
            say(None)
        except Exception as error:  # whatever a model does: the one who asked decides
            say(error if _travels(error) else RuntimeError(f"{type(error).__name__}: {error}"))


def _travels(error: Exception) -> bool:
    try:
        return isinstance(pickle.loads(pickle.dumps(error)), Exception)
    except Exception:
        return False


def main() -> None:
    """Take the pipes, and send whatever others print to the error stream."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the process that started this one
    write = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, write)


if __name__ == "__main__":
    main()
