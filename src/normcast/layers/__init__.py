"""Layers that Keras lacks or gets wrong, on every Keras backend."""

from normcast.layers.attention import CausalAveragePooling1D, SqueezeExcite1D
from normcast.layers.convolution import ConvBlock
from normcast.layers.dropout import SpatialAlphaDropout1D, SpatialGaussianDropout1D, TimeStepDropout1D
from normcast.layers.gru import GRU
from normcast.layers.lstm import LSTM
from normcast.layers.part import INPUT, Part
from normcast.layers.patching import CausalPatching
from normcast.layers.quantiles import Ordered
from normcast.layers.recalibration import recalibrate
from normcast.layers.scaling import InverseInstanceNorm, ReversibleInstanceNorm

__all__ = [
    "GRU",
    "INPUT",
    "LSTM",
    "CausalAveragePooling1D",
    "CausalPatching",
    "ConvBlock",
    "InverseInstanceNorm",
    "Ordered",
    "Part",
    "ReversibleInstanceNorm",
    "SpatialAlphaDropout1D",
    "SpatialGaussianDropout1D",
    "SqueezeExcite1D",
    "TimeStepDropout1D",
    "recalibrate",
]
