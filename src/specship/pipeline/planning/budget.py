"""What a training is going to cost and whether its data can carry it: asked before compute is spent.

Pure arithmetic over settings, sizes and the noise of the held-out set; no model is built here.

A plan is refused when
- it shows fewer than 20 different tokens a parameter (Hoffmann et al. 2022, arXiv:2203.15556): a
  token that is seen again counts once, and so does a token that is asked for and not there;
- its data end before its steps do, and nothing says that they begin again;
- the held-out set is too small for the patience asked: see `largest_useful_noise`.
More than 4 passes over the corpus are a warning (Muennighoff et al. 2023, arXiv:2305.16264: up to
4 passes are nearly as good as new data), and a refusal above a limit that is given.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Final

from specship.errors import UnusableInput
from specship.pipeline.training.settings import TrainingSettings

TOKENS_PER_PARAMETER: Final = 20.0
"""Least different tokens for each parameter."""
PASSES: Final = 4.0
"""Passes over the corpus above which a warning is due."""
_FALSE_STOP_DEVIATIONS: Final = 2.326
"""Standard normal deviate that is exceeded once in a hundred times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutNoise:
    """What the held-out windows of an evaluation can tell apart."""

    tokens: int
    """Targets that an evaluation scores."""
    sequences: int
    standard_error: float
    """Expected, of the mean loss over sequences; nats a token. Infinite for a single sequence."""


@dataclass(frozen=True, slots=True)
class Objection:
    """Something that speaks against a plan: what, why, the mend, and whether it can be accepted."""

    name: str
    message: str
    why: str
    mend: str
    figures: dict[str, float]
    acceptable: bool = False

    def as_json(self) -> dict[str, Any]:
        """For machines; a figure that is infinite is null, for JSON has no such number."""
        figures = {name: value if math.isfinite(value) else None for name, value in self.figures.items()}
        return {
            "name": self.name,
            "message": self.message,
            "why": self.why,
            "mend": self.mend,
            "figures": figures,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """What a training is going to do."""

    training: TrainingSettings
    parameters: int
    corpus_tokens: int
    """Different targets of one pass: whole windows only."""
    noise: HeldOutNoise
    initialised: bool = False

    @property
    def tokens(self) -> int:
        """Targets that all steps together learn from."""
        return self.training.steps * self.training.tokens_per_step

    @property
    def unique_tokens(self) -> int:
        """Different targets among them."""
        return min(self.tokens, self.corpus_tokens)

    @property
    def tokens_per_parameter(self) -> float:
        """Different targets for each parameter."""
        return self.unique_tokens / self.parameters

    @property
    def passes(self) -> float:
        """How often the corpus is seen."""
        return self.tokens / self.corpus_tokens

    @property
    def evaluations(self) -> int:
        """Evaluations after the one before the first step."""
        return math.ceil(self.training.steps / self.training.evaluate_every)

    @property
    def can_stop_early(self) -> bool:
        """Whether patience could end the run before its last step."""
        return self.evaluations > self.training.patience

    def as_json(self) -> dict[str, Any]:
        """Figures of the plan, for machines and for `run.json`."""
        training = self.training
        return {
            "parameters": self.parameters,
            "tokens": self.tokens,
            "unique_tokens": self.unique_tokens,
            "corpus_tokens": self.corpus_tokens,
            "tokens_per_parameter": self.tokens_per_parameter,
            "passes": self.passes,
            "steps": training.steps,
            "tokens_per_step": training.tokens_per_step,
            "mode": training.mode,
            "initialised": self.initialised,
            "peak_learning_rate": training.peak,
            "warmup_steps": training.warmup,
            "last_learning_rate": training.floor,
            "evaluations": self.evaluations,
            "patience": training.patience,
            "min_improvement": training.min_improvement,
            "can_stop_early": self.can_stop_early,
            "held_out": asdict(self.noise)
            | ({} if math.isfinite(self.noise.standard_error) else {"standard_error": None}),
            "largest_useful_noise": largest_useful_noise(training.patience, training.min_improvement),
        }


def largest_useful_noise(patience: int, min_improvement: float) -> float:
    """Largest standard error of an evaluation with which a patience means something; nats a token.

    Two bounds, the smaller one counts. An evaluation whose error reaches the improvement looked for
    cannot see it, and training withholds an early stop then. And a healthy run that gains just
    `min_improvement` each evaluation must be ended by noise at most once in a hundred times: after
    `patience` evaluations it is `(patience - 1) * min_improvement` below the loss that would count as
    an improvement, and the error of the difference of two evaluations is at most the root of 2 times
    that of one. (Evaluations score the same windows, so that their difference is less noisy than
    this; the bound is on the safe side.) With a patience of 1 a single evaluation decides, and no
    held-out set is large enough.
    """
    margin = (patience - 1) * min_improvement
    return min(min_improvement, margin / (_FALSE_STOP_DEVIATIONS * math.sqrt(2.0)))


def objections(plan: TrainingPlan, *, max_passes: float | None = None) -> list[Objection]:
    """Everything for which a plan is refused."""
    found = [_starved(plan), _ends_early(plan), _repeats(plan, max_passes), _noisy(plan)]
    return [one for one in found if one is not None]


def warnings(plan: TrainingPlan) -> list[str]:
    """What a person should know before it is too late, and may want nevertheless."""
    found = []
    if plan.training.at_end == "cycle" and plan.passes > PASSES:
        found.append(
            f"{plan.passes:.1f} passes over the corpus; above {PASSES:g} a token seen again teaches little"
        )
    asked = plan.training.evaluation_tokens
    if plan.noise.tokens < asked - plan.training.sequence_length:
        found.append(f"evaluation_tokens is {asked}; the held-out split has only {plan.noise.tokens}")
    return found


def refuse(found: list[Objection]) -> None:
    """Refuse a plan for every objection at once; nothing when there is none.

    Raises:
        UnusableInput: there is one.
    """
    if found:
        raise UnusableInput(
            "; ".join(one.message for one in found),
            why="; ".join(dict.fromkeys(one.why for one in found)),
            mend="; ".join(one.mend for one in found),
        )


def _starved(plan: TrainingPlan) -> Objection | None:
    if plan.tokens_per_parameter >= TOKENS_PER_PARAMETER:
        return None
    needed = math.ceil(TOKENS_PER_PARAMETER * plan.parameters)
    return Objection(
        "accept-starvation",
        f"{plan.unique_tokens} different tokens for {plan.parameters} parameters: "
        f"{plan.tokens_per_parameter:.3g} a parameter, and {TOKENS_PER_PARAMETER:g} are needed",
        "a model of this size would be starved of data (arXiv:2203.15556)",
        f"train on {needed} different tokens ({plan.corpus_tokens} are there, {plan.tokens} are asked for), "
        "make the model smaller, or say why it may starve: --accept-starvation REASON",
        {
            "unique_tokens": plan.unique_tokens,
            "parameters": plan.parameters,
            "tokens_per_parameter": plan.tokens_per_parameter,
        },
        acceptable=True,
    )


def _ends_early(plan: TrainingPlan) -> Objection | None:
    if plan.training.at_end == "cycle" or plan.tokens <= plan.corpus_tokens:
        return None
    possible = plan.corpus_tokens // plan.training.tokens_per_step
    return Objection(
        "data-end",
        f"the data end after {possible} of {plan.training.steps} steps",
        "the learning rate of a schedule that is cut off never comes down",
        f"{f'plan {possible}' if possible else 'take smaller'} steps, bring more text, or let it begin "
        "again: --at-end cycle",
        {"possible_steps": possible, "steps": plan.training.steps},
    )


def _repeats(plan: TrainingPlan, most: float | None) -> Objection | None:
    if most is None or plan.passes <= most:
        return None
    return Objection(
        "max-passes",
        f"{plan.passes:.3g} passes over the corpus, and --max-passes allows {most:g}",
        "text that is seen again and again is memorised (arXiv:2305.16264)",
        "plan fewer steps, or bring more text",
        {"passes": plan.passes, "max_passes": most},
    )


def _noisy(plan: TrainingPlan) -> Objection | None:
    training, noise = plan.training, plan.noise
    most = largest_useful_noise(training.patience, training.min_improvement)
    if not plan.can_stop_early or noise.standard_error < most:
        return None
    if most == 0:
        mend = "set --patience to 5"
    elif math.isinf(noise.standard_error):
        mend = "hold out more text: one sequence says nothing of its own noise"
    else:
        tokens = math.ceil(noise.tokens * (noise.standard_error / most) ** 2 * 1.1)
        improvement = training.min_improvement * noise.standard_error / most * 1.1
        mend = (
            f"score about {tokens} held-out tokens (--evaluation-tokens, and text for them), or look for "
            f"an improvement of {improvement:.2g} (--min-improvement)"
        )
    return Objection(
        "held-out-noise",
        f"{noise.tokens} held-out tokens in {noise.sequences} sequences have a standard error of about "
        f"{noise.standard_error:.2g} nats/token; patience {training.patience} for improvements of "
        f"{training.min_improvement:g} needs less than {most:.2g}",
        "noise would end a healthy run, or keep a finished one alive",
        mend,
        {"standard_error": noise.standard_error, "largest_useful_noise": most},
    )
