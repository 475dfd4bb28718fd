"""Leakage: whether what is learned and forecast before a cutoff stays equal, whatever comes after it."""

from normcast.leakage.canary import canary
from normcast.leakage.report import CanaryReport, Leak
from normcast.leakage.ways import WAYS

__all__ = ["WAYS", "CanaryReport", "Leak", "canary"]
