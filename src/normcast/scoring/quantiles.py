"""Interval levels in percent, and the quantiles that bound them."""

from collections.abc import Sequence


def check_levels(levels: Sequence[float]) -> tuple[float, ...]:
    """Return the levels in ascending order without repeats.

    Parameters
    ----------
    levels : sequence of float
        Percent.

    Returns
    -------
    tuple of float
        Percent, ascending.

    Raises
    ------
    ValueError
        For one outside [1, 100).

    Examples
    --------
    >>> check_levels([95, 80, 80])
    (80, 95)
    >>> check_levels([0.8])
    Traceback (most recent call last):
    ValueError: level: 0.8 is outside [1, 100). Levels are percent: did you mean 80?
    """
    for level in levels:
        if not 1 <= level < 100:
            percent = f" Levels are percent: did you mean {level * 100:g}?" if 0 < level < 1 else ""
            raise ValueError(f"level: {level!r} is outside [1, 100).{percent}")
    return tuple(sorted(set(levels)))


def quantiles_of(levels: Sequence[float]) -> tuple[float, ...]:
    """Return the quantiles that bound the central intervals of these levels, with the median.

    Parameters
    ----------
    levels : sequence of float
        Percent, in [1, 100).

    Returns
    -------
    tuple of float
        2 * levels + 1 numbers in (0, 1), ascending.

    Raises
    ------
    ValueError
        For a level outside [1, 100).

    Examples
    --------
    >>> quantiles_of([80, 95])
    (0.025, 0.1, 0.5, 0.9, 0.975)
    """
    bounds = [bound for level in check_levels(levels) for bound in level_quantiles(level)]
    return tuple(sorted({0.5, *bounds}))


def level_quantiles(level: float) -> tuple[float, float]:
    """Return the lower and upper quantile of one central interval.

    >>> level_quantiles(80)
    (0.1, 0.9)
    """
    # Rounded, so that 80 and 80.0 meet the quantile 0.1 and not 0.09999999999999998.
    return round(0.5 - level / 200, 12), round(0.5 + level / 200, 12)


def level_columns(model: str, levels: Sequence[float]) -> list[str]:
    """Return the column names of a model's quantiles, ascending, as Nixtla's libraries name them.

    The median stands in the model's own column.

    Parameters
    ----------
    model : str
        Its name.
    levels : sequence of float
        Percent, in [1, 100).

    Returns
    -------
    list of str
        2 * levels + 1 names.

    Raises
    ------
    ValueError
        For a level outside [1, 100).

    Examples
    --------
    >>> level_columns("normcast", [80])
    ['normcast-lo-80', 'normcast', 'normcast-hi-80']
    """
    ordered = check_levels(levels)
    lower = [f"{model}-lo-{level:g}" for level in reversed(ordered)]
    return [*lower, model, *(f"{model}-hi-{level:g}" for level in ordered)]
