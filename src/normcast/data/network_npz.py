"""Network NPZ: the arrays of an .npz file as a network calls its inputs and its outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from normcast.data.case_arrays import CaseArrays
from normcast.data.npz import arrays_of, opened_npz, read_member, read_npz, refuse_unclear, refuse_uneven
from normcast.errors import closest, listed

PARTS = ("x", "y")


def read_network_npz(
    path: str | Path, own: Mapping[str, Sequence[str]], names: Mapping[str, str], *, needs_y: bool = True
) -> CaseArrays:
    """Return x and y of an .npz file: a dict of arrays by name where a network has several inputs or outputs.

    own: what a network calls its inputs, "x", and its outputs, "y". An array that is called as its one input
    is x where no other array plays that part. Several outputs may stay untold, or be told by one y. names and
    needs_y: as in `read_npz`, which reads a file for a network of one input and one output.
    Raises what `read_npz` raises, and ValueError for several inputs or outputs of which some are not there.
    """
    with opened_npz(path) as (_, there):
        pass
    several = {part: tuple(own.get(part, ())) for part in PARTS if len(own.get(part, ())) > 1}
    if "y" in several and not set(several["y"]) & set(there):
        del several["y"]
    if not several:
        return read_npz(path, PARTS, {**_alone(there, own, names), **names}, needs_y)
    for part, wanted in several.items():
        _refuse_incomplete(part, wanted, there, names, str(path))
    taken = arrays_of(there, [part for part in PARTS if part not in several], names)
    needed = [part for part in taken if part == "x" or needs_y]
    refuse_unclear(taken, there, needed, str(path))
    played = {name: name for each in several.values() for name in each}
    played |= {part: each[0] for part, each in taken.items() if each}
    with opened_npz(path) as (held, _):
        found = {name: read_member(held, each) for name, each in played.items()}
    refuse_uneven(found, str(path))
    parts: dict[str, Any] = {part: found[part] for part in taken if part in found}
    parts |= {part: {name: found[name] for name in each} for part, each in several.items()}
    unused = [repr(name) for name in there if name not in played.values()]
    return CaseArrays(parts, (f"not used: {listed(unused)}",) if unused else ())


def _alone(
    there: Sequence[str], own: Mapping[str, Sequence[str]], names: Mapping[str, str]
) -> dict[str, str]:
    """Return the array that is x since the network calls its one input so; none where another plays it."""
    inputs = own.get("x", ())
    called = len(inputs) == 1 and inputs[0] in there and not arrays_of(there, ["x"], names)["x"]
    return {"x": inputs[0]} if called else {}


def _refuse_incomplete(
    part: str, wanted: Sequence[str], there: Sequence[str], names: Mapping[str, str], where: str
) -> None:
    kind = "reads" if part == "x" else "gives"
    if part in names:
        raise ValueError(
            f"{where}: {part} is said to be {names[part]!r}, but the model {kind} {listed(wanted, 10)}. "
            "Leave it out, and call each array so."
        )
    absent = [name for name in wanted if name not in there]
    if absent:
        call = ", ".join(f"{name}=..." for name in wanted)
        guess = closest(absent[0], [name for name in there if name not in wanted])
        raise ValueError(
            f"{where}: the model {kind} {listed(wanted, 10)}, but there is no array {listed(absent, 10)}; "
            f"arrays are {', '.join(there) or 'none'}."
            + (f" Is {guess!r} {absent[0]!r}?" if guess else "")
            + f" Save each under its name, as in numpy.savez(file, {call}{'' if part == 'y' else ', y=y'})."
        )
