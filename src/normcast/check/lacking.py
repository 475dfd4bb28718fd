"""Lacking: rules that stayed silent because a fact is not known, and what would tell it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from normcast.check.facts import Facts
from normcast.check.net import Net
from normcast.check.rule import Rule
from normcast.models.graph.kinds import BATCH_NORM, RNN

DATA, COMPILED, SCRIPT = "--data FILE", "a compiled model", "check SCRIPT.py"

OPTIONS = {
    "granularity": "--per-step",
    "causal_required": "--causal",
    "type": "--learns TYPE",
    "target_min": "--target-range MIN MAX",
    "target_max": "--target-range MIN MAX",
    "n_windows": "--windows N",
    "batch_size": "--batch-size N",
    "epochs": "--epochs N",
    "shuffle": "--shuffle",
    "losses": COMPILED,
    "metrics": COMPILED,
    "optimizer": COMPILED,
    "learning_rate": COMPILED,
    "lost_layers": SCRIPT,
    **dict.fromkeys(["target_shape", "target_kind", "input_high", "input_spread"], DATA),
}
"""How the command line is told a fact; `--fact NAME=VALUE` takes any other."""

TOPICS = {
    "leaks from later steps": ("granularity", "causal_required"),
    "targets": ("target_min", "target_max", "target_shape", "target_kind"),
    "inputs": ("input_high", "input_spread", "masked_real_share", "window_length", "n_features"),
    "the training": ("n_windows", "batch_size", "epochs", "shuffle"),
    "the loss and the optimizer": ("losses", "metrics", "optimizer", "learning_rate"),
    "the task": ("type",),
    "how the data are split and scaled": (
        *("split", "windows_overlap", "normalizer_fit_on", "target_offset", "target_is_feature"),
    ),
    "layers that are never called": ("lost_layers",),
}
"""What rules are about that need these facts."""


@dataclass(frozen=True)
class Lacking:
    """Rules on one thing that could concern a model and were silent for want of facts.

    Parameters
    ----------
    about : str
        What they look at.
    rules : tuple of str
        Their slugs.
    facts : tuple of str
        Facts that are not known, as `check_model` takes them.
    options : tuple of str
        What tells them on the command line.
    """

    about: str
    rules: tuple[str, ...]
    facts: tuple[str, ...]
    options: tuple[str, ...]

    def words(self, by_option: bool = False) -> str:
        """Return it as a part of a sentence.

        Parameters
        ----------
        by_option : bool, default False
            Whether it has the options of the command line in place of the names of facts.

        Returns
        -------
        str
            How many rules on what, and what they lack.

        Examples
        --------
        >>> Lacking("the task", ("relu-regression-head",), ("type",), ("--learns TYPE",)).words()
        '1 rule on the task (type)'
        """
        ways = self.options if by_option else self.facts
        rules = f"{len(self.rules)} rule{'s' * (len(self.rules) > 1)}"
        return f"{rules} on {self.about} ({', '.join(ways)})"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data.

        Returns
        -------
        dict of str to Any
            The fields by name.
        """
        return asdict(self)


def lacking(rules: Iterable[Rule], net: Net, facts: Facts) -> tuple[Lacking, ...]:
    """Return what these rules did not look at in a model, by what they are about.

    >>> from normcast.check.examples import L, chain
    >>> from normcast.check.reading import read
    >>> from normcast.check.rule import find_rule
    >>> net = read(chain((8, 3), L.LSTM(4, return_sequences=True), L.Dense(1)).build())
    >>> (leaks,) = lacking([find_rule("noncausal-conv-leak")], net, Facts())
    >>> leaks.words(by_option=True)
    '1 rule on leaks from later steps (--per-step, --causal)'
    """
    if net.opaque:
        return ()
    stated = facts.stated()
    groups: dict[str, dict[str, tuple[str, ...]]] = {about: {} for about in TOPICS}
    for rule in rules:
        absent = _absent(rule, stated)
        if absent and all(_CONCERNS.get(name, _always)(net, facts) for name in absent):
            groups[_topic(absent)][rule.slug] = absent
    has_data = not stated.keys().isdisjoint(("target_mean", "input_high"))  # which nothing else tells
    return tuple(_lacking(about, wanting, has_data) for about, wanting in groups.items() if wanting)


def _lacking(about: str, wanting: dict[str, tuple[str, ...]], has_data: bool) -> Lacking:
    order = [name for topic in TOPICS.values() for name in topic]
    facts = sorted({name for names in wanting.values() for name in names}, key=order.index)
    options = dict.fromkeys(option_of(name, has_data) for name in facts)
    return Lacking(about, tuple(wanting), tuple(facts), tuple(options))


def option_of(fact: str, has_data: bool = False) -> str:
    """Return how the command line is told a fact; has_data: whether data were given, which did not tell it.

    >>> option_of("n_windows"), option_of("split"), option_of("target_shape", has_data=True)
    ('--windows N', '--fact split=...', '--fact target_shape=...')
    """
    option = OPTIONS.get(fact, "")
    return f"--fact {fact}=..." if not option or (has_data and option == DATA) else option


def alternatives(needs: Sequence[str]) -> Iterator[frozenset[str]]:
    """Yield the sets of facts of which any one lets a rule speak; needs: as the rule words them.

    >>> [sorted(each) for each in alternatives(["target_min and target_max, or n_classes", "loss"])]
    [['losses', 'target_max', 'target_min'], ['losses', 'n_classes']]
    """
    parts = [need.replace(", or ", " or ").split(" or ") for need in needs]
    for chosen in product(*parts):
        names = [name.split()[0] for part in chosen for name in part.split(" and ")]
        yield frozenset("losses" if name == "loss" else name for name in names)


def _absent(rule: Rule, stated: dict[str, Any]) -> tuple[str, ...]:
    """Return the facts that keep a rule silent, those of the way that is the easiest to tell; () for none."""
    ways = [tuple(sorted(each - stated.keys())) for each in alternatives(rule.needs)]
    return min(ways, key=lambda names: (bool(names), any(name not in OPTIONS for name in names)), default=())


def _topic(absent: tuple[str, ...]) -> str:
    return next(about for about, names in TOPICS.items() if set(names) & set(absent))


def _always(net: Net, facts: Facts) -> bool:
    return True


def _keeps_time(net: Net, facts: Facts) -> bool:
    """Whether an output has a step for each of an input, and nothing says that no leak is a fault."""
    if facts.task.causal_required is False or facts.task.granularity == "per_window":
        return False
    reads = {node.shape[1] for node in net.inputs if len(node.shape) > 2}
    gives = {node.shapes[i][1] for node, i in net.outputs if len(node.shapes[i]) > 2}
    return bool(reads & gives)


def _is_stateful(net: Net, facts: Facts) -> bool:
    return any(node.config.get("stateful") for node in net.of(RNN))


def _counts_batches(net: Net, facts: Facts) -> bool:
    return _is_stateful(net, facts) or any(True for _ in net.of(BATCH_NORM))


def _has_masks(net: Net, facts: Facts) -> bool:
    return any(node.kind == "Masking" or node.config.get("mask_zero") for node in net.nodes)


def _is_not_compiled(net: Net, facts: Facts) -> bool:
    return not facts.training.losses and not facts.training.custom_step


_CONCERNS: dict[str, Callable[[Net, Facts], bool]] = {
    "granularity": _keeps_time,
    "causal_required": _keeps_time,
    "shuffle": _is_stateful,
    "batch_size": _counts_batches,
    "epochs": _counts_batches,
    "masked_real_share": _has_masks,
    "losses": _is_not_compiled,
    "metrics": _is_not_compiled,
}
"""Where a fact could matter to a model at all; any other matters everywhere."""
