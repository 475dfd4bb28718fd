"""Symptom: a kind of finding that shows when a model runs; and the register of them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, ParamSpec

from normcast.check.examples import Example
from normcast.check.rule import DISPLAY, TO_MEASURE, UNSAFE, Finding, Found, Kind, Severity, registered

MEASURE = "normcast check MODEL.keras --data FILE.npz --run --measure"
"""The call that measures what a fix does."""

Given = ParamSpec("Given")


@dataclass(frozen=True, eq=False, kw_only=True)
class Symptom(Kind, Generic[Given]):
    """What shows when a model runs: words, the function that sees it, remedy and sources in one place.

    Called with what that function looks at, it yields findings. The words are three paragraphs of that
    function's docstring: what shows, why it is bad, and the bound with the reason why it stands there.
    `SYMPTOMS` has all by code; they begin at NC101.

    Parameters
    ----------
    code : str
        "NC" and its number; a code is never used twice.
    slug : str
        Its name in words, as in "gradient-vanishes-inside".
    severity : Severity
        The usual one.
    predicate : callable
        The function that sees it.
    hint : str
        How to mend it, one line.
    safety : {"unsafe", "display"}
        What its edits do to a trained model; "display" where there are none.
    sources : tuple of str
        What says so.
    exceptions : str, default ""
        Where it is silent, in words.
    remedy : str, default ""
        The edits that it offers, in words, "" for none; they change what the model computes.
    tried : str, default ""
        On what the bound was tried, and what came of it.
    twins : tuple of str, default ()
        The slugs of other kinds that say the same of a layer, of which one is told.
    inspected : bool, default True
        Whether an inspection sees it.
    bad : tuple of Example, default ()
        Networks that show it, on normal windows under the squared error; none where it takes weights that
        were trained.
    good : tuple of Example, default ()
        Networks that do not show it.

    Examples
    --------
    >>> import normcast.check
    >>> normcast.check.SYMPTOMS["NC109"].slug
    'gradient-vanishes-inside'
    """

    remedy: str = ""
    tried: str = ""
    twins: tuple[str, ...] = ()
    inspected: bool = True
    bad: tuple[Example, ...] = ()
    good: tuple[Example, ...] = ()

    def __call__(self, *args: Given.args, **kwargs: Given.kwargs) -> Iterator[Finding]:
        """Yield the findings in what is looked at."""
        return map(self.finding, self.predicate(*args, **kwargs))

    def finding(self, found: Found) -> Finding:
        """Return what was seen as a finding.

        Of edits, the hint says how to measure what they do.

        Parameters
        ----------
        found : Found
            What the function yielded.

        Returns
        -------
        Finding
            With the severity, safety and names of this symptom where what was found has none of its own.
        """
        hint = found.hint or self.hint
        return self.told(found, found.fix, f"{hint}{TO_MEASURE}{MEASURE}" if found.fix else hint)


SYMPTOMS: dict[str, Symptom[...]] = {}
"""Every symptom by its code; they begin at NC101."""


def symptom(
    number: int,
    slug: str,
    severity: Severity,
    *,
    hint: str,
    sources: Iterable[str],
    exceptions: str = "",
    remedy: str = "",
    tried: str = "",
    twins: Iterable[str] = (),
    inspected: bool = True,
    bad: Iterable[Example] = (),
    good: Iterable[Example] = (),
) -> Callable[[Callable[Given, Iterator[Found]]], Symptom[Given]]:
    """Register the decorated function as what sees a symptom; its name then stands for the symptom itself."""

    def register(sees: Callable[Given, Iterator[Found]]) -> Symptom[Given]:
        kind: Symptom[Given] = Symptom(
            code=f"NC{number}",
            slug=slug,
            severity=severity,
            predicate=sees,
            hint=hint,
            safety=UNSAFE if remedy else DISPLAY,
            sources=tuple(sources),
            exceptions=exceptions,
            remedy=remedy,
            tried=tried,
            twins=tuple(twins),
            inspected=inspected,
            bad=tuple(bad),
            good=tuple(good),
        )
        SYMPTOMS[kind.code] = registered(kind)
        return kind

    return register
