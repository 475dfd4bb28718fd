"""Numbers of docs/accuracy.md, made from the record: `python -m benchmarks.accuracy_page [RECORD]`.

With `--before FILE` it prints instead what changed since another record, set by set.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from benchmarks import measured_page
from benchmarks.measured_page import table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "accuracy.md"
RESULTS = ROOT / "benchmarks" / "results" / "accuracy.json"
OURS, REFERENCE = "normcast", "seasonal_naive"
PEERS = ("AutoTheta", "AutoETS", "MSTL")  # not our candidates
NOTHING = "Not measured yet."
BEST_MAP = "best `ridge_N`"


def written(value: float | None, digits: int = 3) -> str:
    """Write a score; nothing where there is none."""
    return "" if value is None else f"{value:.{digits}f}"


def setup(record: Mapping[str, Any]) -> str:
    """Return when, on what and how long it was measured."""
    entries = [entry for part in record.values() for entry in part.values()]
    if not entries:
        return NOTHING
    days = sorted({entry["measured"] for entry in entries})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    machines = " and on ".join(sorted({entry["machine"] for entry in entries}))
    minutes = sum(entry["cpu_seconds"] for entry in entries) / 60
    return f"Measured {when} on {machines}: {len(entries)} runs, {minutes:.0f} minutes of CPU."


def origins(record: Mapping[str, Any]) -> str:
    """Return how our forecasts did on each set, beside the best of what else stood there."""
    found = record.get("origins", {})
    if not found:
        return NOTHING
    head = [
        "data set",
        "h",
        "series",
        "rows",
        "origins",
        "MASE",
        "best other",
        "sCRPS",
        "inside 80 %",
        "CPU s",
    ]
    rows = []
    for name, entry in found.items():
        ours = entry["models"][OURS]
        shape = [str(entry[key]) for key in ("h", "series", "rows", "origins")]
        scores = [written(ours["mase"]), best_other(entry["models"]), written(ours["scrps"])]
        rows.append(
            [name, *shape, *scores, written(ours["coverage_80"], 1), written(entry["cpu_seconds"], 0)]
        )
    return table(head, rows) + "\n\n" + against(found)


def best_other(models: Mapping[str, Any]) -> str:
    """Return the model of least MASE that is not ours."""
    others = {
        name: scores["mase"] for name, scores in models.items() if name != OURS and scores["mase"] is not None
    }
    if not others:
        return ""
    best = min(others, key=lambda name: others[name])
    return f"{best} {written(others[best])}"


def against(found: Mapping[str, Any]) -> str:
    """Return how our MASE stands to that of each other model, over the sets that have both."""
    sentences, each = [], [narrow(entry["models"], "mase") for entry in found.values()]
    for name in columns(each):
        pairs = [(some[OURS]["mase"], some.get(name, {}).get("mase")) for some in each]
        ratios = [ours / other for ours, other in pairs if ours and other]
        if name != OURS and ratios:
            sentences.append(f"{geometric_mean(ratios):.3f} of {name} ({len(ratios)} sets)")
    return f"Geometric mean of our MASE: {', '.join(sentences)}."


def narrow(models: Mapping[str, Any], metric: str) -> dict[str, Any]:
    """Return models with one, chosen with hindsight, for the maps of all lengths but the network's."""
    maps = {name: each for name, each in models.items() if name.startswith("ridge_")}
    scored = {name: each[metric] for name, each in maps.items() if each[metric] is not None}
    rest = {name: each for name, each in models.items() if name not in maps}
    return {**rest, BEST_MAP: maps[min(scored, key=lambda name: scored[name])]} if scored else rest


def columns(found: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of all models, ours first and peers last."""
    names = dict.fromkeys(name for models in found for name in models)
    return sorted(names, key=lambda name: (name in PEERS, name != OURS, name == BEST_MAP))


def models(record: Mapping[str, Any]) -> str:
    """Return the MASE of every model on each set."""
    found = record.get("origins", {})
    if not found:
        return NOTHING
    each = {name: narrow(entry["models"], "mase") for name, entry in found.items()}
    names = columns(each.values())
    rows = [[name, *(written(some.get(n, {}).get("mase")) for n in names)] for name, some in each.items()]
    cost = sum(entry.get("peers_cpu_seconds", 0) for entry in found.values())
    told = f"\n\nCPU of {', '.join(PEERS)}: {cost:.0f} s." if cost else ""
    return table(["MASE", *names], rows) + told


def long(record: Mapping[str, Any]) -> str:
    """Return MSE/MAE of every model on each set and horizon of the long-horizon protocol."""
    found = record.get("long", {})
    if not found:
        return NOTHING
    each = {name: narrow(entry["models"], "mse") for name, entry in found.items()}
    names = columns(each.values())
    rows = [[name, str(entry["input_size"]), f"{entry['windows']:,}",
             *(both(each[name].get(model)) for model in names), written(entry["cpu_seconds"], 0)]
            for name, entry in found.items()]  # fmt: skip
    return table(["data set-horizon", "input", "windows", *names, "CPU s"], rows)


def both(scores: Mapping[str, float] | None) -> str:
    """Write MSE and MAE as published tables do."""
    return "" if scores is None else f"{scores['mse']:.3f}/{scores['mae']:.3f}"


def m4(record: Mapping[str, Any]) -> str:
    """Return the competition's metrics of every model."""
    found = record.get("m4", {})
    if not found:
        return NOTHING
    metrics = {"smape": ("sMAPE", 3), "mase": ("MASE", 3), "owa": ("OWA", 3), "scrps": ("sCRPS", 4),
               "coverage_80": ("inside 80 %", 1)}  # fmt: skip
    rows = [
        [f"{name}, {model}", *(written(scores.get(key), digits) for key, (_, digits) in metrics.items())]
        for name, entry in found.items()
        for model, scores in entry["models"].items()
    ]
    cost = ", ".join(f"{name} {entry['cpu_seconds']:.0f} s" for name, entry in found.items())
    return table(["run, model", *(title for title, _ in metrics.values())], rows) + f"\n\nCPU: {cost}."


MEASURED: dict[str, Callable[[dict[str, Any]], str]] = {
    "setup": setup,
    "origins": origins,
    "models": models,
    "long": long,
    "m4": m4,
}


def change(now: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """Return our MASE, coverage and CPU seconds in two records, of the sets that both have."""
    shared = [name for name in now["origins"] if name in before["origins"]]
    rows, ratios, costs = [], [], []
    for name in shared:
        new, old = (record["origins"][name] for record in (now, before))
        ours = [each["models"][OURS] for each in (old, new)]
        ratios.append(ours[1]["mase"] / ours[0]["mase"])
        costs.append(new["cpu_seconds"] / old["cpu_seconds"])
        scores = [written(each["mase"]) for each in ours] + [written(ratios[-1])]
        cover = [written(each["coverage_80"], 1) for each in ours]
        rows.append([name, *scores, best_other(new["models"]), *cover, written(costs[-1], 2)])
    means = (f"geometric mean of the MASE ratio {geometric_mean(ratios):.3f}, worst {max(ratios):.3f}; "
             f"of the CPU ratio {geometric_mean(costs):.2f}, worst {max(costs):.2f}")  # fmt: skip
    head = ["data set", "MASE before", "now", "ratio", "best other", "inside before", "now", "CPU ratio"]
    return f"{table(head, rows)}\n\n{len(rows)} sets: {means}."


def write(record: dict[str, Any], page: Path = PAGE) -> Path:
    """Write the numbers of a record into the page; returns it."""
    text = measured_page.filled(page.read_text(encoding="utf-8"), record, MEASURED)
    page.write_text(text, encoding="utf-8")
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", type=Path, nargs="?", default=RESULTS)
    parser.add_argument("--before", type=Path, help="print what changed since this record instead")
    options = parser.parse_args()
    now = json.loads(options.record.read_text(encoding="utf-8"))
    if options.before is None:
        print(write(now).relative_to(ROOT))
    else:
        print(change(now, json.loads(options.before.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
