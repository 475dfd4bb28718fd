"""The rules, one file per family. Importing this registers them all."""

from normcast.check.rules import (  # noqa: F401
    activations,
    capacity,
    convolution,
    dropout,
    heads,
    inputs,
    leaks,
    losses,
    masks,
    norm_parameters,
    normalization,
    optimization,
    probabilities,
    recurrent,
    samples,
    selu,
    statistics,
    targets,
    wiring,
)
