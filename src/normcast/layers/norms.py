# ruff: noqa: D102  (build, call, compute_* and get_config mean what they mean in Keras)
"""The normalizations that act inside a recurrence, on one term of one step."""

from typing import Any

import keras
from keras import ops


class TermNorm(keras.Layer):
    """Normalizes one term of a recurrence, (batch, units), at one step.

    It is no layer to call: the recurrence asks `before` once for what each step needs, `at_step` inside its
    loop, and `after` once with the statistics that left the loop, since nothing may be assigned inside.
    """

    def __init__(self, units: int, epsilon: float, gamma: Any, center: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.epsilon = epsilon
        # autocast=False: statistics and what they are scaled by stay in full precision.
        self.gamma = self.add_weight(shape=(units,), initializer=gamma, name="gamma", autocast=False)
        self.beta = None
        if center:
            self.beta = self.add_weight(shape=(units,), initializer="zeros", name="beta", autocast=False)
        self.built = True

    def before(self, steps: Any) -> tuple[Any, ...]:
        """Return the (time, ...) tensors that inference reads at each step."""
        return ()

    def at_step(self, z: Any, known: tuple[Any, ...], valid: Any) -> tuple[Any, tuple[Any, ...]]:
        """Return the normalized term, and in training the statistics that it was normalized by.

        known: one step of what `before` returned, empty in training; valid: (batch, 1) or None.
        """
        raise NotImplementedError

    def blank(self) -> tuple[Any, ...]:
        """Return zeros in the shapes of the statistics of one training step."""
        return ()

    def after(self, statistics: tuple[Any, ...], count: Any) -> None:
        """Take in the statistics of all training steps; count: samples at each, (time,) or a number."""

    def scaled(self, z: Any) -> Any:
        z = z * self.gamma
        return z if self.beta is None else z + self.beta


class FeatureNorm(TermNorm):
    """Layer or RMS normalization: each sample by its own features.

        layer:  (z - mean(z)) / sqrt(var(z) + epsilon) * gamma [+ beta]
        rms:    z / sqrt(mean(z^2) + epsilon) * gamma

    groups: 1 for statistics over all features together, or into how many equal parts, the gates, they are
    split. Source: Ba et al. 2016, arXiv:1607.06450; Zhang & Sennrich 2019, arXiv:1910.07467.
    """

    def __init__(
        self, units: int, kind: str, groups: int, epsilon: float, gamma: Any, center: bool, **kwargs: Any
    ):
        super().__init__(units, epsilon, gamma, center, **kwargs)
        self.kind = kind
        self.groups = groups

    def at_step(self, z: Any, known: tuple[Any, ...], valid: Any) -> tuple[Any, tuple[Any, ...]]:
        if self.groups > 1:
            z = ops.reshape(z, (-1, self.groups, self.units // self.groups))  # (B, G, H)
        if self.kind == "layer":
            z = z - _mean(z, axis=-1)
        z = z * ops.rsqrt(_mean(ops.square(z), axis=-1) + self.epsilon)
        if self.groups > 1:
            z = ops.reshape(z, (-1, self.units))  # (B, G * H)
        return self.scaled(z), ()


class StepBatchNorm(TermNorm):
    """Batch normalization with statistics of their own for each of the first `max_steps` steps.

        (z - mean_t) / sqrt(var_t + epsilon) * gamma [+ beta]

    In training mean_t and var_t are those of the batch's samples that are valid at step t. At inference they
    are the moving ones of that step, and those of the last known step from there on.
    The moving ones are the plain mean of what was seen until that is slower than the momentum,
    so they owe nothing to where they start. A step that fewer than two samples reach teaches nothing.
    Source: Cooijmans et al. 2017, arXiv:1603.09025.
    """

    def __init__(
        self,
        units: int,
        max_steps: int,
        momentum: float,
        epsilon: float,
        gamma: Any,
        center: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(units, epsilon, gamma, center, **kwargs)
        self.max_steps = max_steps
        self.momentum = momentum
        shape = (max_steps, units)
        self.moving_mean = self._statistic("moving_mean", shape, "zeros")
        self.moving_variance = self._statistic("moving_variance", shape, "ones")
        self.updates = self._statistic("updates", (max_steps,), "zeros")

    def _statistic(self, name: str, shape: tuple, start: str) -> Any:
        return self.add_weight(shape=shape, initializer=start, trainable=False, name=name, autocast=False)

    def before(self, steps: Any) -> tuple[Any, ...]:
        rows = ops.minimum(ops.arange(0, steps, dtype="int32"), self.max_steps - 1)
        # TensorFlow loses the rank of what is taken by rows of unknown number.
        known = (ops.take(v, rows, axis=0) for v in (self.moving_mean, self.moving_variance))
        return tuple(ops.reshape(v, (-1, self.units)) for v in known)

    def at_step(self, z: Any, known: tuple[Any, ...], valid: Any) -> tuple[Any, tuple[Any, ...]]:
        mean, var = known or batch_moments(z, valid)
        y = self.scaled((z - mean) * ops.rsqrt(var + self.epsilon))
        return y, () if known else (mean, var)

    def blank(self) -> tuple[Any, ...]:
        return ops.zeros((self.units,), self.gamma.dtype), ops.zeros((self.units,), self.gamma.dtype)

    def after(self, statistics: tuple[Any, ...], count: Any) -> None:
        mean, var = statistics  # (T, units)
        rows = ops.arange(0, self.max_steps, dtype="int32")
        steps = ops.shape(mean)[0]
        at = ops.minimum(rows, steps - 1)
        count = ops.broadcast_to(ops.cast(count, mean.dtype), (steps,))
        seen = ops.logical_and(rows < steps, ops.take(count, at, axis=0) >= 2)
        learn(self, (ops.take(mean, at, axis=0), ops.take(var, at, axis=0)), ops.cast(seen, mean.dtype))


class SequenceBatchNorm(TermNorm):
    """Batch normalization of the input term with one set of statistics for all steps, folded into the kernel.

    Mean and variance of x W follow from the first two moments of x: mean(x) W and w_j' Cov(x) w_j; so the
    whole normalization becomes another kernel and another bias, exactly, in training too, at no cost per
    step. Source: Laurent et al. 2016, arXiv:1510.01378; Amodei et al. 2016, arXiv:1512.02595.
    """

    def __init__(self, units: int, momentum: float, epsilon: float, gamma: Any, **kwargs: Any) -> None:
        super().__init__(units, epsilon, gamma, center=False, **kwargs)
        self.momentum = momentum
        weight = {"trainable": False, "autocast": False}
        self.moving_mean = self.add_weight(shape=(units,), initializer="zeros", name="moving_mean", **weight)
        self.moving_variance = self.add_weight(
            shape=(units,), initializer="ones", name="moving_variance", **weight
        )
        self.updates = self.add_weight(shape=(), initializer="zeros", name="updates", **weight)

    def fold(self, x: Any, kernel: Any, valid: Any, training: bool) -> tuple[Any, Any, tuple[Any, ...]]:
        """Return the kernel, the bias to add and the statistics, empty at inference, of x W over all steps.

        x: (time, batch, features), 0 where it is not valid; kernel: (features, columns) with as many as
        units.
        """
        kernel = ops.cast(kernel, self.gamma.dtype)
        if training:
            mean, var = _projected_moments(ops.cast(x, self.gamma.dtype), kernel, valid)
        else:
            mean, var = ops.convert_to_tensor(self.moving_mean), ops.convert_to_tensor(self.moving_variance)
        a = self.gamma * ops.rsqrt(var + self.epsilon)
        return kernel * a, -mean * a, (mean, var) if training else ()

    def over_all(self, z: Any, valid: Any, training: bool) -> tuple[Any, tuple[Any, ...]]:
        """Return z = x W, (time, batch, units), normalized, and its statistics, empty at inference.

        For dropout that gives each gate inputs of its own, where no one kernel is left to fold into.
        """
        dtype, z = z.dtype, ops.cast(z, self.gamma.dtype)
        if training:
            weight = None if valid is None else ops.reshape(valid, (-1, 1))
            mean, var = batch_moments(ops.reshape(z, (-1, self.units)), weight)
        else:
            mean, var = ops.convert_to_tensor(self.moving_mean), ops.convert_to_tensor(self.moving_variance)
        y = self.scaled((z - mean) * ops.rsqrt(var + self.epsilon))
        return ops.cast(y, dtype), (mean, var) if training else ()

    def after(self, statistics: tuple[Any, ...], count: Any) -> None:
        mean, var = statistics
        learn(self, (mean, var), ops.cast(count >= 2, mean.dtype))


def batch_moments(z: Any, valid: Any) -> tuple[Any, Any]:
    """Return mean and biased variance over the batch of the samples that are valid, (units,) each."""
    if valid is None:
        mean = _mean(z, axis=0)[0]
        return mean, _mean(ops.square(z - mean), axis=0)[0]
    w = ops.cast(valid, z.dtype)
    n = ops.maximum(ops.sum(w), 1.0)
    mean = ops.sum(z * w, axis=0) / n
    return mean, ops.sum(ops.square(z - mean) * w, axis=0) / n


def _mean(z: Any, axis: int) -> Any:
    """Return the mean, keeping the axis. The mean of Keras is float32 also where it is given float64."""
    total = ops.sum(z, axis=axis, keepdims=True)
    return total / ops.cast(ops.shape(z)[axis], total.dtype)


def _projected_moments(x: Any, kernel: Any, valid: Any) -> tuple[Any, Any]:
    """Return mean and variance of x @ kernel over all valid steps, without computing x @ kernel."""
    features = ops.shape(x)[-1]
    x = ops.reshape(x, (-1, features))
    w = ops.ones_like(x[:, :1]) if valid is None else ops.reshape(ops.cast(valid, x.dtype), (-1, 1))
    n = ops.maximum(ops.sum(w), 1.0)
    mean = ops.sum(x * w, axis=0) / n
    apart = (x - mean) * w
    # The matmul of Keras is float32 on torch, also where it is given float64: hence `@`, here and elsewhere.
    covariance = ops.transpose(apart) @ apart / n
    return (mean[None] @ kernel)[0], ops.sum(kernel * (covariance @ kernel), axis=0)


def learn(norm: Any, statistics: tuple[Any, Any], seen: Any) -> None:
    """Move the moving mean and variance towards a batch's, where `seen` is 1."""
    pace = ops.maximum(1.0 - norm.momentum, 1.0 / (norm.updates + 1.0)) * seen
    across = pace[:, None] if len(pace.shape) else pace
    for old, new in zip((norm.moving_mean, norm.moving_variance), statistics, strict=True):
        old.assign(old + across * (ops.stop_gradient(new) - old))
    norm.updates.assign(norm.updates + seen)
