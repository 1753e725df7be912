"""What a profile declares of a run because its log cannot hold it: the maker's word, and named as such."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from specship.errors import RequirementMissing, UnusableInput
from specship.pipeline.run_logs.facts import Facts, Schedule
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, Columns
from specship.pipeline.stage import Settings
from specship.records import Record, read_record

DECLARED: Final = "declared.json"
_Count = Annotated[int, Field(ge=1, le=2**53)]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Device = Annotated[str, Field(pattern=r"^(cpu|mps|xpu|cuda(:[0-9]{1,3})?)$")]
_SAME: Final = 1e-9
"""Relative difference of two figures that mean the same, one of them written by a person."""


class DeclaredSchedule(Settings):
    """The learning rate as it was meant: linear warm-up from 0, then a shape down to the floor."""

    peak: _Positive
    """Highest rate."""
    floor: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Rate of the last planned step, and after it."""
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    """Steps until the rate is at its peak."""
    planned_steps: _Count
    """Optimizer steps until the floor is reached."""
    shape: Literal["cosine", "linear", "constant"] = "cosine"
    """What follows the warm-up."""


class Declared(Settings):
    """Facts that the log does not hold; null: not declared."""

    device_asked: _Device | None = None
    """Device that the work was meant for."""
    device_got: _Device | None = None
    """Device that did the work."""
    device_flops: _Positive | None = None
    """Operations a second that the device reaches in plain matrix products, FLOP/s."""
    schedule: DeclaredSchedule | None = None
    """The learning rate as it was meant."""
    clip_norm: _Positive | None = None
    """Norm that gradients were clipped to."""
    mode: Literal["scratch", "fine-tune"] | None = None
    """From random weights, or from a checkpoint."""
    vocabulary: _Count | None = None
    """Rows of the output: ln of it is the loss of a model that knows nothing."""
    parameters: _Count | None = None
    """Numbers that training changes."""
    unique_tokens: _Count | None = None
    """Tokens of the training set, each counted once."""
    tokens_per_step: _Count | None = None
    """Targets of one optimizer step, over all devices."""
    planned_steps: _Count | None = None
    """Optimizer steps, when nothing ends the run before."""
    flops_per_token: _Positive | None = None
    """Operations of forward and backward a token."""
    wall_seconds: _Positive | None = None
    """Time of the whole run, seconds."""
    patience: _Count | None = None
    """Evaluations in a row without an improvement after which the run was to end."""
    min_improvement: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """What counted as an improvement of an evaluation, nats a token."""


DECLARABLE: Final = frozenset(Declared.model_fields)
"""Facts that a profile may declare, as `Facts` calls them."""


class DeclaredRun(Record):
    """`declared.json` of a received run."""

    format: Literal["specship-declared-run/1"] = "specship-declared-run/1"
    source: str
    """Where the run came from, in words."""
    declared: Declared = Declared()
    columns: Columns = NO_COLUMNS
    """What a table or JSON lines call each of our figures, for formats without names of their own."""


def read_declared(folder: Path) -> DeclaredRun | None:
    """What was declared of the run in a folder; None where nothing was.

    Raises:
        DamagedArtifact: it is malformed.
    """
    path = folder / DECLARED
    if not path.is_file():
        return None
    return read_record(DeclaredRun, path, mend="receive the run again, or take the file away")


def made_here(run: Path) -> None:
    """Nothing, where a run was made here with its checkpoints.

    Raises:
        RequirementMissing: it is the log of another program.
        DamagedArtifact: what is declared of it is malformed.
    """
    if read_declared(run) is not None:
        raise RequirementMissing(
            "the run of this model was received, and a log holds no weights",
            why="no checkpoint and no step of it can be made again from there",
            mend="receive the checkpoint too, by a section `received:` (folder, source)",
        )


def declare(facts: Facts, declared: Declared) -> Facts:
    """The facts with what somebody declares where the records hold nothing.

    Raises:
        UnusableInput: it contradicts what is recorded.
    """
    said: dict[str, Any] = {name: one for name in DECLARABLE if (one := getattr(declared, name)) is not None}
    if declared.schedule is not None:
        said["schedule"] = Schedule(**declared.schedule.model_dump())
    for name in sorted(said):
        recorded = getattr(facts, name)
        if recorded is not None and not _same(recorded, said[name]):
            raise UnusableInput(
                f"{name} is declared as {said[name]}, and the run recorded {recorded}",
                why="what a run recorded counts, and nothing that is declared afterwards",
                mend=f"leave {name} out, or receive the run that it belongs to",
            )
    new = {name: one for name, one in said.items() if getattr(facts, name) is None}
    return replace(facts, **new, told=facts.told | new.keys())


def _same(recorded: Any, said: Any) -> bool:
    if isinstance(recorded, Schedule):
        one, other = recorded, said
        return (one.shape, one.warmup_steps, one.planned_steps) == (
            other.shape, other.warmup_steps, other.planned_steps
        ) and abs(one.peak - other.peak) + abs(one.floor - other.floor) <= _SAME * one.peak  # fmt: skip
    if isinstance(recorded, int | float):
        return bool(abs(recorded - said) <= _SAME * abs(recorded))
    return bool(recorded == said)
