"""Check: what is wrong in a Keras model, where, why, and how to fix it."""

from normcast.check.checker import Fixed, check_model, fix_model
from normcast.check.facts import DataFacts, Facts, Loss, TaskFacts, TrainingFacts
from normcast.check.gather import facts_from
from normcast.check.rule import RULES, Finding, Rule, Severity, find_rule

__all__ = [
    "RULES",
    "DataFacts",
    "Facts",
    "Finding",
    "Fixed",
    "Loss",
    "Rule",
    "Severity",
    "TaskFacts",
    "TrainingFacts",
    "check_model",
    "facts_from",
    "find_rule",
    "fix_model",
]
