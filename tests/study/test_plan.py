"""What a plan hands to those who train: every setting, and each trial once."""

from collections import Counter

import pytest

from normcast.study import Placement
from normcast.study.job import training_from_json
from tests.study.ready import small_study

GIVEN = {"clipnorm": 0.5, "weight_decay": 0.01, "learning_rate": 0.3, "optimizer": "sgd", "patience": 1}


def jobs(study, workers=1, block=0):
    return study.plan.jobs(study.subject, study.plan.keys, workers, block)


@pytest.mark.parametrize("name", GIVEN)
def test_a_job_is_trained_as_its_placement_says_and_else_as_the_study(name):
    placement = Placement("other", training={name: GIVEN[name]})
    study = small_study(placements=[placement], axes=[], epochs=3, patience=7, batch_size=13)
    own, other = (training_from_json(job.training) for job in jobs(study))
    assert own == study.training
    assert (own.epochs, own.patience, own.batch_size) == (3, 7, 13)
    assert getattr(other, name) == GIVEN[name] != getattr(own, name)
    left = {each for each in vars(own) if getattr(own, each) != getattr(other, each)}
    assert left == {name}


def test_a_placement_does_not_train_for_longer_than_the_others():
    study = small_study(placements=[Placement("long", training={"epochs": 50})], axes=[], epochs=2)
    assert {job.epochs for job in jobs(study)} == {2}


@pytest.mark.parametrize(("workers", "block"), [(1, 0), (2, 0), (5, 0), (1, 2), (3, 1)])
def test_however_the_work_is_cut_each_trial_is_in_it_once(workers, block):
    study = small_study(seeds=3)
    counted = Counter(key for job in jobs(study, workers, block) for key in job.keys)
    assert counted == Counter(study.plan.keys)
    some = study.plan.keys[1::2]
    kept = [key for job in study.plan.jobs(study.subject, some, workers, block) for key in job.keys]
    assert sorted(map(str, kept)) == sorted(map(str, some))
