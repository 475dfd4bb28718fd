"""Which arguments of a recurrence go together; each refusal says what to do instead."""

from typing import Any

from normcast.layers.arguments import check_choice, check_count, check_rate

NORMS = (None, "batch", "layer", "rms")
RATES = ("dropout", "recurrent_dropout", "weight_dropout")


def check_options(layer: Any) -> None:
    """Raise ValueError for an argument of a recurrent layer that is out of range or acts on nothing."""
    who = type(layer).__name__
    layer.units = check_count(who, "units", layer.units)
    for name in RATES:
        setattr(layer, name, check_rate(who, name, getattr(layer, name)))
    check_choice(who, "recurrent_dropout_kind", layer.recurrent_dropout_kind, layer.dropout_kinds)
    check_choice(who, "norm", layer.norm, NORMS)
    check_choice(who, "norm_scope", layer.norm_scope, ("joint", "gate"))
    check_choice(who, "input_statistics", layer.input_statistics, ("step", "sequence"))
    if layer.max_steps is not None:
        layer.max_steps = check_count(who, "max_steps", layer.max_steps)
    if not 0 <= layer.momentum <= 1:
        raise ValueError(f"{who}: momentum is {layer.momentum!r}, but must lie between 0 and 1.")
    if not layer.epsilon > 0:
        raise ValueError(f"{who}: epsilon is {layer.epsilon!r}, but must be above 0.")
    if layer.use_cudnn not in ("auto", False):
        raise ValueError(
            f"{who}: use_cudnn is {layer.use_cudnn!r}, but this recurrence has no cuDNN path. "
            "Leave it 'auto', or use Keras' own layer for a network without norm and zoneout."
        )
    if layer.norm is not None:
        _check_norm(layer, who)


def _check_norm(layer: Any, who: str) -> None:
    if not any(layer.normalizes(term) for term in layer.terms):
        names = ", ".join(f"norm_{term}" for term in layer.terms)
        raise ValueError(f"{who}: norm={layer.norm!r} acts on nothing, since {names} are all False.")
    if layer.norm != "batch":
        if layer.input_statistics == "sequence":
            raise ValueError(
                f"{who}: input_statistics='sequence' is of batch statistics; norm={layer.norm!r} has none. "
                "Leave input_statistics='step', or choose norm='batch'."
            )
        return
    if layer.norm_scope == "gate":
        raise ValueError(
            f"{who}: norm='batch' normalizes each unit by itself, so norm_scope='gate' says nothing. "
            "Leave norm_scope='joint', or choose norm='layer' or 'rms'."
        )
    if layer.stateful and layer.counts_steps():
        raise ValueError(
            f"{who}: stateful=True does not go with batch statistics per time step: a later batch goes on in "
            "the middle of a sequence, while its steps would be counted from 0 again. Choose norm='layer' or "
            "'rms', or input_statistics='sequence' with norm_input alone."
        )
