"""What gates and states are called."""

NAMES = {
    "i": "i, input gate",
    "f": "f, forget gate",
    "g": "g, candidate",
    "o": "o, output gate",
    "z": "z, update gate",
    "r": "r, reset gate",
    "n": "n, candidate",
    "h": "h, output",
    "c": "c, cell state",
    "x": "x, input",
}

WORDS = {
    "i": "the input gate",
    "f": "the forget gate",
    "g": "the candidate",
    "o": "the output gate",
    "z": "the update gate",
    "r": "the reset gate",
    "n": "the candidate",
}
SQUASHED = ("g", "n")  # gates around 0; the others lie between 0 and 1
