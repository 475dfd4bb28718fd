"""Recurrences: in which form those of a study's trials were computed, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from normcast.errors import counted
from normcast.forms import NATIVE, WORDS, XLA, forms_of
from normcast.study.trial import Trial

MIXED = "The recurrences of these trainings were computed in two forms."
UNKNOWN = "Some of these trainings are from before a store noted in which form recurrences were computed."
REPEATS = (
    "A training repeats to the bit within its form; in the other it differs by rounding. Those in the store "
    "stay as they were made."
)


def forms_counted(trials: Iterable[Trial]) -> dict[str | None, int]:
    """Return how many trials were made in each form; trials without a recurrence, or never run, in none.

    >>> new = Trial("a", 0, 1, 5, versions={"recurrence": "xla"})
    >>> forms_counted([new, Trial("a", 0, 2, 5, versions={"keras": "3.15.1"}), Trial("a", 0, 3, 5)])
    {'xla': 1, None: 1}
    """
    counts = Counter(trial.recurrence for trial in trials if trial.versions)
    return {form: counts[form] for form in forms_of(counts)}


def recurrences(trials: Iterable[Trial]) -> str:
    """Return the forms, with how many trainings each made where there are several; "" for none.

    >>> trials = [Trial("a", 0, seed, 5, versions={"recurrence": "native"}) for seed in range(3)]
    >>> recurrences(trials), recurrences([*trials, Trial("a", 0, 3, 5, versions={"recurrence": "xla"})])
    ('native kernels', 'native kernels in 3 trainings, XLA in 1 training')
    """
    counts = forms_counted(trials)
    if len(counts) < 2:
        return "".join(WORDS[form] for form in counts)
    return ", ".join(f"{WORDS[form]} in {counted(count, 'training')}" for form, count in counts.items())


def repeats(trials: Iterable[Trial]) -> str:
    """Return what it means that trials were not all made in one form; "" where they were."""
    counts = forms_counted(trials)
    if len(counts) < 2:
        return ""
    return f"{MIXED if {NATIVE, XLA} <= counts.keys() else UNKNOWN} {REPEATS}"


def recurrence_words(trials: Sequence[Trial]) -> str:
    """Return `recurrences` as a sentence, and what `repeats` says; "" for none.

    >>> recurrence_words([Trial("a", 0, 1, 5, versions={"recurrence": "native"})])
    'Recurrences: native kernels.'
    """
    told = recurrences(trials)
    return f"Recurrences: {told}. {repeats(trials)}".rstrip() if told else ""
