"""What all tasks share: windows thinned evenly, and a name for what the data are."""

import hashlib
import struct

import numpy as np
import pytest

from normcast.tasks.task import digest, thinned


@pytest.mark.parametrize(
    ("count", "most", "positions"),
    [
        (0, 4, []),
        (4, 4, [0, 1, 2, 3]),
        (5, 4, [0, 2, 4]),
        (8, 4, [0, 2, 4, 6]),
        (10, 4, [0, 3, 6, 9]),
        (9, 1, [0]),
    ],
)
def test_thinned_positions_are_evenly_spread_and_no_more_than_asked_for(count, most, positions):
    assert thinned(count, most).tolist() == positions


def test_a_digest_is_of_shapes_and_bytes():
    raw = b"(2,)" + struct.pack("<2d", 1, 2) + b"(1, 2)" + struct.pack("<2f", 3, 4)
    values = np.array([1.0, 2.0]), np.array([[3, 4]], np.float32)
    assert digest(*values) == hashlib.sha256(raw).hexdigest()[:16]


def test_a_digest_tells_shapes_and_order_apart_and_not_how_an_array_lies_in_memory():
    a, b = np.arange(6.0), np.arange(3.0)
    assert len({digest(a), digest(a[::-1]), digest(a.reshape(2, 3)), digest(a, b), digest(b, a)}) == 5
    assert digest(a[::2]) == digest(a[::2].copy())
