"""Slices: what the slices of each case, which TimeDistributed runs one after another, share and come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from normcast.probes.digest import Key, Values

Make = Callable[[Key, tuple[int, ...], str], Any]  # a probe of a key, a shape and a dtype
Join = Callable[[list[Any]], Any]


@dataclass(eq=False)
class Slices:
    """The slices that go on: each is a case of the layers inside, whose probes are parts of one."""

    open: list[tuple[int, int]] = field(default_factory=list)  # which, of how many; the innermost last
    _probes: dict[Key, Any] = field(default_factory=dict)  # of all slices
    _parts: dict[Key, list[Any]] = field(default_factory=dict)  # what slices came to so far

    @property
    def now(self) -> tuple[int, int]:
        """Which slice of each case runs, and of how many; (0, 1) outside of TimeDistributed."""
        number, count = 0, 1
        for which, many in self.open:
            number, count = number * many + which, count * many
        return number, count

    @contextmanager
    def running(self, which: int, many: int) -> Iterator[None]:
        """Say which slice of each case the block runs."""
        self.open.append((which, many))
        try:
            yield
        finally:
            self.open.pop()

    def probe(self, make: Make, digest: Values, key: Key, about: tuple[tuple[int, ...], str, int]) -> Any:
        """Return the probe of that key, or this slice's part. about: shape, dtype, axis of the cases."""
        (shape, dtype, axis), (number, count) = about, self.now
        if count == 1:
            return make(key, shape, dtype)
        if number == 0:
            self._probes[key] = make(key, digest.over_slices(shape, count, axis), dtype)
        whole = self._probes[key]
        return whole if whole is None else digest.slice_of(whole, number, count, axis)

    def gather(self, into: dict[Key, Any], key: Key, value: Any, join: Join) -> None:
        """Keep a value; of slices what all of them come to, once the last one ran."""
        number, count = self.now
        into[key] = value
        if count > 1:
            self._parts.setdefault(key, []).append(value)
            into[key] = join(self._parts[key]) if number == count - 1 else value
