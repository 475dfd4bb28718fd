"""A campaign: how many cases are drawn, and what may come of one.

`NORMCAST_FUZZ=100000` draws so many cases of the cheapest kind, and of the others in proportion to what they
cost; without it a fixed few are drawn.
"""

import os
import time
from collections import Counter
from contextlib import contextmanager

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

CASES = int(os.environ.get("NORMCAST_FUZZ", "24"))
IS_SHORT = "NORMCAST_FUZZ" not in os.environ
SECONDS = 5.0
OURS = (ValueError, TypeError, OSError)
"""What may escape: a wrong value, a wrong kind of thing, a file that cannot be read; no KeyError."""

OUTCOMES: Counter = Counter()


def cases(cost: int):
    """Settings for a kind of case that costs so many times the cheapest."""
    return settings(
        max_examples=max(3, CASES // cost),
        deadline=None,
        database=None,
        derandomize=IS_SHORT,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )


@contextmanager
def judged(kind: str):
    """Let a case end well or in an error of ours, within the time."""
    start = time.process_time()
    try:
        yield
        OUTCOMES[kind, "read"] += 1
    except OURS as error:
        OUTCOMES[
            kind, "refused" if str(error) and not isinstance(error, UnicodeError) else "without words"
        ] += 1
    assert not OUTCOMES[kind, "without words"]
    assert time.process_time() - start < SECONDS


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 12),
    st.sampled_from([10**9, 2**63, -(2**63) - 1, 10**400]),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["", "inf", "nan", "float32", "S9", "relu", "batch", "lstm", "a", "y", "D", "2024-01-01"]
    ),
)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


@st.composite
def spoiled(draw, whole: bytes) -> bytes:
    """Bytes of a whole file with a few of them changed, left out, doubled or added."""
    raw = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(raw) - 1)))
        length = draw(st.integers(0, 12))
        new = draw(st.binary(max_size=6) | st.just(bytes(raw[at : at + length]) * 2))
        raw[at : at + length] = new
    return bytes(raw)


def places(plain, path=()):
    """Every place in plain values."""
    yield path
    if isinstance(plain, dict | list):
        pairs = plain.items() if isinstance(plain, dict) else enumerate(plain)
        for key, each in pairs:
            yield from places(each, (*path, key))


def with_value(plain, path, value):
    """Plain values with another value at one place."""
    if not path:
        return value
    copy = dict(plain) if isinstance(plain, dict) else list(plain)
    copy[path[0]] = with_value(plain[path[0]], path[1:], value)
    return copy
