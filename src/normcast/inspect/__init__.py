"""Inspect: see what goes on inside the recurrence of a network."""

from normcast.inspect.inspection import Inspection, inspect_model

__all__ = ["Inspection", "inspect_model"]
