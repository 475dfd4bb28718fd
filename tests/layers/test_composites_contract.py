"""Every layer that is not recurrent keeps the contract."""

from collections.abc import Callable
from itertools import product

import keras
import pytest

from normcast.layers import (
    CausalAveragePooling1D,
    CausalPatching,
    ConvBlock,
    Ordered,
    ReversibleInstanceNorm,
    SpatialAlphaDropout1D,
    SpatialGaussianDropout1D,
    SqueezeExcite1D,
    TimeStepDropout1D,
)
from tests.layers.contract import CHECKS, Case, named
from tests.short import every

NOISE: dict = {"random": True, "takes_mask": False}
CASES = [
    Case("conv block", lambda **k: ConvBlock(8, **k), random=True),
    Case(
        "conv block of the other choices",
        lambda **k: ConvBlock(
            8, 2, padding="same", norm="layer", norm_at="after", activation="relu", dropout=0.3,
            dropout_kind="spatial", dropout_at="after", squeeze_causal=True, kernel_regularizer="l2", **k,
        ),
        random=True,
    ),
    Case(
        "bare strided conv block",
        lambda **k: ConvBlock(6, strides=2, norm=None, activation=None, dropout=0, squeeze_excite=None, **k),
    ),
    Case("conv block, rms", lambda **k: ConvBlock(6, norm="rms", dropout_kind="time_step", **k), random=True),
    Case("squeeze excite", lambda **k: SqueezeExcite1D(2, **k)),
    Case("causal squeeze excite", lambda **k: SqueezeExcite1D(2, causal=True, **k)),
    Case("causal average", CausalAveragePooling1D),
    Case("patching", lambda **k: CausalPatching(7, 4, 2, **k)),
    Case("patching from the first value", lambda **k: CausalPatching(7, 3, None, "first", "tanh", **k)),
    Case("instance norm", ReversibleInstanceNorm),
    Case("instance norm, last value", lambda **k: ReversibleInstanceNorm("last", False, False, **k)),
    Case("instance norm, last value, scaled", lambda **k: ReversibleInstanceNorm("last", **k)),
    Case("ordered", Ordered, takes_mask=False),
    Case("spatial alpha dropout", lambda **k: SpatialAlphaDropout1D(0.3, **k), **NOISE),
    Case("spatial gaussian dropout", lambda **k: SpatialGaussianDropout1D(0.3, **k), **NOISE),
    Case("time step dropout", lambda **k: TimeStepDropout1D(0.3, **k), **NOISE),
]  # fmt: skip


@pytest.mark.parametrize(("case", "check"), every(4, list(product(CASES, CHECKS))), ids=named)
def test_layer_keeps_the_contract(case: Case, check: Callable[[Case], None]) -> None:
    keras.utils.set_random_seed(0)
    check(case)
