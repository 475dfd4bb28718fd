import os
import subprocess
import sys

import pytest

from normcast.machine import cores, may_live, versions


def test_cores_are_those_that_this_process_may_use():
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    assert cores() == len(allowed)


def test_versions_name_python_and_each_package():
    assert list(versions()) == ["python", "normcast", "keras", "jax", "numpy"]
    assert "pandas" in versions(("pandas",))


def test_a_process_that_ended_is_known_to_be_gone():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    assert may_live(ended.pid)
    ended.wait()
    assert may_live(ended.pid) == (sys.platform == "win32")


def test_on_windows_nobody_is_sent_a_signal_to_ask_whether_it_lives(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("a signal was sent"))
    assert may_live(1)
