"""Looks: placements stop as soon as it is clear what they do, and more seeds never change that."""

import numpy as np

from normcast.study.statistics import decide


def drawn(seeds, seed=0, **effects):
    """The given network, and one with each of these mean effects, of 2 % spread over seeds."""
    draws = np.random.default_rng(seed)
    given = 1 + draws.normal(0, 0.03, (seeds, 1))
    placed = {name: given + effect + draws.normal(0, 0.02, (seeds, 1)) for name, effect in effects.items()}
    return {"given": given, **placed}


def test_a_placement_stops_once_and_more_seeds_do_not_change_what_was_said():
    scores = drawn(60, harmful=0.2, good=-0.03, nothing=0.01)
    whole = decide(scores, "given", min_effect=0.03)
    stopped = [name for look in whole.looks for name in look.decided]
    assert len(stopped) == len(set(stopped))
    assert whole.looks[0].decided["harmful"] == "worse"
    for look, told in enumerate(whole.looks):
        part = decide({name: each[: told.seeds] for name, each in scores.items()}, "given", min_effect=0.03)
        assert part.looks == whole.looks[: look + 1]
