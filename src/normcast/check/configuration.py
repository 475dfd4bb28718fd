"""The configuration of check in pyproject.toml, under [tool.normcast.check]."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from normcast.check.choice import Choice
from normcast.check.facts import Facts
from normcast.check.rule import Severity, find_rule
from normcast.check.stated import facts_of
from normcast.errors import unknown

FAIL_ON = ("error", "warning", "advice", "never")


@dataclass(frozen=True)
class Configuration:
    """What to check, what to leave alone, and what counts as a failure.

    It stands in pyproject.toml, under [tool.normcast.check]; `load_configuration` reads it.

    Parameters
    ----------
    select : tuple of str, default ()
        The only rules, and symptoms that show when a model runs, by code or slug; () is all.
    ignore : tuple of str, default ()
        Those to leave out, by code or slug.
    silence : mapping of str to tuple of str, default {}
        Layer name, or pattern (`encoder/*`), to rules or "all".
    fail_on : {"error", "warning", "advice", "never"}, default "error"
        The least severity that makes the exit code 1, or "never".
    facts : Facts, default Facts()
        What is known of every model.

    Examples
    --------
    >>> configuration = Configuration(fail_on="warning").with_rules(ignore=["NC026"])
    >>> configuration.ignore, configuration.fails(Severity.WARNING)
    (('NC026',), True)
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    silence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fail_on: str = "error"
    facts: Facts = field(default_factory=Facts)

    @property
    def choice(self) -> Choice:
        """Which findings are told by it."""
        return Choice.of(self.select, self.ignore, self.silence)

    def with_rules(self, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> Configuration:
        """Return it with more rules that are selected, and more that are ignored.

        Parameters
        ----------
        select : iterable of str, default ()
            Codes or slugs that join `select`.
        ignore : iterable of str, default ()
            Codes or slugs that join `ignore`.

        Returns
        -------
        Configuration
            A new one; this one stays as it is.
        """
        return replace(self, select=(*self.select, *select), ignore=(*self.ignore, *ignore))

    def fails(self, severity: int) -> bool:
        """Say whether a finding of this severity is a failure.

        Parameters
        ----------
        severity : Severity or int
            How severe it is.

        Returns
        -------
        bool
            Whether it is at least as severe as `fail_on`.
        """
        return self.fail_on != "never" and severity >= Severity[self.fail_on.upper()]


def load_configuration(start: Path | str = ".") -> Configuration:
    """Return the configuration in the nearest pyproject.toml at or above a folder, or the defaults.

    Parameters
    ----------
    start : Path or str, default "."
        The folder to begin at.

    Returns
    -------
    Configuration
        What its table [tool.normcast.check] says.

    Raises
    ------
    ValueError
        If a key, rule or value does not exist; the message names the file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     text = "[tool.normcast.check]\\nignore = ['NC026']"
    ...     _ = Path(folder, "pyproject.toml").write_text(text)
    ...     len(load_configuration(folder).ignore)
    1
    """
    start = Path(start).resolve()
    for folder in [start, *start.parents]:
        file = folder / "pyproject.toml"
        if file.is_file():
            table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("normcast", {})
            return to_configuration(table.get("check", {}), where=str(file))
    return Configuration()


def to_configuration(table: Mapping[str, Any], where: str = "[tool.normcast.check]") -> Configuration:
    """Read a configuration from a table as TOML gives it.

    >>> to_configuration({"ignore": ["NC026"], "fail-on": "warning", "per-layer": {"head": ["all"]}}).fail_on
    'warning'
    """
    known = ("select", "ignore", "fail-on", "per-layer", "facts")
    for key in table:
        if key not in known:
            raise ValueError(unknown("key", key, known, where=f"{where} [tool.normcast.check]"))
    fail_on = table.get("fail-on", "error")
    if fail_on not in FAIL_ON:
        raise ValueError(unknown("fail-on value", fail_on, FAIL_ON, where=where))
    layers = {
        name: _rules([v] if isinstance(v, str) else v) for name, v in table.get("per-layer", {}).items()
    }
    facts = facts_of(table.get("facts", {}), f"{where} [tool.normcast.check.facts]")
    return Configuration(
        _rules(table.get("select", ())), _rules(table.get("ignore", ())), layers, fail_on, facts
    )


def _rules(names: Any) -> tuple[str, ...]:
    return tuple(name if name == "all" else find_rule(name).slug for name in names)
