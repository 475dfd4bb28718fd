"""The section with the network, and what was measured where."""

from __future__ import annotations

from normcast.pages.page import Figure, Key, Section
from normcast.pages.percent import percent
from normcast.report.of_study.factors import factor_effects, verdict_of
from normcast.report.of_study.marks import MARKS, WORDS
from normcast.report.of_study.network import layers_of
from normcast.report.of_study.places import Place, places_of
from normcast.report.of_study.reading import level_of
from normcast.report.of_study.sketch import Note, sketch
from normcast.report.of_study.values import StudyReport
from normcast.study import Placement


def network_section(report: StudyReport) -> Section | None:
    """The network from input to output, each place coloured by the strongest effect measured there."""
    text = report.facts.get("model")
    if not text:
        return None
    layers = layers_of(str(text))
    notes, elsewhere = notes_of(report)
    drawing = sketch(layers, notes, f"The layers of {report.facts.get('network', 'the network')}, in order")
    used = {note.verdict for mine in notes.values() for note in mine}
    legend = tuple(Key(WORDS[v], key.tone, key.kind, path=key.path) for v, key in MARKS.items() if v in used)
    words = (
        "From input to output, as it was given. A mark stands where something was tried, on a layer or "
        "behind it, and is coloured by the strongest effect there: better, else worse, else undecided. "
        "Beside it, each placement with the change of the error; point at one for the whole sentence."
    )
    if report.result.factors is not None:
        words += " Each stands for all networks that have it, its change for their mean."
    out = f" Not at one place, so not drawn: {'; '.join(elsewhere)}." if elsewhere else ""
    title = f"{report.facts.get('network', 'network')}, as given"
    return Section(
        "network",
        "Where in the network",
        text=(words + out,),
        legend=legend,
        figures=(Figure(title, drawing, wide=True),),
    )


def notes_of(report: StudyReport) -> tuple[dict[Place, list[Note]], list[str]]:
    """Return the notes by place, and the names of placements that have none."""
    layers = layers_of(str(report.facts["model"]))
    found: dict[Place, list[Note]] = {}
    elsewhere = []
    for placement, note in _measured(report):
        places = places_of(placement, layers)
        for place in places:
            found.setdefault(place, []).append(note)
        if not places:
            elsewhere.append(f"{note.text} ({note.change})")
    return found, elsewhere


def _measured(report: StudyReport) -> list[tuple[Placement, Note]]:
    result = report.result
    if report.result.factors is not None:
        return _changes(report)
    return [
        (
            result.placement(each.name),
            Note(each.verdict, each.effect, percent(each.effect), level_of(report, each.name), str(each)),
        )
        for each in result.comparison.effects
    ]


def _changes(report: StudyReport) -> list[tuple[Placement, Note]]:
    """Of combined designs, what each change does on average; where it acts is known where it stands alone."""
    alone = {each.name: each for each in report.result.placements}
    found = []
    for names, effect in factor_effects(report).items():
        if len(names) == 1 and " with " not in names[0]:
            name = names[0]
            slot, _, level = name.partition(": ")
            placement = alone.get(name) or Placement(name, slot=slot, level=level)
            words = f"{name}: {percent(effect.effect)}, averaged over the other changes"
            note = Note(verdict_of(effect), effect.effect, percent(effect.effect), level or name, words)
            found.append((placement, note))
    return found
