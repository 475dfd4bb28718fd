"""What an installed Keras no longer has, said once."""

import logging
from functools import cache

import keras

_log = logging.getLogger("normcast")


@cache
def told_gone(name: str) -> None:
    """Say, once, that this Keras has no such name."""
    _log.warning("normcast: Keras %s hides %s; normcast does without it.", keras.__version__, name)
