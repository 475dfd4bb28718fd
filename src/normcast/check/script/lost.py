"""Lost: layers of a script that no tensor goes through, or whose values nothing reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from normcast.check.script.flow import NEVER, Flow, Made
from normcast.check.script.names import Names
from normcast.check.script.reading import Script
from normcast.check.script.scopes import FUNCTIONS, HIDDEN, Scope, name_of, scopes

NOWHERE = "is called, but what it gives is read nowhere"


@dataclass(frozen=True)
class Lost:
    """A layer that is lost: the name it is given, its class, the line, and why in words."""

    name: str
    layer: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.name.removeprefix('self.')} ({self.layer}, line {self.line})"


def lost_in(script: Script) -> list[Lost]:
    """Return the layers that a script loses, in the order of its lines; what is undecidable is left out."""
    names = Names.of(script.tree)
    nodes = list(ast.walk(script.tree))
    kept = {node: _attributes(node, names) for node in nodes if isinstance(node, ast.ClassDef)}
    read = {node.attr for node in nodes if isinstance(node, ast.Attribute) and _is_read(node)}
    every = [
        *(lost for scope in scopes(script.tree) for lost in _of_scope(scope, names, kept, script)),
        *(lost for node, layers in kept.items() for lost in _of_class(node, layers, names, read)),
    ]
    found: dict[tuple[int, str], Lost] = {}
    for lost in every:
        found.setdefault((lost.line, lost.layer), lost)
    return sorted(found.values(), key=lambda each: each.line)


Kept = dict[ast.ClassDef, dict[str, Made]]
"""The layers that each class keeps, by name."""


def _of_scope(scope: Scope, names: Names, kept: Kept, script: Script) -> Iterator[Lost]:
    if scope.is_hidden:
        return
    layers = kept[scope.owner] if scope.owner is not None else {}
    flow = Flow(scope, names, frozenset(layers), script)
    flow.run()
    for made, why in flow.lost:
        yield Lost(made.name, made.layer, made.line, why)
    read = scope.read | scope.read_later
    if scope.is_module and not flow.builds:
        return
    for made in flow.made:
        is_attribute = "." in made.name and not names.is_snippet
        if made.name in read or is_attribute or made.name.startswith("_"):
            continue
        if made.is_called and made.is_new and flow.models:
            yield Lost(made.name, made.layer, made.line, NOWHERE)
        elif not made.is_called:
            yield Lost(made.name, made.layer, made.line, NEVER)


def _of_class(node: ast.ClassDef, layers: dict[str, Made], names: Names, read: set[str]) -> Iterator[Lost]:
    """Yield the layers that a model or layer of the user's keeps and does not use; read: by any object."""
    methods = {each.name for each in node.body if isinstance(each, FUNCTIONS)}
    is_known = bool(node.bases) and all(names.of_keras(base) is not None for base in node.bases)
    if "call" not in methods or not is_known or _reads_all(node, names):
        return
    for name, made in layers.items():
        if name.removeprefix("self.") not in read:
            yield Lost(name, made.layer, made.line, f"is made, but {node.name} never calls it")


def _is_read(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, (ast.Load, ast.Del))


def _reads_all(node: ast.ClassDef, names: Names) -> bool:
    """Say whether a class looks at its attributes in ways that their names do not show.

    The layers of an object do, those of `tf.keras.layers` do not.
    """
    whole = {"layers", "__dict__", "_layers", "_flatten_layers", "__getattribute__"}
    read = [each for each in ast.walk(node) if isinstance(each, ast.Attribute) and _is_read(each)]
    attributes = {each.attr for each in read if names.of_keras(each) is None}
    calls = {name_of(each.func) for each in ast.walk(node) if isinstance(each, ast.Call)}
    return bool(whole & attributes or set(HIDDEN) & calls)


def _attributes(node: ast.ClassDef, names: Names) -> dict[str, Made]:
    """Return the layers that the methods of a class keep, by name."""
    found: dict[str, Made] = {}
    for each in ast.walk(node):
        if isinstance(each, ast.Assign) and len(each.targets) == 1:
            name, layer = name_of(each.targets[0]), names.layer_made(each.value)
            if layer is not None and name.startswith("self."):
                found[name] = Made(name, layer, each.value.lineno)
    return found
