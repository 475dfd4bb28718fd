"""What an argument of a layer may be: checked at the door, worded once."""

from collections.abc import Iterable
from numbers import Integral, Real

from normcast.errors import unknown


def check_rate(layer: str, name: str, value: object) -> float:
    """Return a rate as a float, or raise ValueError if it lies outside [0, 1).

    A rate of 1 would keep nothing and divide by zero; Keras accepts it and then drops nothing.

    >>> check_rate("LSTM", "dropout", 0.2)
    0.2
    >>> check_rate("LSTM", "dropout", 5)
    Traceback (most recent call last):
    ...
    ValueError: LSTM: dropout is 5, but a rate, the share that is dropped, is at least 0 and below 1.
    """
    if isinstance(value, Real) and not isinstance(value, bool) and 0 <= float(value) < 1:
        return float(value)
    raise ValueError(
        f"{layer}: {name} is {value!r}, but a rate, the share that is dropped, is at least 0 and below 1."
    )


def check_choice(layer: str, kind: str, value: object, known: Iterable[str | None]) -> str | None:
    """Return the value if it is one of those known, else raise ValueError that says which was probably meant.

    >>> check_choice("LSTM", "norm", "bach", [None, "batch", "layer"])
    Traceback (most recent call last):
    ...
    ValueError: LSTM: no norm 'bach'; norms are None, batch, layer. Did you mean 'batch'?
    """
    names = list(known)
    if value is None and None in names:
        return None
    if isinstance(value, str) and value in names:
        return value
    raise ValueError(unknown(kind, value, [str(name) for name in names], where=layer))


def check_count(layer: str, name: str, value: object, least: int = 1) -> int:
    """Return a whole number that is at least `least`, or raise ValueError.

    >>> check_count("SqueezeExcite1D", "ratio", 0)
    Traceback (most recent call last):
    ...
    ValueError: SqueezeExcite1D: ratio is 0, but must be a whole number of at least 1.
    """
    if isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least:
        return int(value)
    raise ValueError(f"{layer}: {name} is {value!r}, but must be a whole number of at least {least}.")
