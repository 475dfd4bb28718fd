"""What a corpus entry states of training and data, in the words of the checker."""

from __future__ import annotations

import re
from typing import Any

from normcast.check.facts import Facts, Loss
from normcast.check.gather import loss_name


def facts_of(entry: dict[str, Any], lost: tuple[str, ...] = ()) -> Facts:
    """Return what an entry states; names that mean nothing here are left out."""
    task, training, data = entry.get("task") or {}, entry.get("compile") or {}, entry.get("data") or {}
    found = {k: v for k, v in task.items() if k in ("type", "granularity", "causal_required")}
    found |= _known({**data, **training, **(entry.get("fit") or {}), **(entry.get("training") or {})})
    found |= _samples({**data, **task, **(entry.get("fit") or {})}, entry)
    rate = _peak(training)
    found |= {"learning_rate": rate} if rate is not None else {}
    found |= {"losses": _losses(training, entry.get("outputs"))} if training.get("loss") else {}
    found["metrics"] = tuple(str(m) for m in training.get("metrics") or ())
    if _has_several(found.get("target_shape")):
        found.pop("target_shape")
    return Facts(lost_layers=lost).known(**{k: v for k, v in found.items() if v is not None})


def _known(given: dict[str, Any]) -> dict[str, Any]:
    from normcast.check.facts import _GROUPS

    other = ("losses", "metrics", "type", "granularity", "causal_required", "learning_rate", "optimizer")
    found = {k: v for k, v in given.items() if k in _GROUPS and k not in other}
    if given.get("optimizer"):
        found["optimizer"] = str(given["optimizer"]).removesuffix("()")
    scaled = [given[k] for k in ("input_scaled", "scaled", "inputs_scaled") if isinstance(given.get(k), bool)]
    return found | ({"scaled": all(scaled)} if scaled else {})


def _has_several(shape: Any) -> bool:
    return shape is not None and any(isinstance(n, (list, tuple)) for n in shape)


def _peak(training: dict[str, Any]) -> float | None:
    rates = [training.get("lr"), training.get("learning_rate")]
    schedule = training.get("lr_schedule")
    if isinstance(schedule, str):
        rates += re.findall(r"max\w*\s*=?\s*([0-9.eE+-]+)", schedule)
    numbers = [float(rate) for rate in rates if isinstance(rate, (int, float, str)) and str(rate).strip(",")]
    return max(numbers, default=None)  # type: ignore[type-var]


def _losses(training: dict[str, Any], outputs: list[str] | None) -> tuple[Loss | None, ...]:
    loss = training["loss"]
    if isinstance(loss, dict):
        names = [loss.get(name) for name in outputs] if set(loss) <= set(outputs or ()) else loss.values()
    else:
        names = loss if isinstance(loss, list) else [loss]
    return tuple(None if name is None else _loss(str(name), training) for name in names)


def _loss(text: str, training: dict[str, Any]) -> Loss:
    logits = bool(training.get("from_logits")) or "from_logits=true" in text.lower().replace(" ", "")
    return Loss(loss_name(text.partition("(")[0].rpartition(".")[2]), logits)


_UNITS = ("subject", "patient", "unit", "engine", "speaker", "group", "series", "recording", "user")
_WHOLE = {"all", "whole", "full", "entire", "both", "test"}

_RENAMED = {
    "label_min": "target_min",
    "label_max": "target_max",
    "labels_min": "target_min",
    "labels_max": "target_max",
    "offset": "target_offset",
    "window": "window_length",
    "window_size": "window_length",
    "features": "n_features",
    "n_samples": "n_windows",
    "num_classes": "n_classes",
    "input_p999": "input_high",
    "input_p99_9": "input_high",
    "input_std_ratio": "input_spread",
    "feature_std_ratio": "input_spread",
    "target_in_window": "target_is_feature",
    "target_in_features": "target_is_feature",
}


def _samples(data: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """Read what entries say in other words about splits, scaling, masks and offsets."""
    found = {_RENAMED[k]: v for k, v in data.items() if k in _RENAMED and v is not None}
    for key, value in data.items():
        text = str(value).lower()
        if "split" in key or "validation" in key:
            is_random = "random" in text or "shuffle" in text
            if any(unit in text for unit in _UNITS):
                continue
            if is_random or (value is True and ("random" in key or "shuffle" in key)):
                found["split"] = "random"
            elif any(word in text for word in ("chrono", "time", "ordered")):
                found["split"] = "chronological"
        if "overlap" in key and isinstance(value, (bool, int, float)):
            found["windows_overlap"] = value > 0
        if "stride" in key and isinstance(value, int) and (length := _window_length(data, entry)):
            found.setdefault("windows_overlap", value < length)
        if any(word in key for word in ("normali", "scaler", "scaled_on", "fit_on")) and isinstance(
            value, str
        ):
            words = set(re.findall("[a-z]+", text))
            seen = "all" if words & _WHOLE else "train" if words & {"train", "training"} else None
            found |= {"normalizer_fit_on": seen} if seen else {}
        if "mask" in key and isinstance(value, float) and value <= 1:
            found["masked_real_share"] = value
    return found


def _window_length(data: dict[str, Any], entry: dict[str, Any]) -> int | None:
    shape = entry.get("input_shape") or []
    first = shape[0] if shape and isinstance(shape[0], int) else None
    return data.get("window_length") or first
