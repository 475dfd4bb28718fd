"""Dispatch `python -m benchmarks NAME` to the module of that name."""

import argparse
import importlib
import json
import os
import pkgutil
import sys

import benchmarks
from benchmarks.table import Row, printed

INNER = {
    "accuracy_page", "answers_page", "claims", "contestants", "corpus_facts", "corpus_models",
    "corpus_mutants", "evidence_effects", "evidence_method", "evidence_page", "evidence_pool",
    "evidence_raw", "evidence_sets", "evidence_tables", "evidence_trials", "first_jobs", "first_phases",
    "forecast_sets", "forest", "gpu_equality", "gpu_races", "gradients_page", "gradients_pictures",
    "gradients_record", "long_horizon", "m4", "measured_page", "networks", "peers", "race", "results_pages",
    "rolling_origins", "scale_jobs", "slots", "table", "truths",
}  # fmt: skip


def main() -> int:
    names = sorted({m.name for m in pkgutil.iter_modules(benchmarks.__path__)} - INNER - {"__main__"})
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Run one benchmark.")
    parser.add_argument("name", choices=names)
    parser.add_argument("--json", action="store_true", help="print a list of objects instead of a table")
    options, rest = parser.parse_known_args()
    os.environ.setdefault("KERAS_BACKEND", "jax")  # a module may import keras before normcast
    module = importlib.import_module(f"benchmarks.{options.name}")
    if not hasattr(module, "run"):  # it prints by itself
        return module.main([*rest, *(["--json"] if options.json else [])])
    rows: list[Row] = module.run(rest)
    print(json.dumps([vars(row) for row in rows], indent=1) if options.json else printed(rows))
    return 0 if all(row.ok is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
