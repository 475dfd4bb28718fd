"""Identity: what tells the user's own models, losses and classes from others within a process.

A configuration may leave out what such code computes with.
"""

from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

_numbers: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
_counter = count()


def number_of(thing: Any) -> int:
    """Return the number of this very thing, the same as long as it lives.

    >>> one, other = (lambda: 0), (lambda: 0)
    >>> number_of(one) == number_of(one), number_of(one) == number_of(other)
    (True, False)
    """
    if thing not in _numbers:
        _numbers[thing] = next(_counter)
    return _numbers[thing]


def module_of(thing: Any) -> str:
    """Return the module of a class or function, or of an object's class."""
    return str(getattr(thing, "__module__", None) or type(thing).__module__)


def is_keras(thing: Any) -> bool:
    """Say whether a class or function is of Keras' own code.

    >>> import keras
    >>> is_keras(keras.layers.Dense), is_keras(keras.ops.relu), is_keras(is_keras)
    (True, True, False)
    """
    return (getattr(thing, "__module__", "") or "").split(".")[0] == "keras"


def is_own(thing: Any) -> bool:
    """Say whether a class, a function or an object is of code of the user's, neither Keras' nor ours.

    >>> is_own(dict), is_own("mse"), is_own(number_of)
    (True, False, False)
    """
    return not isinstance(thing, str) and is_foreign(module_of(thing))


def is_foreign(module: str) -> bool:
    """Say whether a module is neither Keras' nor ours."""
    return module.split(".", maxsplit=1)[0] not in ("keras", "normcast")


def has_foreign(node: Any) -> bool:
    """Say whether a configuration names a class or function that is neither Keras' nor ours.

    >>> has_foreign({"class_name": "Dense", "module": "keras.layers"})
    False
    """
    if isinstance(node, list):
        return any(map(has_foreign, node))
    if not isinstance(node, dict):
        return False
    module = node.get("module", "keras") if "class_name" in node else "keras"
    return is_foreign(str(module)) or any(map(has_foreign, node.values()))
