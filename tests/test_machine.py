import os

from normcast.machine import cores, versions


def test_cores_are_those_that_this_process_may_use():
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    assert cores() == len(allowed)


def test_versions_name_python_and_each_package():
    assert list(versions()) == ["python", "normcast", "keras", "jax", "numpy"]
    assert "pandas" in versions(("pandas",))
