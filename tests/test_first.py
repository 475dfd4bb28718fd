"""The benchmark of the first minutes: every command is run, and its time is booked where it went."""

import time

import pytest
from benchmarks import first, first_jobs, first_phases

WORK = """
def work(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
"""


def booked(file: str) -> dict[str, float]:
    sampler, names = first_phases.Sampler(), {"time": time}
    exec(compile(WORK, file, "exec"), names)
    sampler.start()
    names["work"](0.3)
    return sampler.told()["phases"]


def test_processor_time_is_booked_under_the_phase_whose_code_runs():
    assert booked("/site/jax/_src/interpreters/mlir.py")["lowering"] > 0.2
    assert booked("/own/script.py")["lowering"] == 0


def test_what_waits_for_a_thread_is_no_phase():
    assert first_phases.phase_of_file("/lib/threading.py") is None
    assert first_phases.phase_of_file("/src/normcast/report/report.py") == "report"


def test_a_job_is_measured_cold_and_warm_in_a_process_of_its_own():
    rows = {row.name: row for row in first.run(["--quick", "--only", "import"])}
    assert rows["import normcast, warm"].unit == "GB at peak"
    assert 0 < rows["import normcast, cold"].value < 0.1


def test_a_job_that_is_not_there_is_refused_with_those_that_are(capsys):
    with pytest.raises(SystemExit):
        first.run(["--only", "forcast"])
    assert "forecast 144 rows" in capsys.readouterr().err


@pytest.mark.parametrize("make", [first_jobs.airline, first_jobs.weather, first_jobs.cases])
def test_the_files_of_a_job_are_made_in_code(make, tmp_path):
    make(tmp_path, None)
    assert [file.stat().st_size > 1000 for file in tmp_path.iterdir()] == [True]
