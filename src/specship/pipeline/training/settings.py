"""Settings of the model and of its training; every one is recorded in the run's `run.json`.

`scale` marks settings that a smoke test sets small: a release `differs` in them from every rehearsal,
or at least has them `stated` in its profile instead of inheriting what suits a test. `specship lint`
looks at the mark, and training does not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from specship.errors import UnusableInput
from specship.pipeline.shards.boundaries import Boundaries
from specship.pipeline.stage import Settings
from specship.records import Count

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
AtLeastOne = Annotated[int, Field(gt=0, le=1 << 40)]
Share = Annotated[float, Field(ge=0, lt=1)]

MODE_DEFAULTS: Final[dict[str, tuple[float, int]]] = {"scratch": (3e-4, 1000), "fine-tune": (5e-5, 100)}
"""Peak learning rate and warm-up steps that belong to a mode, and travel together."""


class ModelSettings(Settings):
    """The declared architecture: a Llama-family decoder. The vocabulary is the tokenizer's."""

    hidden_size: Annotated[AtLeastOne, Field(json_schema_extra={"scale": "differs"})] = 128
    layers: Annotated[AtLeastOne, Field(json_schema_extra={"scale": "differs"})] = 3
    heads: AtLeastOne = 4
    kv_heads: AtLeastOne = 2
    intermediate_size: AtLeastOne = 352
    tied_embeddings: bool = True
    """Whether the output projection is the input embedding; parameters count it once then."""
    rope_theta: Positive = 10_000.0
    norm_eps: Positive = 1e-5
    max_positions: Annotated[AtLeastOne, Field(json_schema_extra={"scale": "stated"})] = 512
    attention_dropout: Share = 0.0
    initializer_range: Positive = 0.02
    """Standard deviation of the initial weights."""

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.hidden_size % (2 * self.heads):
            raise ValueError("hidden_size must be a multiple of 2 * heads: rotary positions turn pairs")
        if self.heads % self.kv_heads:
            raise ValueError("heads must be a multiple of kv_heads")
        return self


class TrainingSettings(Settings):
    """How the model is trained. Explicit settings win over a mode's defaults, and are recorded."""

    mode: Literal["scratch", "fine-tune"] = "scratch"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    """Fixes the initial weights and the order of the data."""
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:[0-9]{1,3})?)$")] = "auto"
    precision: Literal["float32", "bfloat16-autocast"] | None = None
    """Number type of products and activations; weights and optimizer stay in float32. Null takes bfloat16 on
    CUDA and float32 on a CPU."""
    deterministic: bool = True
    """Kernels that give the same sums every time, at their price; without, no CUDA run can be repeated."""
    tf32: bool = False
    """Let a CUDA device round to 10 bits what it multiplies in float32."""
    compile: bool | Literal["auto"] = "auto"
    """Compile the step. `auto`: on CUDA always, on a CPU where the plan is long enough to gain from it."""
    threads: Count = 0
    """CPU threads; 0 takes every core this process may use. Recorded: sums depend on it."""
    steps: Annotated[AtLeastOne, Field(json_schema_extra={"scale": "differs"})] = 100
    sequence_length: Annotated[AtLeastOne, Field(json_schema_extra={"scale": "stated"})] = 128
    micro_batch: AtLeastOne = 16
    """Sequences of one forward pass."""
    accumulation: AtLeastOne = 1
    """Forward passes an optimizer step."""
    at_end: Literal["halt", "cycle"] = "halt"
    """At the end of the data: stop with a reason, or begin again with an event in the log."""
    document_boundaries: Literal["ignored", "respected"] = "ignored"
    """Whether attention and positions begin anew with each document of a window."""
    train_after_separator: bool = True
    """Learn the first token of a document, which nothing before it announces."""
    peak_learning_rate: Positive | None = None
    warmup_steps: Count | None = None
    floor_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    """The last learning rate as a share of the peak."""
    beta1: Share = 0.9
    beta2: Share = 0.95
    adam_eps: Positive = 1e-8
    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    """Applied to matrices only, never to norms."""
    clip_norm: Positive = 1.0
    evaluate_every: Annotated[AtLeastOne, Field(json_schema_extra={"scale": "stated"})] = 25
    """Steps between held-out evaluations; a checkpoint follows each."""
    evaluation_tokens: Annotated[AtLeastOne, Field(json_schema_extra={"scale": "stated"})] = 131_072
    """Held-out tokens an evaluation scores, from the first window on."""
    patience: Annotated[AtLeastOne, Field(json_schema_extra={"scale": "stated"})] = 5
    """Evaluations in a row without improvement that end the run."""
    min_improvement: Annotated[Positive, Field(json_schema_extra={"scale": "stated"})] = 0.05
    """Nats a token by which an evaluation must beat the best one; above the standard error."""
    abort_above_ln_vocabulary: Annotated[float, Field(gt=1)] = 2.0
    """A training loss above this many times ln V is divergence, wherever it comes from."""
    abort_on_held_out_growth: Annotated[float, Field(gt=1)] = 2.0
    """A held-out loss above this many times the evaluation before it is divergence."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.warmup >= self.steps:
            raise ValueError(f"warmup_steps {self.warmup} leaves none of {self.steps} steps to decay in")
        if self.evaluation_tokens < 2 * self.sequence_length:
            raise ValueError("evaluation_tokens must hold two sequences, or there is no standard error")
        return self

    @property
    def boundaries(self) -> Boundaries:
        """What is made of the ends of documents."""
        return Boundaries(self.document_boundaries == "respected", self.train_after_separator)

    @property
    def peak(self) -> float:
        """Highest learning rate: as set, or the mode's."""
        return self.peak_learning_rate or MODE_DEFAULTS[self.mode][0]

    @property
    def warmup(self) -> int:
        """Warm-up steps: as set, or the mode's."""
        return MODE_DEFAULTS[self.mode][1] if self.warmup_steps is None else self.warmup_steps

    def on(self, device_type: str) -> Self:
        """The same settings with what depends on the device decided: the precision, where none is set."""
        if self.precision is not None:
            return self
        own = "bfloat16-autocast" if device_type == "cuda" else "float32"
        return self.model_copy(update={"precision": own})

    @property
    def floor(self) -> float:
        """Learning rate of the last step."""
        return self.peak * self.floor_share

    @property
    def tokens_per_step(self) -> int:
        """Targets an optimizer step learns from."""
        return self.micro_batch * self.accumulation * self.sequence_length

    def loss_bound(self, vocabulary: int) -> float:
        """Training loss above which the run is diverging, nats a token."""
        return self.abort_above_ln_vocabulary * math.log(vocabulary)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is trained, and how; without a model the architecture is that of an initial checkpoint."""

    model: ModelSettings | None
    training: TrainingSettings

    def as_json(self) -> dict[str, Any]:
        """Plain values for `run.json`, with the mode's defaults resolved."""
        training = self.training.model_dump() | {
            "peak_learning_rate": self.training.peak,
            "warmup_steps": self.training.warmup,
        }
        return {"model": self.model.model_dump() if self.model else None, "training": training}

    def on(self, device_type: str) -> Recipe:
        """The same recipe with what depends on the device decided."""
        return replace(self, training=self.training.on(device_type))

    def fits_beginning(self, *, initialised: bool) -> None:
        """Mode, model and beginning must say the same, or defaults of one are used for the other.

        Raises:
            UnusableInput: they do not.
        """
        if initialised != (self.training.mode == "fine-tune"):
            raise UnusableInput(
                f"training.mode is {self.training.mode!r} "
                + ("and there is an initial checkpoint" if initialised else "without an initial checkpoint"),
                why="learning rate and warm-up of one mode spoil the other",
                mend="name a checkpoint with mode 'fine-tune', and none with mode 'scratch'",
            )
        if initialised != (self.model is None):
            raise UnusableInput(
                "an architecture and an initial checkpoint" if initialised else "no architecture",
                why="a checkpoint brings its own architecture, and another would not fit its tensors",
                mend="leave the section 'model' out" if initialised else "describe the model",
            )


class InitialSettings(Settings):
    """The checkpoint that training begins from."""

    checkpoint: str | None = None
    """Folder of a Llama, Qwen2 or Qwen3 checkpoint, relative to the project; null: random weights."""


class ReplaySettings(Settings):
    """How much of a run is trained again to show that it can be."""

    same_seed_steps: AtLeastOne = 100
    """Steps repeated from scratch under the run's own seed."""
    other_seed_steps: AtLeastOne = 10
    """Steps from scratch under another seed."""
    resume_steps: AtLeastOne = 20
    """Steps repeated from a checkpoint in the middle of the run."""


def recipe_of(model: ModelSettings, training: TrainingSettings, *, initialised: bool) -> Recipe:
    """The recipe of a profile's sections; an initial checkpoint brings its own architecture.

    Raises:
        UnusableInput: a checkpoint and an architecture were both given.
    """
    if initialised and model.model_fields_set:
        raise UnusableInput(
            f"an initial checkpoint, and model settings: {', '.join(sorted(model.model_fields_set))}",
            why="the architecture is the checkpoint's",
            mend="leave the model settings out",
        )
    return Recipe(None if initialised else model, training)
