"""The recurrences as plain loops in float64, written from the papers: the oracle of the layers."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


@dataclass
class Norm:
    """One term's normalization: gamma, beta and, at inference, moving statistics by step.

    kind: "batch", "layer" or "rms"; groups: into how many parts a sample's features are split.
    seen: statistics of each training step, (mean, var), in order.
    """

    kind: str
    gamma: np.ndarray
    beta: Any = 0.0
    epsilon: float = 1e-5
    groups: int = 1
    moving: tuple[np.ndarray, np.ndarray] | None = None
    seen: list = field(default_factory=list)

    def __call__(self, z: np.ndarray, t: int, valid: np.ndarray) -> np.ndarray:
        if self.kind == "batch":
            if self.moving is not None:
                mean, var = (rows[min(t, len(rows) - 1)] for rows in self.moving)
            else:
                mean, var = z[valid].mean(0), z[valid].var(0)
                self.seen.append((mean, var))
            return (z - mean) / np.sqrt(var + self.epsilon) * self.gamma + self.beta
        shape = z.shape
        z = z.reshape(len(z), self.groups, -1)
        if self.kind == "layer":
            z = z - z.mean(-1, keepdims=True)
        z = z / np.sqrt((z**2).mean(-1, keepdims=True) + self.epsilon)
        return z.reshape(shape) * self.gamma + self.beta


@dataclass
class Draws:
    """Masks, as they multiply: per sequence (batch, ...) or per step (time, batch, ...)."""

    x: Any = None  # (batch, features), or four of them
    h: Any = None  # four (batch, units)
    h_step: Any = None
    g_step: Any = None
    cell: Any = None
    keep_h: Any = None
    keep_c: Any = None


class Watch:
    """What a loop comes to at each step, by name, and what is added to it there.

    moved: by (name, step of the loop), a perturbation (batch, units). A gate's is added to what goes into it.
    """

    def __init__(self, moved: dict[tuple[str, int], np.ndarray] | None = None) -> None:
        self.moved = moved or {}
        self.kept: dict[str, list[np.ndarray]] = {}

    def move(self, name: str, t: int, value: np.ndarray) -> np.ndarray:
        """Return a value with its perturbation."""
        return value + self.moved.get((name, t), 0)

    def keep(self, **values: np.ndarray) -> None:
        for name, value in values.items():
            self.kept.setdefault(name, []).append(value)


def apply(norms: dict[str, Norm], term: str, z: np.ndarray, t: int, valid: np.ndarray) -> np.ndarray:
    return norms[term](z, t, valid) if term in norms else z


def product(v: np.ndarray, matrix: np.ndarray, masks: Any, gates: int) -> np.ndarray:
    """v @ matrix with no mask, one, or one per gate."""
    if masks is None:
        return v @ matrix
    if isinstance(masks, np.ndarray):
        return (v * masks) @ matrix
    blocks = np.split(matrix, gates, axis=1)
    return np.concatenate([(v * m) @ w for m, w in zip(masks, blocks, strict=True)], axis=1)


def lstm(
    x: np.ndarray,
    weights: list[np.ndarray],
    norms: dict[str, Norm] | None = None,
    mask: np.ndarray | None = None,
    start: tuple | None = None,
    draws: Draws | None = None,
    zoneout: tuple[float, float] = (0.0, 0.0),
    activation: Any = np.tanh,
    recurrent_activation: Any = sigmoid,
    watch: Watch | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return h of every step (batch, time, units), the last h and the last c. Gates i, f, g, o.

    A perturbation of c moves both what h reads and what is carried on.
    """
    norms, d, watch = norms or {}, draws or Draws(), watch or Watch()
    w, u, *b = [v.astype("float64") for v in weights]
    batch, time, _ = x.shape
    units = len(u)
    h, c = start or (np.zeros((batch, units)), np.zeros((batch, units)))
    mask = np.ones((batch, time), bool) if mask is None else mask
    outputs = []
    for t in range(time):
        valid = mask[:, t]
        x_t = np.where(valid[:, None], x[:, t].astype("float64"), 0)
        h_in = h if d.h_step is None else h * d.h_step[t]
        z = apply(norms, "input", product(x_t, w, d.x, 4), t, valid)
        z = z + apply(norms, "recurrent", product(h_in, u, d.h, 4), t, valid)
        z = z + (b[0] if b else 0)
        i, f, g, o = (watch.move(k, t, v) for k, v in zip("ifgo", np.split(z, 4, axis=1), strict=True))
        i, f, g, o = recurrent_activation(i), recurrent_activation(f), activation(g), recurrent_activation(o)
        watch.keep(i=i, f=f, g=g, o=o)
        g = g * (1 if d.g_step is None else d.g_step[t])
        c_new = f * c + i * g
        if d.cell is not None:
            c_new = c_new * (d.cell > 0)
        c_read = watch.move("c", t, c_new)
        h_new = o * activation(apply(norms, "cell", c_read, t, valid)) * (1 if d.cell is None else d.cell)
        stays_h = zoneout[0] if d.keep_h is None else d.keep_h[t]
        stays_c = zoneout[1] if d.keep_c is None else d.keep_c[t]
        h_new, c_new = stays_h * h + (1 - stays_h) * h_new, stays_c * c + (1 - stays_c) * c_new
        h_new, c_new = watch.move("h", t, h_new), watch.move("c", t, c_new)
        watch.keep(h=h_new, c=c_new)
        h, c = np.where(valid[:, None], h_new, h), np.where(valid[:, None], c_new, c)
        outputs.append(h)
    return np.stack(outputs, axis=1), h, c


def gru(
    x: np.ndarray,
    weights: list[np.ndarray],
    norms: dict[str, Norm] | None = None,
    mask: np.ndarray | None = None,
    start: np.ndarray | None = None,
    draws: Draws | None = None,
    zoneout: float = 0.0,
    reset_after: bool = True,
    activation: Any = np.tanh,
    recurrent_activation: Any = sigmoid,
    watch: Watch | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return h of every step (batch, time, units) and the last h. Gates z, r, g; watched as z, r, n."""
    norms, d, watch = norms or {}, draws or Draws(), watch or Watch()
    w, u, *b = [v.astype("float64") for v in weights]
    batch, time, _ = x.shape
    units = len(u)
    h = np.zeros((batch, units)) if start is None else start
    mask = np.ones((batch, time), bool) if mask is None else mask
    b_x, b_h = (b[0] if b[0].ndim == 2 else (b[0], 0.0)) if b else (0.0, 0.0)
    outputs = []
    for t in range(time):
        valid = mask[:, t]
        x_t = np.where(valid[:, None], x[:, t].astype("float64"), 0)
        h_in = h if d.h_step is None else h * d.h_step[t]
        a = np.split(apply(norms, "input", product(x_t, w, d.x, 3), t, valid) + b_x, 3, axis=1)
        if reset_after:
            v = np.split(apply(norms, "recurrent", product(h_in, u, d.h, 3), t, valid) + b_h, 3, axis=1)
        else:
            masks = None if d.h is None else d.h[:2]
            v = np.split(
                apply(norms, "recurrent", product(h_in, u[:, : 2 * units], masks, 2), t, valid), 2, axis=1
            )
        z, r = (recurrent_activation(watch.move(k, t, a[i] + v[i])) for i, k in enumerate("zr"))
        if reset_after:
            g = a[2] + r * v[2]
        else:
            last = r * h_in if d.h is None else r * h_in * (d.h if isinstance(d.h, np.ndarray) else d.h[2])
            g = a[2] + apply(norms, "candidate", last @ u[:, 2 * units :], t, valid)
        g = activation(watch.move("n", t, g))
        watch.keep(z=z, r=r, n=g)
        g = g * (1 if d.g_step is None else d.g_step[t])
        h_new = z * h + (1 - z) * g
        stays = zoneout if d.keep_h is None else d.keep_h[t]
        h_new = watch.move("h", t, stays * h + (1 - stays) * h_new)
        watch.keep(h=h_new)
        h = np.where(valid[:, None], h_new, h)
        outputs.append(h)
    return np.stack(outputs, axis=1), h


def simple(
    x: np.ndarray,
    weights: list[np.ndarray],
    mask: np.ndarray | None = None,
    start: np.ndarray | None = None,
    draws: Draws | None = None,
    activation: Any = np.tanh,
    watch: Watch | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return h of every step of h = tanh(x W + h U + b), and the last one. Watched as n and h."""
    w, u, *b = [v.astype("float64") for v in weights]
    d, watch = draws or Draws(), watch or Watch()
    h = np.zeros((len(x), len(u))) if start is None else start
    mask = np.ones(x.shape[:2], bool) if mask is None else mask
    outputs = []
    for t in range(x.shape[1]):
        z = product(x[:, t], w, d.x, 1) + product(h, u, d.h, 1) + (b[0] if b else 0)
        n = activation(watch.move("n", t, z))
        new = watch.move("h", t, n)
        watch.keep(n=n, h=new)
        h = np.where(mask[:, t, None], new, h)
        outputs.append(h)
    return np.stack(outputs, axis=1), h
