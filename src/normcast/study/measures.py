"""Measures: the metrics that a model was compiled with, as further scores of a study, and which decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any, TypeAlias

import numpy as np

from normcast.errors import one_of, unknown
from normcast.models.revival import revived
from normcast.scoring import beside, is_own_metric, measured, plain_metric, rises
from normcast.tasks.task import Fold, Measured, Task

MetricLike: TypeAlias = "str | tuple[str, str] | None"


@dataclass(frozen=True)
class Measures:
    """Compiled metrics as plain values, which travel to any worker. Smaller is better of all scores told.

    rising: metrics of which more is better: they are told as "1 - name". decides: the score that is told
    first, "" for the task's own first. own: metrics of the user's code by what stands for them in `metrics`.
    """

    metrics: tuple[Any, ...] = ()
    rising: tuple[str, ...] = ()
    decides: str = ""
    own: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, metrics: Sequence[Any], task: Task, asked: MetricLike = None) -> Measures:
        """Return the measures of compiled metrics, and of the one that was asked to decide.

        asked: a name, or (name, "min" or "max"). Raises ValueError for a name that nothing is measured by,
        and where a metric fails on what the task compares.
        """
        own = {f"{_name(each)}, metric {i}": each for i, each in enumerate(metrics, 1) if is_own_metric(each)}
        keys = {id(each): key for key, each in own.items()}
        plain = tuple(keys.get(id(each)) or plain_metric(each) for each in metrics)
        measures = cls(plain, own=own)
        found = measures._names(task)
        rising = tuple(name for name in found if rises(name))
        return replace(measures, rising=rising)._decided(asked, found, task)

    def _names(self, task: Task) -> list[str]:
        """Return what Keras calls the numbers of the metrics."""
        if not self.metrics:
            return []
        fold = task.fold(0)
        blank = np.zeros((len(fold.test), *task.output_shape))
        return list(measured(self.revived(), *fold.compared(blank, "test")))

    def _decided(self, asked: MetricLike, found: Sequence[str], task: Task) -> Measures:
        if asked is None:
            return self
        name, way = asked if isinstance(asked, tuple) else (asked, None)
        one_of("Study", "metric", way, ("min", "max"), optional=True)
        if name in task.metrics:
            if way == "max":
                raise ValueError(f"Study: metric is {asked!r}, but smaller is better of {name}; leave 'max'.")
            return replace(self, decides=name)
        own = {beside({each: 0.0}, task.metrics).popitem()[0]: each for each in found}
        if name not in own:
            raise ValueError(unknown("metric", name, (*task.metrics, *own), where="Study"))
        raw = own[name]
        others = tuple(each for each in self.rising if each != raw)
        is_rising = raw in self.rising if way is None else way == "max"
        measures = replace(self, rising=(*others, raw) if is_rising else others)
        return replace(measures, decides=measures._shown({raw: 0.0}, task.metrics).popitem()[0])

    def revived(self) -> list[Any]:
        """Return the metrics as Keras takes them."""
        return [
            self.own.get(each, each) if isinstance(each, str) else revived(each, "Study: metric", self.own)
            for each in self.metrics
        ]

    def told(self, fold: Fold, outputs: np.ndarray, part: str) -> Measured:
        """Return all scores of a part, the one that decides first.

        A compiled metric that is NaN or infinite there is left out, unless it decides.
        """
        scores = dict(fold.scored(outputs, part))
        if self.metrics:
            found = self._shown(measured(self.revived(), *fold.compared(outputs, part)), scores)
            scores |= {name: v for name, v in found.items() if isfinite(v) or name == self.decides}
        return {self.decides: scores[self.decides], **scores} if self.decides else scores

    def _shown(self, found: Mapping[str, float], taken: Sequence[str] | Mapping[str, float]) -> Measured:
        """Return metrics so that smaller is better, by names that no score of the task has."""
        pairs = ((f"1 - {name}", 1 - v) if name in self.rising else (name, v) for name, v in found.items())
        return beside(dict(pairs), taken)


def _name(metric: Any) -> str:
    return str(getattr(metric, "name", getattr(metric, "__name__", type(metric).__name__)))
