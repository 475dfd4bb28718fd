"""The words that rules use for layers: which classes are noise, activations, shape changes, and so on."""


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
ACT = named("Activation ReLU LeakyReLU PReLU ELU Softmax Relu Sigmoid Tanh Selu Elu Gelu Silu LeakyRelu")
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
CONV_1D = named("Conv1D SeparableConv1D DepthwiseConv1D")
CONV = CONV_1D | named("Conv2D Conv3D SeparableConv2D DepthwiseConv2D Conv1DTranspose Conv2DTranspose")
BATCH_NORM = frozenset({"BatchNormalization"})
NORM = BATCH_NORM | named("LayerNormalization GroupNormalization RMSNormalization")
SCALING = named("Normalization Rescaling")
DENSE = frozenset({"Dense"})
ATTENTION = named("MultiHeadAttention GroupQueryAttention Attention AdditiveAttention")
WEIGHTED = DENSE | CONV | RNN | ATTENTION | frozenset({"Embedding", "ConvLSTM1D", "EinsumDense"})
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

UNBOUNDED = named("relu elu selu linear leaky_relu gelu swish silu softplus exponential relu6 mish")
BOUNDED = named("sigmoid tanh softmax hard_sigmoid softsign log_softmax")

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
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
}

RANGES = {
    "linear": (float("-inf"), float("inf")),
    "relu": (0.0, float("inf")),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, float("inf")),
    "exponential": (0.0, float("inf")),
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
}
"""The values an activation can give; one that is missing here is unknown."""
