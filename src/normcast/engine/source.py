"""Where an epoch's windows come from: arrays in memory, or shards that are loaded one ahead."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from jax.sharding import Mesh
from jaxtyping import Int, Shaped

from normcast.engine.batches import Batches
from normcast.engine.devices import SHARED, placed
from normcast.engine.gather import Layout, by_source, laid_out
from normcast.engine.network import Network
from normcast.engine.order import epoch_order, size_class


@dataclass(frozen=True, eq=False)
class Shards:
    """Windows that exceed memory: each shard is a `Batches`, and at most three are in memory at a time.

    An epoch visits the shards in an order of its own, and the windows within each in an order of their own.

    Parameters
    ----------
    load : callable
        Takes i and returns shard i; it runs in a thread, one shard ahead of the training. All shards have the
        same fields. Arrays that it gave must not change later: they may be read where they are.
    windows : sequence of int
        How many windows each shard has.
    rows : int
        The most rows that any array of any shard has.

    Examples
    --------
    >>> y = np.arange(30, dtype="float32")
    >>> from normcast.engine import Field
    >>> def load(i):
    ...     part = y[10 * i : 10 * i + 10]
    ...     return Batches({"past": Field(part, 0, 3)}, Field(part, 3, 1), np.arange(7, dtype="int32"),
    ...                    np.zeros(7, "int32"))
    >>> len(Shards(load, windows=[7, 7, 7], rows=10))
    21
    """

    load: Callable[[int], Batches]
    windows: Sequence[int]
    rows: int

    def __len__(self) -> int:
        return sum(self.windows)


@dataclass(frozen=True, eq=False)
class Stretch:
    """What a program trains on without a pause: arrays on the device, and the order of windows per seed."""

    data: Batches
    arrays: Any
    epoch: int
    shard: int
    visited: int
    steps: int
    length: int  # of a padded order

    def orders(self, seeds: Sequence[int | None]) -> Int[np.ndarray, "seeds {self.length}"]:
        """Return the order for each seed, (seeds, length); zeros where there is none."""
        orders = np.zeros((len(seeds), self.length), np.int32)
        for row, seed in enumerate(seeds):
            if seed is not None:
                order = epoch_order(len(self.data), seed, self.epoch, self.shard, self.visited)
                orders[row, : self.visited] = order
        return orders

    def batch(
        self, order: Int[np.ndarray, " length"], step: int, batch_size: int
    ) -> tuple[dict[str, Shaped[np.ndarray, "{batch_size} ..."]], Any]:
        """Gather the batch of one step with NumPy."""
        return self.data.at(order[(step * batch_size + np.arange(batch_size)) % self.visited])


class Source:
    """Gives the stretches of each epoch. visited: windows of an epoch that are visited, None for all."""

    def __init__(
        self, data: Batches | Shards, network: Network, batch_size: int, visited: int | None, mesh: Mesh
    ) -> None:
        self.data, self.network, self.mesh = data, network, mesh
        counts = list(data.windows) if isinstance(data, Shards) else [min(len(data), visited or len(data))]
        self.batch_size = min(batch_size, *counts)
        self.counts = counts
        self.steps = sum(-(-count // self.batch_size) for count in counts)
        self.held: Stretch | None = None
        self._layout: Layout | None = None

    @property
    def layout(self) -> Layout:
        """How a batch is gathered; the same for all stretches."""
        if self._layout is None:
            self.whole(0)
        return self._layout  # type: ignore[return-value]  # set by loading

    def stretches(self, epoch: int) -> Iterator[Stretch]:
        """Yield what the epoch trains on."""
        if not isinstance(self.data, Shards):
            yield self.whole(epoch)
            return
        order = epoch_order(len(self.counts), 0, epoch, shard=len(self.counts))
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(self._loaded, int(order[0]))
            for place, shard in enumerate(order):
                data, arrays = coming.result()
                if place + 1 < len(order):
                    coming = ahead.submit(self._loaded, int(order[place + 1]))
                yield self._stretch(data, placed(arrays, self.mesh, SHARED), epoch, int(shard))

    def whole(self, epoch: int) -> Stretch:
        """Return an epoch's one stretch in memory, or the first shard: what a program is compiled for."""
        shards = isinstance(self.data, Shards)
        if self.held is None:
            data, arrays = self._loaded(0)
            stretch = self._stretch(data, placed(arrays, self.mesh, SHARED), epoch, 0)
            if shards:
                return stretch
            self.held = stretch
        return self._stretch(self.held.data, self.held.arrays, epoch, 0)

    def held_arrays(self) -> dict[int, Any]:
        """Return the arrays in memory that are on the device, by the identity of what they hold."""
        if self.held is None:
            return {}
        data = self.held.data
        return by_source(data, self.network.matched(data.inputs), self.held.arrays)

    def _loaded(self, shard: int) -> tuple[Batches, Any]:
        if isinstance(self.data, Shards):
            data = self.data.load(shard)
            if len(data) != self.counts[shard]:
                raise ValueError(f"Shards: shard {shard} has {len(data)} windows, not {self.counts[shard]}.")
            layout, arrays = laid_out(
                data, self.network.matched(data.inputs), self.data.rows, max(self.counts)
            )
        else:
            data = self.data
            layout, arrays = laid_out(data, self.network.matched(data.inputs))
        if self._layout not in (None, layout):
            raise ValueError(f"Shards: shard {shard} has other fields than the first.")
        self._layout = layout
        return data, arrays

    def _stretch(self, data: Batches, arrays: Any, epoch: int, shard: int) -> Stretch:
        visited = self.counts[shard]
        steps = -(-visited // self.batch_size)
        return Stretch(data, arrays, epoch, shard, visited, steps, size_class(max(self.counts)))
