"""Manifest: what a file says of itself, first of all which kind of thing it keeps, and in which format.

Version policy: each kind counts its formats. A normcast reads every format of a kind that was written before
it, and refuses one that is newer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import normcast
from normcast.artefact.archive import Archive
from normcast.machine import versions
from normcast.plain import Plain

MEMBER = "manifest.json"


@dataclass(frozen=True)
class Manifest(Plain):
    """The member `manifest.json`. kind: "forecaster", ...; format: version of that kind's format, from 1;
    versions: what wrote it; body: the kind's own facts; recurrence: the form in which its recurrences
    were computed, "native" or "xla", or "" where it has none. Results repeat to the bit within a form.

    Files of format 1 and 2 are forecasters, name no kind, and have their facts beside these.
    """

    added: ClassVar = ("kind", "body", "recurrence")

    format: int
    versions: dict[str, str]
    kind: str = "forecaster"
    body: dict[str, Any] | None = None
    recurrence: str = ""


def manifest_member(kind: str, number: int, body: dict[str, Any], recurrence: str) -> dict[str, Any]:
    """Return the manifest of a file that is written now."""
    return Manifest(number, versions(), kind, body, recurrence).to_dict()


def read_manifest(archive: Archive) -> Manifest:
    """Return the manifest of a file; raises ValueError for a zip that has none."""
    if MEMBER not in archive.members:
        raise ValueError(f"{archive.where}: is a zip, but no normcast model: it has no {MEMBER}.")
    plain = archive.json(MEMBER)
    with archive.reading(MEMBER):
        own = {name: value for name, value in plain.items() if name in Manifest.__dataclass_fields__}
        rest = {name: value for name, value in plain.items() if name not in own}
        return Manifest.from_dict({"body": rest, **own}, f"{archive.where}: {MEMBER}")


def refuse_newer(manifest: Manifest, newest: int, where: str) -> None:
    """Raise ValueError for a file of a format that this normcast does not know."""
    if not 1 <= manifest.format <= newest:
        by = manifest.versions.get("normcast", "?")
        raise ValueError(
            f"{where}: has format {manifest.format!r}, written by normcast {by}; this normcast "
            f"{normcast.__version__} knows format {newest}. Install a newer one: pip install -U normcast."
        )
