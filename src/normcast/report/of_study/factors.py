"""Factors: for designs that combine changes, what each does by itself and what two do together."""

from __future__ import annotations

from normcast.pages.page import Cell, Section, Table
from normcast.pages.percent import interval, percent
from normcast.report.of_study.values import StudyReport
from normcast.study.designs import FactorEffect
from normcast.study.words import p_value


def factor_effects(report: StudyReport) -> dict[tuple[str, ...], FactorEffect]:
    """Return each effect by the changes it is of: one, two together, or pairs that are not told apart."""
    found, names = report.result.factors, _names(report)
    return {
        tuple(" with ".join(names[part] for part in term) for term in effect.terms): effect
        for effect in (found.effects if found else ())
    }


def _names(report: StudyReport) -> dict[str, str]:
    """Return what the statistics call each change, mapped to its placement's name."""
    crossed, found = report.result.crossed, {}
    for axis, (_, *changes) in (crossed.axes if crossed else {}).items():
        for change in changes:
            found[axis if len(changes) == 1 else f"{axis}={change}"] = change
    return found


def factors_section(report: StudyReport) -> Section | None:
    """Main effects, and folded the interactions."""
    found = report.result.factors
    if found is None or not found.effects:
        return None
    effects = factor_effects(report)
    alone = {names: each for names, each in effects.items() if not any(" with " in name for name in names)}
    both = {names: each for names, each in effects.items() if names not in alone}
    text = (
        "Each change was trained in several combinations. This is what it does on average over all that the "
        "others do, which uses every training at once and so sees more than the single networks below do."
    )
    tables = [_table("One change, averaged over the others", alone)]
    if both:
        tables.append(_table("Two changes together: how much more (or less) than the sum of both", both))
    return Section(
        "factors", "What each change does", text=(text,), tables=tuple(tables), bullets=found.notes
    )


def _table(caption: str, effects: dict[tuple[str, ...], FactorEffect]) -> Table:
    ordered = sorted(effects.items(), key=lambda item: (item[1].p, item[0]))
    rows = tuple(
        (
            Cell(" or ".join(names), number=False),
            Cell(percent(each.effect)),
            Cell(interval(each.low, each.high)),
            Cell(p_value(each.p)),
            Cell(p_value(each.holm_p)),
            Cell(verdict_of(each), number=False),
        )
        for names, each in ordered
    )
    return Table(caption, ("change", "effect", "95 % interval", "p", "corrected p", "verdict"), rows)


def verdict_of(effect: FactorEffect, alpha: float = 0.05) -> str:
    """Return the verdict of a factor's effect; there is no test of no difference for it."""
    if not effect.holm_p < alpha:
        return "undecided"
    return "better" if effect.effect < 0 else "worse"
