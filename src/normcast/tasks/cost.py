"""Cost: about how long training takes, said before it starts."""

from __future__ import annotations

from normcast.errors import counted

FLOPS_PER_SECOND = 25e9  # of one core on small recurrent networks; measured, 20 to 45 with native kernels
MOST_FASTER = 2.5  # so much faster are products of large networks, of a million multiplications and more
SECONDS_PER_FIT = 0.5  # baselines, ridges, calibration
COMPILING = 8.0  # seconds that the first run of a kind of network compiles
FLOPS_PER_MULTIPLICATION = 6.0  # multiply and add, forward and twice as much backward


def training_seconds(multiplications: float, windows: float) -> float:
    """Return about how long one core trains on so many windows, within a factor of about three.

    multiplications: of a forward pass of one window, as `models.size` counts; windows: over all epochs.

    >>> training_seconds(10_000, windows=1_000_000)
    2.4
    """
    large = min(MOST_FASTER, max(1.0, multiplications / 1e6))
    return FLOPS_PER_MULTIPLICATION * multiplications * windows / (FLOPS_PER_SECOND * large)


def roughly(seconds: float, cores: int, least: float | None = None) -> str:
    """Say how long that is. least: seconds, where it may take as few.

    >>> roughly(7.5, cores=1), roughly(300, cores=2, least=44)
    ('about 10 seconds on 1 core', 'about 40 seconds to 5 minutes on 2 cores')
    >>> roughly(300, cores=2, least=120)
    'about 2 to 5 minutes on 2 cores'
    """
    long, short = _long(seconds), _long(seconds if least is None else least)
    if short.split()[1] == long.split()[1]:
        short = short.split()[0]
    said = long if long.startswith(f"{short} ") else f"{short} to {long}"
    return f"about {said} on {counted(cores, 'core')}"


def _long(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds > 90 else f"{max(10, round(seconds, -1)):.0f} seconds"
