"""Inspect: see what goes on inside the recurrence of a network."""

from normcast.inspect.flow import Flow, GradientFlow
from normcast.inspect.inspection import Inspection, inspect_model

__all__ = ["Flow", "GradientFlow", "Inspection", "inspect_model"]
