"""What is known of a run, whoever wrote it: series with the lines they stand in, and figures of the plan.

A fact that the records do not hold is None and never a default: a cause that needs it says so instead of
finding nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Line:
    """Where a record stands: a file of the run, and its line (or entry of a list) from 1."""

    file: str
    number: int

    def __str__(self) -> str:
        return f"{self.file}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One record of training; a figure that it does not hold is None, one that is NaN stays NaN."""

    line: Line
    step: int
    loss: float | None = None
    """Nats a token."""
    grad_norm: float | None = None
    clipped_norm: float | None = None
    """Gradient norm after clipping."""
    lr: float | None = None
    tokens_per_second: float | None = None
    tokens_seen: int | None = None
    device: str | None = None
    device_memory_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One evaluation on held-out text."""

    line: Line
    step: int
    loss: float
    """Nats a token."""
    standard_error: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that the run announced."""

    line: Line
    name: str
    step: int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Settings of the learning rate's closed form (see `pipeline.schedule`)."""

    peak: float
    floor: float
    warmup_steps: int
    planned_steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that a cause may ask for."""

    kind: str
    """`specship run` or `Trainer output`."""
    steps: Sequence[Step] = ()
    evaluations: Sequence[Evaluation] = ()
    events: Sequence[Event] | None = None
    """None where the format has no events: an absence of announcements then says nothing."""
    status: str | None = None
    reason: str = ""
    planned_steps: int | None = None
    log_every: int = 1
    """Steps between records: Trainer logs means over several steps."""
    parameters: int | None = None
    vocabulary: int | None = None
    unique_tokens: int | None = None
    """Tokens of the training set, each counted once."""
    tokens_per_step: int | None = None
    tokens_per_pass: int | None = None
    """Targets that one pass over the training set gives."""
    device_asked: str | None = None
    device_got: str | None = None
    flops_per_token: float | None = None
    device_flops: float | None = None
    """Operations a second that the device reached in plain matrix products."""
    wall_seconds: float | None = None
    schedule: Schedule | None = None
    mode: str | None = None
    """`scratch` or `fine-tune`."""
    clip_norm: float | None = None
    initialised: bool | None = None
    """Whether the run began from the weights of a checkpoint."""
    declared_parameters: int | None = None
    """What the declared architecture comes to."""
    tensors: int | None = None
    """Tensors of the first checkpoint that the last one has too."""
    unmoved_tensors: int | None = None
    """Those of them that hold the same bytes in both."""
    min_improvement: float | None = None
    """Nats a token that early stopping looks for."""
    told: frozenset[str] = field(default_factory=frozenset)
    """Facts that the caller gave because the records do not hold them."""

    @property
    def trained_tokens(self) -> int | None:
        """Targets that the run learned from."""
        seen = [step.tokens_seen for step in self.steps if step.tokens_seen is not None]
        if seen:
            return seen[-1]
        if self.tokens_per_step is None or not self.steps:
            return None
        return self.steps[-1].step * self.tokens_per_step

    @property
    def planned_tokens(self) -> int | None:
        """Targets that the plan asks for."""
        if self.planned_steps is None or self.tokens_per_step is None:
            return None
        return self.planned_steps * self.tokens_per_step

    @property
    def passes(self) -> float | None:
        """Passes over the training set that the run made."""
        per_pass = self.tokens_per_pass or self.unique_tokens
        return self.trained_tokens / per_pass if self.trained_tokens and per_pass else None

    @property
    def losses(self) -> list[Step]:
        """Records that hold a loss."""
        return [step for step in self.steps if step.loss is not None]

    @property
    def last_tenth(self) -> list[Step]:
        """The last tenth of the finite training losses, at least 5 where there are so many."""
        finite = [step for step in self.losses if math.isfinite(step.loss or 0.0)]
        return finite[-max(5, len(finite) // 10) :]

    @property
    def ln_vocabulary(self) -> float | None:
        """Loss of a model that knows nothing, nats a token."""
        return math.log(self.vocabulary) if self.vocabulary and self.vocabulary > 1 else None


TELLABLE: Final = (
    "parameters",
    "vocabulary",
    "unique_tokens",
    "tokens_per_step",
    "planned_steps",
    "device_asked",
    "device_got",
    "mode",
)
"""Facts that a caller may state where the records do not hold them."""
