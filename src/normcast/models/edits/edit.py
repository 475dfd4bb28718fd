"""The edits: values that say how a model is to change, print as one line and travel as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, cast

from normcast.errors import unknown
from normcast.models.graph.layer_spec import LayerLike, as_data, as_spec, brief, brief_spec
from normcast.models.graph.wiring import INPUTS
from normcast.plain import parsed, read, short, text


class Edit:
    """One change of a model: `Set`, `Insert`, `Remove`, `Move`, `Replace`, `Rewire` or `Compile`.

    Edits are values: they compare, hash, print as one line, and round-trip as JSON. A layer is named as in
    the model; inside a nested model by its path ("encoder/lstm_1"), or by its name alone where only one layer
    has it. `apply` makes them.

    Attributes
    ----------
    layer : str
        The layer that it is about.

    Examples
    --------
    >>> Edit.from_dict(Remove("dropout_1").to_dict())
    Remove('dropout_1')
    """

    kinds: ClassVar[dict[str, type[Edit]]] = {}
    kind: ClassVar[str]
    layer: str

    def __init_subclass__(cls) -> None:
        Edit.kinds[cls.kind] = cls

    def to_dict(self) -> dict[str, Any]:
        """Return the edit as plain data.

        Returns
        -------
        dict
            The kind under "edit", and each argument that is not None by its name.
        """
        fields = {key: value for key, value in vars(self).items() if value is not None}
        return {"edit": self.kind, **fields}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Edit:
        """Read an edit from plain data.

        Parameters
        ----------
        data : mapping
            What `to_dict` gave.

        Returns
        -------
        Edit
            The edit, equal to the one that was written.

        Raises
        ------
        ValueError
            For a kind that does not exist, and for names of layers that are no text.
        """
        fields = dict(data)
        kind = fields.pop("edit", None)
        if kind not in Edit.kinds:
            raise ValueError(unknown("edit", kind, Edit.kinds, where="Edit"))
        for name in ("layer", "after", "before"):
            if not isinstance(fields.get(name, ""), str | None):
                raise ValueError(f"Edit: {name} is {short(fields[name])}, but must be the name of a layer.")
        if kind == "set":
            return Set(fields["layer"], **fields["config"])
        return cast(Any, Edit.kinds[kind])(**fields)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.to_dict() == getattr(other, "to_dict")()  # noqa: B009

    def __hash__(self) -> int:
        return hash(text(self.to_dict()))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"{type(self).__name__} is a value; make a new one instead of changing {name!r}."
        )

    def _hold(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class Set(Edit):
    """Give a layer other arguments; on a wrapper, arguments of the wrapped layer work too.

    Parameters
    ----------
    layer : str
        Name or path of the layer.
    **config
        Arguments of its class with their new values; all but name.

    Raises
    ------
    ValueError
        If there is nothing to set, or a name is to be set, since edits find layers by it.

    Examples
    --------
    >>> str(Set("lstm_1", activation="tanh"))
    "lstm_1: activation='tanh'"
    """

    kind = "set"
    config: dict[str, Any]

    def __init__(self, layer: str, /, **config: Any) -> None:
        if not config:
            raise ValueError(f"Set: nothing to set on {layer!r}; give at least one argument.")
        if "name" in config:
            raise ValueError("Set: a layer's name cannot be set, edits find layers by it. Use Replace.")
        self._hold(layer=layer, config={key: as_data(value) for key, value in config.items()})

    def __str__(self) -> str:
        return f"{self.layer}: " + ", ".join(f"{k}={brief(v)}" for k, v in self.config.items())

    def __repr__(self) -> str:
        return f"Set({self.layer!r}, {', '.join(f'{k}={v!r}' for k, v in self.config.items())})"


class Insert(Edit):
    """Put a new layer after or before a layer; all readers of that place then read the new layer.

    Parameters
    ----------
    what : keras.Layer or dict or str
        A layer, its serialized form, or a class name.
    after, before : str or None, default None
        Name or path of the layer beside which it stands; exactly one of the two. An InputLayer needs no
        place.

    Raises
    ------
    ValueError
        If not exactly one place is given.

    Examples
    --------
    >>> str(Insert("LayerNormalization", after="lstm_1"))
    'lstm_1: + LayerNormalization after'
    """

    kind = "insert"
    what: dict[str, Any]
    after: str | None
    before: str | None

    def __init__(self, what: LayerLike, after: str | None = None, before: str | None = None) -> None:
        spec = as_spec(what)
        if spec["class_name"] == "InputLayer" and after is None and before is None:
            after = INPUTS
        if (after is None) == (before is None):
            raise ValueError("Insert: say where, with exactly one of after= and before=.")
        self._hold(what=spec, after=after, before=before)

    @property
    def layer(self) -> str:  # type: ignore[override]
        """The layer beside which the new one stands."""
        return self.after or self.before or ""

    def __str__(self) -> str:
        return f"{self.layer}: + {brief_spec(self.what)} {'after' if self.after else 'before'}"

    def __repr__(self) -> str:
        place = f"after={self.after!r}" if self.after else f"before={self.before!r}"
        return f"Insert({brief_spec(self.what)}, {place})"


class Remove(Edit):
    """Take a layer out; its readers then read what it read.

    Parameters
    ----------
    layer : str
        Name or path of the layer.

    Examples
    --------
    >>> str(Remove("dropout_1"))
    'dropout_1: removed'
    """

    kind = "remove"

    def __init__(self, layer: str) -> None:
        self._hold(layer=layer)

    def __str__(self) -> str:
        return f"{self.layer}: removed"

    def __repr__(self) -> str:
        return f"Remove({self.layer!r})"


class Move(Edit):
    """Take a layer out and put it after or before another one.

    Parameters
    ----------
    layer : str
        Name or path of the layer.
    after, before : str or None, default None
        Name or path of the layer beside which it then stands; exactly one of the two.

    Raises
    ------
    ValueError
        If not exactly one place is given, or the layer would stand beside itself.

    Examples
    --------
    >>> str(Move("dropout_1", after="bn_1"))
    'dropout_1: moved after bn_1'
    """

    kind = "move"
    after: str | None
    before: str | None

    def __init__(self, layer: str, after: str | None = None, before: str | None = None) -> None:
        if (after is None) == (before is None):
            raise ValueError("Move: say where, with exactly one of after= and before=.")
        if layer in (after, before):
            raise ValueError(f"Move: {layer!r} cannot stand beside itself.")
        self._hold(layer=layer, after=after, before=before)

    def __str__(self) -> str:
        return f"{self.layer}: moved " + (f"after {self.after}" if self.after else f"before {self.before}")

    def __repr__(self) -> str:
        place = f"after={self.after!r}" if self.after else f"before={self.before!r}"
        return f"Move({self.layer!r}, {place})"


class Replace(Edit):
    """Put another layer in the place of a layer; it takes over the name unless it brings one.

    Parameters
    ----------
    layer : str
        Name or path of the layer that goes.
    what : keras.Layer or dict or str
        The one that comes: a layer, its serialized form, or a class name.

    Examples
    --------
    >>> str(Replace("lstm_1", {"class_name": "GRU", "config": {"units": 8}}))
    'lstm_1: -> GRU(units=8)'
    """

    kind = "replace"
    what: dict[str, Any]

    def __init__(self, layer: str, what: LayerLike) -> None:
        self._hold(layer=layer, what=as_spec(what))

    def __str__(self) -> str:
        return f"{self.layer}: -> {brief_spec(self.what)}"

    def __repr__(self) -> str:
        return f"Replace({self.layer!r}, {brief_spec(self.what)})"


class Rewire(Edit):
    """Let a call of a layer read other tensors.

    Parameters
    ----------
    layer : str
        Name or path of the layer; "(inputs)" and "(outputs)" stand for the model's own ends.
    inputs : str or list or None, default None
        Names of layers to read; "lstm_1:1" is a second output, "lstm_1#1" a second call. A nested list is one
        argument that is a list, as merging layers take it. None keeps what is read, [] drops the call and
        later ones.
    call : int or None, default None
        The number of the call, the first by default; the number of calls so far adds one.
    arguments : mapping or None, default None
        Named call arguments ("training", "use_causal_mask"), replacing those there are; {"tensor": name}
        stands for a tensor. None keeps them.

    Raises
    ------
    ValueError
        If neither inputs nor arguments are given, or they are of another type.

    Examples
    --------
    >>> str(Rewire("add_1", ["conv_1", "conv_4"]))
    'add_1: reads conv_1, conv_4'
    """

    kind = "rewire"
    inputs: Any
    call: int | None
    arguments: dict[str, Any] | None

    def __init__(
        self,
        layer: str,
        inputs: Any = None,
        call: int | None = None,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        if inputs is None and arguments is None:
            raise ValueError(f"Rewire: say what {layer!r} reads (inputs=) or how it is called (arguments=).")
        if not isinstance(call, int | None) or not isinstance(inputs, str | list | tuple | dict | None):
            raise ValueError(f"Rewire: call {short(call)} of {layer!r} cannot read {short(inputs)}.")
        inputs = [inputs] if isinstance(inputs, str) else inputs
        self._hold(
            layer=layer,
            inputs=_lists(inputs),
            call=call or None,
            arguments=None if arguments is None else dict(arguments),
        )

    def __str__(self) -> str:
        call = f" (call {self.call + 1})" if self.call else ""
        if self.inputs == []:
            return f"{self.layer}{call}: dropped"
        reads = [] if self.inputs is None else ["reads " + ", ".join(_names(self.inputs))]
        given = [f"called with {k}={brief(v)}" for k, v in (self.arguments or {}).items()]
        return f"{self.layer}{call}: " + ", ".join(reads + given or ["called without arguments"])

    def __repr__(self) -> str:
        fields = [f"{k}={v!r}" for k, v in vars(self).items() if k != "layer" and v is not None]
        return f"Rewire({self.layer!r}, {', '.join(fields)})"


def edits_to_json(edits: Iterable[Edit]) -> str:
    """Write edits as JSON text.

    Parameters
    ----------
    edits : iterable of Edit
        What to write, such as the fix of a finding.

    Returns
    -------
    str
        A list of objects, one per edit.

    Examples
    --------
    >>> edits_to_json([Remove("dropout_1")])
    '[{"edit": "remove", "layer": "dropout_1"}]'
    """
    return text([edit.to_dict() for edit in edits], sort=False)


def edits_from_json(given: str) -> tuple[Edit, ...]:
    """Read edits from JSON text.

    Parameters
    ----------
    given : str
        What `edits_to_json` wrote.

    Returns
    -------
    tuple of Edit
        The edits in order.

    Raises
    ------
    ValueError
        For anything else, with the place in the text.

    Examples
    --------
    >>> edits_from_json('[{"edit": "set", "layer": "bn_1", "config": {"momentum": 0.9}}]')
    (Set('bn_1', momentum=0.9),)
    """
    return read(tuple[Edit, ...], parsed(given, "edits"), "edits")


def _lists(tree: Any) -> Any:
    return [_lists(item) for item in tree] if isinstance(tree, (list, tuple)) else tree


def _names(tree: Any) -> list[str]:
    if isinstance(tree, dict):
        tree = [repr(tree["value"])] if "value" in tree else list(tree.values())
    return [name for item in tree for name in ([item] if isinstance(item, str) else _names(item))]
