"""Factors: for designs that combine changes, what each does by itself and what two do together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from normcast.report.of_study.words import interval, p_value, percent
from normcast.report.page import Cell, Section, Table
from normcast.report.study_values import StudyReport
from normcast.study import BASELINE
from normcast.study.designs import Design, FactorEffect, MainEffects, main_effects

JOINED = " + "
GIVEN = "given"


def parts_of(name: str) -> tuple[str, ...]:
    """Return the changes that a combination is made of.

    >>> parts_of("conv_1: max pooling + lstm_1: zoneout 0.1")
    ('conv_1: max pooling', 'lstm_1: zoneout 0.1')
    """
    return () if name == BASELINE else tuple(name.split(JOINED))


def is_combined(report: StudyReport) -> bool:
    """Say whether the design trains several changes at once."""
    return report.facts.get("design") in ("factorial", "fractional")


def factors_of(names: Sequence[str], fractional: bool) -> list[list[str]]:
    """Return the changes in groups of which a network has at most one.

    In a full factorial those are the changes that never meet; in a fraction each is by itself.

    >>> factors_of(["a", "b", "c", "a + c", "b + c"], fractional=False)
    [['a', 'b'], ['c']]
    """
    parts = list(dict.fromkeys(part for name in names for part in parts_of(name)))
    if fractional:
        return [[part] for part in parts]
    met = {frozenset((a, b)) for name in names for a in parts_of(name) for b in parts_of(name) if a != b}
    groups: list[list[str]] = []
    for part in parts:
        home = next((g for g in groups if all(frozenset((part, each)) not in met for each in g)), None)
        if home is None:
            groups.append([part])
        else:
            home.append(part)
    return groups


def factor_effects(report: StudyReport) -> dict[tuple[str, ...], FactorEffect]:
    """Return each effect by the changes it is of: one, or two together, or pairs that cannot be told "
    "apart."""
    found = effects_of(report)
    names = _names(report)
    return {
        tuple(" with ".join(names[part] for part in term) for term in effect.terms): effect
        for effect in found.effects
    }


def _groups(report: StudyReport) -> list[list[str]]:
    return factors_of(report.result.names, report.facts.get("design") == "fractional")


def _names(report: StudyReport) -> dict[str, str]:
    """Return what the statistics call each change, mapped to its name."""
    found = {}
    for k, group in enumerate(_groups(report)):
        for j, part in enumerate(group):
            found[f"f{k}" if len(group) == 1 else f"f{k}={j}"] = part
    return found


def effects_of(report: StudyReport) -> MainEffects:
    """Return main effects and interactions of the networks that were trained."""
    result, groups = report.result, _groups(report)
    names = result.names
    axes = {f"f{k}": (GIVEN, *map(str, range(len(group)))) for k, group in enumerate(groups)}
    cells = tuple(_cell(name, groups) for name in names)
    design = Design(str(report.facts["design"]), axes, cells)
    return main_effects(design, np.stack([result.scores[name] for name in names]))


def _cell(name: str, groups: list[list[str]]) -> dict[str, str]:
    parts = parts_of(name)
    return {
        f"f{k}": next((str(group.index(part)) for part in parts if part in group), GIVEN)
        for k, group in enumerate(groups)
    }


def factors_section(report: StudyReport) -> Section | None:
    """Main effects, and folded the interactions."""
    if not is_combined(report) or len(report.result.names) < 3:
        return None
    effects, found = factor_effects(report), effects_of(report)
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
