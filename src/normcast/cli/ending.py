"""Ending: a command that is told to stop stops within two seconds, with one line and the code of shells.

Python sees a signal only between two of its own steps, and a compiled program may be one step for minutes. So
a thread hears of it too, and ends the process where the command has not ended by itself in time. Worker
processes end by themselves as soon as the process that started them is gone.
"""

import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import NoReturn

GRACE = 1.5
"""Seconds that a command has to close what it holds."""

AGAIN = 0.1
"""Seconds after which the main thread is told again where it has not heard."""

WORDS = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "its terminal is gone"}
"""The signals that end a command, and what is said of them; Windows has two of them."""

told: list[int] = []
"""The signals that came, the first of which decides the exit code."""


def listen() -> None:
    """Let the signals end the command; to be called once, by the main thread."""
    heard, rung = socket.socketpair()
    rung.setblocking(False)
    signal.set_wakeup_fd(rung.fileno(), warn_on_full_buffer=False)
    for name in WORDS:
        if hasattr(signal, name) and signal.getsignal(number := getattr(signal, name)) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    threading.Thread(target=_watch, args=(heard, rung), name="normcast-ending", daemon=True).start()


def code() -> int:
    """Return the exit code of a command that was told to stop: 128 and the number of the signal."""
    return 128 + (told[0] if told else signal.SIGINT)


def words() -> str:
    """Return what is said of the end."""
    name = signal.Signals(told[0]).name if told else "SIGINT"
    return f"{WORDS[name]}; files that were being written are whole or absent"


def leave() -> NoReturn:
    """End the process at once: programs may still compile in threads, and would lose the floor."""
    with suppress(OSError, ValueError):  # the terminal may be gone
        sys.stdout.flush()
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code())


def _interrupt(number: int, _: FrameType | None) -> None:
    told.append(number)
    if len(told) == 1:  # what closes files is not to be interrupted in turn
        raise KeyboardInterrupt


def _watch(heard: socket.socket, rung: socket.socket) -> None:
    number = heard.recv(1)[0]
    end = time.monotonic() + GRACE
    while time.monotonic() < end:
        time.sleep(AGAIN)
        if not told and hasattr(signal, "pthread_kill"):
            signal.pthread_kill(threading.main_thread().ident or 0, number)
    told.append(number)
    with suppress(OSError):
        print(f"normcast: error: {words()}", file=sys.stderr, flush=True)
    os._exit(code())
