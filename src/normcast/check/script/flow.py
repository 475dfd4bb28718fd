"""Flow: what becomes of layers and of what they give, statement by statement."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from normcast.check.script.names import Names
from normcast.check.script.reading import Script
from normcast.check.script.scopes import INNER, Scope, hands_out, loads, name_of, stores

NEVER = "is made, but never called"
UNCALLED = "is made, but never called: {} is given the layer in place of a tensor"
OVERWRITTEN = "is {}, but {} is given something else in {} before it is read"
DROPPED = "is called, but what it gives is dropped"


@dataclass(frozen=True)
class Made:
    """A layer, or what one gives: the name it is given, the class of the layer, the line.

    is_called: whether it is what the layer gives; is_new: whether the layer is made in the same expression.
    """

    name: str
    layer: str
    line: int
    is_called: bool = False
    is_new: bool = True


@dataclass(eq=False)
class Flow:
    """Follows the statements of a scope.

    layers: attributes of the object that are layers, as "self.head". lost: what was lost, and why; made: all
    that was given to a name; models: how many models of tensors are made; builds: whether any network is.
    bare: layers whose values nobody takes: in a scope that builds nothing they are tried, not lost.
    """

    scope: Scope
    names: Names
    layers: frozenset[str]
    script: Script
    lost: list[tuple[Made, str]] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    bare: list[tuple[Made, str]] = field(default_factory=list)
    models: int = 0
    builds: bool = False

    def run(self) -> None:
        """Follow the whole scope."""
        values = [node for node in self.scope.own if isinstance(node, ast.Call)]
        self.models = sum(map(self.names.is_model, values))
        self._block(self.scope.node.body, {}, in_try=False)
        has_network = bool(self.models) or any(map(self.names.is_sequence, values))
        self.builds = has_network or self.names.is_snippet or any(each.is_called for each in self.made)
        self.lost += self.bare if self.builds else []

    def _block(self, body: list[ast.stmt], held: dict[str, Made], in_try: bool) -> None:
        waiting: dict[str, Made] = {}
        cell = -1
        for statement in body:
            if self.scope.is_module and self.script.cell_of(statement.lineno) != cell:
                cell, waiting = self.script.cell_of(statement.lineno), {}  # cells may run in another order
            inner = list(_blocks(statement))
            if isinstance(statement, INNER):
                continue
            if inner:
                self._compound(statement, inner, waiting, held, in_try)
            else:
                self._simple(statement, waiting, held, in_try)

    def _compound(
        self,
        statement: ast.stmt,
        inner: list[list[ast.stmt]],
        waiting: dict[str, Made],
        held: dict[str, Made],
        in_try: bool,
    ) -> None:
        """Follow the blocks in a statement; what they may have read or set is not known behind it."""
        touched = loads(statement) | stores(statement)
        for name in touched:
            waiting.pop(name, None)
        if hands_out(statement, "self", set()):
            self._forget_attributes(waiting)
        for name in stores(statement):
            held.pop(name, None)
        for block in inner:
            self._block(block, dict(held), in_try or _expects_errors(statement))

    def _simple(
        self, statement: ast.stmt, waiting: dict[str, Made], held: dict[str, Made], in_try: bool
    ) -> None:
        self._look_for_layers_as_tensors(statement, held)
        for name in loads(statement):
            waiting.pop(name, None)
        if hands_out(statement, "self", set(self.layers)):
            self._forget_attributes(waiting)
        if isinstance(statement, ast.Expr):
            self._expression(statement, in_try)
            return
        target = _single(statement)
        if target in waiting:
            self._overwritten(waiting.pop(target), statement.lineno)
        for name in stores(statement):
            waiting.pop(name, None)
            held.pop(name, None)
        made = self._made(target, getattr(statement, "value", None)) if target else None
        if made is not None and target not in self.scope.read_later:
            self.made.append(made)
            waiting[target] = made
        if made is not None and not made.is_called:
            held[target] = made

    def _overwritten(self, made: Made, line: int) -> None:
        # A layer that has a name may be called for its weights alone, where no model of tensors is made.
        if made.is_new or self.models or self.layers:
            place = self.script.place(line) or f"line {line}"
            done = "called" if made.is_called else "made"
            self.lost.append((made, OVERWRITTEN.format(done, made.name, place)))

    def _expression(self, statement: ast.Expr, in_try: bool) -> None:
        """Look at an expression whose value nobody takes."""
        value = statement.value
        if in_try or statement.lineno in self.script.shown:
            return
        layer = self.names.layer_made(value)
        if layer is not None:
            self.bare.append((Made(layer.lower(), layer, value.lineno), NEVER))
        elif isinstance(value, ast.Call) and (layer := self.names.layer_made(value.func)) is not None:
            self.bare.append((Made(layer.lower(), layer, value.lineno), DROPPED))

    def _made(self, name: str, value: ast.expr | None) -> Made | None:
        """Return the layer, or what one gives, that a name is given."""
        layer = self.names.layer_made(value)
        if layer is not None and value is not None:
            return Made(name, layer, value.lineno)
        if not isinstance(value, ast.Call):
            return None
        layer = self.names.layer_made(value.func)
        if layer is not None:
            return Made(name, layer, value.lineno, is_called=True)
        called = name_of(value.func)
        known = next((each for each in reversed(self.made) if each.name == called), None)
        if called in self.layers or (known is not None and not known.is_called):
            return Made(name, called, value.lineno, is_called=True, is_new=False)
        return None

    def _look_for_layers_as_tensors(self, statement: ast.stmt, held: dict[str, Made]) -> None:
        for node in ast.walk(statement):
            if not isinstance(node, ast.Call):
                continue
            reader = self._reader(node, held)
            if reader is None:
                continue
            for value in _tensors(node):
                layer = self.names.layer_made(value)
                made = held.get(name_of(value)) if layer is None else Made(layer.lower(), layer, value.lineno)
                if made is not None:
                    self.lost.append((made, UNCALLED.format(reader)))

    def _reader(self, call: ast.Call, held: dict[str, Made]) -> str | None:
        """Return what a call that takes tensors is named; None for any other."""
        if self.names.is_model(call):
            return "the model"
        if self.names.is_merge(call):
            return name_of(call.func)
        layer = self.names.layer_made(call.func)
        if layer is None and name_of(call.func) in held:
            return name_of(call.func)
        return layer

    @staticmethod
    def _forget_attributes(waiting: dict[str, Made]) -> None:
        for name in [name for name in waiting if name.startswith("self.")]:
            del waiting[name]


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """Yield the blocks of statements in a statement."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if isinstance(block, list) and block:
            yield block
    for each in [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]:
        yield each.body


def _expects_errors(statement: ast.stmt) -> bool:
    """Say whether a statement is there for what its block may raise."""
    items = getattr(statement, "items", [])
    raises = (name_of(each.context_expr.func) for each in items if isinstance(each.context_expr, ast.Call))
    return isinstance(statement, ast.Try) or any("raises" in name.lower() for name in raises)


def _single(statement: ast.stmt) -> str:
    """Return the one name that a statement gives its value to; "" for several, or none."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        return name_of(statement.targets[0])
    return name_of(statement.target) if isinstance(statement, ast.AnnAssign) and statement.value else ""


def _tensors(call: ast.Call) -> Iterator[ast.expr]:
    """Yield what stands where a call takes tensors, also in a list or a dict."""
    named = [each.value for each in call.keywords if each.arg in ("inputs", "outputs")]
    for value in [*call.args, *named]:
        if isinstance(value, (ast.List, ast.Tuple)):
            yield from value.elts
        elif isinstance(value, ast.Dict):
            yield from value.values
        else:
            yield value
