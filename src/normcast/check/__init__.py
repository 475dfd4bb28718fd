"""Check: what is wrong in a Keras model, where, why, and how to fix it."""

from normcast.check.checker import Fixed, check_model, fix_model
from normcast.check.dynamic import run_checks
from normcast.check.facts import DataFacts, Facts, Loss, TaskFacts, TrainingFacts
from normcast.check.formats import formatted
from normcast.check.gather import facts_from
from normcast.check.guard import CheckCallback, assert_no_findings
from normcast.check.rule import RULES, Finding, Rule, Severity, find_rule
from normcast.check.settings import Settings, load_settings
from normcast.check.source import lost_layers

__all__ = [
    "RULES",
    "CheckCallback",
    "DataFacts",
    "Facts",
    "Finding",
    "Fixed",
    "Loss",
    "Rule",
    "Settings",
    "Severity",
    "TaskFacts",
    "TrainingFacts",
    "assert_no_findings",
    "check_model",
    "facts_from",
    "find_rule",
    "fix_model",
    "formatted",
    "load_settings",
    "lost_layers",
    "run_checks",
]
