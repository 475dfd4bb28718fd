"""Batches: windows as positions into arrays that are held once, gathered only when a batch is needed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Int, Shaped


@dataclass(frozen=True, eq=False)
class Field:
    """What one model input, or the target, reads from an array that all windows share.

    Parameters
    ----------
    values : float32 array (rows,) or (rows, channels)
        What is read. (rows,) gathers (batch, length), (rows, channels) gathers (batch, length, channels);
        with by="series" it is (series, ...) and gathers (batch, ...).
    offset : int, default 0
        The first row read, counted from the row where the window starts; unused with by="series".
    length : int, default 1
        Rows read, at least 1; unused with by="series".
    by : {"row", "series"}, default "row"
        Whether rows of time are read, or what stands for each series.

    Raises
    ------
    ValueError
        If the values are not float32 of one of these shapes, `by` is unknown, or `length` is below 1.

    Examples
    --------
    >>> Field(np.arange(6, dtype="float32"), offset=2, length=2).at(np.array([0, 1]), np.array([0, 0]))
    array([[2., 3.],
           [3., 4.]], dtype=float32)
    """

    values: Shaped[np.ndarray, "rows *channels"]
    offset: int = 0
    length: int = 1
    by: Literal["row", "series"] = "row"

    def __post_init__(self) -> None:
        if self.values.dtype != np.float32 or (self.by == "row" and self.values.ndim not in (1, 2)):
            raise ValueError(
                f"Field: values are {self.values.dtype} of shape {self.values.shape}, but must be float32 of "
                "shape (rows,) or (rows, channels). Convert once: values.astype('float32')."
            )
        if self.by not in ("row", "series"):
            raise ValueError(f"Field: by is {self.by!r}, but must be 'row' or 'series'.")
        if self.length < 1:
            raise ValueError(f"Field: length is {self.length}, but must be at least 1.")

    def at(
        self, start: Int[np.ndarray, " batch"], series: Int[np.ndarray, " batch"]
    ) -> Shaped[np.ndarray, "batch *sample"]:
        """Gather one batch with NumPy.

        Parameters
        ----------
        start : int array (batch,)
            The row where each window starts.
        series : int array (batch,)
            The series of each window.

        Returns
        -------
        float32 array (batch, length), (batch, length, channels) or (batch, ...)
            What each window reads.
        """
        if self.by == "series":
            return self.values[series]
        return self.values[
            start[:, None] + self.offset + np.arange(self.length)
        ]  # (batch, length[, channels])

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one gathered sample, without the batch axis."""
        return self.values.shape[1:] if self.by == "series" else (self.length, *self.values.shape[1:])


@dataclass(frozen=True, eq=False)
class Batches:
    """Windows over series that are held once; a batch is gathered by index, never stored.

    Parameters
    ----------
    inputs : mapping of str to Field
        A Field for every input of the model, keyed by the input's name. A model with one input takes the one
        Field whatever its key.
    target : Field or None
        What the loss compares the output with; None to predict only.
    start : int32 array (windows,)
        The row where each window starts.
    series : int32 array (windows,)
        The series of each window, from 0.

    Raises
    ------
    ValueError
        If there is no input, an index is not int32 of shape (windows,), or a window reaches beyond the rows
        of a field.

    See Also
    --------
    Shards : Windows that exceed memory.

    Examples
    --------
    >>> y = np.arange(10, dtype="float32")
    >>> windows = np.arange(5, dtype="int32")
    >>> data = Batches({"past": Field(y, 0, 3)}, Field(y, 3, 2), windows, np.zeros(5, "int32"))
    >>> inputs, target = data.at(np.array([4]))
    >>> inputs["past"], target
    (array([[4., 5., 6.]], dtype=float32), array([[7., 8.]], dtype=float32))
    """

    inputs: Mapping[str, Field]
    target: Field | None
    start: Int[np.ndarray, " windows"]
    series: Int[np.ndarray, " windows"]

    def __post_init__(self) -> None:
        if not self.inputs:
            raise ValueError("Batches: inputs is empty; give a Field for every input of the model.")
        for name in ("start", "series"):
            index = getattr(self, name)
            if index.ndim != 1 or index.dtype != np.int32:
                raise ValueError(
                    f"Batches: {name} is {index.dtype} of shape {index.shape}, but must be int32 of shape "
                    f"(windows,). Convert once: {name}.astype('int32')."
                )
        if len(self.start) != len(self.series):
            raise ValueError(f"Batches: {len(self.start)} starts, but {len(self.series)} series.")
        for name, field in self.fields.items():
            self._check_reach(name, field)

    def _check_reach(self, name: str, field: Field) -> None:
        if not len(self.start):
            return
        index, first, length = self.start, field.offset, field.length
        if field.by == "series":
            index, first, length = self.series, 0, 1
        low, high = int(index.min()) + first, int(index.max()) + first + length
        if low < 0 or high > len(field.values):
            raise ValueError(
                f"Batches: field {name!r} reads rows {low} to {high - 1}, but has rows 0 to "
                f"{len(field.values) - 1}. Leave out the windows that reach beyond, or pad the values."
            )

    def __len__(self) -> int:
        return len(self.start)

    @property
    def fields(self) -> dict[str, Field]:
        """All fields by name; the target's name is empty."""
        target = {"": self.target} if self.target is not None else {}
        return {**self.inputs, **target}

    def at(
        self, windows: Int[np.ndarray, " batch"]
    ) -> tuple[dict[str, Shaped[np.ndarray, "batch ..."]], Shaped[np.ndarray, "batch *sample"] | None]:
        """Gather a batch with NumPy: the oracle of the compiled gather.

        Parameters
        ----------
        windows : int array (batch,)
            Positions of the windows, from 0.

        Returns
        -------
        inputs : dict of str to float32 array
            What each input reads, by its name.
        target : float32 array or None
            What the target reads.
        """
        start, series = self.start[windows], self.series[windows]
        inputs = {name: field.at(start, series) for name, field in self.inputs.items()}
        return inputs, None if self.target is None else self.target.at(start, series)
