"""BLAS: the library below NumPy's products and decompositions, held to one thread where results are kept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ContextDecorator
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController


class OneThread(ContextDecorator):
    """A block, or a function that it decorates, in which products and decompositions run on one thread.

    With several threads the last bits of a result depend on the number of cores, small decompositions gain
    nothing, and on cores that are busy with other work the threads wait for each other: the decomposition of
    a 420 x 420 matrix then takes ten times as long and more. `enter` does it and returns what ends it. Blocks
    may lie in each other and in threads beside each other: the first that begins does it, and the last that
    ends undoes it.

    >>> done = []
    >>> one = OneThread(lambda: done.append("one") or (lambda: done.append("many")))
    >>> with one, one:
    ...     done.append("work")
    >>> done
    ['one', 'work', 'many']
    """

    def __init__(self, enter: Callable[[], Callable[[], object]]) -> None:
        self._enter, self._lock, self._inside = enter, Lock(), 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._leave = self._enter()
            self._inside += 1

    def __exit__(self, *raised: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._leave()


def _limited() -> Callable[[], object]:
    limited: AbstractContextManager = _libraries().limit(limits=1, user_api="blas")
    return lambda: limited.__exit__(None, None, None)


@cache
def _libraries() -> ThreadpoolController:
    import numpy.linalg  # noqa: F401  # what is there to be held is found now

    return ThreadpoolController()


one_blas_thread = OneThread(_limited)
