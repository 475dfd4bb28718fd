"""Checks that run the model on a few batches. The given model is not touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import keras
from keras import tree

from normcast.check import foresight, trials
from normcast.check.choice import Choice, Silence
from normcast.check.facts import Facts, to_facts
from normcast.check.findings import Findings
from normcast.check.probe import WINDOWS, Probe
from normcast.check.reading import read
from normcast.check.rule import Finding
from normcast.check.seen import findings_of
from normcast.errors import in_short
from normcast.models.edits import apply
from normcast.probes.given import read_x, read_y


def run_checks(
    model: Any,
    x: Any,
    y: Any,
    loss: Any = None,
    seed: int = 0,
    *,
    facts: Facts | Mapping[str, Any] | None = None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    silence: Silence | None = None,
) -> Findings:
    """Return what shows when the model runs on up to 32 windows: gradients, gates, dead units, overfitting.

    The model is copied, and the given one is not touched. A check that cannot be run on this model stands in
    `not_checked` of the result. What is seen inside the layers is what `normcast.inspect_model` sees.

    Parameters
    ----------
    model : keras.Model
        A model that is built.
    x : array (windows, ...), list or dict of arrays
        Inputs as given to fit; several inputs are a list, or a dict by name.
    y : array (windows, ...)
        Targets as given to fit.
    loss : str, keras.losses.Loss or callable, optional
        What is minimized; by default that of compile.
    seed : int, default 0
        The seed of what is drawn.
    facts : Facts or mapping, optional
        What is known beyond the model, as in `check_model`: where each step has an output that must not
        depend on later ones, that is tried, too.
    select : iterable of str, default ()
        The only symptoms, as in `check_model`; where none is left the model is not run.
    ignore : iterable of str, default ()
        Symptoms to leave out, as in `check_model`.
    silence : mapping of str to collection of str, optional
        Layers to symptoms that do not concern them, as in `check_model`.

    Returns
    -------
    Findings
        What shows, with `not_checked`.

    Raises
    ------
    ValueError
        If the model has no loss or no inputs that are known, x is not what it reads, or a rule does not
        exist.

    Examples
    --------
    >>> import numpy as np
    >>> net = keras.Sequential([keras.Input((4, 1)), keras.layers.LSTM(2), keras.layers.Dense(1)])
    >>> x = np.random.default_rng(0).normal(size=(8, 4, 1)).astype("float32")
    >>> [finding.rule for finding in run_checks(net, x, x[:, -1], loss="mse") if finding.severity == 3]
    []
    """
    choice = Choice.of(select, ignore, silence)
    if not choice.symptoms:
        return Findings()
    loss = loss if loss is not None else getattr(model, "loss", None)
    if loss is None:
        raise ValueError("run_checks: the model has no loss; compile it, or give loss=.")
    if not getattr(model, "inputs", None):
        raise ValueError("run_checks: the model has no inputs that are known; build it with keras.Input.")
    x, y = _given(model, x, y)
    keras.utils.set_random_seed(seed)
    checks = list(_checks(choice))
    copy, uncopied = _copied(model)
    ready = [each for each in checks if not uncopied or each[1] is foresight.later_steps_seen]
    probe = Probe(copy, x, y, loss, read(copy), to_facts(facts))
    found = Findings(not_checked=(*probe.net.unread, *(uncopied if len(ready) < len(checks) else ())))
    for what, check in ready:
        found = found.with_others(_guarded(what, check, probe))
    return choice.of_all(found).told_once()


def _copied(model: Any) -> tuple[Any, tuple[str, ...]]:
    """Return a copy of a model; where it cannot be had the model, for what does not train it, and why."""
    try:
        copy = apply(model, [])
        if getattr(copy, "inputs", None):
            return copy, ()
        why = "what its layers give cannot be inferred"  # Sequential then waits for data
    except ValueError as error:  # as of a function without a name, which Keras cannot write down
        why = in_short(error)
    return model, (f"what shows when the model is trained: it cannot be copied ({why}).",)


def _given(model: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """Return the first windows of x and y as the model reads them."""
    x = read_x(model, x, finite=False, where="run_checks")
    y = read_y(y, len(tree.flatten(x)[0]), finite=False, where="run_checks")
    x, y = (tree.map_structure(lambda leaf: leaf[:WINDOWS], each) for each in (x, y))
    return x, y


def _checks(choice: Choice) -> Iterator[tuple[str, Callable[[Probe], Iterable[Finding]]]]:
    """Yield what is to be run, the training last, each with what it is called."""
    chosen = choice.symptoms
    if foresight.later_steps_seen in chosen:
        yield str(foresight.later_steps_seen), foresight.later_steps_seen
    if trials.no_gradient in chosen:
        yield str(trials.no_gradient), trials.no_gradient
    if any(kind.inspected for kind in chosen):
        yield "what shows inside the layers", lambda probe: findings_of(probe.look, probe.net)
    for kind in (trials.dead_relu, trials.loss_not_finite, trials.loss_stays, trials.no_overfit):
        if kind in chosen:
            yield str(kind), kind


def _guarded(what: str, check: Callable[[Probe], Iterable[Finding]], probe: Probe) -> Findings:
    try:
        return Findings(check(probe))
    except Exception as error:  # a layer that cannot be run apart keeps this check silent, not the others
        return Findings(not_checked=[f"{what}, by running the model: it failed ({in_short(error)})."])
