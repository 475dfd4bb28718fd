"""Cases: arrays of whole series with what is to be told of each, checked once at the door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from normcast.data import workbook
from normcast.data.case_arrays import CaseArrays
from normcast.data.case_file import read_case_file
from normcast.data.case_input import ALONE, Layout, read_inputs, refuse_infinite
from normcast.data.missing import refuse_missing, refuse_mixed
from normcast.data.named import named_targets
from normcast.data.uneven import as_array, refuse_large
from normcast.errors import counted, one_of
from normcast.sheet import HTML_ROWS, Sheet, Shown, Table


@dataclass(frozen=True, eq=False, repr=False)
class Cases(Shown):
    """Series, each a case of its own: the twin of `Panel` for arrays.

    `Cases.of` checks arrays, `Cases.read` a file; the class itself takes what is checked already. Where a
    network reads several inputs, `x` is the series that leads, `name` its input, and `beside` the others by
    name.

    Parameters
    ----------
    x : float32 array (cases, time, channels)
        The series; shorter ones stand behind zeros.
    y : array (cases,), (cases, outputs) or (cases, time, outputs)
        What is told of each case: a label or a number, several, or some for each step; (cases, 0) where
        nothing is told.
    groups : array (cases,) or None, default None
        What must not be split, such as a subject.
    times : array (cases,) or None, default None
        When each case was, as numbers or datetime64.
    lengths : int32 array (cases,) or None, default None
        How many steps each series has; None where all are of one length.
    notes : tuple of str, default ()
        What was found, to tell the user.
    name : str, default "past"
        The input of the network that x is for.
    beside : mapping of str to array, default {}
        The other inputs by name: (cases, time, channels) or (cases, columns).
    ids : array (cases,) or None, default None
        What a long table calls each case.
    target_names : tuple of str or None, default None
        Names of the columns of y, where they have any.

    See Also
    --------
    Panel : Series of a table, to be continued.
    cut_windows : Cases out of a long table.

    Examples
    --------
    >>> cases = Cases.of(np.zeros((3, 8)), ["rest", "walk", "rest"])
    >>> cases.x.shape, cases.n_cases
    ((3, 8, 1), 3)
    >>> cases.notes
    ('X is (3, 8): taken as one channel', '1 channel never changes: 0')
    """

    x: np.ndarray
    y: np.ndarray
    groups: np.ndarray | None = None
    times: np.ndarray | None = None
    lengths: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    name: str = ALONE
    beside: Mapping[str, np.ndarray] = field(default_factory=dict)
    ids: np.ndarray | None = None
    target_names: tuple[str, ...] | None = None

    @classmethod
    def of(
        cls,
        x: Any,
        y: Any,
        groups: Any = None,
        times: Any = None,
        *,
        layout: Layout | None = None,
        where: str = "cases",
    ) -> Cases:
        """Check arrays, and hold them as cases.

        Parameters
        ----------
        x : array, list of array, or dict
            X (cases, time, channels), or (cases, time) for one channel, of any library. Or a list of series
            (time, channels) or (time,), which may differ in length: zeros stand before the shorter ones, so
            that the last step of each is its newest. Or a dict of such by the names of a model's inputs,
            where an array of two axes is (cases, columns).
        y : array, frame or list
            What is told of each case; see the class. A frame, whose columns have names; or a list of sets,
            the labels that hold of each case.
        groups : array (cases,) or None, default None
            What must not be split, such as a subject.
        times : array (cases,) or None, default None
            When each case was, as numbers or datetime64.
        layout : {None, "channels_last", "channels_first"}, default None
            "channels_first" for X (cases, channels, time) and series (channels, time); None is
            "channels_last", with a note where X looks otherwise.
        where : str, default "cases"
            What messages call them, as the file.

        Returns
        -------
        Cases
            The cases, with notes on what was found.

        Raises
        ------
        ValueError
            For shapes that do not go together, for no case, for what is not a finite number, with the first
            such place, also where y, groups or times are missing for a case, and for whole numbers beyond
            2**53, which a float cannot hold.

        Examples
        --------
        >>> cases = Cases.of([[1, 2, 3], [4, 5]], ["rest", "walk"])
        >>> cases.x[:, :, 0].tolist(), cases.lengths.tolist()
        ([[1.0, 2.0, 3.0], [0.0, 4.0, 5.0]], [3, 2])
        """
        one_of(where, "layout", layout, ("channels_last", "channels_first"), optional=True)
        read = read_inputs(x, layout, where)
        (name, lead), *others = read.items()
        values = lead.values
        told, target_names = named_targets(y, where)
        labels = _targets(told, len(values), where)
        own = {name: _per_case(given, name, len(values), where) for name, given in
               (("groups", groups), ("times", times))}  # fmt: skip
        if own["times"] is not None and own["times"].dtype.kind not in "iufM":
            raise ValueError(
                f"{where}: times are of type {own['times'].dtype}, but must be numbers or datetime64. Make "
                "dates such, as with pandas.to_datetime(times, utc=True).tz_localize(None).to_numpy()."
            )
        notes = tuple(note for each in read.values() for note in each.notes)
        if own["groups"] is not None:
            notes += (f"{counted(len(np.unique(own['groups'])), 'group')}: none is split",)
        beside = {other: each.values for other, each in others}
        return cls(
            x=values,
            y=labels,
            groups=own["groups"],
            times=own["times"],
            lengths=lead.lengths,
            notes=notes,
            name=name,
            beside=beside,
            target_names=target_names,
        )

    @classmethod
    def read(
        cls,
        path: str | Path,
        names: Mapping[str, str] | None = None,
        layout: Layout | None = None,
        *,
        needs_y: bool = True,
        sheet: str | None = None,
    ) -> Cases:
        """Read cases from a file: .npz, .npy, .ts, .arff, or a long table such as a .csv.

        Where a file has a train and a test part, this is the train part; see `read_parts`. What a table may
        look like says `read_table`.

        Parameters
        ----------
        path : path
            The file.
        names : mapping of str to str or None, default None
            What is called otherwise than usual, by the part it plays: arrays x, y, groups and times of an
            .npz; files y, groups and times beside an .npy; columns id, y, time and groups of a table.
        layout : {None, "channels_last", "channels_first"}, default None
            As in `of`.
        needs_y : bool, default True
            Whether it is an error that nothing is told; False for cases of which something is to be told: y
            is (cases, 0) where the file has none.
        sheet : str or None, default None
            Of an .xlsx; its first by default.

        Returns
        -------
        Cases
            The cases, with notes on what was found.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            For a file that cannot be read as cases, which it names.
        """
        with workbook.asked_for(sheet or workbook.asked()):
            return _checked(read_case_file(path, names, needs_y), path, layout)

    def _sheet(self) -> Sheet:
        facts = {} if self.times is None else {"times": f"{self.times.min()} to {self.times.max()}"}
        facts |= {} if self.groups is None else {"groups": f"{len(np.unique(self.groups)):,}"}
        if self.y.ndim == 1 and (self.y.dtype.kind not in "fc"):
            values, many = np.unique(self.y, return_counts=True)
            rows = [(str(value), f"{count:,}") for value, count in zip(values, many, strict=True)]
            table = Table(("y", "cases"), tuple(rows[:HTML_ROWS]), len(rows))
            return Sheet("Cases", f": {self.extent}", facts, self.notes, table)
        told = f"{float(self.y.min()):.4g} to {float(self.y.max()):.4g}" if self.is_told else "not told"
        facts = {"y": f"{told}, shape {self.y.shape}", **facts}
        return Sheet("Cases", f": {self.extent}", facts, self.notes)

    @property
    def extent(self) -> str:
        """How much there is, in words."""
        least = "" if self.lengths is None else f"{self.lengths.min()} to "
        most = self.steps if self.lengths is None else int(self.lengths.max())
        channels = counted(self.channels, "channel")
        beside = f", beside {', '.join(self.beside)}" if self.beside else ""
        return f"{counted(self.n_cases, 'case')} of {least}{counted(most, 'step')} x {channels}{beside}"

    @property
    def is_told(self) -> bool:
        """Whether anything is told of the cases, so that it can be learned or scored."""
        return self.y.size > 0

    @property
    def n_cases(self) -> int:
        """Number of cases."""
        return len(self.x)

    @property
    def steps(self) -> int:
        """Length of the time axis."""
        return self.x.shape[1]

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self.x.shape[2]

    @property
    def inputs(self) -> dict[str, np.ndarray]:
        """What a network reads, by the names of its inputs, x first."""
        return {self.name: self.x, **self.beside}

    def lengths_of(self, name: str) -> np.ndarray | None:
        """Return how many steps each series of an input has.

        Parameters
        ----------
        name : str
            Name of the input.

        Returns
        -------
        int32 array (cases,) or None
            None where all have as many.
        """
        return self.lengths if name == self.name else None

    def mapped(self, change: Callable[[np.ndarray], np.ndarray]) -> Cases:
        """Return the cases with each input changed.

        Parameters
        ----------
        change : callable
            Takes an input, (cases, ...), and returns what stands in its place.

        Returns
        -------
        Cases
            New cases; these stay as they are.
        """
        beside = {name: change(each) for name, each in self.beside.items()}
        return replace(self, x=change(self.x), beside=beside)

    def led_by(self, name: str) -> Cases:
        """Return the same cases with another input as x.

        Parameters
        ----------
        name : str
            Name of the input, an even series.

        Returns
        -------
        Cases
            New cases; these stay as they are.
        """
        beside = {other: each for other, each in self.inputs.items() if other != name}
        return replace(self, x=self.inputs[name], name=name, beside=beside)

    def at(self, places: np.ndarray) -> Cases:
        """Return the cases at these places.

        Parameters
        ----------
        places : int array (n,)
            Positions, from 0, or a mask (cases,).

        Returns
        -------
        Cases
            Those alone, in that order, with all that is told of them.
        """
        own = {name: getattr(self, name) for name in ("groups", "times", "lengths", "ids")}
        some: Any = {name: None if each is None else each[places] for name, each in own.items()}
        return replace(self.mapped(lambda each: each[places]), y=self.y[places], **some)

    def cut_to(self, steps: int) -> Cases:
        """Return the cases with their newest steps alone.

        Parameters
        ----------
        steps : int
            How many.

        Returns
        -------
        Cases
            New cases; these stay as they are.
        """
        lengths = None if self.lengths is None else np.minimum(self.lengths, steps).astype(np.int32)
        return replace(self, x=self.x[:, -steps:], lengths=lengths)

    def filled_to(self, steps: int) -> Cases:
        """Return the cases behind zeros.

        Parameters
        ----------
        steps : int
            How many steps they have then.

        Returns
        -------
        Cases
            New cases, with a note, or these where they have as many.
        """
        more = steps - self.steps
        if not more:
            return self
        x = np.pad(self.x, ((0, 0), (more, 0), (0, 0)))
        lengths = np.full(self.n_cases, self.steps, dtype=np.int32) if self.lengths is None else self.lengths
        note = f"series stand behind zeros, to {steps} steps"
        return replace(self, x=x, lengths=lengths, notes=(*self.notes, note))


def read_parts(
    path: str | Path,
    names: Mapping[str, str] | None = None,
    layout: Layout | None = None,
    *,
    needs_y: bool = True,
) -> dict[str, Cases]:
    """Read the parts "train" and, where there is one, "test" of a file; see `Cases.read`.

    Parts are arrays such as X_train and X_test of one .npz, files such as X_train.npy and X_test.npy, and
    files such as Gait_TRAIN.ts and Gait_TEST.ts. Any other file is all "train". Parts of different lengths
    stand behind zeros, to the longer one.

    Parameters
    ----------
    path : path
        The file, or the one of the train part.
    names : mapping of str to str or None, default None
        What is called otherwise than usual, as in `Cases.read`.
    layout : {None, "channels_last", "channels_first"}, default None
        As in `Cases.of`.
    needs_y : bool, default True
        Whether it is an error that nothing is told.

    Returns
    -------
    dict of str to Cases
        "train", and "test" where there is one.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        For a file that cannot be read as cases, also for parts of different channels.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "gait.npz"
    >>> np.savez(file, X_train=np.eye(3), y_train=[0, 1, 0], X_test=np.eye(3)[:1], y_test=[1])
    >>> {name: cases.n_cases for name, cases in read_parts(file).items()}
    {'train': 3, 'test': 1}
    """
    train = read_case_file(path, names, needs_y)
    parts = {"train": _checked(train, path, layout)}
    if train.test is not None:
        parts["test"] = _checked(train.test(), f"{path} (test)", layout)
    channels = {name: each.channels for name, each in parts.items()}
    if len(set(channels.values())) > 1:
        raise ValueError(
            f"{path}: X of train has {channels['train']} channels, but X of test has {channels['test']}."
        )
    steps = max(each.steps for each in parts.values())
    return {name: each.filled_to(steps) for name, each in parts.items()}


def _checked(read: CaseArrays, path: str | Path, layout: Layout | None) -> Cases:
    own, said = read.parts, layout or cast(Layout | None, read.layout)
    y = own["y"] if "y" in own else np.empty((len(own["x"]), 0))
    cases = Cases.of(own["x"], y, own.get("groups"), own.get("times"), layout=said, where=str(path))
    return replace(cases, notes=(*cases.notes, *read.notes), ids=own.get("ids"))


def _targets(y: Any, n_cases: int, where: str) -> np.ndarray:
    targets = np.asarray(as_array(y))
    if targets.ndim not in (1, 2, 3) or len(targets) != n_cases:
        raise ValueError(
            f"{where}: y has shape {targets.shape}, but X has {counted(n_cases, 'case')}: it needs "
            f"({n_cases},), ({n_cases}, outputs), or ({n_cases}, time, outputs) for each step."
        )
    if targets.dtype.kind == "f":
        refuse_infinite(targets, "y", where)
    refuse_missing(targets, "y", where, y)
    refuse_large(targets, f"{where}: y")
    return targets


def _per_case(given: Any, name: str, n_cases: int, where: str) -> np.ndarray | None:
    if given is None:
        return None
    values = np.asarray(as_array(given))
    if values.shape != (n_cases,):
        raise ValueError(f"{where}: {name} has shape {values.shape}, but must have ({n_cases},).")
    refuse_missing(values, name, where, given)
    refuse_mixed(values, name, where)
    return values
