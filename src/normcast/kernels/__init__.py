"""Fast recurrences on JAX, called with arrays only. The layers reach them when Keras runs on JAX."""

from normcast.kernels.activations import elu, selu
from normcast.kernels.bits import fast_key
from normcast.kernels.convolution import convolution
from normcast.kernels.gru import gru
from normcast.kernels.lstm import lstm
from normcast.kernels.lstm_norm import Norm, lstm_norm
from normcast.kernels.masks import Masks

__all__ = ["Masks", "Norm", "convolution", "elu", "fast_key", "gru", "lstm", "lstm_norm", "selu"]
