"""Source: layers that a script makes and loses, which a built model no longer shows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import normcast.check.rules  # noqa: F401  (registers the rules)
from normcast.check.choice import Choice
from normcast.check.findings import Findings
from normcast.check.rule import RULES, Found
from normcast.check.script.lost import lost_in
from normcast.check.script.reading import Script, read_script, tree_of

RULE = "NC001"
"""The rule that source alone can tell."""


def lost_layers(source: str) -> tuple[str, ...]:
    """Return the layers that Python source makes and loses.

    A layer is lost when it is never called, when what it gives is overwritten before it is read or, behind a
    model that is made of tensors, read nowhere. What the text alone does not decide is left out.

    Parameters
    ----------
    source : str
        Python text.

    Returns
    -------
    tuple of str
        Each as "name (Class, line n)".

    Raises
    ------
    ValueError
        If the text is not Python.

    Examples
    --------
    >>> lost_layers("x = Input((8, 3))\\nh = LSTM(32)\\ny = Dense(1)(x)\\nmodel = Model(x, y)")
    ('h (LSTM, line 2)',)
    """
    return tuple(map(str, lost_in(Script(tree_of(source, "source")))))


def check_source(path: Path | str, *, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> Findings:
    """Return the layers that a script, or a notebook, makes and loses; it is parsed, never run.

    Parameters
    ----------
    path : Path or str
        A .py or .ipynb file.
    select : iterable of str, default ()
        The only rules to run, as in `check_model`.
    ignore : iterable of str, default ()
        Rules not to run, as in `check_model`.

    Returns
    -------
    Findings
        Each with its `line`; of a notebook the message names cell and line.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no Python or too long, or a rule does not exist.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     script = Path(folder, "net.py")
    ...     _ = script.write_text("from keras import *\\nx = Input((8, 3))\\nModel(x, layers.Dense(1))")
    ...     [(found.rule, found.line) for found in check_source(script)]
    [('layer-never-called', 3)]
    """
    choice = Choice.of(select, ignore)
    script = read_script(path)
    if RULES[RULE] not in choice.rules:
        return Findings()
    return Findings(
        RULES[RULE].told(
            Found(
                (),
                ": ".join(filter(None, [script.place(lost.line), f"{lost.layer} {lost.why}"])),
                layers=(lost.name,),
                line=None if script.cells else lost.line,
            ),
            (),
            RULES[RULE].hint,
        )
        for lost in lost_in(script)
    )
