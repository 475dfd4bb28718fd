"""Asking: what is asked of every file that is read meanwhile, and is no argument of what reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Generic, TypeVar

T = TypeVar("T")


class Asking(Generic[T]):
    """One thing that may be asked, such as a sheet; each thread and task has its own.

    >>> sheet = Asking[str | None]("sheet", None)
    >>> with sheet.asked_for("north"):
    ...     sheet.asked()
    'north'
    >>> sheet.asked() is None
    True
    """

    def __init__(self, name: str, usual: T) -> None:
        self._held = ContextVar(name, default=usual)

    def asked(self) -> T:
        """Return what is asked here, or what is usual outside of `asked_for`."""
        return self._held.get()

    @contextmanager
    def asked_for(self, what: T) -> Iterator[None]:
        """Ask this of whatever is read inside."""
        token = self._held.set(what)
        try:
            yield
        finally:
            self._held.reset(token)
