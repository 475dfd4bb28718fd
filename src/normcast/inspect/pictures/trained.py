"""What is told of a training: sentences on its loss, gradients, gates and updates."""

from __future__ import annotations

import numpy as np

from normcast.errors import listed, unknown
from normcast.inspect.pictures.axes import brief
from normcast.inspect.pictures.names import WORDS
from normcast.inspect.pictures.owners import in_order, weights_of
from normcast.pages.percent import size
from normcast.probes.flow import Flow

NAMED = 4  # layers of a sentence


def over_training(flow: Flow, what: str = "") -> str:
    """Return sentences on what is normal over a training, and what this one shows.

    what: "loss", "gradients", "gates" or "updates" alone; all of them by default.
    """
    if what and what not in TOLD:
        raise ValueError(unknown("part of a training", what, TOLD, where="over_training"))
    if not len(flow.epochs):
        return "No epoch was recorded."
    return " ".join(TOLD[part](flow) for part in ((what,) if what else TOLD))


def faintest(flow: Flow, most: int) -> list[str]:
    """Return the recurrent layers to draw, in the order of the network: those whose gradient at one end of
    the window is least beside that at the other, at the last epoch.
    """
    kept = sorted(flow.gradients, key=lambda name: np.nan_to_num(ends(flow.gradients[name])[-1], nan=-1.0))
    return [name for name in in_order(flow) if name in kept[:most]]


def ends(norms: np.ndarray) -> np.ndarray:
    """Return the share of the smaller end of the window in the larger one, epoch by epoch: (epoch,).

    >>> ends(np.array([[0.1, 5.0, 1.0], [2.0, 5.0, 1.0]]))
    array([0.1, 0.5])
    """
    both = np.asarray(norms, "float64")[:, [0, -1]]
    with np.errstate(divide="ignore", invalid="ignore"):
        return both.min(axis=1) / both.max(axis=1)


def _loss(flow: Flow) -> str:
    loss = np.asarray(flow.loss, "float64")
    known = np.isfinite(loss)
    if not known.all():
        return (
            "Normally the loss falls and then levels; here it is not finite from epoch "
            f"{flow.epochs[np.argmin(known)]} on."
        )
    least = int(np.argmin(loss))
    where = "" if least == len(loss) - 1 else f", and was least at {flow.epochs[least]}: {brief(loss[least])}"
    return (
        "Normally the loss falls and then levels; here it goes from "
        f"{brief(loss[0])} at epoch {flow.epochs[0]} to {brief(loss[-1])} at {flow.epochs[-1]}{where}."
    )


def _gradients(flow: Flow) -> str:
    if not flow.gradients:
        return "No recurrent layer was recorded."
    ways = []
    for name in faintest(flow, NAMED):
        share = ends(flow.gradients[name])
        ways.append(
            f"in {name} {brief(share[0])} at epoch {flow.epochs[0]}, {brief(share[-1])} at {flow.epochs[-1]}"
        )
    return (
        "Normally the gradient at one end of the window is not far below that at the other; its share is "
        f"{'; '.join(ways)}."
    )


def _gates(flow: Flow) -> str:
    found = {
        (name, gate): np.asarray(told, "float64")[[0, -1]][:, 1:].sum(axis=1)
        for name, gates in flow.gates.items()
        for gate, told in gates.items()
    }
    if not found:
        return "No gates were recorded."
    name, gate = max(found, key=lambda each: np.nan_to_num(found[each][-1], nan=-1.0))
    first, last = found[name, gate]
    words = WORDS.get(gate, gate)
    usual = "Normally few values of a gate lie at its ends, where it hardly learns"
    if not np.isfinite(last):
        return f"{usual}; here {words} of {name} is not finite in the end."
    if not max(first, last):
        return f"{usual}; here none do at any gate, at epoch {flow.epochs[0]} nor at {flow.epochs[-1]}."
    return (
        f"{usual}; here most do in the end at {words} of {name}: {size(last)}, from {size(first)} at epoch "
        f"{flow.epochs[0]}."
    )


def _updates(flow: Flow) -> str:
    last = {
        f"{name} of {layer}": float(flow.updates[path][-1])
        for layer, paths in weights_of(flow).items()
        for path, name in paths.items()
    }
    if not last:
        return "No weight was trained."
    usual = "Normally weights move less and less, and none stands still while others move"
    still = [path for path, change in last.items() if change == 0]
    if still:
        return f"{usual}; here {listed(still, NAMED)} did not move in epoch {flow.epochs[-1]}."
    least, most = min(last, key=last.__getitem__), max(last, key=last.__getitem__)
    return (
        f"{usual}; here {most} moved most in epoch {flow.epochs[-1]}, by {size(last[most])} of its size, and "
        f"{least} least, by {size(last[least])}."
    )


TOLD = {"loss": _loss, "gradients": _gradients, "gates": _gates, "updates": _updates}
