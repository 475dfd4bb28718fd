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


def npy(header: str, body: bytes = bytes(64)) -> bytes:
    """An .npy with that header."""
    padded = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded.encode() + body


def npz(header: str, body: bytes = bytes(64)) -> bytes:
    """An .npz whose x has that header."""
    target = io.BytesIO()
    member = npy(header, body)
    y = io.BytesIO()
    np.save(y, np.zeros(4))
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("x.npy", member)
        archive.writestr("y.npy", y.getvalue())
    return target.getvalue()


def declared(shape, dtype="<f8"):
    return npz(repr({"descr": dtype, "fortran_order": False, "shape": shape}))


def workbook(member: str, content: bytes) -> bytes:
    """A workbook of which one part is replaced."""
    import openpyxl

    whole, target = io.BytesIO(), io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["ds", "y"])
    book.save(whole)
    with (
        zipfile.ZipFile(whole) as held,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as to,
    ):
        for name in held.namelist():
            to.writestr(name, content if name == member else held.read(name))
    return target.getvalue()


SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
_HEAD = b'<?xml version="1.0"?>'
_SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'


def far_cells(rows=100_000):
    """Rows of one cell each, which stands in the last column there may be."""
    cell = b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>'
    return _HEAD + _SHEET % b"".join(cell % (i, i) for i in range(1, rows + 1))


def far_row():
    return (
        _HEAD
        + _SHEET
        % b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576000"><c r="A1048576000"><v>1</v></c></row>'
    )


def entities(levels=20):
    """A text that stands for ten of the one before it, again and again."""
    told = b"".join(b'<!ENTITY e%d "%s">' % (i, b"&e%d;" % (i - 1) * 10) for i in range(1, levels))
    row = b'<row r="1"><c r="A1" t="inlineStr"><is><t>&e%d;</t></is></c></row>' % (levels - 1)
    return _HEAD + b'<!DOCTYPE a [<!ENTITY e0 "lol">%s]>' % told + _SHEET % row


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

BOOKS = {
    "cells.xlsx": lambda: workbook(SHEET, far_cells()),
    "row.xlsx": lambda: workbook(SHEET, far_row()),
    "entities.xlsx": lambda: workbook(SHEET, entities()),
    "zeros.xlsx": lambda: workbook(STRINGS, bytes(2**29)),
    "members.xlsx": many_members,
}

CASE_FILES = {
    "x.npy": lambda: npy(repr({"descr": "<f8", "fortran_order": False, "shape": (10**11,)})),
    "objects.npy": lambda: npy(repr({"descr": "|O", "fortran_order": False, "shape": (4,)})),
    "label.ts": lambda: b"@classLabel true\n@data\n" + b"1,2:" + b"a" * 10**7 + b"\n1,2:b\n",
    "dimensions.ts": lambda: b"@classLabel true a\n@data\n" + b":" * 10**6 + b"1:a\n",
    "colons.ts": lambda: b"@classLabel true a\n@data\n" + b"1:" * 10**6 + b"a\n1:a\n",
    "quote.arff": lambda: b"@attribute " + b"'" * 10**6 + b"\n@data\n1\n",
    "spaces.arff": lambda: b"@attribute a" + b" " * 10**6 + b"\n@data\n1\n",
    "attributes.arff": lambda: b"@attribute a1 real\n" * 10**5 + b"@attribute c {a}\n@data\n1,a\n",
}

TEXTS = {
    "deep": deep().decode(),
    "deep enough for a reader of JSON": deep(900).decode(),
    "many": "[" + "[]," * 10**7 + "[]]",
    "digits": "1" * 10_000,
    "deep objects": '{"a":' * 900 + "1" + "}" * 900,
}
