"""The runs that evidence is collected by: each way at the learning rate of its own, and nothing twice."""

import json

import numpy as np
import pandas as pd
import pytest
from benchmarks import evidence
from benchmarks.claims import CLAIMS, NETWORKS, arms, claims_of
from benchmarks.evidence_sets import SETS, Series
from benchmarks.evidence_trials import Recipe, Survey, so_far, trials_of

from normcast.check.rule import RULES
from normcast.study import BASELINE
from normcast.study.store import Store
from normcast.study.trial import Trial

ARMS = (BASELINE, "lstm_1: batch norm inside")
WAVE = Series("wave.csv", "y", "a wave", 7, 400, epochs=2)


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evidence")
    noise = np.random.default_rng(0).standard_normal(400)
    pd.DataFrame({"y": np.sin(np.arange(400) * 2 * np.pi / 7) + 0.1 * noise}).to_csv(folder / "wave.csv")
    made = Survey("wave", WAVE, "small", folder, folder, Recipe(1, seeds=1, folds=1, only=ARMS))
    made.run(processes=1)
    return made


def known(survey):
    store = Store(survey.path)
    try:
        return trials_of(store)
    finally:
        store.close()


def test_each_way_is_scored_at_the_learning_rate_of_its_lowest_validation_loss(survey):
    trials = known(survey)
    for told in survey.told()[1]:
        own = {
            rate: min(trials[survey._key(told["arm"], rate, 0, 0)].history["val_loss"])
            for rate in survey.rates
        }
        assert told["rate"] == min(own, key=own.__getitem__)
        chosen = trials[survey._key(told["arm"], told["rate"], 0, 0)]
        assert told["scores"] == [[pytest.approx(chosen.metrics["mase"], rel=1e-4)]]


def test_learning_rates_act(survey):
    losses = {trial.history["val_loss"][1] for trial in known(survey).values()}
    assert len(losses) == len(ARMS) * len(survey.rates)


def test_a_second_run_trains_nothing(survey, monkeypatch):
    monkeypatch.setattr("benchmarks.evidence_trials.run_here", lambda *_: pytest.fail("trained again"))
    survey.run(processes=1)


def test_what_is_told_is_plain_data_with_baselines_beside(survey):
    facts, told = json.loads(json.dumps(survey.told()))
    assert facts["reference"] in facts["baselines"]
    assert [each["arm"] for each in told] == list(ARMS)
    assert np.shape(told[0]["early"]) == (1, 1, 3)
    assert len(told[0]["curve"]) == 10


def test_the_best_loss_so_far_never_rises_and_stays_where_a_training_stopped():
    trial = Trial("x", 0, 0, 9, history={"val_loss": [9.0, 3.0, 1.0, 2.0]})
    assert so_far(trial, (1, 2, 3, 9)) == [3.0, 1.0, 1.0, 1.0]


def test_every_claim_has_arms_that_fit_both_networks_and_rules_that_exist():
    slugs = {rule.slug for rule in RULES.values()}
    for network, architecture in NETWORKS.items():
        claims = claims_of("forecast", network)
        model = architecture.build(48, 1, 12)
        names = {each.name for each in arms(model, claims)} | {BASELINE}
        for claim in claims:
            assert {claim.first, claim.second} <= names
            assert set(claim.rules) <= slugs
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)


def test_parts_are_named_by_data_set_by_network_or_both():
    assert evidence.chosen(["ETTh1"]) == ("ETTh1/small", "ETTh1/large")
    assert set(evidence.chosen(["large"])) < set(evidence.chosen(["all"]))
    assert sum(each.task == "classify" for each in SETS.values()) >= 6
    with pytest.raises(SystemExit, match="ETTh9"):
        evidence.chosen(["ETTh9"])


def recorded(parts, seconds, score=1.0, machine="one"):
    pairs = [part.split("/") for part in parts]
    arms = [
        {"dataset": name, "network": network, "arm": BASELINE, "scores": [[score]]} for name, network in pairs
    ]
    return {
        "format": 2,
        "machine": machine,
        "recipe": {"rates": {"small": (0.003, 0.01)}},
        "datasets": {name: {"words": name} for name, _ in pairs},
        "arms": arms,
        "not_measured": [],
        "cpu_seconds": seconds,
    }


def together(old, new):
    return evidence.together(json.loads(json.dumps(old)), new, evidence.RAW)


def test_parts_that_are_collected_are_put_into_the_record_and_others_stay():
    old, new = recorded(["ETTh1/small", "melbourne/small"], 100), recorded(["ETTh1/large"], 50, 2.0, "two")
    made = together(old, new)
    assert made["machine"] == "one; two"
    assert evidence.parts_of(made["arms"]) == {"ETTh1/small", "melbourne/small", "ETTh1/large"}
    assert (set(made["datasets"]), made["cpu_seconds"]) == ({"ETTh1", "melbourne"}, 150)
    lacking = {(each["dataset"], each["network"]) for each in made["not_measured"]}
    assert ("melbourne", "large") in lacking
    assert not {("ETTh1", "small"), ("ETTh1", "large"), ("melbourne", "small")} & lacking


def test_a_part_that_is_measured_anew_replaces_what_was_there_and_is_not_counted_twice():
    made = together(recorded(["ETTh1/small", "melbourne/small"], 100), recorded(["melbourne/small"], 50, 2.0))
    assert {each["dataset"]: each["scores"] for each in made["arms"]} == {
        "ETTh1": [[1.0]],
        "melbourne": [[2.0]],
    }
    assert made["cpu_seconds"] == 100


def test_parts_of_another_recipe_are_not_mixed():
    with pytest.raises(SystemExit, match="another recipe"):
        together({**recorded(["ETTh1/small"], 1), "recipe": {}}, recorded(["ETTh1/large"], 1))
