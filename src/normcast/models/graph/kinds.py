"""The words that rules use for layers: which classes are noise, activations, shape changes, and so on."""

from math import inf


def named(names: str) -> frozenset[str]:
    """Return the set of the names in a text.

    >>> sorted(named("LSTM GRU"))
    ['GRU', 'LSTM']
    """
    return frozenset(names.split())


NOISE = named(
    "Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianDropout GaussianNoise AlphaDropout "
    "SpatialAlphaDropout1D SpatialGaussianDropout1D TimeStepDropout1D"
)
ACT = named(
    "Activation ReLU LeakyReLU PReLU ELU Softmax Relu Sigmoid Tanh Selu Elu Gelu Silu LeakyRelu Relu6 "
    "Softplus Softsign HardSigmoid HardSilu HardTanh LogSigmoid LogSoftmax Sparsemax SparseSigmoid "
    "SparsePlus Celu Squareplus"
)
SHAPE = named("Reshape Flatten Permute Identity Transpose Squeeze ExpandDims Cast")
PASSING = SHAPE | named(
    "Masking GetItem Split Unstack Slice Take Ravel Moveaxis Swapaxes Flip Tile Repeat RepeatVector "
    "BroadcastTo StopGradient Round Floor Clip ZeroPadding1D Cropping1D"
)
"""What passes whole numbers on, wherever it puts them."""
LOOKUP = named("Embedding OneHot CategoryEncoding IntegerLookup")
"""What takes whole numbers for names of something."""
COMPARISON = named("Equal NotEqual Greater GreaterEqual Less LessEqual")
POOL_1D = named("MaxPooling1D AveragePooling1D")
POOL = POOL_1D | named("MaxPooling2D AveragePooling2D")
GLOBAL_POOL = named("GlobalAveragePooling1D GlobalMaxPooling1D GlobalAveragePooling2D GlobalMaxPooling2D")
RNN = named("LSTM GRU SimpleRNN")
CONV_LSTM = named("ConvLSTM1D ConvLSTM2D ConvLSTM3D")
CONV_1D = named("Conv1D SeparableConv1D DepthwiseConv1D")
CONV = CONV_1D | named("Conv2D Conv3D SeparableConv2D DepthwiseConv2D Conv1DTranspose Conv2DTranspose")
BATCH_NORM = frozenset({"BatchNormalization"})
NORM = BATCH_NORM | named("LayerNormalization GroupNormalization RMSNormalization")
SCALING = named("Normalization Rescaling")
DENSE = frozenset({"Dense"})
ATTENTION = named("MultiHeadAttention GroupQueryAttention Attention AdditiveAttention")
WEIGHTED = DENSE | CONV | RNN | CONV_LSTM | ATTENTION | frozenset({"Embedding", "EinsumDense"})
MERGE = named("Add Subtract Multiply Average Maximum Minimum Concatenate")
JOIN = frozenset({"Concatenate"})

POINTWISE = (
    DENSE | ACT | NOISE | named("BatchNormalization LayerNormalization RMSNormalization Identity Cast")
)
"""Layers that treat each time step alone, and each alike."""

KNOWN = (
    NOISE | ACT | SHAPE | POOL | GLOBAL_POOL | RNN | CONV | NORM | SCALING | WEIGHTED | MERGE
    | named("InputLayer Masking RepeatVector ZeroPadding1D Cropping1D UpSampling1D GetItem SqueezeExcite1D "
        "CausalAveragePooling1D")
)  # fmt: skip
"""Every class whose effect the rules know; any other stops a walk."""

MASK_KEEPING = NOISE | ACT | NORM | RNN | DENSE | MERGE | SCALING | named("Masking Identity InputLayer")
MASK_DESTROYING = (
    CONV
    | POOL
    | named("Flatten Reshape Permute GlobalMaxPooling1D ZeroPadding1D Cropping1D UpSampling1D RepeatVector")
)

UNBOUNDED = named(
    "relu elu selu linear leaky_relu prelu gelu swish silu softplus exponential relu6 mish celu hard_silu "
    "squareplus sparse_plus soft_shrink hard_shrink tanh_shrink log_sigmoid"
)
BOUNDED = named("sigmoid tanh softmax hard_sigmoid softsign log_softmax")
SOFTMAX = named("softmax log_softmax sparsemax")
"""What divides by a sum over an axis."""

ACTIVATION_OF = {
    "ReLU": "relu",
    "Relu": "relu",
    "LeakyReLU": "leaky_relu",
    "LeakyRelu": "leaky_relu",
    "PReLU": "prelu",
    "ELU": "elu",
    "Elu": "elu",
    "Selu": "selu",
    "Gelu": "gelu",
    "Silu": "silu",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "Sparsemax": "sparsemax",
    "Sigmoid": "sigmoid",
    "HardSigmoid": "hard_sigmoid",
    "SparseSigmoid": "sparse_sigmoid",
    "LogSigmoid": "log_sigmoid",
    "Tanh": "tanh",
    "HardTanh": "hard_tanh",
    "HardSilu": "hard_silu",
    "Relu6": "relu6",
    "Celu": "celu",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Squareplus": "squareplus",
    "SparsePlus": "sparse_plus",
}

RANGES = dict.fromkeys(
    ("linear", "leaky_relu", "prelu", "tanh_shrink", "soft_shrink", "hard_shrink"), (-inf, inf)
) | {
    **dict.fromkeys(("relu", "softplus", "exponential", "squareplus", "sparse_plus"), (0.0, inf)),
    **dict.fromkeys(("sigmoid", "hard_sigmoid", "sparse_sigmoid", "softmax", "sparsemax"), (0.0, 1.0)),
    **dict.fromkeys(("tanh", "hard_tanh", "softsign"), (-1.0, 1.0)),
    **dict.fromkeys(("log_softmax", "log_sigmoid"), (-inf, 0.0)),
    "relu6": (0.0, 6.0),
    "elu": (-1.0, inf),
    "celu": (-1.0, inf),
    "selu": (-1.7582, inf),
    "gelu": (-0.17, inf),
    "silu": (-0.2785, inf),
    "hard_silu": (-0.375, inf),
    "mish": (-0.3089, inf),
}
"""The values an activation can give; one that is missing here is unknown."""
