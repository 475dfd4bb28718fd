"""Forms: the two ways in which a recurrence is computed. Results repeat to the bit within a form.

A training says which it was (`Trained.recurrence`); whatever is made of trainings passes that on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NATIVE, XLA, BOTH = "native", "xla", "native and xla"
WORDS = {NATIVE: "native kernels", XLA: "XLA", BOTH: "native kernels and XLA in turn", None: "not noted"}
"""A form in words; None is that of a result from before results said it."""


def joined(forms: Sequence[str]) -> str:
    """Return the form of a training that was computed in these, as one that went on elsewhere may be.

    >>> joined([]), joined(["xla"]), joined(["native", "xla"])
    ('', 'xla', 'native and xla')
    """
    return BOTH if len(forms) > 1 else "".join(forms)


def forms_of(recurrences: Iterable[str | None]) -> list[str | None]:
    """Return the forms that made results, each once, in the order of `WORDS`; "" of a result says nothing.

    >>> forms_of(["xla", "", "native", "xla"]), forms_of([""])
    (['native', 'xla'], [])
    """
    found = set(recurrences)
    return [form for form in WORDS if form in found]


def told(recurrences: Iterable[str | None]) -> dict[str, str]:
    """Return which forms made results, as one more line beside their versions; {} where no recurrence ran.

    >>> told(["native", "native"]), told(["native", "xla"]), told([""])
    ({'recurrences': 'native kernels'}, {'recurrences': 'native kernels, XLA'}, {})
    """
    found = forms_of(recurrences)
    return {"recurrences": ", ".join(WORDS[form] for form in found)} if found else {}
