"""Bombs: files and texts of no network, small on the disk and large or slow for a reader that trusts them."""

import gzip
import io
import struct
import zipfile
from functools import cache

import numpy as np

DEEP = 100_000


def deep(n=DEEP):
    return b"[" * n + b"]" * n


def many_members(n=400_000):
    """A zip whose directory names one member again and again."""
    name = b"a"
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0) + name
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0)
    directory = (entry + name) * n
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, n % 65536, n % 65536, len(directory), len(local), 0)
    return local + directory + end


@cache
def zip_bomb(size=2**27):
    """Zeros, a thousand to one, under each name that a reader looks for."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in ("x.npy", "manifest.json", "config.json", "model.weights.h5"):
            archive.writestr(name, bytes(size))
    return target.getvalue()


def shared_bytes(n=1000, size=2**20):
    """A zip of members that all stand at one place."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("x.npy", bytes(size))
        first = archive.infolist()[0]
        for i in range(n):
            again = zipfile.ZipInfo(f"{i}.npy")
            for name in ("CRC", "compress_size", "file_size", "header_offset"):
                setattr(again, name, getattr(first, name))
            archive.filelist.append(again)
    return target.getvalue()


def npz(header: str, body: bytes = bytes(64)) -> bytes:
    """An .npz whose x has that header."""
    target = io.BytesIO()
    padded = header.ljust(117) + "\n"
    member = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded.encode() + body
    y = io.BytesIO()
    np.save(y, np.zeros(4))
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("x.npy", member)
        archive.writestr("y.npy", y.getvalue())
    return target.getvalue()


def declared(shape, dtype="<f8"):
    return npz(repr({"descr": dtype, "fortran_order": False, "shape": shape}))


def parquet(columns: int, rows: int = 0) -> bytes:
    """Rows of one value each, which Parquet keeps in a few bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = io.BytesIO()
    with pq.ParquetWriter(target, pa.schema([(f"c{i}", pa.int8()) for i in range(columns)])) as writer:
        if rows:
            writer.write_table(pa.table({"c0": pa.array(np.zeros(rows, "int8"))}))
    return target.getvalue()


CASES = {
    "745 GiB": lambda: declared((10**11,)),
    "cases without values": lambda: declared((10**15, 0)),
    "cases of empty text": lambda: declared((10**15,), "<U0"),
    "less than nothing": lambda: declared((-4,)),
    "more dimensions than there are": lambda: declared((1,) * 2000),
    "objects": lambda: declared((4,), "|O"),
    "objects inside": lambda: npz("{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (4,)}"),
    "a header of code": lambda: npz("__import__('os').system('touch ran')"),
    "a deep header": lambda: npz("(" * 9000),
    "400,000 members": many_members,
    "members 1000:1": zip_bomb,
    "members that share bytes": shared_bytes,
}

TABLES = {
    "return.csv": lambda: b"ds,y\rz\n1,2\n",
    "field.csv": lambda: b"ds," + b"y" * 200_000 + b"\n1,2\n",
    "columns.csv": lambda: b",".join(b"c%d" % i for i in range(200_000)) + b"\n" + b"1," * 199_999 + b"1\n",
    "twice.csv": lambda: b",".join(b"c" for _ in range(200_000)) + b"\n" + b"1," * 199_999 + b"1\n",
    "bomb.csv.gz": lambda: gzip.compress(bytes(2**28 + 1), 1),
    "rows.parquet": lambda: parquet(1, 5 * 10**7),
    "columns.parquet": lambda: parquet(51_000),
}

TEXTS = {
    "deep": deep().decode(),
    "deep enough for a reader of JSON": deep(900).decode(),
    "many": "[" + "[]," * 10**7 + "[]]",
    "digits": "1" * 10_000,
    "deep objects": '{"a":' * 900 + "1" + "}" * 900,
}
