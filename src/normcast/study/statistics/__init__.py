"""What may be concluded from scores over seeds, and how sure one may be of it."""

from normcast.study.statistics.compare import compare
from normcast.study.statistics.comparison import Comparison
from normcast.study.statistics.effect import Effect, Verdict
from normcast.study.statistics.looks import Look, Looked, decide, look_seeds
from normcast.study.statistics.measures import deviations, epochs_to, generalization_gap
from normcast.study.statistics.paired import t_test
from normcast.study.statistics.pooled import Pooled, leave_one_out, pooled
from normcast.study.statistics.ranking import Ranking, rank
from normcast.study.statistics.reach import Reach, reach
from normcast.study.statistics.seeds import SeedCheck, enough_seeds, fewest_seeds

__all__ = [
    "Comparison",
    "Effect",
    "Look",
    "Looked",
    "Pooled",
    "Ranking",
    "Reach",
    "SeedCheck",
    "Verdict",
    "compare",
    "decide",
    "deviations",
    "enough_seeds",
    "epochs_to",
    "fewest_seeds",
    "generalization_gap",
    "leave_one_out",
    "look_seeds",
    "pooled",
    "rank",
    "reach",
    "t_test",
]
