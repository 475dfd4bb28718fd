"""Hostile files of networks: each small on the disk, and large or slow for a reader that trusts it."""

import json
import struct
from pathlib import Path

import h5py
import keras
import numpy as np

from normcast.artefact.archive import Archive, as_arrays, as_json
from tests.fuzz.bombs import deep, many_members, shared_bytes, zip_bomb

LAYERS = 3_000
MANY = 10**9


def archive_with(raw: bytes, member: str, change) -> bytes:
    """The bytes of an artefact with one member changed."""
    members = dict(Archive.unpacked(raw, "whole").members)
    members[member] = change(members[member])
    return Archive(members, "hostile").packed()


def with_values(change):
    def changer(content):
        values = json.loads(content)
        change(values)
        return as_json(values)

    return changer


def with_architecture(change):
    return lambda raw: archive_with(
        raw, "architecture.json", with_values(lambda v: change(v["architecture"]))
    )


def layers(n):
    def change(values):
        values["conv"] = n * values["conv"]

    return change


def units(n):
    return lambda values: values["recurrent"][0].update(units=n)


def horizon(raw, n=MANY):
    raw = archive_with(raw, "conformal.json", lambda _: b"null")
    raw = archive_with(raw, "architecture.json", with_values(lambda v: v["build"].update(outputs=n)))

    def change(manifest):
        manifest["body"]["fitted"]["h"] = manifest["body"]["settings"]["h"] = n

    return archive_with(raw, "manifest.json", with_values(change))


def many_values(raw):
    return archive_with(raw, "scaler.json", lambda _: b'{"target": [' + b"[]," * 10**7 + b"[]]}")


def wide_type(raw):
    def change(manifest):
        manifest["body"]["panel"]["id_values"][0].update(dtype={"pandas": f"S{MANY}"})

    return archive_with(raw, "manifest.json", with_values(change))


def small(*inside) -> keras.Model:
    """A network of a few weights."""
    return keras.Sequential([keras.Input((8, 3)), *inside, keras.layers.LSTM(2, name="lstm")], name="small")


def keras_with(change, name="net.keras", weights=None):
    """The bytes of a .keras or .h5 file whose configuration is another one than that of its weights."""

    def make(folder: Path) -> bytes:
        path = folder / name
        small().save(path)
        if name.endswith(".h5"):
            with h5py.File(path, "a") as content:
                plain = json.loads(content.attrs["model_config"])
                del content.attrs["model_config"]
                new = change(plain)
                content.attrs["model_config"] = new if isinstance(new, bytes) else json.dumps(plain)
            return path.read_bytes()
        members = dict(Archive.opened(path).members)
        plain = json.loads(members["config.json"])
        new = change(plain)
        members["config.json"] = new if isinstance(new, bytes) else json.dumps(plain).encode()
        if weights is not None:
            members["model.weights.h5"] = weights(folder)
        return Archive(members, "hostile").packed()

    return make


def h5_units(plain):
    plain["config"]["layers"][-1]["config"]["units"] = 10**5


def h5_many(plain):
    dense = {"class_name": "Dense", "config": {"units": 3}}
    own = plain["config"]["layers"]
    own[1:1] = [{**dense, "config": {"units": 3, "name": f"d{i}"}} for i in range(LAYERS)]


def chain(n=2_000):
    """As many layers as may be, of which no weights are there."""

    def change(plain):
        h5_many(plain)
        del plain["config"]["layers"][1 : LAYERS - n + 1]

    return change


def long(plain, n=2_000):
    """As many layers as may be, without weights, before the one that has too many."""
    drops = [
        {"module": "keras.layers", "class_name": "Dropout", "config": {"rate": 0.1, "name": f"d{i}"}}
        for i in range(n)
    ]
    plain["config"]["layers"][1:1] = drops
    h5_units(plain)


def functional(plain, n=700):
    """A graph of which no weights are there."""
    inputs = x = keras.Input((2,))
    with keras.StatelessScope(initialize_variables=False):
        for _ in range(n):
            x = keras.layers.Dense(2)(x)
        model = keras.Model(inputs, x)
    spec = json.loads(model.to_json())
    plain.clear()
    plain.update(spec)


def unrolled(plain):
    plain["config"]["layers"][0]["config"]["batch_shape"] = [None, 10**6, 3]
    plain["config"]["layers"][-1]["config"]["unroll"] = True
    plain["config"].pop("build_input_shape", None)


def carrying(plain):
    """States of a billion rows, which Keras would fill at once."""
    plain["config"]["layers"][0]["config"]["batch_shape"] = [MANY, 8, 3]
    plain["config"]["layers"][-1]["config"]["stateful"] = True
    plain["config"].pop("build_input_shape", None)


def rounds(plain):
    inner = plain["config"]["layers"][-1]
    plain["config"]["layers"].insert(
        1,
        {
            "module": "keras.layers",
            "class_name": "SpectralNormalization",
            "config": {"layer": {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3}},
                       "power_iterations": MANY},
        },
    )  # fmt: skip
    return None if inner else b""


def called_again_and_again(plain):
    """A network that calls a network twice that calls a network twice, 18 times over: 2^18 layers."""
    inputs = keras.Input((8, 3))
    inner = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    spec = keras.saving.serialize_keras_object(inner)
    for level in range(15):
        name = f"level_{level}"
        inputs = keras.Input((8, 3), name="x")
        shape = {"class_name": "__keras_tensor__", "config": {"shape": [None, 8, 3], "dtype": "float32"}}
        first = {**shape, "config": {**shape["config"], "keras_history": ["x", 0, 0]}}
        second = {**shape, "config": {**shape["config"], "keras_history": ["inner", 0, 0]}}
        nodes = [{"args": [first], "kwargs": {}}, {"args": [second], "kwargs": {}}]
        spec = {
            "module": "keras.src.models.functional",
            "class_name": "Functional",
            "registered_name": "Functional",
            "config": {
                "name": name,
                "trainable": True,
                "layers": [
                    {"module": "keras.layers", "class_name": "InputLayer", "name": "x", "inbound_nodes": [],
                     "config": {"batch_shape": [None, 8, 3], "dtype": "float32", "name": "x"}},
                    {**spec, "name": "inner", "inbound_nodes": nodes,
                     "config": {**spec["config"], "name": "inner"}},
                ],
                "input_layers": [["x", 0, 0]],
                "output_layers": [["inner", 1, 0]],
            },
        }  # fmt: skip
    plain.clear()
    plain.update(spec)


def giant_dataset(folder: Path) -> bytes:
    """Weights that declare a terabyte and hold a chunk."""
    path = folder / "weights.h5"
    with h5py.File(path, "w") as content:
        content.create_dataset("a/vars/0", (2**38,), "f4", chunks=(1024,), compression="gzip")
    return path.read_bytes()


def many_groups(folder: Path) -> bytes:
    path = folder / "weights.h5"
    with h5py.File(path, "w") as content:
        for i in range(41_000):
            content.create_group(str(i))
    return path.read_bytes()


def polyglot(folder: Path) -> bytes:
    """HDF5 that Keras reads, behind which stands a zip that is harmless."""
    evil = keras_with(h5_units, "net.h5")(folder)
    small().save(folder / "good.keras")
    return evil + (folder / "good.keras").read_bytes()


ARTEFACTS = {
    "3,000 layers": with_architecture(layers(LAYERS)),
    "300,000 layers": with_architecture(layers(300_000)),
    "1,000 layers of ten": with_architecture(
        lambda v: v.update(conv=999 * [{**v["conv"][0], "norm": "batch", "squeeze_excite": 1}])
    ),
    "a billion units": with_architecture(units(MANY)),
    "a hundred thousand units": with_architecture(units(10**5)),
    "a billion filters": with_architecture(lambda v: v["conv"][0].update(filters=MANY)),
    "a kernel of a billion": with_architecture(lambda v: v["conv"][0].update(kernel_size=MANY)),
    "a billion steps ahead": horizon,
    "a type of a billion bytes": wide_type,
    "30 million brackets": many_values,
    "deep manifest": lambda raw: archive_with(raw, "manifest.json", lambda _: deep()),
    "deep architecture": lambda raw: archive_with(raw, "architecture.json", lambda _: deep()),
    "deep body": lambda raw: archive_with(
        raw, "manifest.json", lambda c: c.replace(b'"body": {', b'"body": {"a": ' + deep(900) + b",")
    ),
    "weights that declare a terabyte": lambda raw: archive_with(
        raw, "weights.safetensors",
        lambda _: (lambda head: struct.pack("<Q", len(head)) + head)(
            json.dumps({"0/000/a": {"dtype": "F32", "shape": [2**38], "data_offsets": [0, 2**40]}}).encode()
        ),
    ),
    "arrays of other weights": lambda raw: archive_with(
        raw, "weights.safetensors", lambda _: as_arrays({"0/000/a": np.zeros(3)})
    ),
    "400,000 members": lambda raw: many_members(),
    "members 1000:1": lambda raw: zip_bomb(),
    "members that share bytes": lambda raw: shared_bytes(),
}  # fmt: skip

NETWORKS = {
    "a.keras": keras_with(lambda v: v["config"]["layers"][-1]["config"].update(units=10**5)),
    "b.keras": keras_with(lambda v: v["config"]["layers"][-1]["config"].update(units=MANY)),
    "many.keras": keras_with(h5_many),
    "chain.keras": keras_with(chain()),
    "long.keras": keras_with(long),
    "functional.keras": keras_with(functional),
    "deep.keras": keras_with(lambda _: deep()),
    "deeper.keras": keras_with(lambda _: deep(900)),
    "unrolled.keras": keras_with(unrolled),
    "carrying.keras": keras_with(carrying),
    "rounds.keras": keras_with(rounds),
    "again.keras": keras_with(called_again_and_again),
    "giant.keras": keras_with(lambda _: None, weights=giant_dataset),
    "groups.keras": keras_with(lambda _: None, weights=many_groups),
    "members.keras": lambda folder: many_members(),
    "bomb.keras": lambda folder: zip_bomb(),
    "a.h5": keras_with(h5_units, "net.h5"),
    "many.h5": keras_with(h5_many, "net.h5"),
    "deep.h5": keras_with(lambda _: deep(20_000), "net.h5"),
    "unrolled.h5": keras_with(unrolled, "net.h5"),
    "carrying.h5": keras_with(carrying, "net.h5"),
    "giant.h5": giant_dataset,
    "polyglot.h5": polyglot,
}
