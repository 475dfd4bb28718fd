"""Check a model against the rules, and fix what they find."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import normcast.check.rules  # noqa: F401  (registers the rules)
from normcast.check.choice import Choice
from normcast.check.facts import Facts, to_facts
from normcast.check.findings import Findings
from normcast.check.gather import facts_from
from normcast.check.lacking import lacking
from normcast.check.leak import not_followed
from normcast.check.reading import read
from normcast.check.rule import RULES, SAFE, UNSAFE, Finding, Rule
from normcast.check.told import severities
from normcast.errors import counted, in_short, unknown
from normcast.models.edits import Compile, Edit, apply
from normcast.sheet import Sheet, Shown, Table

MAX_ROUNDS = 50


def check_model(
    model: Any,
    facts: Facts | Mapping[str, Any] | None = None,
    *,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    silence: Mapping[str, Collection[str]] | None = None,
    made: Iterable[Any] = (),
) -> Findings:
    """Return what the rules find in a Keras model, the most severe first; the model is read, never run.

    It never raises on a model, whatever it contains: what could not be looked at, a model without a graph or
    a rule that failed on it, stands in `not_checked` of the result; rules that could concern the model and
    are silent for want of facts in `lacking`. A layer that is not known stops a rule that would have to see
    through it.

    Parameters
    ----------
    model : keras.Model
        Any model, compiled or not. Compile settings are read off it.
    facts : Facts or mapping, optional
        What is known beyond the model: `facts_from(x=X, y=y)`, or names to values, as in {"type":
        "regression", "n_windows": 2000}. What is not known keeps rules silent.
    select : iterable of str, default ()
        Codes or slugs of the only rules to run ("NC039" or "dropout-before-bn"), also of those that are off
        by default; () runs all others. A symptom, which shows only when a model runs, is for `run_checks`,
        and stands in `not_checked`.
    ignore : iterable of str, default ()
        Codes or slugs of rules not to run.
    silence : mapping of str to collection of str, optional
        Layer name, or pattern as in `encoder/*`, to the rules that do not concern it, or to ["all"].
    made : iterable of keras.layers.Layer, default ()
        All layers that you have made, to find those that were never applied.

    Returns
    -------
    Findings
        A list of `Finding`, with `not_checked`, `lacking` and `fixes`; `print` shows it as `normcast check`
        does.

    Raises
    ------
    ValueError
        If a rule or a fact does not exist.

    See Also
    --------
    fix_model : Apply the fixes.
    run_checks : What shows when the model runs.
    facts_from : Facts from arrays, a training or a panel.
    check_source : Layers that a script makes and loses.

    Examples
    --------
    >>> import keras
    >>> layers = [keras.layers.Conv1D(4, 3), keras.layers.Dropout(0.2), keras.layers.BatchNormalization()]
    >>> net = keras.Sequential([keras.Input((8, 3)), *layers, keras.layers.LSTM(4)])
    >>> [finding.rule for finding in check_model(net)]
    ['dropout-before-bn']
    """
    choice = Choice.of(select, ignore, silence)
    gathered, unread = _safely_gathered(model)
    known = to_facts(facts).filled_from(gathered)
    known = known.known(lost_layers=[*known.lost_layers, *_lost(model, made)])
    net = read(model)
    unread += net.unread + choice.unseen
    found: dict[tuple[str, tuple[str, ...]], Finding] = {}
    for rule in choice.rules:
        findings, failed = _run(rule, net, known)
        unread += failed
        for finding in findings:
            found.setdefault(finding.key, finding)
    unread += _unfollowed(choice, net, known)
    kept = [f for f in found.values() if choice.keeps(f)]
    order = {node.reported: i for i, node in enumerate(net.nodes)}
    by_weight = sorted(
        kept, key=lambda f: (-f.severity, order.get(f.layers[0], -1) if f.layers else -1, f.code)
    )
    return Findings(by_weight, unread, lacking(choice.rules, net, known))


def _unfollowed(choice: Choice, net: Any, facts: Facts) -> tuple[str, ...]:
    """Return a sentence on the layers through which a leak, if one is asked for, would not be found."""
    if not facts.needs_causal_steps or all("causal_required" not in rule.needs for rule in choice.rules):
        return ()
    try:
        return not_followed(net)
    except Exception:  # the rules on leaks look through the same, and have said so
        return ()


def _run(rule: Rule, net: Any, facts: Facts) -> tuple[list[Finding], tuple[str, ...]]:
    """Return what a rule finds, and a sentence if it failed."""
    try:
        return list(rule.findings(net, facts)), ()
    except Exception as error:  # a model that surprises a rule must not stop the others
        return [], (f"rule {rule}: it failed on this model ({in_short(error)}).",)


def _safely_gathered(model: Any) -> tuple[Facts, tuple[str, ...]]:
    """Return the facts that a model tells, and a sentence if its settings cannot be read."""
    try:
        return facts_from(model), ()
    except Exception as error:  # settings of a kind that cannot be read are not known
        return Facts(), (f"the compile settings: they cannot be read ({in_short(error)}).",)


def _lost(model: Any, made: Iterable[Any]) -> list[str]:
    used = {id(node.layer) for node in read(model).nodes} if made else set()
    return [layer.name for layer in made if id(layer) not in used and not hasattr(layer, "output")]


@dataclass(frozen=True, eq=False, repr=False)
class Fixed(Shown):
    """A model after its fixes, and what became of its findings; `fix_model` returns it.

    Parameters
    ----------
    model : keras.Model
        The model with all fixes that were kept.
    applied : tuple of Finding
        The findings that were fixed.
    skipped : tuple of Finding
        Those whose fix could not be made, or did not better the model.
    left : Findings
        What is still found, with what was not checked.

    Examples
    --------
    >>> import keras
    >>> net = keras.Sequential([keras.Input((8, 3)), keras.layers.LSTM(4)])
    >>> fixed = fix_model(net)
    >>> fixed.model is net, fixed.applied
    (True, ())
    """

    model: Any
    applied: tuple[Finding, ...]
    skipped: tuple[Finding, ...]
    left: Findings

    def _sheet(self) -> Sheet:
        lead = f": {counted(len(self.applied), 'finding')} fixed, {len(self.skipped)} skipped"
        facts = {"left": severities(self.left) or "nothing"}
        rows = [(each.rule, "; ".join(map(str, each.fix))) for each in self.applied]
        rows += [(each.rule, "skipped") for each in self.skipped]
        return Sheet("Fixed", lead, facts, table=Table(("rule", "edits"), tuple(rows)) if rows else None)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All edits that were made."""
        return tuple(edit for finding in self.applied for edit in finding.fix)


def fix_model(
    model: Any,
    facts: Facts | Mapping[str, Any] | None = None,
    *,
    safety: str = SAFE,
    findings: Iterable[Finding] | None = None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    silence: Mapping[str, Collection[str]] | None = None,
) -> Fixed:
    """Return the model with the fixes of its findings applied; the given model stays as it is.

    A fix is kept only if its finding is gone afterwards and nothing as severe has come; otherwise it is
    skipped.

    Parameters
    ----------
    model : keras.Model
        Any model, compiled or not; what is compiled, and weights that fit, are carried over.
    facts : Facts or mapping, optional
        What is known beyond the model, as in `check_model`.
    safety : {"safe", "unsafe"}, default "safe"
        Which fixes: "safe" applies those after which a trained model predicts the same, "unsafe" also those
        that change that, or how it trains.
    findings : iterable of Finding, optional
        Only fix these (of `check_model` on this model); otherwise all.
    select : iterable of str, default ()
        The only rules to run, as in `check_model`.
    ignore : iterable of str, default ()
        Rules not to run, as in `check_model`.
    silence : mapping of str to collection of str, optional
        Layers to rules that do not concern them, as in `check_model`.

    Returns
    -------
    Fixed
        The new `model`, the `edits` that were made, and what is `left`.

    Raises
    ------
    ValueError
        If safety is none of these words, or a rule or a fact does not exist.

    Examples
    --------
    >>> import keras
    >>> layers = [keras.layers.Conv1D(4, 3, name="conv"), keras.layers.BatchNormalization()]
    >>> net = keras.Sequential([keras.Input((8, 3)), *layers, keras.layers.LSTM(4)])
    >>> [str(edit) for edit in fix_model(net).edits]
    ['conv: use_bias=False']
    """
    if safety not in (SAFE, UNSAFE):
        raise ValueError(unknown("safety", safety, (SAFE, UNSAFE), where="fix_model"))
    options: dict[str, Any] = {"select": list(select), "ignore": list(ignore), "silence": silence}
    wanted = None if findings is None else {finding.key for finding in findings}
    known = to_facts(facts).filled_from(_safely_gathered(model)[0])
    left = check_model(model, known, **options)
    applied: list[Finding] = []
    skipped: dict[tuple[str, tuple[str, ...]], Finding] = {}
    for _ in range(MAX_ROUNDS):
        batch = _next(left, safety, wanted, skipped)
        if not batch:
            break
        result = _try(model, batch, left, known, options) or _try(model, batch[:1], left, known, options)
        if result is None:
            skipped[batch[0].key] = batch[0]
        else:
            model, left, done, known = result
            applied += done
    return Fixed(model, tuple(applied), tuple(skipped.values()), left)


def _next(
    left: list[Finding], safety: str, wanted: Collection[Any] | None, skipped: Mapping[Any, Finding]
) -> list[Finding]:
    """Return the next findings to fix together: those of one rule on layers of their own."""
    allowed = (SAFE,) if safety == SAFE else (SAFE, UNSAFE)
    ready = [f for f in left if f.fix and f.safety in allowed and f.key not in skipped]
    ready = [f for f in ready if wanted is None or f.key in wanted]
    batch: list[Finding] = []
    for finding in ready:
        taken = {layer for f in batch for layer in f.layers}
        if finding.rule == ready[0].rule and not taken & set(finding.layers):
            batch.append(finding)
    return batch


def _try(
    model: Any, batch: list[Finding], before: list[Finding], facts: Facts, options: dict[str, Any]
) -> tuple[Any, Findings, list[Finding], Facts] | None:
    """Return (model, findings, fixed, facts) after the fixes; None if they cannot be made or do not better
    the model."""
    try:
        new = apply(model, [edit for finding in batch for edit in finding.fix])
        for finding in batch:
            carry = RULES[finding.code].carry
            if carry is not None:
                carry(model, new, finding)
    except Exception:  # a fix that Keras cannot build is none
        return None
    if any(isinstance(edit, Compile) for finding in batch for edit in finding.fix):
        facts = facts.known(losses=facts_from(new).training.losses)  # those stated were of the old loss
    after = check_model(new, facts, **options)
    known = {f.key for f in before}
    fixed = {f.key for f in batch}
    worst = max((f.severity for f in after if f.key not in known), default=0)
    gone = not fixed & {f.key for f in after}
    return (new, after, batch, facts) if gone and worst < min(f.severity for f in batch) else None
