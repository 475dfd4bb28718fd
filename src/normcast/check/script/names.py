"""Names: which names of a script are Keras', and which of its expressions make a layer or a model."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass, field

import keras

ROOTS = ("keras", "tensorflow", "tf_keras")
NO_LAYERS = ("Input", "InputLayer", "InputSpec")
MODELS = ("Model", "Functional")
MOST_ROUNDS = 10
"""Of classes of a script on top of one another."""


@dataclass(frozen=True, eq=False)
class Names:
    """What the names of a script stand for.

    imported: each name to all that it may be, as "keras.layers"; bound: names that are also something else;
    starred: modules of which all is imported; own: classes of the script that are layers.
    """

    imported: dict[str, set[str]]
    bound: frozenset[str]
    starred: tuple[str, ...] = ()
    own: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, tree: ast.Module) -> Names:
        """Read them off imports, wherever they stand, and off names given to modules and classes."""
        imported: dict[str, set[str]] = defaultdict(set)
        starred: list[str] = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for each in node.names:
                    imported[each.asname or each.name.partition(".")[0]].add(
                        each.name if each.asname else each.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                module = node.module or ""
                starred += [module for each in node.names if each.name == "*"]
                for each in node.names:
                    imported[each.asname or each.name].add("." * node.level + f"{module}.{each.name}")
        names = cls(imported, _bound(tree, imported), tuple(starred))
        names._find_own(tree)
        return names

    def _find_own(self, tree: ast.Module) -> None:
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        for _ in range(MOST_ROUNDS):
            found = {each.name for each in classes if any(map(self._is_layer_base, each.bases))}
            if found <= self.own:
                return
            self.own.update(found)

    def _is_layer_base(self, base: ast.expr) -> bool:
        name = self.of_keras(base)
        own = isinstance(base, ast.Name) and base.id in self.own
        return own or (name is not None and (name == "Layer" or self._is_layer(name)))

    @property
    def is_snippet(self) -> bool:
        """Whether nothing is imported: then names mean what they mean on Keras' pages."""
        return not self.imported

    def of_keras(self, value: ast.expr) -> str | None:
        """Return the name inside Keras that an expression stands for, "layers.Dense"; None for any other."""
        parts: list[str] = []
        while isinstance(value, ast.Attribute):
            parts.insert(0, value.attr)
            value = value.value
        if not isinstance(value, ast.Name):
            return None
        roots = self.imported.get(value.id, set())
        if value.id in self.bound:
            return None
        if self.is_snippet and parts:
            return f"layers.{parts[-1]}" if hasattr(keras.layers, parts[-1]) else None
        told = {_inside(".".join([root, *parts])) for root in roots or self._from_stars(value.id)}
        return next(iter(told)) if len(told) == 1 else None

    def _from_stars(self, name: str) -> set[str]:
        """Return what a name is that nothing binds: of a module of which all is imported, or of a snippet."""
        if self.is_snippet:
            return {f"keras.layers.{name}" if hasattr(keras.layers, name) else f"keras.{name}"}
        return {f"{module}.{name}" for module in self.starred if hasattr(_module(module), name)}

    def layer_made(self, value: ast.expr | None) -> str | None:
        """Return the class of the layer that an expression makes and does not apply."""
        if not isinstance(value, ast.Call):
            return None
        if isinstance(value.func, ast.Name) and value.func.id in self.own:
            return value.func.id
        name = self.of_keras(value.func)
        return name.rpartition(".")[2] if name is not None and self._is_layer(name) else None

    def is_model(self, value: ast.expr) -> bool:
        """Say whether an expression makes a model of tensors."""
        name = self.of_keras(value.func) if isinstance(value, ast.Call) else None
        return name is not None and name.rpartition(".")[2] in MODELS

    def is_sequence(self, value: ast.expr) -> bool:
        """Say whether an expression makes a model of a list of layers."""
        name = self.of_keras(value.func) if isinstance(value, ast.Call) else None
        return name is not None and name.rpartition(".")[2] == "Sequential"

    def is_merge(self, value: ast.Call) -> bool:
        """Say whether a call merges tensors, as `keras.layers.concatenate`."""
        name = self.of_keras(value.func)
        return name is not None and name.startswith("layers.") and name.rpartition(".")[2].islower()

    @staticmethod
    def _is_layer(name: str) -> bool:
        module, _, last = name.rpartition(".")
        known = getattr(keras.layers, last, None)
        if known is not None and not (isinstance(known, type) and issubclass(known, keras.layers.Layer)):
            return False
        return module.startswith("layers") and last[:1].isupper() and last not in NO_LAYERS


def _inside(dotted: str) -> str | None:
    """Return a name inside Keras, whatever way round it was imported.

    >>> _inside("tensorflow.keras.layers.Dense"), _inside("keras.src.layers.core.Dense"), _inside("torch.nn")
    ('layers.Dense', 'layers.core.Dense', None)
    """
    parts = dotted.split(".")
    if parts[0] not in ROOTS:
        return None
    for root in ("keras", "tf_keras"):
        if root in parts:
            rest = parts[parts.index(root) + 1 :]
            return ".".join(rest[1:] if rest[:1] in (["src"], ["api"], ["_tf_keras"]) else rest)
    return None


def _module(dotted: str) -> object:
    """Return the part of Keras that a module is, the installed one."""
    inside = _inside(dotted)
    part: object = keras if inside is not None else None
    for name in (inside or "").split("."):
        part = getattr(part, name, None) if name else part
    return part


def _bound(tree: ast.Module, imported: dict[str, set[str]]) -> frozenset[str]:
    """Return the names that are given to something else than a module or class; aliases join `imported`."""
    bound = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    }
    aliases: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            root, _, rest = _dotted(node.value).partition(".")
            if rest and root in imported:
                aliases.add(id(node.targets[0]))
                imported[node.targets[0].id] |= {f"{each}.{rest}" for each in imported[root]}
    stored = (n for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    bound |= {node.id for node in stored if id(node) not in aliases}
    return frozenset(bound | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)})


def _dotted(value: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(value, ast.Attribute):
        parts.insert(0, value.attr)
        value = value.value
    return ".".join([value.id, *parts]) if isinstance(value, ast.Name) else ""
