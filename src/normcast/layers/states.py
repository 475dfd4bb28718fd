"""The states of a recurrence: where they start, and how a stateful layer carries them over."""

from typing import Any

import keras
from keras import ops


def fits(shape: tuple, needed: tuple) -> bool:
    """Whether a shape is the one that is needed, as far as both are known.

    >>> fits((None, 4), (8, 4)), fits((1, 4), (8, 4))
    (True, False)
    """
    pairs = zip(shape, needed, strict=False)
    return len(shape) == len(needed) and all(a is None or b is None or a == b for a, b in pairs)


class States(keras.Layer):
    """A layer whose states go from step to step, and from batch to batch if it is stateful.

    states_held: how many states there are, the output first.
    """

    states_held: int
    states: list[Any] | None = None
    units: int
    stateful: bool

    @property
    def accumulator(self) -> str:
        """The dtype of statistics and cell: never half precision."""
        return "float64" if self.compute_dtype == "float64" else "float32"

    def build_states(self, batch: int | None) -> None:
        """Make the variables that a stateful layer carries its states over in."""
        if batch is None:
            raise ValueError(
                f"{type(self).__name__}: stateful=True keeps one state for each row, so the batch size must "
                "be known. Give it: keras.Input(batch_shape=(batch, time, features))."
            )
        about = {"initializer": "zeros", "trainable": False, "autocast": False}
        shape = (batch, self.units)
        self.states = [
            self.add_weight(shape=shape, name=f"state_{i}", **about) for i in range(self.states_held)
        ]

    @property
    def weights(self) -> list[Any]:
        """The weights as Keras' layers list them: without the states that a stateful layer carries over."""
        held = {id(v) for v in self.states or ()}
        return [v for v in super().weights if id(v) not in held]

    def reset_state(self) -> None:
        """Set the states that are carried from batch to batch back to zero."""
        for v in self.states or ():
            v.assign(ops.zeros(v.shape, dtype=v.dtype))

    def reset_states(self) -> None:
        """Set the states back to zero: Keras' other name for `reset_state`."""
        self.reset_state()

    def get_initial_state(self, batch_size: Any) -> list[Any]:
        """Return the states that a sequence starts from.

        Parameters
        ----------
        batch_size : int or tensor
            How many rows the batch has.

        Returns
        -------
        list of tensor
            Zeros, (batch, units) for each state.
        """
        return [
            ops.zeros((batch_size, self.units), dtype=self.compute_dtype) for _ in range(self.states_held)
        ]

    def start(self, initial_state: Any, batch: Any) -> tuple[Any, ...]:
        """Return the states that the first step sees: those given, those carried over, or zeros."""
        if initial_state is None and self.stateful:
            # torch would hand out the very memory that the assignment at the end writes to.
            initial_state = [ops.copy(ops.convert_to_tensor(v)) for v in self.states or ()]
        if initial_state is None:
            initial_state = self.get_initial_state(batch)
        if not isinstance(initial_state, list | tuple):
            initial_state = [initial_state]
        if len(initial_state) != self.states_held:
            raise ValueError(
                f"{type(self).__name__}: initial_state has {len(initial_state)} tensors, but there are "
                f"{self.states_held} states, (batch, {self.units}) each."
            )
        initial_state = [self._held_state(i, state, batch) for i, state in enumerate(initial_state)]
        dtypes = (self.compute_dtype, self.accumulator)
        return tuple(ops.cast(s, dtype) for s, dtype in zip(initial_state, dtypes, strict=False))

    def _held_state(self, place: int, state: Any, batch: Any) -> Any:
        shape, rows = tuple(state.shape), batch if isinstance(batch, int) else None
        whole = (
            " Stateful layers go on with the rows of the batch before: give whole batches." * self.stateful
        )
        message = (
            f"{type(self).__name__} {self.name!r}: initial_state[{place}] has shape {shape}, but must have "
            f"{(rows, self.units)}, a row for each row of the batch.{whole}"
        )
        if not fits(shape, (rows, self.units)):
            raise ValueError(message)
        if rows is None and keras.backend.backend() == "tensorflow":
            # The rows are known when the graph runs. One row, or the state of one, would be spread over all.
            import tensorflow as tf

            tf.debugging.assert_equal(ops.shape(state)[0], batch, message)
            state = ops.reshape(state, (batch, self.units))  # for XLA, which leaves assertions out
        return state

    def save_own_variables(self, store: Any) -> None:
        """Save the weights, not the states: they belong to the batches that were seen."""
        for key, value in self._own_variables().items():
            store[key] = value

    def load_own_variables(self, store: Any) -> None:
        """Load the weights; the states stay as they are, so that files go from batch to batch size."""
        own = len(self._own_variables())
        given = {key: store[key] for key in store.keys()}  # noqa: SIM118  (no mapping, but Keras' own kind)
        if len(given) == own:
            given |= {str(own + i): v for i, v in enumerate(self.states or ())}
        super().load_own_variables(given)

    def _own_variables(self) -> dict[str, Any]:
        """Return what Keras would save, in its order, in which the states are last."""
        own: dict[str, Any] = {}
        super().save_own_variables(own)
        return dict(list(own.items())[: len(own) - len(self.states or ())])

    def carry_over(self, states: tuple) -> None:
        """Keep the last states for the next batch, if the layer is stateful."""
        for v, state in zip(self.states or (), states, strict=False):
            v.assign(ops.cast(state, keras.backend.standardize_dtype(v.dtype)))
