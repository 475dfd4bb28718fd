"""Exit codes: what a command ends with, the same for all of them."""

DONE, FAILED, REFUSED = 0, 1, 2
HUNG_UP, INTERRUPTED, TERMINATED = 129, 130, 143

CODES = {
    DONE: "done",
    FAILED: "an error, in one message; of check: findings as severe as --fail-on",
    REFUSED: "a wrong call; of check and inspect: what could not be read or checked",
    HUNG_UP: "stopped: its terminal is gone",
    INTERRUPTED: "stopped: interrupted (Ctrl-C)",
    TERMINATED: "stopped: terminated",
}
"""What each code means; that of a stopped command is 128 and the number of the signal, as in shells."""


def told() -> str:
    """Return the codes as `normcast --help` ends with them, a line each."""
    lines = [f"  {code:>3}  {meaning}" for code, meaning in CODES.items()]
    return "\n".join(["\b", "Exit codes:", *lines])
