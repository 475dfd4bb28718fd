"""`normcast kernels`: the native kernels of recurrences, which are built once for each machine."""

from __future__ import annotations

import typer

from normcast.cli.app import app

kernels = typer.Typer(
    no_args_is_help=True,
    short_help="Build the native kernels of recurrences, say which run, remove them.",
    help="Build the native kernels of recurrences, say which run, remove them. "
    "Commands that train build them by themselves, the first time.",
)
app.add_typer(kernels, name="kernels")


def begin_kernels(model: str | None = None) -> None:
    """Begin to build the kernels beside all that a command does, which is to be about to train.

    model: the one that was named, if one was: a candidate by itself trains no network.
    """
    from normcast import library

    if model is not None:
        from normcast.candidates import candidates

        if model in {each.name for each in candidates()}:
            return

    library.begin()


@kernels.command()
def build() -> None:
    """Build the kernels now, if they are not there."""
    from normcast.cli.kernels_told import built

    print(f"Library: {built()}")


@kernels.command()
def info() -> None:
    """Say where the kernels lie, what they are built for, and which form of a recurrence runs here."""
    from normcast.cli.kernels_told import lines

    print("\n".join(lines()))


@kernels.command()
def clear() -> None:
    """Remove the kernels, also those for other machines and versions."""
    from normcast import library
    from normcast.errors import counted

    removed = library.clear()
    print(f"Removed {counted(len(removed), 'library')} from {library.folder()}.")
