"""Scopes: where the names of a script live, and which are read there."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
INNER = (*FUNCTIONS, ast.Lambda, ast.ClassDef)
HIDDEN = ("locals", "globals", "vars", "exec", "eval", "dir", "getattr")
"""What reads names that the text does not show."""


@dataclass(frozen=True, eq=False)
class Scope:
    """The body of a module or a function; owner: the class that a method belongs to."""

    node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef
    owner: ast.ClassDef | None = None

    @property
    def is_module(self) -> bool:
        """Whether it is the whole script."""
        return isinstance(self.node, ast.Module)

    @cached_property
    def own(self) -> list[ast.AST]:
        """All nodes but those of functions and classes inside."""
        return list(_own(self.node.body))

    @cached_property
    def read(self) -> set[str]:
        """The names that are read here, outside functions and classes inside."""
        return {name for node in self.own for name in _loads_of(node)}

    @cached_property
    def read_later(self) -> set[str]:
        """The names that functions and classes inside read, at a time that the text does not say."""
        inner = [node for node in self.own if isinstance(node, INNER)]
        found = {name for node in inner for name in free(node)}
        declared = [node for node in self.own if isinstance(node, (ast.Global, ast.Nonlocal))]
        return found | {name for node in declared for name in node.names} | self._exported

    @property
    def _exported(self) -> set[str]:
        """The texts in `__all__` of a module: others read those names."""
        if not self.is_module:
            return set()
        given = [node for node in self.own if isinstance(node, ast.Assign) and "__all__" in stores(node)]
        told = [each for node in given for each in ast.walk(node.value)]
        return {each.value for each in told if isinstance(each, ast.Constant) and isinstance(each.value, str)}

    @cached_property
    def is_hidden(self) -> bool:
        """Whether names are read in ways that the text does not show."""
        calls = (node.func for node in self.own if isinstance(node, ast.Call))
        return any(isinstance(func, ast.Name) and func.id in HIDDEN for func in calls)


def scopes(tree: ast.Module) -> Iterator[Scope]:
    """Yield the module and each function in it."""
    yield Scope(tree)
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, FUNCTIONS):
                yield Scope(child, node if isinstance(node, ast.ClassDef) else None)


def _own(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = list(reversed(body))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, INNER):
            waiting += reversed(list(ast.iter_child_nodes(node)))


def free(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef) -> set[str]:
    """Return the names that a function or class reads from around it.

    >>> (function,) = ast.parse("def f(x):\\n    y = a(x)\\n    return y").body
    >>> free(function)
    {'a'}
    """
    own = list(_own(node.body if isinstance(node.body, list) else [node.body]))
    found = {name for each in own for name in _loads_of(each)}
    for each in own:
        found |= free(each) if isinstance(each, INNER) else set()
    if isinstance(node, ast.ClassDef):
        return found
    bound = {each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)}
    bound |= {name_of(each) for each in own if isinstance(getattr(each, "ctx", None), ast.Store)}
    shared = {name for each in own if isinstance(each, (ast.Global, ast.Nonlocal)) for name in each.names}
    defaults = {name for each in ast.iter_child_nodes(node.args) for name in loads(each)}
    return found - (bound - shared) | defaults


def loads(node: ast.AST) -> set[str]:
    """Return the names that a part of a script reads; "self.head" for an attribute of its object.

    >>> sorted(loads(ast.parse("self.y = f(x)")))
    ['f', 'self', 'x']
    """
    return {name for each in ast.walk(node) for name in _loads_of(each)}


def _loads_of(node: ast.AST) -> set[str]:
    """Return the name that this one node reads, if any."""
    if isinstance(node, ast.AugAssign):
        return {name_of(node.target)} - {""}
    return {name_of(node)} - {""} if isinstance(getattr(node, "ctx", None), (ast.Load, ast.Del)) else set()


def stores(node: ast.AST) -> set[str]:
    """Return the names that a part of a script gives something to.

    >>> sorted(stores(ast.parse("a, self.b = 1, 2")))
    ['a', 'self.b']
    """
    stored = (each for each in ast.walk(node) if isinstance(getattr(each, "ctx", None), ast.Store))
    return {name_of(each) for each in stored} - {""}


def name_of(target: ast.AST) -> str:
    """Return the name of a target, "self.head" for an attribute of a name; "" for any other."""
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        return f"{target.value.id}.{target.attr}"
    return ""


def hands_out(node: ast.AST, name: str, but: set[str]) -> bool:
    """Say whether an object is passed on, or a method of it is called that may read what it has.

    but: attributes that are known not to, as "self.head".
    """
    names = sum(isinstance(each, ast.Name) and each.id == name for each in ast.walk(node))
    attributes = [each for each in ast.walk(node) if isinstance(each, ast.Attribute)]
    own = [each for each in attributes if isinstance(each.value, ast.Name) and each.value.id == name]
    called = {name_of(each.func) for each in ast.walk(node) if isinstance(each, ast.Call)}
    return names > len(own) or bool({name_of(each) for each in own} & called - but)
