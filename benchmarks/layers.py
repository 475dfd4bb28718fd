"""Recurrent batch normalization against the plain LSTM on permuted MNIST, in small (Cooijmans et al. 2017, 5.1).

    python -m benchmarks layers --data DIR [--json] [--seeds 5] [--epochs 12] [--train 10000] [--stride 7]

DIR holds mnist.npz (x_train, y_train, x_test, y_test). The pixels of every picture are put in one order drawn
without repetition, of which every stride-th is read: 112 steps of one pixel at a stride of 7. The authors' own
code drew with repetition and so left out 37 % of the pixels. The two networks differ in `norm` alone.
"""

import argparse
import json
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results" / "layers.json"
PAPER = {"batch": 95.4, "plain": 90.2}
PAPER_SOURCE = "Cooijmans et al. 2017, table 1, 784 steps"


@dataclass(frozen=True)
class Setting:
    """What the networks are trained on, and how."""

    stride: int = 7
    train: int = 10_000
    test: int = 2_000
    units: int = 64
    batch_size: int = 100
    epochs: int = 12
    learning_rate: float = 1e-3
    permutation_seed: int = 0


@dataclass(frozen=True)
class Curve:
    """Test accuracy after each epoch, in percent, of one network from one seed."""

    name: str
    seed: int
    accuracy: tuple[float, ...]
    seconds: float


def pictures(folder: Path, setting: Setting) -> tuple[np.ndarray, ...]:
    """Return train and test sequences (n, steps, 1), in a true permutation, and their digits."""
    with np.load(folder / "mnist.npz") as file:
        arrays = {name: file[name] for name in file.files}
    order = np.random.default_rng(setting.permutation_seed).permutation(28 * 28)[:: setting.stride]

    def sequences(x: np.ndarray, n: int) -> np.ndarray:
        return (x[:n].reshape(n, -1)[:, order, None] / 255).astype("float32")

    n, m = setting.train, setting.test
    return (
        sequences(arrays["x_train"], n),
        arrays["y_train"][:n].astype("int32"),
        sequences(arrays["x_test"], m),
        arrays["y_test"][:m].astype("int32"),
    )


def train_one(norm: str | None, seed: int, data: tuple[np.ndarray, ...], setting: Setting) -> Curve:
    """Train one network as in the paper: RMSProp at 1e-3 with momentum 0.9, gradient norm clipped at 1."""
    import keras

    from normcast.layers import LSTM

    keras.utils.set_random_seed(seed)
    x, y, x_test, y_test = data
    entrance = keras.Input(x.shape[1:])
    h = LSTM(setting.units, norm=norm, seed=seed)(entrance)
    model = keras.Model(entrance, keras.layers.Dense(10, activation="softmax")(h))
    rule = keras.optimizers.RMSprop(setting.learning_rate, rho=0.9, momentum=0.9, clipnorm=1.0)
    model.compile(rule, "sparse_categorical_crossentropy", metrics=["accuracy"])
    since = time.perf_counter()
    history = model.fit(
        x,
        y,
        batch_size=setting.batch_size,
        epochs=setting.epochs,
        validation_data=(x_test, y_test),
        verbose=0,
    )
    accuracy = tuple(round(100 * float(a), 2) for a in history.history["val_accuracy"])
    return Curve("batch" if norm else "plain", seed, accuracy, round(time.perf_counter() - since, 1))


def rows(curves: list[Curve]) -> list[dict[str, Any]]:
    """Return what was measured as benchmark rows: the final accuracies, and the epochs to the plain network's best."""
    final = {name: [c.accuracy[-1] for c in curves if c.name == name] for name in PAPER}
    best_plain = float(np.mean([max(c.accuracy) for c in curves if c.name == "plain"]))
    needed = [
        next((i + 1 for i, a in enumerate(c.accuracy) if a >= best_plain), None)
        for c in curves
        if c.name == "batch"
    ]
    epochs = len(curves[0].accuracy)
    wins = sum(a > b for a, b in zip(final["batch"], final["plain"], strict=True))
    found = [n for n in needed if n is not None]
    return [
        _row("permuted MNIST, LSTM(norm='batch')", np.mean(final["batch"]), "% accuracy",
             f"plain {np.mean(final['plain']):.1f}; paper at 784 steps {PAPER['batch']} against {PAPER['plain']}",
             "above plain", np.mean(final["batch"]) > np.mean(final["plain"])),
        _row("seeds in which batch norm ends higher", wins, "seeds", f"of {len(final['batch'])}", "all",
             wins == len(final["batch"])),
        _row("epochs to the plain network's best accuracy", np.mean(found) if found else None, "epochs",
             f"plain within {epochs}; {best_plain:.1f} %", f"below {epochs}",
             len(found) == len(needed) and max(found) < epochs),
    ]  # fmt: skip


def _row(name: str, value: Any, unit: str, against: str, target: str, ok: Any) -> dict[str, Any]:
    value = None if value is None else round(float(value), 2)
    return {"name": name, "value": value, "unit": unit, "against": against, "target": target, "ok": bool(ok)}


def main(argv: list[str] | None = None) -> int:
    about = argparse.ArgumentParser(prog="benchmarks layers", description=__doc__)
    about.add_argument("--data", type=Path, default=Path("../shared/data"))
    about.add_argument("--json", action="store_true")
    about.add_argument("--seeds", type=int, default=5)
    about.add_argument("--out", type=Path, default=RESULTS)
    for name in ("epochs", "train", "test", "stride", "units"):
        about.add_argument(f"--{name}", type=int, default=getattr(Setting, name))
    got = about.parse_args(argv)
    setting = Setting(stride=got.stride, train=got.train, test=got.test, units=got.units, epochs=got.epochs)
    data = pictures(got.data, setting)
    curves = []
    for seed in range(got.seeds):
        for norm in ("batch", None):
            curves.append(train_one(norm, seed, data, setting))
            if not got.json:
                print(curves[-1], flush=True)
            _save(got.out, setting, curves)
    measured = rows(curves)
    print(json.dumps(measured, indent=1) if got.json else "\n".join(str(row) for row in measured))
    return 0


def _save(path: Path, setting: Setting, curves: list[Curve]) -> None:
    machine = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
    }
    saved = {"setting": asdict(setting), "machine": machine, "curves": [asdict(c) for c in curves],
             "rows": rows(curves) if len({c.name for c in curves}) == 2 else []}  # fmt: skip
    path.write_text(json.dumps(saved, indent=1) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
