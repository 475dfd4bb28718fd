"""The report of a study: where normalization and dropout go, on one page."""

from normcast.report.of_study.sections import study_page
from normcast.report.study_values import StudyReport

__all__ = ["StudyReport", "study_page"]
