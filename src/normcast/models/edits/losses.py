"""The edit that puts another loss in the place of the one a model is compiled with."""

from __future__ import annotations

from typing import Any

import keras

from normcast.errors import unknown
from normcast.models.edits.edit import Edit
from normcast.models.graph.layer_spec import snake
from normcast.models.graph.wiring import OUTPUTS
from normcast.plain import short


class Compile(Edit):
    """Let another loss of Keras' own, by its name, train a compiled model; settings that both have stay.

    Parameters
    ----------
    loss : str
        Name of the function, such as "sparse_categorical_crossentropy", or of the class.
    output : str or None, default None
        The output whose loss it is, which a model of one output need not say.

    Raises
    ------
    ValueError
        If Keras has no such loss.

    Examples
    --------
    >>> str(Compile("categorical_crossentropy"))
    'compile: loss=categorical_crossentropy'
    """

    kind = "compile"
    loss: str
    output: str | None

    def __init__(self, loss: str, output: str | None = None) -> None:
        if not isinstance(output, str | None):
            raise ValueError(f"Compile: output is {short(output)}, but must be the name of an output.")
        known = [name for name, each in vars(keras.losses).items() if _is_loss(each)]
        if loss not in known:
            raise ValueError(unknown("loss", loss, known, where="Compile"))
        self._hold(loss=loss, output=output)

    @property
    def layer(self) -> str:  # type: ignore[override]
        """The output that it is about."""
        return self.output or OUTPUTS

    def __str__(self) -> str:
        return f"compile: loss={self.loss}" + (f" of {self.output}" if self.output else "")

    def __repr__(self) -> str:
        return f"Compile({self.loss!r}" + (f", output={self.output!r})" if self.output else ")")


def _is_loss(each: Any) -> bool:
    if isinstance(each, type):
        return issubclass(each, keras.losses.Loss) and each is not keras.losses.Loss
    return callable(each) and each not in (keras.losses.get, keras.losses.serialize, keras.losses.deserialize)


def with_loss(given: Any, edit: Compile, model: keras.Model) -> Any:
    """Return what a model is compiled with as its losses, with the edit made.

    given: a loss, or losses by name or place of the outputs. Raises ValueError for an output that is none,
    and where there are several and the edit does not say which.
    """
    names = list(getattr(model, "output_names", None) or ["output"])
    if edit.output is None and len(names) > 1:
        raise ValueError(f"Compile: the model has {len(names)} outputs, {', '.join(names)}; say which one.")
    if edit.output is not None and edit.output not in names:
        raise ValueError(unknown("output", edit.output, names, where="Compile"))
    place = 0 if edit.output is None else names.index(edit.output)
    if isinstance(given, dict):
        key = names[place] if names[place] in given or len(names) > 1 else next(iter(given), names[place])
        return {**given, key: _like(edit.loss, given.get(key))}
    if isinstance(given, list | tuple):
        return [_like(edit.loss, each) if n == place else each for n, each in enumerate(given)]
    if len(names) == 1:
        return _like(edit.loss, given)
    return [_like(edit.loss, given) if n == place else given for n in range(len(names))]


def _like(name: str, old: Any) -> Any:
    """Return the loss of that name with the settings of the old one that it has too, such as from_logits."""
    made = _classes().get(snake(name))
    if made is None or not isinstance(old, keras.losses.Loss):
        return name
    had, has = old.get_config(), made().get_config()
    return made.from_config({**has, **{key: had[key] for key in has if key in had and key != "name"}})


def _classes() -> dict[str, Any]:
    found = [each for each in vars(keras.losses).values() if isinstance(each, type)]
    return {snake(each.__name__): each for each in found if each is not keras.losses.Loss}
