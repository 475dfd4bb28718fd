"""Pictures and numbers of docs/gradients.md, made from the record: `make pictures`.

What stands on the page between `<!-- measured: NAME -->` and `<!-- end -->` is written here, all else by
hand.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import measured_page
from benchmarks.gradients import RESULTS
from benchmarks.gradients_pictures import PICTURES
from benchmarks.gradients_record import Runs
from benchmarks.measured_page import table
from normcast.inspect.pictures.axes import brief

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "gradients.md"
EARLY = 5  # epochs after which a network should be better than a guess


def middle(values: Any, write: Callable[[float], str] = brief) -> str:
    """Return the median of some seeds, and their range; what is not finite counts as above all.

    >>> middle([0.5, 0.25, 0.75]), middle([2.0, float("nan")])
    ('0.5 (0.25 to 0.75)', 'infinite (2 to infinite)')
    """
    whole = np.asarray(values, "float64")
    whole = np.where(np.isfinite(whole), whole, np.inf)
    low, half, high = (write(each) for each in (whole.min(), np.median(whole), whole.max()))
    return f"{half} ({low} to {high})"


def loss(value: float) -> str:
    """Write a loss, which seeds change by little."""
    return f"{value:.3f}" if value < 100 else brief(value)


def setup(record: dict[str, Any]) -> str:
    """Return how it was measured."""
    how, counts = record["setting"], record["windows"]
    return (
        f"{how['seeds']} seeds, {how['epochs']} epochs of {counts['fit']:,} windows in batches of "
        f"{how['batch_size']}, Adam at 0.002, where a name says nothing else; {counts['held out']} windows "
        "of 2015 were held out. Losses are mean squared errors in standard deviations: who always says the "
        "mean of the held-out year gets "
        f"{brief(record['guess']['tomorrow'])} for tomorrow and {brief(record['guess']['far'])} for the far "
        "day. Cells are the median of the seeds and, in brackets, their range. Measured "
        f"{record['measured']} on {record['machine']}."
    )


def activation(record: dict[str, Any]) -> str:
    """Return what tanh and relu did."""
    rows = []
    for name in ("tanh", "relu", "tanh, steps of 0.01", "relu, steps of 0.01"):
        runs = Runs.of(record, "tomorrow", name)
        held = runs.values("held_out")[:, EARLY:]
        away = ~(held <= 1).all(axis=1)
        rows.append(
            [
                name, middle(runs.values("start", "h")), middle(runs.values("end", "h")),
                middle(runs.values("end", "training share")), middle(runs.last("held_out"), loss),
                f"{away.sum()} of {len(away)}",
            ]
        )  # fmt: skip
    head = ["activation", "largest \\|h\\|, fresh", "trained", "share, trained", "held-out loss", "ran away"]
    return table(head, rows) + "\n\n" + against(record, "tomorrow", "relu", "tanh")


def norm(record: dict[str, Any]) -> str:
    """Return what recurrent batch norm did."""
    rows = []
    for name in (
        "plain",
        "relu",
        "forget bias 5",
        "batch norm",
        "plain, 100 epochs",
        "forget bias 5, 100 epochs",
    ):
        runs = Runs.of(record, "far", name)
        shares = (middle(runs.values(when, "training share")) for when in ("start", "end"))
        rows.append([name, *shares, middle(runs.last("loss"), loss), middle(runs.last("held_out"), loss)])
    head = ["LSTM", "share, fresh", "share, trained", "loss in training", "held-out loss"]
    batch = Runs.of(record, "far", "batch norm")
    more = (
        f"At inference the fresh batch norm network has a share of "
        f"{middle(batch.values('start', 'inference share'))}: its running statistics are nobody's yet. After "
        f"`recalibrate` the held-out loss of the trained one is {middle(batch.values('recalibrated'), loss)}."
    )
    pairs = [against(record, "far", name, "plain") for name in ("batch norm", "forget bias 5")]
    pairs.append(against(record, "far", "forget bias 5, 100 epochs", "plain, 100 epochs"))
    return "\n\n".join([table(head, rows), more, " ".join(pairs)])


def dropout(record: dict[str, Any]) -> str:
    """Return what recurrent dropout did."""
    rows = []
    for name in ("tanh", "recurrent dropout"):
        runs = Runs.of(record, "tomorrow", name)
        losses = (middle(runs.values("end", f"{mode} loss"), loss) for mode in ("training", "inference"))
        shares = (middle(runs.values("end", f"{mode} share")) for mode in ("training", "inference"))
        rows.append(
            [f"{name.replace('tanh', 'none')}", *losses, middle(runs.last("held_out"), loss), *shares]
        )
    head = ["recurrent dropout", "loss, training mode", "the same, inference", "held-out loss"]
    head += ["share, training mode", "share, inference"]
    rows[1][0] = "0.25"
    variance = Runs.of(record, "tomorrow", "recurrent dropout").values("end", "variance")
    more = (
        "With dropout, the variance that the batch normalization reads in training is "
        f"{middle(variance, loss)} times that at inference."
    )
    with_it, without = (
        Runs.of(record, "tomorrow", name).values("end", "inference share")
        for name in ("recurrent dropout", "tanh")
    )
    lower = int((with_it < without).sum())
    shares = (
        f"The share at inference is lower in {lower} of {len(without)} (p = "
        f"{brief(sign_test(lower, len(without)))})."
    )
    losses = against(record, "tomorrow", "recurrent dropout", "tanh", "no dropout")
    return "\n\n".join([table(head, rows), more, f"{losses} {shares}"])


def statistics(record: dict[str, Any]) -> str:
    """Return what the statistics of the batch normalization did."""
    slow, quick = (Runs.of(record, "tomorrow", name) for name in ("momentum 0.99", "tanh"))
    last = record["setting"]["epochs"]
    columns = [
        (slow, "batch", loss), (slow, "running", loss), (slow, "ratio", brief), (quick, "running", loss),
        (quick, "ratio", brief),
    ]  # fmt: skip
    found = [(runs.values("statistics", what), write) for runs, what, write in columns]
    chosen = sorted({1, min(5, last), min(10, last), last})
    rows = [[f"{n}", *(middle(values[:, n - 1], write) for values, write in found)] for n in chosen]
    head = ["epoch", "loss, batch statistics", "0.99: loss, running ones", "variance ratio"]
    head += ["0.9: loss, running ones", "variance ratio"]
    return table(head, rows) + "\n\n" + against(record, "tomorrow", "momentum 0.99", "tanh", "momentum 0.9")


def against(record: dict[str, Any], task: str, one: str, other: str, called: str = "") -> str:
    """Return in how many seeds the held-out loss of one network is below that of another."""
    mine, theirs = (Runs.of(record, task, name).last("held_out") for name in (one, other))
    below = int((mine < theirs).sum())
    change = f"median change {brief(float(np.nanmedian(mine - theirs)))}"
    return (
        f"{one[0].upper()}{one[1:]} against {called or other}: held-out loss lower in {below} of {len(mine)} "
        f"seeds ({change}, sign test p = {brief(sign_test(below, len(mine)))})."
    )


def sign_test(below: int, count: int) -> float:
    """Return the two-sided p of so many signs of one kind.

    >>> sign_test(10, 10), sign_test(5, 10)
    (0.001953125, 1.0)
    """
    from scipy.stats import binomtest

    return float(binomtest(below, count).pvalue)


MEASURED: dict[str, Callable[[dict[str, Any]], str]] = {
    "setup": setup,
    "activation": activation,
    "norm": norm,
    "dropout": dropout,
    "statistics": statistics,
}


def filled(page: str, record: dict[str, Any]) -> str:
    """Return the page with its measured parts as the record has them."""
    return measured_page.filled(page, record, MEASURED)


def write(record: dict[str, Any], page: Path = PAGE) -> list[Path]:
    """Write the pictures beside the page, and its numbers into it; return the files."""
    images = page.parent / "images"
    images.mkdir(exist_ok=True)
    files = []
    for name, draw in PICTURES.items():
        files.append(images / f"gradients-{name}.svg")
        draw(record).save(str(files[-1]))
    page.write_text(filled(page.read_text(encoding="utf-8"), record), encoding="utf-8")
    return [*files, page]


if __name__ == "__main__":
    for path in write(json.loads(RESULTS.read_text(encoding="utf-8"))):
        print(path.relative_to(ROOT))
