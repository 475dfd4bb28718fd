"""Jitter: stamps of a sensor that stand about a step apart, and are told from a step that is only unusual."""

import numpy as np

_MINUTE = 60 * 10**9
_USUAL = {
    "s": 10**9, "5s": 5 * 10**9, "10s": 10 * 10**9, "15s": 15 * 10**9, "30s": 30 * 10**9, "min": _MINUTE,
    "2min": 2 * _MINUTE, "5min": 5 * _MINUTE, "10min": 10 * _MINUTE, "15min": 15 * _MINUTE,
    "20min": 20 * _MINUTE, "30min": 30 * _MINUTE, "h": 60 * _MINUTE, "2h": 120 * _MINUTE, "3h": 180 * _MINUTE,
    "6h": 360 * _MINUTE, "12h": 720 * _MINUTE, "D": 1440 * _MINUTE,
}  # fmt: skip
_SENSORS = {"h": "an hourly", "D": "a daily", "min": "a one-minute", "s": "a one-second"}


def refuse(counted: np.ndarray, gaps: np.ndarray, usual: int, where: str) -> None:
    """Raise ValueError where most times are not the usual one apart, but near a round step.

    counted: (N,) stamps; gaps: times between neighbours; usual: the most frequent one; all nanoseconds.
    """
    if np.mean(gaps == usual) >= 0.5:
        return
    name, size = _nearest_step(float(np.median(gaps)))
    steps = np.round(gaps / size)
    off = gaps - steps * size
    is_near = (steps >= 1) & (np.abs(off) <= 0.25 * size)
    if np.mean(off != 0) < 0.1 or np.mean(is_near) < 0.9:
        return
    rest = (counted + size // 2) % size - size // 2  # from the nearest step, before or after
    most = float(np.abs(rest).max()) / 10**9
    raise ValueError(
        f"{where}: stamps stand near {name} apart, yet {np.mean(off != 0):.0%} of them not exactly: "
        f"this looks like {_SENSORS.get(name, f'a {name}')} sensor with jitter of up to {most:.6g} s. Snap "
        f"its stamps to the nearest step: --resample {name} (time_col=Clock(resample={name!r})), with "
        f"--resample-by mean, sum or last for stamps of one step."
    )


def _nearest_step(gap: float) -> tuple[str, int]:
    return min(_USUAL.items(), key=lambda each: abs(np.log(each[1] / gap)))
