"""The sizes of what a recurrence is given, checked before anything is computed."""

from collections.abc import Mapping
from typing import Any

from normcast.kernels.masks import Masks

Needed = Mapping[str, tuple[Any, tuple[int, ...]]]


def check_sizes(who: str, needed: Needed) -> None:
    """Raise ValueError for the first array that has not the shape it needs; None has."""
    for name, (array, shape) in needed.items():
        if array is not None and tuple(array.shape) != shape:
            raise ValueError(f"{who}: {name} has shape {tuple(array.shape)}, but must have {shape}.")


def check_recurrence(
    who: str, gates: int, x: Any, kernel: Any, recurrent_kernel: Any, mask: Any, masks: Masks, **states: Any
) -> None:
    """Check what all recurrences are given; the batch and time are x's, units those of recurrent_kernel."""
    if len(x.shape) != 3 or min(x.shape[1:]) < 1:
        raise ValueError(
            f"{who}: x has shape {tuple(x.shape)}, but must have (batch, time, features) with a step and a "
            "feature at least."
        )
    if recurrent_kernel.shape[0] < 1:
        raise ValueError(f"{who}: recurrent_kernel has shape {tuple(recurrent_kernel.shape)}, without units.")
    (batch, time, features), units = x.shape, recurrent_kernel.shape[0]
    needed: dict[str, tuple[Any, tuple[int, ...]]] = {
        "kernel": (kernel, (features, gates * units)),
        "recurrent_kernel": (recurrent_kernel, (units, gates * units)),
        **{name: (state, (batch, units)) for name, state in states.items()},
        "mask": (mask, (batch, time)),
    }
    for name, size in (("inputs", features), ("states", units)):
        each = getattr(masks, name)
        front = () if each is None or len(each.shape) == 2 else (gates,)
        needed[f"masks.{name}"] = (each, (*front, batch, size))
    for name in ("keep_h", "keep_c"):
        needed[f"masks.{name}"] = (getattr(masks, name), (batch, time, units))
    check_sizes(who, needed)
