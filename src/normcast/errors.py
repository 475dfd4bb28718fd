"""The one place that words errors: what was given, what there is, what was probably meant."""

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from numbers import Integral


def closest(got: object, known: Iterable[str]) -> str | None:
    """Return the known name that `got` was probably meant to be, or None.

    >>> closest("temp_mx", ["temp_max", "temp_min"])
    'temp_max'
    """
    names = {name.lower(): name for name in known}
    hits = get_close_matches(str(got).lower(), names, n=1, cutoff=0.6)
    return names[hits[0]] if hits else None


def unknown(kind: str, got: object, known: Iterable[str], where: str = "") -> str:
    """Word the error for a name that is not among those known.

    kind: what the name should have been ("column", "preset"); where: the thing that was searched.

    >>> unknown("column", "temp_mx", ["date", "temp_max"], where="weather.csv")
    "weather.csv: no column 'temp_mx'; columns are date, temp_max. Did you mean 'temp_max'?"
    """
    names = list(known)
    lead = f"{where}: " if where else ""
    listing = f"{plural(kind)} are {', '.join(names)}" if names else f"there are no {plural(kind)}"
    guess = closest(got, names)
    hint = f" Did you mean {guess!r}?" if guess else ""
    return f"{lead}no {kind} {got!r}; {listing}.{hint}"


def refuse_unknown(given: Iterable[str], known: Collection[str], where: str) -> None:
    """Raise TypeError for the first argument that is not known.

    >>> refuse_unknown(["id_cols"], ["id_col", "time_col"], "canary")
    Traceback (most recent call last):
    TypeError: canary: no argument 'id_cols'; arguments are id_col, time_col. Did you mean 'id_col'?
    """
    for name in given:
        if name not in known:
            raise TypeError(unknown("argument", name, known, where=where))


def plural(noun: str) -> str:
    """Return the plural of an English noun, for messages.

    >>> plural("series"), plural("frequency"), plural("layer")
    ('series', 'frequencies', 'layers')
    """
    if noun.endswith("s"):
        return noun
    return noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeiou" else noun + "s"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun.

    >>> counted(1, "gap"), counted(3, "gap")
    ('1 gap', '3 gaps')
    """
    return f"{count} {noun if count == 1 else plural(noun)}"


def listed(names: Sequence[object], most: int = 3) -> str:
    """Return names as a sentence has them, some of them where there are many.

    >>> listed(["a", "b", "c"]), listed(["a", "b", "c", "d"], most=2)
    ('a, b and c', 'a, b and 2 more')
    """
    words = [str(name) for name in names]
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def at_least_one(where: str, name: str, value: object) -> None:
    """Raise ValueError unless `value` is a whole number of at least 1.

    >>> at_least_one("Forecaster", "h", 0)
    Traceback (most recent call last):
    ValueError: Forecaster: h must be a whole number of at least 1, but is 0.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{where}: {name} must be a whole number of at least 1, but is {value!r}.")


def rate(where: str, name: str, value: float) -> None:
    """Raise ValueError unless `value` is a rate in [0, 1).

    >>> rate("Conv", "dropout", 1.0)
    Traceback (most recent call last):
    ValueError: Conv: dropout must be a rate in [0, 1), but is 1.0.
    """
    if not 0 <= value < 1:
        raise ValueError(f"{where}: {name} must be a rate in [0, 1), but is {value!r}.")


def one_of(where: str, name: str, got: str | None, known: Collection[str], *, optional: bool = False) -> None:
    """Raise ValueError unless `got` is one of the known words, or None where that is allowed.

    >>> one_of("Recurrent", "cell", "lstn", ["lstm", "gru"])
    Traceback (most recent call last):
    ValueError: Recurrent: no cell 'lstn'; cells are lstm, gru. Did you mean 'lstm'?
    """
    if not (optional and got is None) and (got is None or got not in known):
        raise ValueError(unknown(name, got, known, where=where))


def in_short(error: Exception) -> str:
    """Return an error of somebody else's code in one line: its kind, and the first line of what it says.

    >>> in_short(KeyError("a")), in_short(ValueError("no axis\\nTraceback of the model ..."))
    ("KeyError: 'a'", 'ValueError: no axis')
    """
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, or its kind where it says nothing.

    >>> first_line(ValueError("no\\nmore")), first_line(KeyError())
    ('no', 'KeyError')
    """
    return next(iter(_lines(error)), type(error).__name__)


def last_line(error: Exception) -> str:
    """Return the last line of what an error says, in which Keras names the cause.

    >>> last_line(ValueError("no\\nmore"))
    'more'
    """
    return next(reversed(_lines(error)), type(error).__name__)


def _lines(error: Exception) -> list[str]:
    return [line.strip() for line in str(error).splitlines() if line.strip()]
