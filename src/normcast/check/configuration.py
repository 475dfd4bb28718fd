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
    """What to run, what to leave alone, and what counts as a failure.

    select, ignore: rules, and what shows when a model runs, by code or slug. silence: layer name, or pattern
    ("encoder/*"), to rules or "all".
    fail_on: the least severity that makes the exit code 1, or "never". facts: what is known of every model.
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
        """Return it with more rules that are selected, and more that are ignored."""
        return replace(self, select=(*self.select, *select), ignore=(*self.ignore, *ignore))

    def fails(self, severity: int) -> bool:
        """Say whether a finding of this severity is a failure."""
        return self.fail_on != "never" and severity >= Severity[self.fail_on.upper()]


def load_configuration(start: Path | str = ".") -> Configuration:
    """Return the configuration in the nearest pyproject.toml at or above `start`, or the defaults.

    Raises ValueError on a key, rule or value that does not exist, naming the file.
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
