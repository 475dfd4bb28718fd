"""Networks as values: declarations that build keras models, and the presets."""

from normcast.models.architecture import Architecture
from normcast.models.declaration import Conv, Head, Recurrent
from normcast.models.presets import DEFAULT, PRESETS, Preset, preset

__all__ = ["DEFAULT", "PRESETS", "Architecture", "Conv", "Head", "Preset", "Recurrent", "preset"]
