"""Run the command line: `normcast`, and `python -m normcast`."""

import os
import sys


def main() -> None:
    """Run a command; an interrupt while Python still imports ends it as quietly as a later one."""
    try:
        from normcast.cli import main as run

        run()
    except KeyboardInterrupt:
        print("normcast: error: interrupted", file=sys.stderr, flush=True)
        os._exit(130)


if __name__ == "__main__":
    main()
