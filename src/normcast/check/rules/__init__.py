"""The rules, one file per family. Importing this registers them all."""

from normcast.check.rules import (  # noqa: F401
    capacity,
    convolution,
    dropout,
    heads,
    inputs,
    leaks,
    masks,
    normalization,
    optimization,
    recurrent,
    samples,
    targets,
    wiring,
)
