"""The findings of a look: of each recurrent layer, each layer of channels, and the network."""

from __future__ import annotations

from collections.abc import Iterator

from normcast.check.findings import Findings
from normcast.check.net import Net
from normcast.check.rule import Finding
from normcast.check.seen.channels import of_channels
from normcast.check.seen.gradient import vanishing as inside
from normcast.check.seen.network import not_finite, short_sight, vanishing
from normcast.check.seen.place import is_noisy_before, place_of
from normcast.check.seen.recurrences import of_recurrence
from normcast.check.seen.statistics import has_unsettled_steps, is_unsettled
from normcast.probes import Look


def findings_of(look: Look, net: Net | None = None) -> Findings:
    """Return what a look into a model shows, the most severe first, each with its numbers in `evidence`.

    net: the graph of the model, as `normcast.check.reading.read` reads it; with it findings offer edits where
    a remedy is known. The bound of each symptom, and why it is where it is, stand in its words.

    >>> import keras, numpy as np
    >>> from normcast.probes import look
    >>> net = keras.Sequential([keras.Input((9, 2)), keras.layers.LSTM(4), keras.layers.Dense(1)])
    >>> findings_of(look(net, np.random.default_rng(0).normal(size=(8, 9, 2)))) == []
    True
    """
    found = list(_found(look, net))
    return Findings(sorted(found, key=lambda each: -each.severity))


def _found(look: Look, net: Net | None) -> Iterator[Finding]:
    yield from not_finite(look, net)
    fading = False
    for seen in look.recurrences.values():
        for finding in of_recurrence(seen, place_of(net, seen.layer)):
            fading |= finding.code == inside.code
            yield finding
    if not fading:
        whole = list(vanishing(look, net))
        fading = bool(whole)
        yield from whole
    unsettled = any(map(has_unsettled_steps, look.recurrences.values()))
    for channels in look.channels.values():
        noisy = is_noisy_before(net, channels.name)
        yield from of_channels(channels, place_of(net, channels.name), by_noise=noisy and not unsettled)
        unsettled |= is_unsettled(channels)
    if not fading and not unsettled:
        yield from short_sight(look, net)
