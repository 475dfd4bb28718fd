"""Ordered: quantile forecasts that never cross."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="normcast")
class Ordered(keras.layers.Layer):
    """Turns a median and its distances to the other quantiles into quantiles that never cross.

    The middle column is the median m; column k above it becomes max(column k-1, m + x_k), and below it
    min(column k+1, m + x_k), so a distance with the wrong sign gives width zero and never a crossing.

    It is called with (batch, h, Q), Q odd: the median in the middle, distances to it beside it. It gives
    (batch, h, Q), ascending along the last axis.

    Parameters
    ----------
    *args, **kwargs
        Of `keras.layers.Layer`: name, dtype, trainable.

    Raises
    ------
    ValueError
        If Q is even or unknown, when the layer is built.

    Examples
    --------
    >>> import numpy as np
    >>> [float(q) for q in Ordered()(np.array([[[1.0, 5.0, 2.0]]]))[0, 0]]
    [5.0, 5.0, 7.0]
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Check that there is a middle column.

        Parameters
        ----------
        input_shape : tuple
            Shape of the inputs, (batch, h, Q).
        """
        if input_shape[-1] is None or input_shape[-1] % 2 == 0:
            raise ValueError(
                f"{self.name}: the last axis holds {input_shape[-1]} quantiles; it needs an odd number, "
                "with the median in the middle."
            )

    def call(self, inputs: Any) -> Any:
        """Order the columns outward from the median.

        Parameters
        ----------
        inputs : tensor (batch, h, Q)
            The median in the middle, distances to it beside it.

        Returns
        -------
        tensor (batch, h, Q)
            The quantiles, ascending.
        """
        middle = inputs.shape[-1] // 2
        median = inputs[..., middle : middle + 1]
        above, below = [median], [median]
        for step in range(1, middle + 1):
            upper = inputs[..., middle + step : middle + step + 1]
            lower = inputs[..., middle - step : middle - step + 1]
            above.append(ops.maximum(above[-1], median + upper))
            below.append(ops.minimum(below[-1], median + lower))
        return ops.concatenate(below[:0:-1] + above, axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the output, which is that of the input.

        Parameters
        ----------
        input_shape : tuple
            Shape of the inputs, (batch, h, Q).

        Returns
        -------
        tuple
            The same.
        """
        return input_shape
