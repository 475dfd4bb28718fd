"""The command line: parse, call one public function, print. Nothing heavy is imported before that."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from typing import NoReturn

import typer

import normcast
from normcast.cli import ending
from normcast.cli.app import app
from normcast.cli.codes import DONE, FAILED, INTERRUPTED, REFUSED
from normcast.cli.console import Refusal, calling, write_what_can_be_written
from normcast.cli.spared import spare

from normcast.cli import forecast, predict, fit, presets, check, inspect, study, kernels  # isort: skip  (they add their commands, in this order)


__all__ = ["app", "check", "fit", "forecast", "inspect", "kernels", "main", "predict", "presets", "study"]


OBJECTS = 50_000
"""That were made since Python's collector last looked for circles among them."""


def main() -> NoReturn:
    """Run a command; every failure is one message on stderr and a non-zero exit code."""
    arguments = [each for each in sys.argv[1:] if each != "--debug"]
    # The engine runs on JAX alone, whatever backend keras.json names.
    os.environ["KERAS_BACKEND"] = normcast.ASKED_BACKEND or "jax"
    spare()
    gc.set_threshold(OBJECTS)  # as often as Python's own 700, it looks in vain through what was imported
    write_what_can_be_written()
    ending.listen()
    code = run(arguments, debug="--debug" in sys.argv[1:])
    if code == ending.code():
        ending.leave()
    gc.freeze()  # the process ends: looking through all that Keras and JAX hold takes most of a second
    sys.exit(code)


def run(arguments: list[str], *, debug: bool = False) -> int:
    """Run a command and return its exit code, one of `codes.CODES`."""
    calling(arguments)
    group = typer.main.get_command(app)
    # Drawing boxes takes twice as long as all the rest of `normcast --help`; the commands' own help has them.
    group.rich_markup_mode = None  # type: ignore[attr-defined]
    try:
        code = group.main(arguments, prog_name="normcast", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = ending.code()
    except typer.Exit as error:
        code = error.exit_code
    except Refusal as error:
        return refused(str(error), REFUSED, debug)
    except (ValueError, TypeError, OSError, ArithmeticError, ImportError, RuntimeError) as error:
        return refused(str(error) or type(error).__name__, FAILED, debug)
    except Exception as error:
        # Typer carries its own copy of click, whose errors of usage have no public name.
        if hasattr(error, "format_message"):
            return refused(f"{error.format_message()} (see normcast --help)", REFUSED, debug)
        return refused(f"unexpected {type(error).__name__}: {error} (--debug shows where)", FAILED, debug)
    if code == INTERRUPTED or ending.told:  # Typer makes of an interrupt a code of its own
        return refused(ending.words(), ending.code(), debug)
    return code if isinstance(code, int) else DONE


def refused(message: str, code: int, debug: bool) -> int:
    """Print one message on stderr, and the traceback if asked; return the exit code."""
    if debug:
        traceback.print_exc()
    print(f"normcast: error: {message}", file=sys.stderr)
    return code
