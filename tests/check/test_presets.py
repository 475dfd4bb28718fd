"""Our own networks under our own rules."""

import pytest

from normcast.check.checker import check_model
from normcast.check.facts import Facts, Loss
from normcast.models import PRESETS, preset

H = 12
FORECAST = Facts().known(
    type="regression", granularity="per_window", losses=(Loss("mse", False),), target_shape=(H,), scaled=True
)
CASES = Facts().known(
    type="classification",
    granularity="per_window",
    losses=(Loss("categorical_crossentropy", False),),
    target_kind="one_hot",
    target_shape=(3,),
    metrics=("accuracy",),
)


def severe(findings):
    return [str(finding) for finding in findings if finding.severity > 1]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_that_forecasts_has_no_errors_or_warnings(name):
    model = preset(name).architecture.build(48, 2, H)
    assert severe(check_model(model, FORECAST)) == []


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_with_quantiles_and_all_inputs_has_no_errors_or_warnings(name):
    model = preset(name).architecture.build(48, 2, H, futr=3, stat=2, quantiles=(0.1, 0.5, 0.9))
    assert severe(check_model(model, {"type": "regression"})) == []


@pytest.mark.parametrize("name", [n for n in PRESETS if not preset(n).architecture.skip])
def test_a_preset_that_classifies_has_no_errors_or_warnings(name):
    architecture = preset(name).architecture
    if architecture.instance_norm:
        pytest.skip("only a forecast can undo the instance norm")
    model = architecture.with_head("softmax").build(48, 2, 3)
    assert severe(check_model(model, CASES)) == []


@pytest.mark.parametrize(
    ("name", "rule"), [("conv-lstm", "bn-before-regression-output"), ("conv-se-lstm", "rnn-off-cudnn")]
)
def test_advice_appears_where_it_is_true(name, rule):
    model = preset(name).architecture.build(48, 1, H)
    assert rule in {finding.rule for finding in check_model(model, FORECAST)}
    others = {finding.rule for finding in check_model(preset("lstm").architecture.build(48, 1, H), FORECAST)}
    assert rule not in others
