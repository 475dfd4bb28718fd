"""Inspect data: the cases that a model is looked at with, from a file or drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
from keras import tree

from normcast import keras_seam
from normcast.check.given import Given
from normcast.check.reading import read as read_net
from normcast.cli.beside import options_of
from normcast.errors import counted
from normcast.inspect.given import read_given
from normcast.inspect.windows import drawn, of_tables
from normcast.probes.given import refuse_unbuilt


@dataclass(frozen=True, eq=False)
class Sample:
    """Cases for a model.

    x, y: as `inspect_model` takes them; words: what they are; notes: what a reader must know of them;
    imports, code: the lines of Python that make x and y once more.
    """

    x: Any
    y: Any
    words: str
    notes: tuple[str, ...] = ()
    imports: tuple[str, ...] = ("import normcast",)
    code: tuple[str, ...] = ()


def shown(
    model: keras.Model, file: Path | str | None, reading: Mapping[str, Any], loss: str | None
) -> Sample:
    """Return the cases of a file, or drawn ones where there is none.

    reading: the options of `data_options`, as typed; loss: the one that is asked for. Without a loss y is of
    no use: it is left out, and that is said. Raises ValueError, which names the file, for cases that do not
    fit.
    """
    options = options_of([] if file is None else [Path(file)], reading, "inspect")
    if file is None:
        return _drawn(model)
    refuse_unbuilt(model)
    options = {"needs_y": False, "duplicates": "error", **options}
    given = Given.read([file], model=model, **options)
    how = "".join(f", {name}={value!r}" for name, value in options.items())
    read = f"given = Given.read([{str(file)!r}], model=model{how})"
    imports: tuple[str, ...] = ("import normcast", "from normcast.check.given import Given")
    notes = tuple(f"Note: {note}" for note in given.notes)
    name = Path(file).name
    if given.x is not None:
        x, y = given.inputs(model), given.targets(model)
        lines = ("x, y = given.inputs(model), given.targets(model)",)
        words = f"{counted(len(tree.flatten(x)[0]), 'case')} of {name}"
    else:
        x, y = of_tables(model, given.panels)
        imports = (*imports, "from normcast.inspect.windows import of_tables")
        lines = ("x, y = of_tables(model, given.panels)",)
        words = f"{counted(len(x), 'window')} of {x.shape[1]} rows of {name}"
        notes = ("Note: each series is scaled by its mean and its deviation.", *notes)
    y, more = _used(model, y, loss)
    read_given(model, read_net(model), x, y, loss, where=str(file))
    return Sample(x, y, words, (*notes, *more), imports, (read, *lines))


def _drawn(model: keras.Model) -> Sample:
    x = drawn(model)
    kinds = {leaf.dtype.kind for leaf in tree.flatten(x)}
    words = (
        f"{len(tree.flatten(x)[0])} random {'normal ' if kinds == {'f'} else ''}windows (no data was given)"
    )
    notes = ("Note: no data was given: the windows are random, and real ones may show other things.",)
    imports = ("import normcast", "from normcast.inspect.windows import drawn")
    return Sample(x, None, words, notes, imports, ("x = drawn(model)",))


def _used(model: keras.Model, y: Any, loss: str | None) -> tuple[Any, tuple[str, ...]]:
    """Return y where there is a loss for it, and what to say where there is none."""
    if y is None or loss is not None or (keras_seam.compile_arguments(model) or {}).get("loss") is not None:
        return y, ()
    return None, (
        f"Note: y of the data is not used, since model {model.name!r} has no loss: gradients are those of "
        "the sum of its outputs. Name one, as in --loss mse.",
    )
