"""Planted: a door with a fault behind four bytes, which chance alone finds once in four billion cases."""

from tests.fuzz.campaign import judged


class Door:
    cost = 1

    @staticmethod
    def starts():
        return [b"some bytes"]

    @staticmethod
    def enter(raw):
        with judged("planted"):
            if raw[:1] == b"n" and raw[1:2] == b"o" and raw[2:3] == b"r" and raw[3:4] == b"m":
                raise KeyError("planted")
            raise ValueError("of another kind")


class Sound(Door):
    @staticmethod
    def enter(raw):
        with judged("sound"):
            raise ValueError("of another kind")


class Dying(Door):
    @staticmethod
    def enter(raw):
        import os

        os.abort()


DOORS = {"planted": Door, "sound": Sound, "dying": Dying}
