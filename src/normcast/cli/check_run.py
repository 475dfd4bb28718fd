"""What the commands `check`, `rule` and `rules` do: arguments in, exit code and text out. Nothing is
printed here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from normcast.check.checker import check_model, fix_model
from normcast.check.choice import Choice
from normcast.check.configuration import Configuration
from normcast.check.dynamic import run_checks
from normcast.check.facts import Facts
from normcast.check.findings import Findings
from normcast.check.formats import FORMATS, formatted
from normcast.check.given import Given
from normcast.check.leak import not_followed
from normcast.check.pages import page
from normcast.check.reading import read
from normcast.check.rule import DISPLAY, KINDS, RULES, Finding, find_rule
from normcast.check.script.reading import is_source
from normcast.cli.check_source import findings_of_source
from normcast.cli.codes import DONE, FAILED, REFUSED
from normcast.cli.network import read_model
from normcast.errors import one_of

NOT_CHECKED = REFUSED

Measure = Callable[[Any, list[Finding]], list[Finding]]


class Refused(ValueError):
    """A call that cannot be carried out; its words are for the user."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a command gives: the exit code, the text to print, notes for stderr, and the findings that
    remain; refused: whether the call could not be carried out, which the text then says."""

    exit_code: int
    text: str
    notes: tuple[str, ...] = ()
    findings: Findings = field(default_factory=Findings)
    refused: bool = False


def check_command(
    path: Path | str,
    *,
    configuration: Configuration | None = None,
    facts: Facts | None = None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    output_format: str = "text",
    fix: str | None = None,
    output: Path | str | None = None,
    fail_on: str | None = None,
    data: Iterable[Path | str] = (),
    options: Mapping[str, Any] | None = None,
    run: bool = False,
    measure: Measure | None = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> Outcome:
    """Check a saved Keras model, and fix it if asked; or the source that makes one, which is not run.

    configuration: from `load_configuration`; select and ignore add to it, fail_on replaces it. facts: of task
    and data.
    data: files that tell more facts; options: how they are read, as `Given.read` takes them; stated facts
    win.
    fix: "safe" or "unsafe", with output, the file for the fixed model. run: also run the model, on x and y
    of a file of cases among the data. measure: from the model and what is found in it to the same findings
    with what their fixes were measured to do.
    Exit code: 1 when a remaining finding is at least `fail_on` (error); else 2 when something could not be
    checked, a file cannot be read or the model cannot be run; else 0.
    """
    configuration = (configuration or Configuration()).with_rules(select, ignore)
    chosen: dict[str, Any] = {
        "select": configuration.select,
        "ignore": configuration.ignore,
        "silence": configuration.silence,
    }
    try:
        _refuse_unknown(chosen, output_format)
        if (fix is None) != (output is None):
            raise Refused("--fix and -o belong together: say which fixes, and where the fixed model goes.")
        if is_source(path):
            asked = {"--data": list(data), "--run": run, "--measure": measure, "--fix": fix}
            asked |= {f"what is said of {name}": True for name in (facts or Facts()).stated()}
            findings, *notes = _of_source(path, configuration, asked)
            model = None
        else:
            model = _loaded(path, custom_objects or {})
            given = _given(data, model, options or {}, run=run)
            known = (facts or Facts()).filled_from(configuration.facts).filled_from(given.facts(model))
            model, findings, told = _found(model, known, fix, output, chosen)
            findings = _with_run(model, findings, given, chosen, known) if run else findings
            findings = _measured(model, findings, measure) if measure else findings
            notes = [*(f"Note: {note}" for note in given.notes), *told]
    except Refused as refused:
        return Outcome(REFUSED, f"check: {refused}", refused=True)
    limits = configuration if fail_on is None else Configuration(fail_on=fail_on)
    failed = any(limits.fails(f.severity) for f in findings)
    text = formatted(findings, output_format, where=str(path), model=model, by_option=True)
    code = FAILED if failed else NOT_CHECKED if findings.not_checked else DONE
    return Outcome(code, text, tuple(notes), findings)


def _of_source(
    path: Path | str, configuration: Configuration, asked: Mapping[str, Any]
) -> tuple[Findings, str]:
    try:
        return findings_of_source(path, configuration, asked)
    except (OSError, ValueError) as error:
        raise Refused(str(error)) from error


def _refuse_unknown(chosen: Mapping[str, Any], output_format: str) -> None:
    try:
        one_of("check", "format", output_format, FORMATS)
        Choice.of(**chosen)
    except ValueError as error:
        raise Refused(str(error).removeprefix("check: ")) from error


def _given(data: Iterable[Path | str], model: Any, options: Mapping[str, Any], *, run: bool) -> Given:
    try:
        given = Given.read(data, model=model, **options)
    except (OSError, ValueError, TypeError, ImportError) as error:
        raise Refused(str(error)) from error
    if run and given.x is None:
        raise Refused(
            "--run needs windows: --data FILE.npz with arrays x and y, as given to fit, or another file of "
            "cases."
        )
    return given


def _loaded(path: Path | str, custom_objects: Mapping[str, Any]) -> Any:
    try:
        return read_model(path, custom_objects)
    except (OSError, ValueError) as error:
        raise Refused(str(error)) from error


def _found(
    model: Any, known: Facts, fix: str | None, output: Path | str | None, options: dict[str, Any]
) -> tuple[Any, Findings, tuple[str, ...]]:
    """Return the model, what is found in it, and notes; with a fix, of the model after it."""
    if fix is None or output is None:
        return model, check_model(model, known, **options), ()
    fixed = fix_model(model, known, safety=fix, **options)
    fixed.model.save(output)
    note = f"{len(fixed.applied)} fixed, {len(fixed.left)} left: {output}"
    return fixed.model, fixed.left, (note,)


def _with_run(
    model: Any, findings: Findings, given: Given, options: dict[str, Any], known: Facts
) -> Findings:
    """Return what was found, and what shows when the model runs on the windows."""
    try:
        ran = run_checks(model, given.inputs(model), given.targets(model), facts=known, **options)
    except (ValueError, TypeError) as error:
        raise Refused(f"--run: {error}") from error
    unseen = (*Choice.of(**options).unseen, *not_followed(read(model)))
    unread = [what for what in findings.not_checked if what not in unseen]
    left = Findings(findings, unread, findings.lacking)
    return left.with_others(ran).told_once()


def _measured(model: Any, findings: Findings, measure: Measure) -> Findings:
    try:
        return findings.only(measure(model, findings))
    except (ValueError, TypeError, OSError, ImportError) as error:
        raise Refused(f"--measure: {error}") from error


def rule_command(name: str) -> Outcome:
    """Return a rule's page, or exit code 2 and "did you mean".

    >>> rule_command("NC039").text.splitlines()[0]
    '# dropout-before-bn (NC039)'
    """
    try:
        return Outcome(DONE, page(find_rule(name)))
    except ValueError as error:
        return Outcome(REFUSED, str(error), refused=True)


def rules_command() -> Outcome:
    """Return the list of all rules, and of what shows when a model runs, one line each."""
    lines = []
    for kind in sorted(KINDS.values(), key=lambda each: each.code):
        fix = "" if kind.safety == DISPLAY else f"{kind.safety} fix"
        mark = " (run)" if kind.code not in RULES else "" if RULES[kind.code].default else " (off)"
        lines.append(f"{kind.code}  {kind.slug + mark:<36} {kind.severity!s:<8} {fix:<11} {kind.summary}")
    return Outcome(DONE, "\n".join(lines))
