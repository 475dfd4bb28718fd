"""What a benchmark reports: rows, and the facts of the machine they were measured on."""

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One measured number. against: what it is compared with; target: the least, or most, that is asked."""

    name: str
    value: float | None
    unit: str
    against: str = ""
    target: str = ""
    ok: bool | None = None


def at_least(name: str, value: float | None, target: float, against: str) -> Row:
    """A ratio that should be at least the target; None where the peer is not installed."""
    if value is None:
        return Row(name, None, "not installed", against, f">= {target}")
    return Row(name, round(value, 2), "x", against, f">= {target}", value >= target)


def at_most(name: str, value: float, target: float, unit: str, against: str = "") -> Row:
    return Row(name, round(value, 3), unit, against, f"<= {target}", value <= target)


def printed(rows: list[Row]) -> str:
    cells = [("what", "value", "unit", "against", "target", "")]
    marks = {True: "ok", False: "missed", None: ""}
    for row in rows:
        value = "-" if row.value is None else f"{row.value:g}"
        cells.append((row.name, value, row.unit, row.against, row.target, marks[row.ok]))
    widths = [max(len(line[i]) for line in cells) for i in range(6)]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    return "\n".join([machine(), "", *lines])


def parsed(text: str) -> tuple[str, list[Row]]:
    """Return the machine and the rows of the first table that `printed` made.

    >>> parsed("AMD\\n\\nwhat  value  unit  against  target\\nstep  0.4    x     Keras    >= 3  ok")[1]
    [Row(name='step', value=0.4, unit='x', against='Keras', target='>= 3', ok=True)]
    """
    machine, _, head, *lines = text.splitlines()
    starts = [head.index(name) for name in ("what", "value", "unit", "against", "target")]
    rows = []
    for line in lines:
        if not line:
            break
        cells = [line[i:j].strip() for i, j in zip(starts, [*starts[1:], None], strict=True)]
        target, _, mark = cells.pop().partition("  ")
        name, value, unit, against = cells
        ok = {"ok": True, "missed": False}.get(mark.strip())
        rows.append(Row(name, None if value == "-" else float(value), unit, against, target, ok))
    return machine, rows


def machine() -> str:
    """One line about the machine and the versions, without its name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    facts = {line.split(":")[0].strip(): line.split(":")[1].strip() for line in lines if ":" in line}
    wide = [name for name in ("avx512f", "avx2") if name in facts.get("flags", "").split()]
    cores = sum(line.startswith("processor") for line in lines)
    parts = [
        f"{facts.get('model name', platform.machine())}, {cores} cores",
        *wide[:1],
        f"Python {platform.python_version()}",
    ]
    for package in ("keras", "jax", "torch", "tensorflow-cpu"):
        try:
            parts.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(parts)
