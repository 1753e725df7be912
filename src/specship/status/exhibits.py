"""What lies behind a report: histories of quantities, curves of runs, stages, outcomes, what moved.

Shapes alone; `specship.exhibits` fills them. Of a long series as many points are kept as a page can show, the
smallest and the largest of each stretch among them, and `of` says how many there were.
"""

from __future__ import annotations

from pydantic import Field

from specship.contracts.records import Frozen

Points = tuple[tuple[float, ...], ...]
"""Pairs of a place and a value, in order."""


class MeasuredPoint(Frozen):
    """One measurement of a quantity, as a statement of the ledger has it."""

    ended: str
    """When the measurement ended, ISO 8601."""
    value: float
    """What was measured."""
    verdict: str
    """Of its gate, as the judge stated it then."""
    statement: str
    """Digest of the statement."""
    commit: str = ""
    """The commit that it was measured at; empty outside git."""
    as_today: bool = True
    """Whether limit, probe, requirement and faults of its gate were those of today."""


class QuantityHistory(Frozen):
    """What a quantity of a gate was, over the ledger."""

    model: str
    """Id of the model."""
    profile: str
    """The scale."""
    gate: str
    """Id of the gate."""
    quantity: str
    """Name of the quantity."""
    unit: str
    """Its unit."""
    points: tuple[MeasuredPoint, ...]
    """Oldest first."""
    of: int
    """Measurements in the ledger; more than there are points where some were left out."""


class RunCurve(Frozen):
    """One series of a run, by step."""

    name: str
    """What it is: `training loss`."""
    unit: str
    """Its unit."""
    points: Points
    """Step and value."""
    band: Points = ()
    """Step and standard error, where the records hold one."""
    of: int
    """Records that hold a value."""


class RunEvent(Frozen):
    """Something that a run announced: data that began again, a stop, a resume."""

    step: int
    """Step at which it happened."""
    name: str
    """What the run called it."""
    text: str = ""
    """What else the record says of it."""


class RunReport(Frozen):
    """One training run."""

    model: str
    """Id of the model; empty where a run stands alone."""
    profile: str
    """The scale."""
    path: str
    """Its folder within the project, or as it was given."""
    artifact: str = ""
    """Digest of the artifact that it is."""
    status: str = ""
    """How it ended, by its record; empty where nothing says."""
    reason: str = ""
    """Why it ended, in the words of the record."""
    steps: int = 0
    """Steps that were done."""
    curves: tuple[RunCurve, ...] = ()
    """Its series."""
    events: tuple[RunEvent, ...] = ()
    """What it announced, in order."""
    bypasses: tuple[str, ...] = ()
    """Checks that somebody relaxed, each with the reason given."""
    notes: tuple[str, ...] = ()
    """What of its records could not be read."""


class StageNode(Frozen):
    """One artifact: what made it, from what, and how long that took."""

    model: str
    """Id of the model."""
    profile: str
    """The scale."""
    makes: str
    """Name of the artifact."""
    stage: str
    """Name of the stage, one of perhaps several ways."""
    digest: str
    """Of its files and its line of descent."""
    inputs: dict[str, str]
    """Digest of each artifact that it was made from, by name."""
    seconds: float
    """Wall time of the stage."""
    finished: str
    """When it was made, ISO 8601."""
    files: int
    """How many files it has."""
    bytes: int
    """Size of all of them."""
    path: str
    """Where it lies within the project; empty where it is not here."""
    statement: str
    """Digest of the stage statement."""
    signed: bool
    """Whether a key known here signed that."""


class TaskOutcomes(Frozen):
    """What became of the samples of one problem."""

    task: str
    """Id of the problem."""
    outcomes: tuple[str, ...]
    """One a sample, in order."""


class OutcomeGrid(Frozen):
    """Every problem of an evaluation."""

    model: str
    """Id of the model."""
    profile: str
    """The scale."""
    name: str
    """Of the evaluation, and of the run where it has several."""
    path: str
    """Where its records lie, within the project."""
    tasks: tuple[TaskOutcomes, ...]
    """Its problems, in order."""
    sandbox: str = ""
    """Level of isolation that it ran under."""
    note: str = ""
    """Why nothing is known, where its records cannot be read."""


class ComparedBlock(Frozen):
    """One block of a decoder, on both sides."""

    block: str
    """Name of the block."""
    difference: float | None
    """Relative difference of what it gives; null where it is no number."""
    allowed: float | None
    """How large a difference rounding explains; null where it is no number."""
    diverges: bool
    """Whether more than rounding is apart."""


class ComparedPair(Frozen):
    """Two copies of a model beside each other."""

    a: str
    """The one copy, as it was named."""
    b: str
    """The other one."""
    figures: dict[str, float | None]
    """By name, over all positions."""
    positions: Points = ()
    """Position and Kullback-Leibler divergence of the next token, in nats."""
    positions_of: int = 0
    """How many positions were compared."""
    blocks: tuple[ComparedBlock, ...] = ()
    """Block by block, first to last."""
    first_diverging: str = ""
    """The first thing that differs by more than rounding; empty where nothing does."""
    verdict: str = ""
    """In one sentence."""


class FigureMoved(Frozen):
    """A figure that is another one than before."""

    quantity: str
    """Name of the quantity."""
    unit: str
    """Its unit."""
    before: float
    """What it was."""
    after: float
    """What it is."""


class GateMoved(Frozen):
    """A gate whose newest measurement says something else than the last one of other bytes or demands."""

    model: str
    """Id of the model."""
    profile: str
    """The scale."""
    gate: str
    """Id of the gate."""
    before: str
    """Verdict of the earlier statement."""
    after: str
    """Verdict of the newest one."""
    since: str
    """When the earlier measurement ended, ISO 8601."""
    figures: tuple[FigureMoved, ...] = ()
    """Those that are others."""


class PercentMoved(Frozen):
    """The ship-% of committed evidence, then and now."""

    model: str
    """Id of the model."""
    profile: str
    """The scale."""
    before: float | None
    """Then; null where it was not there."""
    after: float | None
    """Now; null where it is not there."""


class Movement(Frozen):
    """What moved since the last version of the spec, and since the measurement before."""

    base: str = ""
    """The commit before the newest amendment; empty where there is none."""
    base_version: str = ""
    """Version of the spec at that commit."""
    percents: tuple[PercentMoved, ...] = ()
    """A line for each model at each profile."""
    changes: tuple[str, ...] = ()
    """Of demands, heaviest first, each in one sentence."""
    gates: tuple[GateMoved, ...] = ()
    """Those whose newest measurement says something else."""
    why_unknown: str = ""
    """Why nothing can be said of versions; empty where it can."""


class ForeignStatement(Frozen):
    """A statement of the ledger that no key known here signed."""

    digest: str
    """Of the entry."""
    kind: str
    """What kind of entry it is."""
    about: str
    """What it claims to be about."""
    moment: str
    """ISO 8601."""


class Exhibits(Frozen):
    """All of it.

    Units: each field says its own; moments are ISO 8601.
    """

    made: str
    """When it was gathered, ISO 8601."""
    commit: str = ""
    """The commit of the checkout; empty outside git."""
    dirty: bool = False
    """Whether files that the project reads are not committed."""
    entries: int = 0
    """Entries of the ledger."""
    histories: tuple[QuantityHistory, ...] = ()
    """Every quantity that a gate has a limit for."""
    movement: Movement = Field(default_factory=Movement)
    """What moved."""
    runs: tuple[RunReport, ...] = ()
    """Training runs whose folders lie here."""
    stages: tuple[StageNode, ...] = ()
    """Artifacts that stage statements name, sources first."""
    outcomes: tuple[OutcomeGrid, ...] = ()
    """Evaluations by execution whose folders lie here."""
    comparisons: tuple[ComparedPair, ...] = ()
    """Those that somebody gave."""
    foreign: tuple[ForeignStatement, ...] = ()
    """Entries that no key known here signed; none of them counts."""
    statements: dict[str, str] = Field(default_factory=dict)
    """Path of each statement that the report rests on, within the project, by digest."""
    left_out: tuple[str, ...] = ()
    """What was not gathered, and why."""
