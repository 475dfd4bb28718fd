"""Probes: what goes on inside a model, at every step of its recurrent layers, on any backend.

`look` runs a model's own layers with probes in them and returns frozen values: activations, states, exact
gradients. `Reading` says what they mean: how long a layer remembers, which gates are shut, which units are
dead.
"""

from normcast.probes.look import Channels, Look, Moments, Recurrence, Sight, StepStatistics
from normcast.probes.looking import Looker, look
from normcast.probes.objective import Objective
from normcast.probes.programs import Programs
from normcast.probes.reading import Reading, read
from normcast.probes.trace import Trace
from normcast.probes.weights import GateWeight

__all__ = [
    "Channels",
    "GateWeight",
    "Look",
    "Looker",
    "Moments",
    "Objective",
    "Programs",
    "Reading",
    "Recurrence",
    "Sight",
    "StepStatistics",
    "Trace",
    "look",
    "read",
]
