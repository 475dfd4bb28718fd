"""Canary: change everything behind a cutoff, and see whether anything before it changes too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from normcast.cases.estimator import Estimator
from normcast.data import read_table
from normcast.errors import refuse_unknown
from normcast.forecasting import Forecaster
from normcast.leakage.of_estimator import of_estimator
from normcast.leakage.of_forecaster import of_forecaster
from normcast.leakage.of_function import of_function
from normcast.leakage.of_study import of_study
from normcast.leakage.report import CanaryReport
from normcast.leakage.ways import WAYS, chosen
from normcast.study import Study
from normcast.study.study import TABLE

OF_FUNCTION = ("id_col", "time_col", "futr_exog", "ways")
OF_STUDY = (*TABLE, "ways")


def canary(
    subject: Forecaster | Estimator | Study | Callable[[Any], Any],
    data: Any = None,
    *,
    ways: Iterable[str] | str = tuple(WAYS),
    **table: Any,
) -> CanaryReport:
    """Test for leakage: what comes after a cutoff must change nothing before it, to the last bit.

    A `Forecaster` is back-tested on the table as it is and on changed ones; sizes, scaling, rows, weights,
    losses, interval corrections and forecasts of the cutoff must stay, and those of a fit on the table that
    ends there must be the same. It trains once for each way and once more, with the settings of its own:
    epochs=2, seeds=1 will do. Of a `Study`, the windows, scalings and scales of each fold must stay; nothing
    is trained. Of a `Regressor` or `Classifier` the cases that calibrate a network are changed, and its
    weights, losses and scalings must stay. Any other callable takes a table and returns one of the same rows;
    its rows before several cutoffs must stay.

    Parameters
    ----------
    subject : Forecaster, Regressor, Classifier, Study or callable
        What is tested. A callable takes a pandas or polars frame, or an array with time first, and returns
        one of the same rows.
    data : DataFrame, array, str, Path, tuple or Cases, optional
        The table, or a file of it; of a `Regressor` or `Classifier` (X, y), (X, y, groups), ... or `Cases`;
        for a `Study` the one it has, or None.
    ways : str or iterable of str, default all
        How what comes after is changed, keys of `leakage.WAYS`: "noise", "scale", "missing", "end".
    **table : Any
        How the table is read, as in `Forecaster.fit`, and n_windows, step_size, refit, train_end and
        valid_end as in `Forecaster.cross_validation` (refit=False by default); for a function id_col,
        time_col, and futr_exog: columns that are known ahead, which are left as they are. Of a Forecaster's
        and a Study's futr_exog only what lies beyond the horizon is changed.

    Returns
    -------
    CanaryReport
        What was changed, compared and leaked; `passed` says whether nothing did.

    Raises
    ------
    TypeError
        If the subject cannot be tested, or data is missing.
    ValueError
        If the table cannot be read, the subject gives other values each time, or nothing could be tested.

    Examples
    --------
    >>> import numpy as np
    >>> def centred(x):
    ...     return x - x.mean()
    >>> canary(centred, np.arange(10.0)).passed
    False
    >>> canary(np.cumsum, np.arange(10.0)).passed
    True
    """
    asked = chosen(ways)
    if isinstance(data, str | Path):
        data = read_table(data, table.get("na_values"))
    if isinstance(subject, Study):
        refuse_unknown(table, OF_STUDY, "canary")
        return of_study(subject, data, asked, **table)
    if data is None:
        raise TypeError("canary: data is missing; give the table, as in canary(subject, table).")
    if isinstance(subject, Forecaster):
        return of_forecaster(subject, data, asked, **table)
    if isinstance(subject, Estimator):
        refuse_unknown(table, ("ways",), "canary")
        return of_estimator(subject, data, asked)
    if not callable(subject):
        raise TypeError(
            "canary: a Forecaster, a Regressor, a Classifier, a Study or a function of a table is needed, "
            f"not {type(subject).__name__}. Of another estimator test a function: the table in, what it "
            "makes of each row out."
        )
    refuse_unknown(table, OF_FUNCTION, "canary")
    return of_function(subject, data, asked, **table)
