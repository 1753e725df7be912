"""What is known of a run, whoever wrote it: series with the lines they stand in, and figures of the plan.

A fact that the records do not hold is None and never a default: a cause that needs it says so instead of
finding nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

_LARGEST: Final = 3.5e38
"""Beyond what float32 holds; sums of squares of what is below it are still numbers."""


def is_finite(value: float | None) -> bool:
    """Whether a loss or a norm is a number that float32 holds."""
    return value is not None and abs(value) < _LARGEST


@dataclass(frozen=True, slots=True)
class Line:
    """Where a record stands: a file of the run, and its line from 1."""

    file: str
    number: int
    entry: bool = False
    """The number is that of an entry of a Trainer's `log_history`, from 1, and not that of a line."""

    def __str__(self) -> str:
        return f"{self.file} entry {self.number}" if self.entry else f"{self.file}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedStep:
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

    @property
    def hides_nan(self) -> bool:
        """Trainer leaves NaN out of the mean it logs: loss 0 beside a gradient norm that is no number."""
        return self.loss == 0.0 and self.grad_norm is not None and not is_finite(self.grad_norm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One evaluation on held-out text."""

    line: Line
    step: int
    loss: float
    """Nats a token."""
    standard_error: float | None = None
    name: str = ""
    """Of its text, where a run has several: `code` of `eval_code_loss`."""
    tokens: int | None = None
    """Targets that it was measured on."""
    sequences: int | None = None
    part: bool = False
    """A part of another loss of the same record, such as `eval_kl_loss` beside `eval_loss`: it may grow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that the run announced."""

    line: Line
    name: str
    step: int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Settings of the learning rate's closed form (see `pipeline.training.schedule`)."""

    peak: float
    floor: float
    warmup_steps: int
    planned_steps: int
    shape: str = "cosine"
    """What follows the warm-up: `cosine`, `linear` or `constant`."""
    whole: bool = True
    """Whether all of it is known; else a caller told its shape alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that is known of a run, and that a probe or a cause may ask for.

    Units: losses in nats a token, rates a step, times in seconds; each field says its own.
    Source: decisions 0019 and 0020 (what is not on record is None, and never a default).
    """

    kind: str
    """`OURS`, `TRAINER` or the kind of one of the formats."""
    steps: Sequence[LoggedStep] = ()
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
    sequence_length: int | None = None
    """Targets of a sequence, where the run says it."""
    tokens_per_pass: int | None = None
    """Targets that one pass over the training set gives."""
    device_asked: str | None = None
    device_got: str | None = None
    device_name: str | None = None
    """What its maker calls it: `NVIDIA H200`."""
    flops_per_token: float | None = None
    device_flops: float | None = None
    """Operations a second that the device reached in plain matrix products."""
    wall_seconds: float | None = None
    schedule: Schedule | None = None
    mode: str | None = None
    """`scratch` or `fine-tune`."""
    lr_schedule: str | None = None
    """Shape of the schedule that a caller says was meant."""
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
    patience: int | None = None
    """Evaluations in a row without that improvement which end a run."""
    record_line: Line | None = None
    """Where the run's summary says how it ended: `status` of run.json, `global_step` of a Trainer's state."""
    record_lines: Mapping[str, Line] = field(default_factory=dict)
    """Where each key of that summary stands; see `recorded`."""
    ended_step: int | None = None
    """Step at which the run ended by its summary; None while it goes on."""
    steps_done: int | None = None
    """Steps that were done by the summary, whether the run goes on or not."""
    finished: bool | None = None
    """Whether nothing more was to come, by the summary: True where the run ended, well or not; False where
    it goes on, was killed or preempted, or this is a checkpoint on the way; None where nothing says."""
    stop_reason: str = ""
    """What ended it before its plan, in the words of the record; empty where nothing is said to have."""
    checkpointed_step: int | None = None
    """Step whose checkpoint `wall_seconds` belongs to: the time of all steps up to it and none behind it."""
    total_flops: float | None = None
    """Operations of the whole run by its own count; `wall_seconds` is then the time of the same steps."""
    epochs: float | None = None
    """Passes over the training set by the run's own count."""
    initialisation_difference: float | None = None
    """First held-out loss of the run against that of the checkpoint it began from, nats a token."""
    initialisation_tolerance: float | None = None
    """How large that difference may be, nats a token."""
    initialisation_improvement: float | None = None
    """Held-out loss of step 0 less that of the last evaluation, nats a token."""
    bypasses: tuple[str, ...] = ()
    """Checks that somebody relaxed, each as `accept-starvation: the reason given`."""
    damage: tuple[str, ...] = ()
    """What of the records is cut or no record, in words: nothing is known of what stood there."""
    lost: tuple[str, ...] = ()
    """Records that ought to be there, by those that are, and are not, in words."""
    told: frozenset[str] = field(default_factory=frozenset)
    """Facts that somebody gave because the records do not hold them: the maker's word, and no record."""

    @property
    def from_scratch(self) -> bool | None:
        """Whether the run began from random weights, by its record or by the mode that a caller states."""
        if self.initialised is not None:
            return not self.initialised
        return None if self.mode is None else self.mode == "scratch"

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
        return self.trained_tokens / per_pass if self.trained_tokens and per_pass else self.epochs

    @property
    def steps_by_log(self) -> int:
        """Steps that were done by the last record; loggers that count from 0 call the tenth step 9."""
        if not self.steps:
            return 0
        first, every = self.steps[0].step, self.log_every
        from_zero = first == 0 or (every > 1 and first % every == every - 1)
        return self.steps[-1].step + from_zero

    def recorded(self, *names: str) -> tuple[Line, ...]:
        """Lines of the summary record that hold these keys, each once; those that it lacks are left out.

        The keys are those of `run.json`; of a Trainer's output they name what its figures were taken from.
        """
        return tuple(dict.fromkeys(self.record_lines[name] for name in names if name in self.record_lines))

    @property
    def losses(self) -> list[LoggedStep]:
        """Records that hold a loss; a 0 that stands for NaN is none."""
        return [step for step in self.steps if step.loss is not None and not step.hides_nan]

    @property
    def finite_losses(self) -> list[LoggedStep]:
        """Records whose loss is a number that training in float32 can have."""
        return [step for step in self.losses if is_finite(step.loss)]

    @property
    def finite_evaluations(self) -> list[Evaluation]:
        """Evaluations whose loss is such a number."""
        return [one for one in self.evaluations if is_finite(one.loss)]

    @property
    def evaluation_sets(self) -> list[list[Evaluation]]:
        """Finite evaluations by the text that they are of: losses of two texts are never compared."""
        found: dict[str, list[Evaluation]] = {}
        for one in self.finite_evaluations:
            if not one.part:
                found.setdefault(one.name, []).append(one)
        return list(found.values())

    @property
    def last_tenth(self) -> list[LoggedStep]:
        """The last tenth of the finite training losses, at least 5 where there are so many."""
        finite = self.finite_losses
        return finite[-max(5, len(finite) // 10) :]

    @property
    def ln_vocabulary(self) -> float | None:
        """Loss of a model that knows nothing, nats a token."""
        return math.log(self.vocabulary) if self.vocabulary and self.vocabulary > 1 else None


OURS: Final = "specship run"
TRAINER: Final = "Trainer output"
"""The kinds of runs that have readers of their own; those of `formats/` name themselves."""
TELLABLE: Final = (
    "parameters",
    "vocabulary",
    "unique_tokens",
    "tokens_per_step",
    "planned_steps",
    "device_asked",
    "device_got",
    "mode",
    "device_flops",
    "lr_schedule",
    "patience",
    "min_improvement",
)
"""Facts that a caller may state where the records do not hold them."""
