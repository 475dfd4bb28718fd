"""Extent: by which design a study trains, and from how many seeds."""

from __future__ import annotations

from dataclasses import dataclass

from normcast.errors import at_least_one, one_of
from normcast.pages.percent import exact
from normcast.study.combine import DESIGNS
from normcast.study.statistics import enough_seeds, look_seeds

SEEDS, MOST_SEEDS = 10, 40


@dataclass(frozen=True)
class Extent:
    """A design, and how many seeds it trains; of "decide" at most so many."""

    design: str
    seeds: int

    @classmethod
    def of(cls, design: str | None, seeds: int | None, max_seeds: int | None) -> Extent:
        """Settle what is left open: a fixed number of seeds for all where that is given, else "decide".

        Raises ValueError where they do not go together.

        >>> Extent.of(None, None, None), Extent.of(None, 8, None).design
        (Extent(design='decide', seeds=40), 'one_at_a_time')
        """
        for name, value in (("seeds", seeds), ("max_seeds", max_seeds)):
            if value is not None:
                at_least_one("Study", name, value)
        design = design or ("decide" if seeds is None else "one_at_a_time")
        one_of("Study", "design", design, DESIGNS)
        if design != "decide":
            if max_seeds is not None:
                raise ValueError(
                    f"Study: max_seeds is {max_seeds}, but {_why(design, seeds)}. Leave one of them out."
                )
            return cls(design, SEEDS if seeds is None else seeds)
        if seeds is not None:
            raise ValueError(
                f"Study: seeds is {seeds}, but design='decide' takes as many as it needs. Give max_seeds to "
                "bound it, or design='one_at_a_time' for a fixed number."
            )
        most = MOST_SEEDS if max_seeds is None else max_seeds
        if most < look_seeds()[0]:
            raise ValueError(
                f"Study: max_seeds is {most}, but the first look is after {look_seeds()[0]} seeds. Give at "
                "least so many, or a fixed number as seeds."
            )
        return cls(design, look_seeds(most)[-1])

    def said(self, placements: int, min_effect: float) -> str:
        """Return what so many seeds can decide."""
        if self.design != "decide":
            return str(enough_seeds(self.seeds, placements))
        margin = f"or within {exact(min_effect)} of it, " if min_effect else ""
        return (
            "A placement stops as soon as it is shown to be better or worse than the network as given, "
            f"{margin}by tests corrected for all looks and placements; one that {self.seeds} seeds would "
            "hardly decide is set aside."
        )


def _why(design: str, seeds: int | None) -> str:
    if seeds is None:
        return f"design={design!r} takes a fixed number of seeds"
    return f"seeds={seeds} asks for a fixed number"


def next_look(seeds: int) -> int:
    """Return the fewest seeds, so many or more, after which there is a look.

    >>> next_look(13), next_look(18)
    (18, 18)
    """
    return next(each for each in look_seeds() if each >= min(seeds, look_seeds()[-1]))
