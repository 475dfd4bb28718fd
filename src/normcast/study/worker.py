"""Worker: a process of its own that trains jobs; run as a file, it speaks over its pipes.

It reads pickled messages from the process that started it and from nobody else: first the task, then jobs.
For each job it writes one trial after the other and then None. When the pipe closes, which it does however
the other process ends, it ends too: at once, also in the midst of a job.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
from struct import Struct
from typing import IO, BinaryIO

FILE = __file__
LENGTH = Struct("<Q")


def serve(read: BinaryIO, write: BinaryIO) -> None:
    """Train jobs until the pipe closes."""
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(read, heard), daemon=True).start()
    from normcast.study.job import run

    task = pickle.loads(heard.get())
    send(write, "ready")
    while True:
        job = pickle.loads(heard.get())
        try:
            for trial in run(job, task):
                send(write, trial)
            send(write, None)
        except Exception as error:  # whatever a model does: the one who asked decides
            send(write, error if _travels(error) else RuntimeError(f"{type(error).__name__}: {error}"))


def send(write: IO[bytes], told: object) -> None:
    """Write a message to the other end of a pipe."""
    write.write(message(told))
    write.flush()


def message(told: object) -> bytes:
    """Return a message as it is written: the length of its pickle, and that."""
    raw = pickle.dumps(told)
    return LENGTH.pack(len(raw)) + raw


def received(read: IO[bytes]) -> bytes:
    """Return the pickle of the next message; raises EOFError where the other end is gone."""
    (length,) = LENGTH.unpack(_whole(read, LENGTH.size))
    return _whole(read, length)


def _whole(read: IO[bytes], length: int) -> bytes:
    raw = read.read(length)
    if len(raw) < length:
        raise EOFError
    return raw


def _listen(read: BinaryIO, heard: queue.SimpleQueue[bytes]) -> None:
    """Take messages in, and end the process as the pipe closes. Imports are the main thread's alone."""
    while True:
        try:
            heard.put(received(read))
        except (EOFError, OSError):
            os._exit(0)


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
