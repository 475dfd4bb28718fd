"""Check: what is wrong in a Keras model, where, why, and how to fix it."""

from normcast.check.checker import Fixed, check_model, fix_model
from normcast.check.configuration import Configuration, load_configuration
from normcast.check.dynamic import run_checks
from normcast.check.facts import DataFacts, Facts, Loss, TaskFacts, TrainingFacts
from normcast.check.findings import Findings
from normcast.check.formats import formatted
from normcast.check.gather import facts_from
from normcast.check.guard import CheckCallback, assert_no_findings
from normcast.check.rule import RULES, Finding, Rule, Severity, find_rule
from normcast.check.source import check_source, lost_layers
from normcast.check.symptom import SYMPTOMS, Symptom

__all__ = [
    "RULES",
    "SYMPTOMS",
    "CheckCallback",
    "Configuration",
    "DataFacts",
    "Facts",
    "Finding",
    "Findings",
    "Fixed",
    "Loss",
    "Rule",
    "Severity",
    "Symptom",
    "TaskFacts",
    "TrainingFacts",
    "assert_no_findings",
    "check_model",
    "check_source",
    "facts_from",
    "find_rule",
    "fix_model",
    "formatted",
    "load_configuration",
    "lost_layers",
    "run_checks",
]
