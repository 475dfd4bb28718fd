"""A command that is told to stop does so in time, with one line and the right code."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")

SCRIPT = """
import hashlib, signal, sys, threading, time
from normcast.cli import ending, refused
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it is ignored, and rightly stays so
ending.listen()
try:
    print("ready", flush=True)
    {work}
except KeyboardInterrupt:
    print("closed", flush=True)
    refused(ending.words(), 0, False)
    ending.leave()
"""
POLITE = "time.sleep(60)"
STUCK = "hashlib.pbkdf2_hmac('sha256', b'', b'', 2**31 - 1)"  # one step of Python's, for minutes
ELSEWHERE = """
    other = threading.Thread(target=time.sleep, args=(60,), daemon=True)
    other.start()
    threading.Timer(0.5, signal.pthread_kill, (other.ident, signal.SIGTERM)).start()
    time.sleep(60)
"""  # the main thread is not woken, as when a signal comes just before it begins to wait


def told_to_stop(work, number=None, wait=0.0):
    call = [sys.executable, "-c", SCRIPT.format(work=work)]
    process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    time.sleep(wait)
    began = time.monotonic()
    if number:
        process.send_signal(number)
    said, errors = process.communicate(timeout=60)
    return process.returncode, said, errors, time.monotonic() - began


@pytest.mark.parametrize(
    ("name", "words"), [("SIGINT", "interrupted"), ("SIGTERM", "terminated"), ("SIGHUP", "gone")]
)
def test_a_command_closes_what_it_holds_and_ends(name, words):
    number = getattr(signal, name)
    code, said, errors, _ = told_to_stop(POLITE, number)
    assert (code, said) == (128 + number, "closed\n")
    assert errors.startswith("normcast: error: ")
    assert words in errors
    assert len(errors.splitlines()) == 1


def test_a_command_that_waits_and_was_not_woken_is_told_again():
    code, said, _, _ = told_to_stop(ELSEWHERE)
    assert (code, said) == (143, "closed\n")


def test_a_command_that_is_stuck_is_ended():
    code, said, errors, seconds = told_to_stop(STUCK, signal.SIGTERM, wait=1.0)
    assert (code, said) == (143, "")
    assert errors == "normcast: error: terminated; files that were being written are whole or absent\n"
    assert seconds < 20  # minutes otherwise
