"""Reading a run's folder, without torch: what `run.json` and the logs hold, and where checkpoints lie.

The writer of `run.json` checks what it writes with the same record.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ConfigDict

from specship.errors import DamagedArtifact, StageFailed
from specship.json_log import whole_lines
from specship.pipeline.placement.records import Placement
from specship.pipeline.training.settings import ModelSettings, TrainingSettings
from specship.records import Record, Sha256, read_record

RUN_FORMAT: Final = "specship-run/1"
_MEND: Final = "run the training stage again"
STEP_FIELDS: Final = (
    "step",
    "train_loss",
    "grad_norm",
    "grad_norm_after_clip",
    "lr",
    "tokens_per_second",
    "tokens_seen",
    "device",
    "device_memory_bytes",
)
"""Fields of every record of `train.jsonl`."""
_NAME: Final = re.compile(r"step-(\d{6,})\Z")
Status = Literal["running", "completed", "stopped_early", "data_exhausted", "aborted", "preempted"]


class _RunPart(Record):
    """Numbers and lists are taken as JSON and as the writer hold them: 1 for 1.0, a tuple for a list."""

    model_config = ConfigDict(strict=False)


class RunConfig(_RunPart):
    """Settings that a run was begun with."""

    model: ModelSettings | None
    """None where the architecture is that of the checkpoint that training began from."""
    training: TrainingSettings


class Initialisation(_RunPart):
    """The checkpoint that a run began from; losses are of the held-out windows, nats a token."""

    source: str
    """Name of the folder it came from; its copy is the run's folder `initial`."""
    family: str
    sha256: Sha256
    """Of its configuration, tokenizer and weights."""
    tensors: int
    parameters: int
    dtypes: dict[str, int]
    tolerance: float
    own_loss: float | None = None
    """Of the copy, by our own decoder in float32, before the model was built."""
    step_zero_loss: float | None = None
    """Of the model that is trained, in float32, before its first step."""
    difference: float | None = None
    held_out_tokens: int | None = None
    last_loss: float | None = None
    """Of the run's last evaluation."""
    improvement: float | None = None
    """`step_zero_loss` less `last_loss`; training helped where it is above 0."""


class Bypass(_RunPart):
    """A check that somebody relaxed, with the reason given and the figures it would have refused."""

    name: str
    reason: str
    figures: dict[str, float]


class ExecutionRecord(_RunPart):
    """How the steps were computed."""

    precision: str
    """Number type of products and activations."""
    compiled: bool
    why_eager: str
    """Why nothing was compiled; empty where it was."""
    deterministic: bool
    float32_products: str
    """`float32`, or `tf32` where a CUDA device rounded what it multiplied."""
    attention: str
    """`flash`: that kernel and no other; `any`: what torch chose."""


class RankRecord(_RunPart):
    """One of the processes that trained together."""

    rank: int
    host: str
    """Digest of the host's name."""
    pid: int
    device: str
    device_name: str
    uuid: str = ""
    busy_seconds: float = 0.0
    """In data and forward passes of this session, before gradients were exchanged."""


class ParallelRecord(_RunPart):
    """How several processes trained one model."""

    world_size: int
    sharing: Literal["ddp", "fsdp"]
    """`ddp`: all of the model in each process; `fsdp`: weights, gradients and moments cut."""
    backend: str
    ranks: tuple[RankRecord, ...]
    slowest_rank: int = 0
    slowest_over_fastest: float = 1.0
    """Of their busy seconds."""


class RunRecord(_RunPart):
    """What `run.json` holds once the model is on its device."""

    format: Literal["specship-run/1"]
    status: Status
    reason: str
    config: RunConfig
    """Settings in force, a mode's defaults resolved."""
    shards_sha256: Sha256
    """Of the shards' manifest, which names the digest of every token file."""
    tokenizer_sha256: Sha256
    initial_sha256: Sha256 | None = None
    """Of the checkpoint that training began from; None for random weights."""
    initialisation: Initialisation | None = None
    bypasses: tuple[Bypass, ...] = ()
    device_asked: str
    device_got: str
    """Device of the model's parameters."""
    device_name: str
    placement: Placement | None = None
    """What driver and kernel say of the place of the last session; None in runs from before it was asked."""
    seed: int
    planned_steps: int
    steps_done: int
    tokens_per_step: int
    packages: dict[str, str]
    sessions: int
    """Processes that worked on it; above 1 when it was resumed."""
    cpu_threads: int
    parameters: int
    declared_parameters: int
    vocabulary: int
    unique_train_tokens: int
    windows_per_pass: int
    flops_per_token: int
    matmul_flops_per_second: float
    execution: ExecutionRecord | None = None
    """None in runs from before it was recorded."""
    parallel: ParallelRecord | None = None
    """Of the last session; None where one process did the work."""
    wall_seconds: float = 0.0
    """Time of the work that the last checkpoint carries, evaluations and checkpoints included."""
    best_step: int = 0


def read_run(folder: Path) -> RunRecord:
    """The record of a run.

    Raises:
        DamagedArtifact: `run.json` is missing or malformed.
    """
    what = "the record of the run is malformed"
    return read_record(RunRecord, folder / "run.json", what=what, mend=_MEND)


def read_log(path: Path) -> list[dict[str, Any]]:
    """Every record of a log that was closed properly.

    Raises:
        DamagedArtifact: the file is missing, a line is no JSON object, or the last one was cut.
    """
    if not path.is_file():
        raise DamagedArtifact("the log is missing", at=path, mend=_MEND)
    lines, cut = whole_lines(path)
    if cut:
        raise DamagedArtifact("the last line of the log was cut", at=path, mend="resume the run")
    return [record for _, record in lines]


def read_steps(folder: Path) -> list[dict[str, Any]]:
    """Records of `train.jsonl`, each with every field and numbers where numbers belong.

    Raises:
        DamagedArtifact: there is none, or a record lacks a field; `run.log` counts such records.
    """
    path = folder / "train.jsonl"
    records = read_log(path)
    if not records:
        raise DamagedArtifact("the log holds no step", at=path)
    for number, record in enumerate(records, start=1):
        for name in STEP_FIELDS:
            value = record.get(name)
            if isinstance(value, bool) or not isinstance(value, str if name == "device" else int | float):
                raise DamagedArtifact(f"line {number} has no usable {name}", at=path)
    return records


def read_evaluations(folder: Path) -> list[dict[str, Any]]:
    """Records of `evaluations.jsonl`.

    Raises:
        DamagedArtifact: there is none, or a record lacks a number.
    """
    path = folder / "evaluations.jsonl"
    records = read_log(path)
    if not records:
        raise DamagedArtifact("the run evaluated nothing", at=path)
    for number, record in enumerate(records, start=1):
        for name in ("step", "val_loss", "standard_error", "val_tokens", "sequences"):
            if isinstance(record.get(name), bool) or not isinstance(record.get(name), int | float):
                raise DamagedArtifact(f"line {number} has no usable {name}", at=path)
    return records


def checkpoint_path(folder: Path, step: int) -> Path:
    """Where the checkpoint of a step lives in a run folder."""
    return folder / "checkpoints" / f"step-{step:06d}"


def checkpoints_of(folder: Path) -> list[tuple[int, Path]]:
    """Named checkpoints of a run folder by step, verified or not."""
    base = folder / "checkpoints"
    names = sorted(base.iterdir()) if base.is_dir() else []
    return sorted((int(match[1]), path) for path in names if (match := _NAME.match(path.name)))


def best_checkpoint(folder: Path) -> tuple[int, Path]:
    """Step and folder of the checkpoint with the lowest held-out loss in `evaluations.jsonl`.

    Raises:
        DamagedArtifact: the evaluations cannot be read.
        StageFailed: the best checkpoint is not there.
    """
    evaluations = read_evaluations(folder)
    best = min(evaluations, key=lambda record: (float(record["val_loss"]), int(record["step"])))
    found = dict(checkpoints_of(folder))
    if best["step"] not in found:
        raise StageFailed(
            f"the best evaluation is of step {best['step']}, and its checkpoint is not there",
            at=folder / "checkpoints",
            mend=_MEND,
        )
    return int(best["step"]), found[best["step"]]
