"""The code that builds the winner, and the commands that go on from here."""

from __future__ import annotations

from shlex import quote

from normcast.models.edits import Edit, Insert, Replace, edits_to_json
from normcast.models.graph import as_spec
from normcast.pages.page import Section
from normcast.report.of_study.values import StudyReport
from normcast.study import BASELINE, Placement
from normcast.study.extent import next_look
from normcast.study.statistics import fewest_seeds

LONGEST = 88  # characters of an edit that is still printed as code


def again_section(report: StudyReport) -> Section:
    """Python for the winner, or for any placement; and the command line."""
    winner = report.result.winner
    text = (
        f"The network with “{winner.name}” in place; `model` is the network as given."
        if winner
        else "There is no winner to build: the network as given stays. This builds any placement."
    )
    code = [("Python: build the winner", winner_code(winner))] if winner else []
    code.append(("Python: any placement, from the store", any_code(report)))
    code.append(("Command line", commands(report)))
    return Section("again", "Build it, and go on", text=(text,), code=tuple(code))


def winner_code(placement: Placement) -> str:
    """Return Python that makes a placement's network from the variable `model`."""
    lines = [] if placement.edits else ["# the network stays as it is"]
    if placement.edits:
        body, names = edits_code(placement.edits)
        lines = [f"from normcast.models.edits import {', '.join(names)}", "", *body]
    if placement.scaling is not None:
        lines.append(f"# the data is scaled otherwise: {placement.scaling}")
    if placement.training:
        given = ", ".join(f"{name}={value!r}" for name, value in placement.training.items())
        lines.append(f"# and it is trained with {given}")
    return "\n".join(lines)


def edits_code(edits: tuple[Edit, ...]) -> tuple[list[str], list[str]]:
    """Return the lines that apply edits, as code or, where that is long, JSON; and the names they import."""
    shown = [edit_code(each) for each in edits]
    if all(each and len(each) <= LONGEST for each in shown):
        kinds = sorted({type(each).__name__ for each in edits})
        lines = ["edits = [", *(f"    {each}," for each in shown), "]", "model = apply(model, edits)"]
        return lines, [*kinds, "apply"]
    brief = [f"# {each}" for each in edits]
    text = edits_to_json(edits).replace("\\", "\\\\").replace("'''", "\\'\\'\\'")
    return [*brief, f"edits = edits_from_json('''{text}''')", "model = apply(model, edits)"], [
        "apply",
        "edits_from_json",
    ]


def edit_code(edit: Edit) -> str:
    """Return an edit as Python that gives the same edit, or "" where only its JSON does.

    >>> from normcast.models.edits import Insert, Remove
    >>> edit_code(Remove("bn_1")), edit_code(Insert("MaxPooling1D", after="conv_1"))
    ("Remove('bn_1')", "Insert('MaxPooling1D', after='conv_1')")
    """
    if not isinstance(edit, (Insert, Replace)):
        return repr(edit)
    what = _short_spec(edit)
    if not what:
        return ""
    if isinstance(edit, Replace):
        return f"Replace({edit.layer!r}, {what})"
    place = f"after={edit.after!r}" if edit.after else f"before={edit.before!r}"
    return f"Insert({what}, {place})"


def _short_spec(edit: Insert | Replace) -> str:
    """Return what is put in as a class name or as class name and config, if that is all there is to it."""
    name, config = edit.what["class_name"], edit.what["config"]
    for short in (name, {"class_name": name, "config": config}):
        try:
            if as_spec(short) == edit.what:
                return repr(short)
        except ValueError:  # a class that keras.layers does not have
            return ""
    return ""


def any_code(report: StudyReport) -> str:
    """Return Python that builds any placement of the store."""
    winner = report.result.winner
    best = min(report.result.comparison.effects, key=lambda each: (each.effect != each.effect, each.effect))
    name = winner.name if winner else best.name
    return "\n".join(
        [
            "from normcast.study import StudyResult",
            "",
            f"result = StudyResult.read({report.store!r})",
            f"model = result.placement({name!r}).applied(result.network)",
        ]
    )


def more_seeds(report: StudyReport) -> int:
    """Return how many more seeds are worth adding; after looks as many as the next look needs."""
    result = report.result
    seeds, asked = len(result.seeds_of[BASELINE]), result.reach.more_seeds
    if result.looks:
        return next_look(seeds + (asked or 1)) - seeds
    return asked or max(5, fewest_seeds(len(result.comparison.effects)) - seeds)


def commands(report: StudyReport) -> str:
    """Return the command that was typed, and those that go on with the store."""
    lines = [report.command] if report.command else []
    call = report.command or f"normcast study {report.source or 'FILE'} --store {quote(report.store)} ..."
    if not report.result.is_before_looks and (not report.result.looks or report.result.effects("undecided")):
        more = more_seeds(report)
        to_whom = "for those still undecided" if report.result.looks else "on top of those in the store"
        lines += [f"# {more} more seeds, {to_whom}; all else as it was", f"{call} --add-seeds {more}"]
    lines += [
        "# draw this page again, without training",
        f"normcast study report {quote(report.store)} -o study.html",
    ]
    return "\n".join(lines)
