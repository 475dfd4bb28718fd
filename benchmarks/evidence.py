"""The claims about normalization and dropout, measured on public data: what `docs/evidence.md` shows."""

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import numpy as np

from benchmarks.claims import CLAIMS, claims_of
from benchmarks.evidence_raw import RAW
from benchmarks.evidence_sets import SETS, Series, quick
from benchmarks.evidence_trials import CURVE, EARLY, RATES, Recipe, Survey, patience
from benchmarks.table import Row, machine
from normcast.check.evidence import FORMAT
from normcast.files import write_whole
from normcast.machine import cores, versions

NETWORK_WORDS = {
    "small": "Conv1D(10, 3, relu), LSTM(15), Dense",
    "large": "Conv1D(32, 3, relu), LSTM(64), Dense",
}
PARTS = tuple(f"{name}/{network}" for network in NETWORK_WORDS for name in SETS)
QUICK = ("convolution-layer-norm", ("taylor-demand", "melbourne", "ETTh1"))


def run(rest: list[str]) -> list[Row]:
    options = asked(rest)
    if options.quick:
        return quickly(options.data, options.processes)
    options.work.mkdir(exist_ok=True)
    parts = chosen(options.part)
    for part in parts:
        survey = survey_of(part, options.data, options.work)
        print(f"{part}: {len(survey.arms)} arms", flush=True)
        survey.run(options.processes)
    if not options.collect:
        return []
    record = record_of(parts, options.data, options.work)
    if options.write.exists():
        record = together(json.loads(options.write.read_text()), record, options.write)
    write_whole(
        options.write, json.dumps(record, separators=(",", ":")).replace('{"dataset"', '\n{"dataset"') + "\n"
    )
    return [Row(f"{len(record['arms'])} arms measured", round(record["cpu_seconds"]), "CPU s")]


def asked(rest: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks evidence")
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--work", type=Path, default=Path(".evidence"), help="where trials are kept")
    parser.add_argument(
        "--part", nargs="*", default=["all"], help="'small', 'large', a data set, or ETTh1/small"
    )
    parser.add_argument("--processes", type=int, default=cores())
    parser.add_argument("--collect", action="store_true", help="put these parts into the record")
    parser.add_argument("--quick", action="store_true", help="repeat one claim in a few minutes")
    parser.add_argument("--write", type=Path, default=RAW)
    return parser.parse_args(rest)


def chosen(words: Iterable[str]) -> tuple[str, ...]:
    """Return the parts that were named: a network, a data set, or one of both.

    Raises SystemExit naming the word that is none of them.
    """
    found: list[str] = []
    for word in words:
        some = [part for part in PARTS if word in ("all", part, *part.split("/"))]
        if not some:
            raise SystemExit(f"evidence: --part {word} is none of: {', '.join(PARTS)}")
        found += some
    return tuple(dict.fromkeys(part for part in found if any(claims_in(part))))


def claims_in(part: str) -> tuple:
    """Return the claims that a part measures."""
    name, network = part.split("/")
    return claims_of(SETS[name].task, network)


def survey_of(part: str, data: Path, work: Path) -> Survey:
    name, network = part.split("/")
    return Survey(name, SETS[name], network, data, work, Recipe())


def record_of(parts: Iterable[str], data: Path, work: Path) -> dict:
    """Return all that was measured, as plain data."""
    datasets: dict[str, dict] = {}
    told: list[dict] = []
    seconds = 0.0
    for part in parts:
        survey = survey_of(part, data, work)
        facts, own = survey.told()
        datasets.setdefault(survey.name, facts)
        told += own
        seconds += survey.seconds
    recipe = Recipe()
    return {
        "format": FORMAT,
        "measured": date.today().isoformat(),
        "machine": machine(),
        "versions": versions(),
        "recipe": {
            "words": recipe.words,
            "epochs": Series.epochs,
            "patience": patience(Series.epochs),
            "rates": RATES,
            "rate_seeds": recipe.rate_seeds,
            "seeds": recipe.seeds,
            "folds": recipe.folds,
            "early": EARLY,
            "curve": CURVE,
        },
        "networks": NETWORK_WORDS,
        "datasets": datasets,
        "claims": [plain(claim) for claim in CLAIMS],
        "arms": told,
        "not_measured": list(not_measured(set(parts))),
        "cpu_seconds": round(seconds),
    }


def together(old: dict, new: dict, where: Path) -> dict:
    """Return a new record with what an older one holds of other parts.

    Parts that were all there before and are measured anew add no seconds. Raises SystemExit where the two
    were measured by different recipes.
    """
    new = json.loads(json.dumps(new))
    if (old["format"], old["recipe"]) != (new["format"], new["recipe"]):
        raise SystemExit(
            f"evidence: {where} was measured by another recipe, so these parts cannot be put into it. "
            f"Write a record of their own: --write FILE"
        )
    known, parts = parts_of(old["arms"]), parts_of(new["arms"])
    arms = [each for each in old["arms"] if part_of(each) not in parts] + new["arms"]
    machines = [each for each in old["machine"].split("; ") if known - parts]
    return {
        **new,
        "machine": "; ".join(dict.fromkeys([*machines, new["machine"]])),
        "datasets": {**old["datasets"], **new["datasets"]},
        "arms": arms,
        "not_measured": list(not_measured(known | parts)),
        "cpu_seconds": old["cpu_seconds"] + (0 if parts <= known else new["cpu_seconds"]),
    }


def parts_of(arms: Iterable[dict]) -> set[str]:
    """Return the parts that arms were trained in."""
    return {part_of(arm) for arm in arms}


def part_of(arm: dict) -> str:
    """Return the part that an arm was trained in.

    >>> part_of({"dataset": "ETTh1", "network": "small"})
    'ETTh1/small'
    """
    return f"{arm['dataset']}/{arm['network']}"


def plain(claim) -> dict:
    """Return a claim as plain data."""
    names = ("name", "words", "first", "second", "rules", "tasks", "networks")
    return {name: getattr(claim, name) for name in names}


def not_measured(parts: set[str]) -> Iterator[dict]:
    """Yield what was planned and is not there."""
    for part in PARTS:
        name, network = part.split("/")
        if part not in parts and any(claims_in(part)):
            yield {"claim": None, "dataset": name, "network": network, "why": "not run yet"}


def quickly(data: Path, processes: int) -> list[Row]:
    """Return one claim measured anew on a few data sets, beside its published sign."""
    name, sets = QUICK
    claim = next(each for each in CLAIMS if each.name == name)
    recipe = Recipe(rate_seeds=1, seeds=4, folds=2, only=(claim.first, claim.second))
    told: list[dict] = []
    with tempfile.TemporaryDirectory() as folder:
        for each in sets:
            survey = Survey(each, quick(SETS[each]), "small", data, Path(folder), recipe)
            survey.run(processes)
            told += survey.told()[1]
    published = json.loads(RAW.read_text())["arms"] if RAW.exists() else []
    now, then = ({each: change(claim, each, arms) for each in sets} for arms in (told, published))
    rows = [Row(f"{claim.words}: {each}", now[each], "%", f"published {then[each]} %") for each in sets]
    mean, known = (float(np.mean(list(each.values()))) for each in (now, then))
    repeated = None if np.isnan(known) else (mean < 0) == (known < 0)
    return [*rows, Row("mean, with the published sign", round(mean, 1), "%", f"{known:.1f} %", "", repeated)]


def change(claim, dataset: str, told: Iterable[dict]) -> float:
    """Return how much larger the error of the second arm is on a data set, in percent; NaN if unknown."""
    own = {
        each["arm"]: each["scores"]
        for each in told
        if (each["dataset"], each["network"]) == (dataset, "small")
    }
    if claim.first not in own or claim.second not in own:
        return float("nan")
    first, second = (np.nanmean(np.array(own[arm], float)) for arm in (claim.first, claim.second))
    return round(100 * (second / first - 1), 1)
