"""Checkpoints: one file that is whole or absent, from which a training goes on bit for bit."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from normcast.engine.batches import Batches
from normcast.engine.source import Shards
from normcast.files import write_whole
from normcast.plain import parsed, text

FORMAT = 1


def fingerprint(*parts: Any) -> str:
    """Return a digest of a training's arguments: strings, numbers, arrays and Batches.

    >>> fingerprint("a", 1) == fingerprint("a", 1), fingerprint("a", 1) == fingerprint("a", 2)
    (True, False)
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, Batches):
            for name, field in part.fields.items():
                digest.update(repr((name, field.offset, field.length, field.by)).encode())
                digest.update(np.ascontiguousarray(field.values).view(np.uint8).data)
            digest.update(part.start.tobytes() + part.series.tobytes())
        elif isinstance(part, Shards):  # too large to read for a digest: known by its sizes
            digest.update(repr((list(part.windows), part.rows)).encode())
        elif isinstance(part, np.ndarray):
            digest.update(repr((part.shape, part.dtype)).encode() + part.tobytes())
        else:
            digest.update(repr(part).encode())
        digest.update(b"|")
    return digest.hexdigest()


@dataclass(frozen=True)
class Checkpoint:
    """The file of one model's training, and the digest of the arguments it belongs to."""

    path: Path
    arguments: str

    def save(self, arrays: Any, facts: dict[str, Any]) -> None:
        """Write arrays (any tree) and facts (JSON) in one step: the file is the old one or the new one."""
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(arrays)]
        record = text({"format": FORMAT, "arguments": self.arguments, "facts": facts}, sort=False)
        about = {"normcast": record, "digest": fingerprint(record, *leaves)}
        write_whole(self.path, save({str(i): leaf for i, leaf in enumerate(leaves)}, metadata=about))

    def load(self, like: Any) -> tuple[Any, dict[str, Any]] | None:
        """Return (arrays in the tree of `like`, facts), or None if there is no file yet.

        Raises ValueError if the file is no checkpoint, damaged, or one of a training with other arguments.
        """
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, "numpy") as file:
                about = file.metadata()
                record = parsed(about["normcast"], str(self.path))
                leaves = [file.get_tensor(str(i)) for i in range(len(file.keys()))]
            if fingerprint(about["normcast"], *leaves) != about["digest"]:
                raise ValueError("it does not hold what was written")
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"checkpoint {self.path}: not a checkpoint of normcast, or damaged ({error}). Delete it to "
                "begin anew, or name another file."
            ) from error
        if record["arguments"] != self.arguments or record["format"] != FORMAT:
            raise ValueError(
                f"checkpoint {self.path}: it belongs to a training with other arguments (model, data, "
                "training, seeds or start). Delete it to begin anew, or name another file."
            )
        return jax.tree.unflatten(jax.tree.structure(like), leaves), record["facts"]

    def remove(self) -> None:
        """Delete the file, if there is one."""
        self.path.unlink(missing_ok=True)
