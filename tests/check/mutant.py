"""Mutant: a sound model with one fault put in, and the rule that must find it."""

from dataclasses import dataclass
from typing import Any

from normcast.check.facts import Facts
from normcast.check.head import heads
from normcast.check.net import Net, Node
from normcast.models.edits import Edit, apply


@dataclass(frozen=True)
class Mutant:
    """A rule that must fire, the edits that put the fault in, and the facts that change with it."""

    rule: str
    edits: tuple[Edit, ...] = ()
    facts: dict[str, Any] | None = None
    drop: tuple[str, ...] = ()

    def __str__(self) -> str:
        what = [str(edit) for edit in self.edits] + [f"{k}={v}" for k, v in (self.facts or {}).items()]
        return f"{self.rule}: {'; '.join(what)}"

    def made_from(self, model: Any, facts: Facts) -> tuple[Any, Facts]:
        """Return the faulty model and what is known of it."""
        stated = {k: v for k, v in facts.stated().items() if k not in self.drop}
        model = apply(model, self.edits) if self.edits else model
        return model, Facts().known(**(stated | (self.facts or {})))


def layer(class_name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": config}


def of(net: Net, kinds: Any) -> list[Node]:
    return [n for n in net.of(kinds) if not n.wrappers and not n.block]


def head_of(net: Net) -> Any:
    found = heads(net)
    return found[0] if len(found) == 1 and found[0].weights is not None else None


def plain_head(net: Net) -> Node | None:
    head = head_of(net)
    return head.node if head and head.node.kind == "Dense" and not head.node.wrappers else None


def is_float(net: Net) -> bool:
    return (
        len(net.inputs) == 1 and "int" not in str(net.inputs[0].layer.dtype) and len(net.inputs[0].shape) == 3
    )
