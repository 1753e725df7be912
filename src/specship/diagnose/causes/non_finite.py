"""NaN or infinity in the figures of a step, or a run that ended because of one.

Training in float16 scales its loss, and a step whose gradient overflows is skipped and not taken: PyTorch's
`GradScaler` begins at 2^16, halves at each overflow and doubles after 2000 steps without one. So a Trainer's
log may hold a gradient norm that is not finite beside a loss that is, now and then and up to 16 times at the
beginning, without any defect. A run of ours has no scaler.
"""

from __future__ import annotations

import math
from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause
from specship.pipeline.run_logs.facts import OURS, Facts, LoggedStep, is_finite

_HALVINGS: Final = 16
_DOUBLED_AFTER: Final = 2000


def _examine(facts: Facts) -> Observed | None:
    found = [step for step in facts.steps if _not_finite(step.loss, step.lr) or step.hides_nan]
    skipped = [step for step in facts.steps if step not in found and _not_finite(step.grad_norm)]
    losses = [one for one in facts.evaluations if not is_finite(one.loss)]
    aborts = int(facts.status == "aborted" and facts.reason.startswith("non-finite"))
    allowed = 0.0 if facts.kind == OURS else _skips_of_a_scaler(facts)
    if not (found or losses or aborts) and len(skipped) <= allowed:
        return None
    ends = [event.line for event in facts.events or () if event.name == "aborted"] if aborts else []
    of = ", ".join(sorted({one.name for one in losses if one.name}))
    bad: list[LoggedStep] = [*found, *(skipped if len(skipped) > allowed else [])]
    return Observed(
        figures=(
            Figure("non_finite_steps", len(found), "records"),
            Figure("non_finite_gradients", len(skipped), "records"),
            Figure("skips_of_a_loss_scaler", allowed, "records"),
            Figure("non_finite_evaluations", len(losses), "evaluations"),
            Figure("aborts", aborts, "runs"),
        ),
        lines=(
            *ends[-1:],
            *(facts.recorded("status", "reason") if aborts else ()),
            *(step.line for step in bad[:3]),
            *(one.line for one in losses[:1]),
        ),
        confidence=1.0 if found or losses or aborts else 1.0 - allowed / len(skipped),
        rule=(
            "1 where a loss or a rate is not finite or the run aborted itself for it, else "
            "1 - skips_of_a_loss_scaler / non_finite_gradients"
        ),
        says=(
            f"{len(found)} steps, {len(skipped)} further gradient norms and {len(losses)} evaluations"
            f"{f' ({of:.80})' if of else ''} are not finite"
            + (f"; the run ended: {facts.reason}" if aborts else "")
        ),
        refute_by="repeat the step before the first in float32: all would be finite",
    )


def _not_finite(*values: float | None) -> bool:
    return any(value is not None and not is_finite(value) for value in values)


def _skips_of_a_scaler(facts: Facts) -> float:
    """Records that may show an overflow of a scaled gradient: those of the beginning, then one in 2000.

    Three standard deviations of such a count come on top.
    """
    usual = len(facts.steps) / _DOUBLED_AFTER
    return math.ceil(_HALVINGS / facts.log_every) + usual + 3 * math.sqrt(usual)


CAUSE: Final = Cause(
    name="non-finite",
    root=RootCause.OPTIMIZATION,
    needs=("steps.loss",),
    reference="Micikevicius et al. 2017 (arXiv:1710.03740) on overflow and loss scaling",
    mechanism="One overflow spreads through the weights in a single step.",
    unseen="A mean over steps can leave the bad ones out.",
    prevention="Loss, gradients, optimizer state and rate are checked before the optimizer moves a weight.",
    examine=_examine,
    guards=("aborted: non-finite",),
    symptom_of=("divergence",),
)
