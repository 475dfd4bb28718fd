"""Layers that a source text makes and never applies: a built model no longer shows them."""

from __future__ import annotations

import ast

import keras


def lost_layers(source: str) -> tuple[str, ...]:
    """Return the layers that Python source makes without applying them, as "name (Class, line n)".

    A layer counts as lost when it is made as a statement of its own, or given to a name that is read nowhere.
    Raises SyntaxError on text that is not Python.

    >>> lost_layers("x = Input((8, 3))\\nh = LSTM(32)\\ny = Dense(1)(x)\\nmodel = Model(x, y)")
    ('h (LSTM, line 2)',)
    """
    tree = ast.parse(source)
    reads = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    reads |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load)}
    lost = []
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Assign, ast.Expr)):
            continue
        made = _layer_class(node.value)
        if made is None:
            continue
        names = [_name(target) for target in node.targets] if isinstance(node, ast.Assign) else [made.lower()]
        if isinstance(node, ast.Expr) or not reads & set(names):
            lost.append((node.lineno, f"{names[0]} ({made}, line {node.lineno})"))
    return tuple(text for _, text in sorted(lost))


def _name(target: ast.expr) -> str:
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def _layer_class(value: ast.expr | None) -> str | None:
    """Return the class name if the expression makes a Keras layer and does not apply it."""
    if not isinstance(value, ast.Call) or not isinstance(value.func, (ast.Name, ast.Attribute)):
        return None
    name = _name(value.func)
    cls = getattr(keras.layers, name, None)
    return name if isinstance(cls, type) and issubclass(cls, keras.layers.Layer) else None
