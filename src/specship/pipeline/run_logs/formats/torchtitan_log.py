"""What torchtitan prints: `step: 10  loss: 4.1704  grad_norm: 1.8422  memory: …  tps: 221,070  tflops: …`.

The loss is the mean over all ranks, nats a token. `tps` is **per device**: it becomes the run's own speed
where the log says how many devices there were, or `columns` does (`tokens_are: device`, `devices: 8`), and
is left out otherwise. The learning rate is not printed; it stands in its event files and its structured log.
With `--tee` each line begins with its rank; lines of ranks other than the first that is seen are left out.
Source: pytorch/torchtitan, components/metrics.py (MetricsProcessor.log, log_validation) and train.py.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from specship.pipeline.run_logs.facts import Facts
from specship.pipeline.run_logs.formats._console import FIGURE, NAMES, begins, figure, whole
from specship.pipeline.run_logs.formats._printed import Head, read_printed
from specship.pipeline.run_logs.log_format import LogFormat
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, Columns

KIND: Final = "torchtitan log"
_RANK: Final = re.compile(r"^\s*\[(?:rank|[a-z_]{1,20})([0-9]{1,6})\]:")
_STEP: Final = re.compile(
    rf"(validate )?\bstep: {{1,20}}([0-9]{{1,15}}) {{1,20}}loss: {{1,20}}({FIGURE})(?=\s|$)", re.IGNORECASE
)
_PARTS: Final = {
    "grad_norm": re.compile(rf" grad_norm: {{1,20}}({FIGURE})(?=\s|$)", re.IGNORECASE),
    "tps": re.compile(rf" tps: {{1,20}}({FIGURE})(?=\s|$)", re.IGNORECASE),
}


def _said_by(first: list[str]) -> Callable[[str], Mapping[str, Any] | None]:
    """What lines of one rank say: that of the first line about a step, put into `first`."""

    def said(text: str) -> Mapping[str, Any] | None:
        found = _STEP.search(text)
        if found is None:
            return None
        rank = match[1] if (match := _RANK.search(text)) else ""
        if not first:
            first.append(rank)
        if rank != first[0]:
            return {}
        if found[1]:
            return {"step": int(found[2]), "val_loss": figure(found[3])}
        parts = {
            name: figure(part[1]) for name, at in _PARTS.items() if (part := at.search(text, found.end()))
        }
        return {"step": int(found[2]), "loss": figure(found[3])} | parts

    return said


_PLAN: Final = re.compile(
    r"global batch size ([0-9]{1,9}), .{0,60}sequence length ([0-9]{1,9}), total steps ([0-9]{1,12})"
)
_SIZE: Final = re.compile(r"\bsize: ([0-9][0-9,]{0,20}) total parameters")
_MESHES: Final = (
    re.compile(r"Building [0-9]{1,2}-D device mesh with \[[^\]]{0,200}\], \[([0-9, ]{1,60})\]"),
    re.compile(
        r"Building device mesh with parallelism: "
        r"(pp=[0-9]{1,6}, dp_replicate=[0-9]{1,6}, dp_shard=[0-9]{1,6}, cp=[0-9]{1,6}, tp=[0-9]{1,6})"
    ),
)


def _plan(of: re.Match[str]) -> Mapping[str, Any]:
    return {"tokens_per_step": int(of[1]) * int(of[2]) or None, "planned_steps": int(of[3]) or None}


def _heads(devices: list[int]) -> tuple[Head, ...]:
    def mesh(of: re.Match[str]) -> Mapping[str, Any]:
        sizes = [int(one) for one in re.findall(r"[0-9]{1,6}", of[1])]
        devices.append(math.prod(size for size in sizes if size > 0))
        return {}

    return (
        (_PLAN, _plan),
        (_SIZE, lambda of: {"parameters": whole(of[1]) or None}),
        (re.compile(r"\bvocab_size=([0-9]{1,9})\b"), lambda of: {"vocabulary": int(of[1]) or None}),
        (re.compile(r"\b([A-Z]{2,8}) capacity: "), lambda of: {"device_got": of[1].lower()}),
        *((pattern, mesh) for pattern in _MESHES),
    )


def read_torchtitan(path: Path, columns: Columns = NO_COLUMNS) -> tuple[Facts, list[str]]:
    """Facts of what torchtitan printed.

    Raises:
        DamagedArtifact: no line is about a step, or it is beyond its bound.
    """
    devices: list[int] = []
    per_device = columns.model_copy(update={"tokens_per_second": columns.tokens_per_second or "tps"})
    facts, damage = read_printed(
        path,
        per_device,
        kind=KIND,
        step=_said_by([]),
        heads=_heads(devices),
        done=re.compile(r"Training completed"),
    )
    if columns.tokens_are == "device":
        return facts, damage
    many = devices[0] if devices and 0 < devices[0] <= 1 << 20 else None
    steps = tuple(replace(one, tokens_per_second=_of_all(one.tokens_per_second, many)) for one in facts.steps)
    return replace(facts, steps=steps), damage


def _of_all(speed: float | None, devices: int | None) -> float | None:
    return None if speed is None or devices is None else speed * devices


_PRINTED: Final = "what was printed"
FORMAT: Final = LogFormat(
    kind=KIND,
    files=NAMES,
    read=read_torchtitan,
    recognises=begins(_STEP),
    places={
        "steps": f"`step: N  loss: X` in {_PRINTED}",
        "steps.loss": f"`step: N  loss: X` in {_PRINTED}",
        "steps.grad_norm": f"`grad_norm: X` in {_PRINTED}",
        "steps.tokens_per_second": f"`tps: X`, per device, and the device mesh in {_PRINTED}",
        "evaluations": f"`validate step: N  loss: X` in {_PRINTED}",
        "planned_steps": f"`total steps` in {_PRINTED}",
        "planned_tokens": f"`global batch size` and `sequence length` in {_PRINTED}",
        "tokens_per_step": f"`global batch size` and `sequence length` in {_PRINTED}",
        "trained_tokens": f"`global batch size` and `sequence length` in {_PRINTED}",
        "parameters": f"`total parameters` in {_PRINTED}",
        "vocabulary": f"`vocab_size=N` in {_PRINTED}",
        "ln_vocabulary": f"`vocab_size=N` in {_PRINTED}",
        "device_got": f"`CUDA capacity` in {_PRINTED}",
        "finished": f"`Training completed` in {_PRINTED}",
        "ended_step": f"`Training completed` in {_PRINTED}",
    },
)
