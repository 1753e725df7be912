"""What nanochat prints: `step 00010/21400 (0.05%) | loss: 9.12 | lrm: 1.00 | dt: 9ms | tok/sec: 1,234 …`.

The loss is an exponential mean over some ten steps, nats a token; `lrm` is the rate as a share of each
group's own, with two digits; `tok/sec` is of all devices. Held-out text is scored in bits a byte, which is no
loss a token and is left out. Steps count from 0.
Source: karpathy/nanochat, scripts/base_train.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from specship.pipeline.run_logs.facts import Facts
from specship.pipeline.run_logs.formats._console import FIGURE, NAMES, begins, figure, whole
from specship.pipeline.run_logs.formats._printed import Head, read_printed
from specship.pipeline.run_logs.log_format import LogFormat
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, Columns

KIND: Final = "nanochat log"
_STEP: Final = re.compile(
    rf"^\s*step ([0-9]{{1,12}})(?:/([0-9]{{1,12}}))?(?: \({FIGURE}%\))? \| (?:train )?loss: ({FIGURE}) \|",
    re.IGNORECASE,
)
_PARTS: Final = {
    "lr": re.compile(rf"\| lrm: ({FIGURE})(?= \||\s*$)"),
    "grad_norm": re.compile(rf"\| grad[ _]norm: ({FIGURE})(?= \||\s*$)"),
    "tokens_per_second": re.compile(rf"\| tok/sec: ({FIGURE})(?= \||\s*$)"),
}


def _said(text: str) -> Mapping[str, Any] | None:
    found = _STEP.search(text)
    if found is None:
        return None
    parts = {name: figure(part[1]) for name, at in _PARTS.items() if (part := at.search(text))}
    return {"step": int(found[1]), "loss": figure(found[3])} | parts


_COUNT: Final = r"([0-9][0-9,]{0,20})"
_HEADS: Final[tuple[Head, ...]] = (
    (re.compile(rf"^(?:Calculated|Using user-provided) number of iterations\b.*?: {_COUNT}\s*$"),
     lambda of: {"planned_steps": whole(of[1]) or None}),
    (re.compile(rf"^Total batch size {_COUNT} => "), lambda of: {"tokens_per_step": whole(of[1]) or None}),
    (re.compile(rf"^Number of parameters: {_COUNT}"), lambda of: {"parameters": whole(of[1]) or None}),
    (re.compile(rf"^Vocab size: {_COUNT}"), lambda of: {"vocabulary": whole(of[1]) or None}),
    (re.compile(r"^Autodetected device type: ([a-z]{1,8})\b"), lambda of: {"device_got": of[1]}),
)  # fmt: skip


def read_nanochat(path: Path, columns: Columns = NO_COLUMNS) -> tuple[Facts, list[str]]:
    """Facts of what nanochat printed.

    Raises:
        DamagedArtifact: no line is about a step, or it is beyond its bound.
    """
    done = re.compile(r"^Total training time: ")
    return read_printed(path, columns, kind=KIND, step=_said, heads=_HEADS, done=done)


_PRINTED: Final = "what was printed"
FORMAT: Final = LogFormat(
    kind=KIND,
    files=NAMES,
    read=read_nanochat,
    recognises=begins(_STEP),
    places={
        "steps": f"`step N/M | loss: X` in {_PRINTED}",
        "steps.loss": f"`loss: X`, a running mean, in {_PRINTED}",
        "steps.lr": f"`lrm: X`, a share of each group's rate, in {_PRINTED}",
        "steps.tokens_per_second": f"`tok/sec: X`, of all devices, in {_PRINTED}",
        "planned_steps": f"`number of iterations` in {_PRINTED}",
        "planned_tokens": f"`number of iterations` in {_PRINTED}",
        "tokens_per_step": f"`Total batch size` in {_PRINTED}",
        "trained_tokens": f"`Total batch size` in {_PRINTED}",
        "parameters": f"`Number of parameters` in {_PRINTED}",
        "vocabulary": f"`Vocab size` in {_PRINTED}",
        "ln_vocabulary": f"`Vocab size` in {_PRINTED}",
        "device_got": f"`Autodetected device type` in {_PRINTED}",
        "finished": f"`Total training time` in {_PRINTED}",
        "ended_step": f"`Total training time` in {_PRINTED}",
    },
)
