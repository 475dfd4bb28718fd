"""Edits: the only way models are changed. A lint fix and a placement are both a tuple of them."""

from normcast.models.edits.apply import Applied, apply, apply_reported
from normcast.models.edits.diff import diff
from normcast.models.edits.edit import (
    Edit,
    Insert,
    Move,
    Remove,
    Replace,
    Rewire,
    Set,
    edits_from_json,
    edits_to_json,
)
from normcast.models.edits.losses import Compile

__all__ = [
    "Applied",
    "Compile",
    "Edit",
    "Insert",
    "Move",
    "Remove",
    "Replace",
    "Rewire",
    "Set",
    "apply",
    "apply_reported",
    "diff",
    "edits_from_json",
    "edits_to_json",
]
