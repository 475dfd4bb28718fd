"""Study: every placement of a network on the same data, over many seeds, with honest statistics."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from normcast.cases.subject import Asked, TaskName, case_subject, cases_of
from normcast.data import Cases
from normcast.data.faults import check_short
from normcast.engine import Training
from normcast.engine.compiled import with_optimizer
from normcast.engine.devices import usual_processes
from normcast.errors import one_of, refuse_unknown
from normcast.sheet import Sheet, Shown, Table
from normcast.study.backlog import Backlog
from normcast.study.baselines import baselines_of, told_of_targets
from normcast.study.combine import combined
from normcast.study.extent import Extent
from normcast.study.forecast_subject import forecast_subject, observing, panel_of
from normcast.study.job import training_to_json
from normcast.study.measures import Measures, MetricLike
from normcast.study.placement import PlacementsLike, as_placements
from normcast.study.placements import AXES
from normcast.study.placements import placements as found_placements
from normcast.study.plan import Plan, that_keep_frozen
from normcast.study.result import StudyResult
from normcast.study.rounds import Rounds
from normcast.study.store import Store
from normcast.study.team import Team
from normcast.study.ticks import TickReports, Ticks, ticking
from normcast.tasks.subject import NetworkLike, Subject
from normcast.tasks.task import digest

_log = logging.getLogger("normcast")
TABLE = ("id_col", "time_col", "target_col", "duplicates", "fill_gaps", "missing", "na_values", "where")
BLOCK = 3  # seeds that every placement trains before any goes on, where time may run out
WAIT = 2.0  # seconds between two looks at trials that another process is at


class Study(Shown):
    """Measure placements of normalization, dropout and pooling in a network, on given data.

    Every placement and the network as given train from fresh weights over many seeds, all on the same windows
    in the same order, and are compared seed by seed. `describe` says what that costs before `run` trains.

    Parameters
    ----------
    model : str, Architecture or keras.Model
        The network as given: a preset's name (`normcast presets`), an `Architecture`, or a keras model from
        (batch, input_size, channels) to (batch, h), to class probabilities, or to what y holds for a case. A
        compiled model is trained as it was compiled. Every trial starts from fresh weights, drawn with its
        seed.
    data : DataFrame, str, Path, Panel, tuple or Cases
        A frame, a file, or a `Panel` to forecast; or `Cases`, (X, y), (X, y, groups) or (X, y, groups, times)
        with X (cases, time, channels), or a dict by the names of a keras model's inputs, to tell classes,
        labels or numbers.
    placements : mapping or iterable of Placement, optional
        What to measure: {name: edits}, such as `check_model(model).fixes`, or `Placement`s. By default all
        that `placements(model)` finds on `axes`.
    h : int, optional
        Rows to forecast. A table needs it, unless a keras model says it; arrays have none.
    input_size : int, optional
        Rows that a window has, of a table. By default whole seasons, fewer where series are short, or what a
        keras model says.
    task : {"classify", "regress"}, optional
        What is told of arrays; by default what y and the model say.
    axes : iterable of str, default AXES
        What to place, where `placements` is left out: some of "norm", "inside", "dropout",
        "recurrent-dropout", "pooling", "squeeze-excite", "activation", "input".
    rate : float, default 0.2
        The rate of every dropout that is placed.
    design : {"decide", "one_at_a_time", "factorial", "fractional", "halving"}, optional
        Which networks are trained, and how many seeds of each. "decide" takes each placement against the
        network as given, with ever more seeds, up to max_seeds, until it is shown to be better, worse, or the
        same within min_effect; "one_at_a_time" with `seeds` seeds each; "factorial" trains all combinations;
        "fractional" two levels each, main effects clear of interactions; "halving" few seeds and epochs for
        all, many for the best. By default "decide"; where seeds are given, "one_at_a_time".
    seeds : int, optional
        How many seeds every placement gets, 10 by default, of a design other than "decide".
    max_seeds : int, optional
        How many seeds "decide" takes at most, 40 by default. The last look is the last of 5, 8, 12, 18, 27,
        40, ... within them.
    seed : int, default 0
        The first seed; the next ones are seed + 1, seed + 2, ...
    folds : int, default 2
        Parts that are tested, each with a training of its own for every seed. Of a table they roll: later
        ones begin later.
    store : str or Path, optional
        A file that the study goes on from: what it holds is not trained again. By default trials are kept in
        memory alone.
    epochs : int, default 20
        Epochs of each training at most.
    patience : int or None, default 5
        Epochs without a better validation loss before a training stops; None trains to the end.
    batch_size : int, default 32
        Windows or cases in one step of training.
    epoch_windows : int or None, default 4096
        Windows that are visited in one epoch, drawn anew for each; None visits all.
    optimizer : str, optional
        A name of Keras such as "adamw"; by default as preset or compiled model say.
    learning_rate : float, optional
        Step size of the optimizer; by default as preset or compiled model say.
    schedule : {"cosine", "exponential"}, optional
        How the learning rate falls; by default as preset or compiled model say.
    loss : str, keras.losses.Loss or callable, optional
        What is minimized; by default as preset or compiled model say.
    scaling : {"standard", "robust", "none"}, default "standard"
        How data is scaled from the training rows or cases of each fold.
    metric : str or tuple of str, optional
        The score that decides, of the task's or of those the model was compiled with, which are told beside:
        numbers in the unit of the target, those of which more is better (accuracy, auc, f1, r2, ..., or
        metric=("name", "max")) as "1 - name". By default the first of the task.
    min_effect : float, default 0.01
        A relative difference of the score below it does not matter: 0.01 is 1 %.
    freq : str or int, optional
        The step between rows of a table; found from the stamps by default.
    season : int or sequence of int, optional
        Rows per season, or several from the main one up, as in [24, 168], the longest for a baseline; by
        default what the step says.
    short : {"error", "skip"}, default "error"
        What to do with series that are too short or broken: "error" names them all, "skip" goes on without
        them. Others that are short are padded.
    hist_exog : sequence of str, default ()
        Columns of a table that are known up to now.
    futr_exog : sequence of str, default ()
        Columns of a table that are known ahead.
    stat_exog : sequence of str, default ()
        Columns of a table with one value per series.
    **table : Any
        How a table is read, as in `Forecaster.fit`: id_col, time_col, target_col, duplicates, fill_gaps,
        missing, na_values.

    Attributes
    ----------
    placements : tuple of Placement
        What is measured beside the network as given; with a factorial or fractional design its combinations.
    subject : Subject
        The network, the task with its data, and the training.
    plan : Plan
        Every placement, seed and fold, and what they cost.
    store : str
        The file of the trials, ":memory:" for none.
    min_effect : float
        The smallest relative difference that matters.

    Raises
    ------
    ValueError
        If something cannot be studied: arguments that do not go together, a network that has nothing to place
        around or does not fit the data, series that are too short.
    TypeError
        If an argument is not known, or of a wrong kind.

    See Also
    --------
    StudyResult : What a study says, with the statistics.
    normcast.placements : The ways to arrange a network.
    normcast.check_model : What is wrong in a network, without training.
    normcast.write_report : One HTML page of a result.

    Examples
    --------
    >>> import normcast
    >>> study = normcast.Study("conv-lstm", normcast.datasets.weather(), h=7, id_col="location",
    ...                        time_col="date", target_col="temp_max", axes=["inside"], seeds=3)
    >>> [placement.name for placement in study.placements]
    ['lstm_1: batch norm inside', 'lstm_1: layer norm inside']
    """

    def __init__(
        self,
        model: NetworkLike,
        data: Any,
        placements: PlacementsLike | None = None,
        *,
        h: int | None = None,
        input_size: int | None = None,
        task: TaskName | None = None,
        axes: Iterable[str] = AXES,
        rate: float = 0.2,
        design: str | None = None,
        seeds: int | None = None,
        max_seeds: int | None = None,
        seed: int = 0,
        folds: int = 2,
        store: str | Path | None = None,
        epochs: int = 20,
        patience: int | None = 5,
        batch_size: int = 32,
        epoch_windows: int | None = 4_096,
        optimizer: str | None = None,
        learning_rate: float | None = None,
        schedule: str | None = None,
        loss: Any = None,
        scaling: str = "standard",
        metric: MetricLike = None,
        min_effect: float = 0.01,
        freq: str | int | None = None,
        season: int | Sequence[int] | None = None,
        short: str = "error",
        hist_exog: Sequence[str] = (),
        futr_exog: Sequence[str] = (),
        stat_exog: Sequence[str] = (),
        **table: Any,
    ) -> None:
        extent = Extent.of(design, seeds, max_seeds)
        check_short(short, "Study")
        refuse_unknown(table, (*TABLE, "h", "seeds", "folds"), "Study")
        forecasts = not isinstance(data, tuple | Cases)
        if forecasts and task is not None:
            raise ValueError(f"Study: task={task!r} is of arrays, as in (X, y); a table is forecast.")
        if task is not None:
            one_of("Study", "task", task, ("classify", "regress"))
        if not forecasts:
            cases = data if isinstance(data, Cases) else cases_of(data)
            subject = case_subject(model, cases, Asked(folds, scaling), task)
        else:
            exog = {"hist_exog": hist_exog, "futr_exog": futr_exog, "stat_exog": stat_exog}
            table = {**table, "short": short}
            panel = panel_of(data, exog=exog, freq=freq, season=season, table=table)
            subject = forecast_subject(
                model, panel, h=h, input_size=input_size, folds=folds, scaling=scaling, short=short
            )
        changes = {
            "epochs": epochs, "patience": patience, "batch_size": batch_size, "epoch_windows": epoch_windows,
            "learning_rate": learning_rate, "schedule": schedule, "loss": loss, "seed": seed,
        }  # fmt: skip
        kept = {"patience", "epoch_windows"}
        given = {name: value for name, value in changes.items() if value is not None or name in kept}
        training = subject.training
        training = training if optimizer is None else with_optimizer(training, optimizer, "Study")
        self.subject: Subject = observing(replace(subject, training=replace(training, **given)))
        self.extent, self.min_effect, self.store = extent, min_effect, str(store or ":memory:")
        found = (
            that_keep_frozen(
                self.subject.model,
                found_placements(self.subject.model, axes=axes, rate=rate, forecasts=forecasts),
            )
            if placements is None
            else as_placements(placements)
        )
        self.placements, self.crossed = combined(self.subject.model, as_placements(found), self.design)
        measures = Measures.of(subject.metrics, subject.task, metric)
        plan = Plan.of(self.subject, self.placements, extent.seeds, self.design)
        self.plan = replace(plan, measures=measures)

    def _sheet(self) -> Sheet:
        kept = "kept in memory alone" if self.store == ":memory:" else self.store
        rows = tuple((each.name, str(each).removeprefix(f"{each.name}: ")) for each in self.placements)
        return Sheet(
            "Study",
            f" of {self.subject.name!r}, judged by {self.metric}",
            {"trials": kept},
            [*self.describe().splitlines(), *self.notes],
            Table(("placement", "edits"), rows),
        )

    @property
    def design(self) -> str:
        """The design: which networks are trained, and how many seeds of each."""
        return self.extent.design

    @property
    def training(self) -> Training:
        """How every network is trained; its seed is the first."""
        return self.subject.training

    @property
    def metric(self) -> str:
        """The name of the score that decides; smaller is better."""
        return self.plan.measures.decides or self.subject.task.metrics[0]

    @property
    def notes(self) -> tuple[str, ...]:
        """What to tell of the data: what was padded, left out or filled in."""
        task = self.subject.task
        notes: tuple[str, ...] = getattr(task, "panel" if hasattr(task, "panel") else "cases").notes
        return notes

    @property
    def facts(self) -> dict[str, Any]:
        """What tells this study from others, by name; a store holds one study."""
        stay = self.plan.cells[0].kept  # those of all other cells are among them
        return {
            **({"frozen": digest(*stay.values())} if stay else {}),
            **self.subject.task.describe(),
            "metric": self.metric,
            "network": self.subject.name,
            "model": self.plan.cells[0].model,
            "training": training_to_json(replace(self.training, seed=0)),
            "design": self.design,
            "crossed": self.crossed and self.crossed.to_dict(),
            **(self._looked_at if self.design == "decide" else {}),
        }

    @property
    def _looked_at(self) -> dict[str, Any]:
        """What decisions depend on that grow with the study: they are corrected for all placements."""
        return {"first seed": self.training.seed, "placements": [each.name for each in self.placements]}

    def describe(self, processes: int | None = None) -> str:
        """Return what will be trained, what that costs, and what so many seeds can decide.

        Parameters
        ----------
        processes : int, optional
            Worker processes to reckon with, by default one per core; on a GPU one.

        Returns
        -------
        str
            A few lines, with an estimate of the time on this machine.
        """
        check = self.extent.said(len(self.placements), self.min_effect)
        return f"{self.plan.describe(processes or usual_processes())}\n{check}"

    def run(
        self,
        *,
        processes: int | None = None,
        ray: str | None = None,
        budget: float | None = None,
        progress: TickReports = True,
    ) -> StudyResult:
        """Train what the store does not hold yet, and return what all of it says.

        Killed at any moment, the store keeps every finished trial, and `run` goes on with the next.

        Parameters
        ----------
        processes : int, optional
            Worker processes, by default one per core; 1, the default on a GPU, trains in this process.
        ray : str, optional
            "auto" or the address of a Ray cluster, to train there instead (extra `ray`).
        budget : float, optional
            Seconds after which no new trial counts; no limit by default. Every placement has then as many
            seeds as all of them have, or of "decide" those of the last whole look.
        progress : bool or callable, default True
            True shows a line on the terminal or in the notebook, False none; a function is called with
            `Ticked` after each trial.

        Returns
        -------
        StudyResult
            What all trials of the store say.

        Raises
        ------
        ValueError
            If the store holds another study, or no trial was finished.
        """
        team = Team.of(self.subject, self.plan.measures, processes or usual_processes(), ray)
        with closing(Store(self.store)) as store, team:
            store.describe({**self.facts, "min_effect": self.min_effect})
            cells = [(c.placement.name, c.placement.to_json(), c.parameters) for c in self.plan.cells]
            store.add_placements(cells)
            store.note("notes", list(self.notes))
            end = None if budget is None else time.monotonic() + budget
            with ticking(progress) as (report, say):
                self._note_baselines(store, say)
                for plan in Rounds(self.plan, self.design, self.metric, self.min_effect).plans(store):
                    if not self._train(plan, store, team, end, Ticks(plan, report)):
                        break
            return StudyResult.read(store)

    def _note_baselines(self, store: Store, say: Callable[[str], None]) -> None:
        """Keep, once, what stands beside the networks: a matter of seconds, within the budget."""
        if "baselines" not in store.facts:
            for name, value in told_of_targets(self.subject.task).items():
                store.note(name, value)
            store.note("baselines", baselines_of(self.subject.task, self.plan.measures, say))

    def _train(self, plan: Plan, store: Store, team: Team, end: float | None, ticks: Ticks) -> bool:
        """Train the missing trials of a plan; return False if time ran out before all were done."""
        block = BLOCK if end is not None and self.design != "decide" else 0
        while missing := plan.missing(store.done()):
            jobs = plan.jobs(self.subject, missing, team.size, block)
            ticks.begin(len(plan.keys) - len(missing))
            stream = team.trials(Backlog.of_store(jobs, store))
            try:
                for trial in stream:
                    store.renew()
                    if trial is not None:
                        store.write(trial)
                        ticks.add(trial)
                    if end is not None and time.monotonic() > end:
                        return False
            finally:
                with suppress(Exception):
                    stream.close()
                store.release()
            if ticks.is_still:  # another process is at all of them
                time.sleep(WAIT)
        return True
