"""Keras seam: what Keras keeps to itself and we use all the same.

Each name stands with what is done where a new Keras no longer has it: it makes us slower, or leaves something
unchecked, never wrong, and is said once.
"""

from normcast.keras_seam.gone import told_gone
from normcast.keras_seam.models import (
    adapted_layers,
    all_layers,
    call_of,
    calls_of,
    compile_arguments,
    functional_module,
    has_added_losses,
    history,
    is_functional,
    is_operation,
    is_plain_model,
    losses_kept,
    named_anew,
    no_word_on_optimizers,
    own_compiling,
    own_training,
)
from normcast.keras_seam.optimizers import AVERAGES, is_decayed, own_rate, spared, state_of, trained_by

__all__ = [
    "AVERAGES",
    "adapted_layers",
    "all_layers",
    "call_of",
    "calls_of",
    "compile_arguments",
    "functional_module",
    "has_added_losses",
    "history",
    "is_decayed",
    "is_functional",
    "is_operation",
    "is_plain_model",
    "losses_kept",
    "named_anew",
    "no_word_on_optimizers",
    "own_compiling",
    "own_rate",
    "own_training",
    "spared",
    "state_of",
    "told_gone",
    "trained_by",
]
