"""What nanoGPT prints: `iter 10: loss 3.2145, time 12.34ms, mfu 3.21%`, and its estimates of both losses.

The loss of an `iter` is the mean of its last batch, nats a token; `val loss` is an estimate over random
batches. Steps count from 0. It prints no learning rate and no gradient norm; forks that do are read. What it
printed of its settings (`max_iters = 5000`, `Overriding: grad_clip = 1.0`) is what the run was to be.
Source: karpathy/nanoGPT, train.py and configurator.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from specship.pipeline.run_logs.facts import Facts
from specship.pipeline.run_logs.formats._console import FIGURE, NAMES, begins, figure, some, whole
from specship.pipeline.run_logs.formats._printed import Head, read_printed
from specship.pipeline.run_logs.log_format import LogFormat
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, Columns

KIND: Final = "nanoGPT log"
_STEP: Final = re.compile(rf"^\s*iter ([0-9]{{1,15}}): loss ({FIGURE})(?=[,\s]|$)", re.IGNORECASE)
_ESTIMATE: Final = re.compile(
    rf"^\s*step ([0-9]{{1,15}}): train loss {FIGURE}, val loss ({FIGURE})(?=[,\s]|$)", re.IGNORECASE
)
_RATE: Final = re.compile(rf"\b(?:lr|learning_rate)[:= ]+({FIGURE})", re.IGNORECASE)
_NORM: Final = re.compile(rf"\b(?:grad[_ ]?norm|norm)[:= ]+({FIGURE})", re.IGNORECASE)
_SETTING: Final = r"^\s*(?:Overriding: )?{} = "


def _said(text: str) -> Mapping[str, Any] | None:
    if estimate := _ESTIMATE.search(text):
        return {"step": int(estimate[1]), "val_loss": figure(estimate[2])}
    found = _STEP.search(text)
    if found is None:
        return None
    rate, norm = _RATE.search(text, found.end()), _NORM.search(text, found.end())
    return {
        "step": int(found[1]),
        "loss": figure(found[2]),
        "lr": figure(rate[1]) if rate else None,
        "grad_norm": figure(norm[1]) if norm else None,
    }


def _head(pattern: str, make: Any) -> Head:
    return re.compile(pattern), make


_HEADS: Final[tuple[Head, ...]] = (
    _head(
        r"^tokens per iteration will be: ([0-9][0-9,]{0,20})", lambda of: {"tokens_per_step": whole(of[1])}
    ),
    _head(r"^found vocab_size = ([0-9]{1,9}) ", lambda of: {"vocabulary": int(of[1])}),
    _head(r"^defaulting to vocab_size of GPT-2 to ([0-9]{1,9})", lambda of: {"vocabulary": int(of[1])}),
    _head(r"^Initializing a new model from scratch", lambda _: {"initialised": False}),
    _head(r"^Initializing from OpenAI GPT-2 weights", lambda _: {"initialised": True}),
    # It counts from 0, and stops behind the step of that number.
    _head(_SETTING.format("max_iters") + "([0-9]{1,12})", lambda of: {"planned_steps": int(of[1]) + 1}),
    _head(_SETTING.format("grad_clip") + f"({FIGURE})", lambda of: {"clip_norm": some(figure(of[1]))}),
    _head(
        _SETTING.format("device") + "['\"]?([a-z]{1,8}(?::[0-9]{1,3})?)\\b",
        lambda of: {"device_asked": of[1]},
    ),
)


def read_nanogpt(path: Path, columns: Columns = NO_COLUMNS) -> tuple[Facts, list[str]]:
    """Facts of what nanoGPT printed.

    Raises:
        DamagedArtifact: no line is about a step, or it is beyond its bound.
    """
    return read_printed(path, columns, kind=KIND, step=_said, heads=_HEADS)


_PRINTED: Final = "what was printed"
FORMAT: Final = LogFormat(
    kind=KIND,
    files=NAMES,
    read=read_nanogpt,
    recognises=begins(re.compile(r"^\s*iter [0-9]{1,15}: loss [0-9ni]")),
    places={
        "steps": f"`iter N: loss X` in {_PRINTED}",
        "steps.loss": f"`iter N: loss X` in {_PRINTED}",
        "evaluations": f"`step N: train loss X, val loss Y` in {_PRINTED}",
        "tokens_per_step": f"`tokens per iteration will be` in {_PRINTED}",
        "vocabulary": f"`found vocab_size` in {_PRINTED}",
        "ln_vocabulary": f"`found vocab_size` in {_PRINTED}",
        "planned_steps": f"`max_iters = N` in {_PRINTED}",
        "planned_tokens": f"`max_iters = N` in {_PRINTED}",
        "trained_tokens": f"`tokens per iteration will be` in {_PRINTED}",
        "clip_norm": f"`grad_clip = X` in {_PRINTED}",
        "device_asked": f"`device = X` in {_PRINTED}",
        "initialised": f"`Initializing …` in {_PRINTED}",
        "finished": f"an `iter` at `max_iters` in {_PRINTED}",
        "ended_step": f"an `iter` at `max_iters` in {_PRINTED}",
    },
)
