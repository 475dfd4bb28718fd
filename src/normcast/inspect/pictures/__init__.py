"""Pictures of an inspection, as Altair charts: each has a title, and a sentence on what it shows."""

from normcast.inspect.pictures.canvas import figures
from normcast.inspect.pictures.channels import channels
from normcast.inspect.pictures.compared import compared
from normcast.inspect.pictures.epochs import epochs
from normcast.inspect.pictures.gates import gates, states
from normcast.inspect.pictures.gradients import gradients
from normcast.inspect.pictures.histograms import histograms
from normcast.inspect.pictures.ribbon import ribbon
from normcast.inspect.pictures.sentence import sentence
from normcast.inspect.pictures.sight import sight
from normcast.inspect.pictures.spectra import spectra
from normcast.inspect.pictures.statistics import statistics
from normcast.inspect.pictures.trained import over_training
from normcast.inspect.pictures.weights import weights

__all__ = [
    "channels",
    "compared",
    "epochs",
    "figures",
    "gates",
    "gradients",
    "histograms",
    "over_training",
    "ribbon",
    "sentence",
    "sight",
    "spectra",
    "states",
    "statistics",
    "weights",
]
