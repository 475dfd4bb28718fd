"""Placement: one way to arrange a network, as a named value that study measures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from normcast.models.edits import Applied, Compile, Edit, apply_reported
from normcast.plain import Plain

if TYPE_CHECKING:
    import keras

BASELINE = "as given"


@dataclass(frozen=True)
class Placement(Plain):
    """A named tuple of edits, with what is not in the graph beside them.

    Placements of one axis and slot exclude one another.

    Parameters
    ----------
    name : str
        What it is called, as in "lstm_1: layer norm inside".
    edits : tuple of Edit, default ()
        What is changed, from the network as given; () changes nothing.
    axis : str, default ""
        What kind of thing it changes, as in "norm" or "dropout"; see `AXES`.
    slot : str, default ""
        The layer it is about.
    level : str, default ""
        What stands there, in words.
    scaling : {"standard", "robust", "none"} or None, default None
        How the data is scaled; None as in the study.
    training : mapping of str to Any, default {}
        Fields of `Training` that differ, as in {"clipnorm": 1.0}.
    rate : float or None, default None
        The rate of the dropout or zoneout that it puts there, if any.

    Examples
    --------
    >>> from normcast.models.edits import Remove
    >>> str(Placement("no dropout", (Remove("dropout_1"),)))
    'no dropout: dropout_1: removed'
    >>> Placement.from_json(Placement("x", training={"clipnorm": 1.0}).to_json()).training
    {'clipnorm': 1.0}
    """

    added: ClassVar = ("rate",)

    name: str
    edits: tuple[Edit, ...] = ()
    axis: str = ""
    slot: str = ""
    level: str = ""
    scaling: str | None = None
    training: Mapping[str, Any] = field(default_factory=dict, hash=False)
    rate: float | None = None

    @property
    def of_training(self) -> dict[str, Any]:
        """The fields of `Training` that differ, the loss of an edit of what is compiled among them.

        Examples
        --------
        >>> from normcast.models.edits import Compile
        >>> Placement("robust", (Compile("huber"),), training={"clipnorm": 1.0}).of_training
        {'loss': 'huber', 'clipnorm': 1.0}
        """
        losses = [edit.loss for edit in self.edits if isinstance(edit, Compile)]
        return ({"loss": losses[-1]} if losses else {}) | dict(self.training)

    @property
    def factor(self) -> str:
        """What it is a level of: placements of one factor exclude one another."""
        return f"{self.axis} at {self.slot}" if self.slot else self.axis

    def applied(self, model: keras.Model) -> keras.Model:
        """Return the network so arranged; the given one stays as it is.

        Parameters
        ----------
        model : keras.Model
            The network as given.

        Returns
        -------
        keras.Model
            A new model; weights that fit are carried over.

        Raises
        ------
        ValueError
            If an edit does not fit the model.
        """
        return self.reported(model).model

    def reported(self, model: keras.Model) -> Applied:
        """Return the network so arranged with what became of its weights.

        Parameters
        ----------
        model : keras.Model
            The network as given.

        Returns
        -------
        Applied
            The new `model`, and which weights were `kept`, start `fresh` or were `dropped`.

        Raises
        ------
        ValueError
            If an edit does not fit the model.
        """
        if not self.edits:
            return Applied(model, (), (), (), frozenset(range(len(model.weights))))
        try:
            return apply_reported(model, self.edits)
        except ValueError as error:
            raise ValueError(f"placement {self.name!r}: {error}") from error

    def __str__(self) -> str:
        parts = [str(edit) for edit in self.edits]
        parts += [f"scaling {self.scaling}"] if self.scaling else []
        parts += [f"{name}={value}" for name, value in self.training.items()]
        return f"{self.name}: {'; '.join(parts) or 'nothing changed'}"


PlacementsLike = Iterable[Placement] | Mapping[str, Iterable[Edit] | Placement]


def as_placements(given: PlacementsLike) -> tuple[Placement, ...]:
    """Return placements from what users have: placements, or {name: edits}, as fixes of `check` are.

    Raises ValueError for two of one name, for the baseline's name, and for no placement at all.

    >>> from normcast.models.edits import Remove
    >>> as_placements({"dropout-after-output": [Remove("dropout_1")]})[0].name
    'dropout-after-output'
    """
    if isinstance(given, Mapping):
        found = tuple(
            each if isinstance(each, Placement) else Placement(str(name), tuple(each))
            for name, each in given.items()
        )
    else:
        found = tuple(given)
    names = [each.name for each in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"Study: two placements are called {sorted(twice)[0]!r}; names tell them apart.")
    if BASELINE in names:
        raise ValueError(f"Study: {BASELINE!r} is the name of the baseline; call the placement otherwise.")
    if not found:
        raise ValueError(
            "Study: there is no placement to measure. Give placements, or a network with a convolution or a "
            "recurrent layer."
        )
    return found
