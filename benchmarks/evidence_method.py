"""The words of the page of evidence: how it was measured, and the notes on single claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan

import numpy as np

from benchmarks.evidence_effects import RESOLUTION, seed_spread
from benchmarks.evidence_pool import Answered, Studied
from benchmarks.evidence_raw import Raw
from normcast.check.conclusion import REGION, Conclusion, change
from normcast.check.evidence import MEASURE
from normcast.errors import counted
from normcast.pages.percent import exact, size

METHOD = """# Evidence: what normalization and dropout did on public data

Each claim compares two ways to arrange one network that else stays the same. Training: {recipe}.
Both arms were trained from the same seeds, and scored on rows that neither had seen. **A change below zero
means that the first-named way has the smaller error.**

{networks}

How the figures are made, and how to read them:

- **On one data set** the change is the logarithm of the second arm's error over the first's, paired by seed:
  each seed is the mean of its folds, and the interval is that of the mean over seeds. Logarithms make +100 %
  and −50 % the same distance, so that no way of naming the arms looks larger.
- **On average** is the mean over data sets with its 95 % interval: random effects by REML, the interval of
  Hartung and Knapp, never narrower than with known variances. No data set counts as known more exactly
  than to {resolution}.
- **On further data** is the 95 % prediction interval: where the true change on one more data set of this kind
  is expected. It is the answer to "what will it do on mine?". **Tau** is how far true changes differ between
  data sets, a standard deviation of logarithms, with its interval (Q profile).
- **Smaller, larger** counts the data sets on each side, beyond ±{region}. **p** is corrected by Holm over all
  claims of one task, both networks together; each early epoch is a family of its own.
- A data set where either arm is worse than {references} is **left out** of that claim's pool, since two
  networks that learned nothing say nothing of each other. It stays in plot and table, hollow and with the
  reason, and the mean with it is told beside. Scores worse than the baseline bear (!).
- **After some epochs** the same is said of the best validation loss so far, so that an arm that starts faster
  is told from one that ends better.

What is said of a claim is the first of these that holds:

| words | what holds |
|---|---|
| does nothing | interval, prediction interval and all data sets lie within ±{region} |
| differs from data to data | further data and these lie beyond ±{region} on both sides; tau is above 0 |
| does nothing on average | the interval of the mean lies within ±{region} |
| better, worse | corrected p below 5 %, and the prediction interval leaves out zero |
| better, worse on average | corrected p below 5 % |
| not known | none of these |

*Fragile*: without some one data set another conclusion would stand. Errors within ±{region} are called the
same: another seed moves the error of one training by {spread} (median), and nobody would rebuild a network
for less. Of effects in percent the larger are the noisier, so that weights go with them; of logarithms the
size of their correlation over the {pools} pools is {correlation} in the median, and {worst} at most. Where it
is not known, or differs from data to data, `{measure}`
and `normcast study` measure it on yours.

{absent}Measured {measured} on {machine}, in {hours:.1f} hours of processor time. To repeat it:
`python -m benchmarks evidence --data DIR --collect`, then `python -m benchmarks.evidence_page`.
[Statistics of a study](study-statistics.md) has the methods,
[batch norm or layer norm for EEG](evidence-eeg.md) three more recordings.
"""


def method(raw: Raw, answers: Sequence[Answered]) -> str:
    """Return how it was measured."""
    sizes = [
        abs(each.correlation) for answer in answers for each in answer.studied if not isnan(each.correlation)
    ]
    references = dict.fromkeys(held.reference for held in raw.datasets.values())
    return METHOD.format(
        recipe=raw.recipe["words"].rstrip("."),
        networks="\n".join(f"- {name}: {words}" for name, words in raw.networks.items()),
        references=" or ".join(f"the {each}" for each in references),
        region=exact(REGION),
        resolution=exact(RESOLUTION),
        spread=size(change(seed_spread(raw))),
        pools=len(sizes),
        correlation=f"{np.median(sizes):.2f}" if sizes else "–",
        worst=f"{max(sizes):.2f}" if sizes else "–",
        measure=MEASURE,
        measured=raw.measured,
        machine=raw.machine,
        hours=raw.cpu_seconds / 3600,
        absent=absent_words(raw.absent),
    )


def absent_words(absent: Mapping[str, str]) -> str:
    """Return which data sets nothing was measured on, by reason, and a space; "" for none.

    >>> absent_words({"a": "not run", "b": "not run"})
    'Not measured: a, b (not run). '
    """
    named: dict[str, list[str]] = {}
    for name, why in absent.items():
        named.setdefault(why, []).append(name)
    told = "; ".join(f"{', '.join(names)} ({why})" for why, names in named.items())
    return f"Not measured: {told}. " if told else ""


def claim_note(studied: Studied) -> str:
    """Return what is to be known beside a claim's figures: start and end, what is out, what decides it."""
    found, notes = studied.result, []
    if found.figures is not None and found.early:
        epoch = list(found.early)[len(found.early) // 2]
        start, end = tempo("start", found.early[epoch].conclusion), tempo("end", found.figures.conclusion)
        notes.append(f"{start} (validation loss after {counted(int(epoch), 'epoch')}), {end}.")
    if found.fragile:
        notes.append(f"Fragile: another conclusion would stand without {' or '.join(found.fragile)}.")
    if found.left_out:
        out = "; ".join(f"{name} ({why})" for name, why in found.left_out.items())
        with_all = f" With them it is {studied.with_all.mean}." if studied.with_all else ""
        notes.append(f"Left out: {out}.{with_all}")
    return " ".join(notes)


def tempo(when: str, said: Conclusion) -> str:
    """Return a conclusion as words on how an arm starts, or ends.

    >>> tempo("start", Conclusion.BETTER), tempo("end", Conclusion.NOTHING)
    ('Starts faster', 'ends the same')
    """
    verb, better, worse = ("Starts", "faster", "slower") if when == "start" else ("ends", "better", "worse")
    if said is Conclusion.DIFFERS:
        return f"{verb} {better} or {worse}, by the data"
    if said is Conclusion.NOT_KNOWN:
        return f"{verb} in a way that is not known"
    return f"{verb} {better if said.is_better else worse if said.is_worse else 'the same'}"
