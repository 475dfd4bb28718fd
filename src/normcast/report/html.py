"""From a report's values to one HTML file that opens anywhere, without network and without script."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path
from tempfile import NamedTemporaryFile

from normcast.report.sections import page_of
from normcast.report.values import ForecastReport


def write_report(result: ForecastReport, path: str | Path) -> Path:
    """Write the report as one self-contained HTML file and return its path.

    The file is whole or not there: it is written beside its place and moved. Drawing takes a second or two.
    Raises ValueError for a path that is no HTML name or whose folder is missing.
    """
    path = Path(path)
    if path.suffix.lower() not in {".html", ".htm"}:
        raise ValueError(
            f"write_report: {str(path)!r} does not end in .html; give a name such as report.html."
        )
    if not path.parent.is_dir():
        raise ValueError(
            f"write_report: there is no folder {str(path.parent)!r}; make it, or choose another."
        )
    html = render(result)
    with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, suffix=".part", delete=False) as part:
        try:
            part.write(html)
            part.close()
            os.chmod(part.name, 0o666 & ~_umask())
            os.replace(part.name, path)
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise
    return path


def render(result: ForecastReport) -> str:
    """Return the report as HTML text; the same values give the same text."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    def load(name: str) -> str:
        return files("normcast.report").joinpath("templates", name).read_text(encoding="utf-8")

    environment = Environment(
        loader=FunctionLoader(load),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(page=page_of(result))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
