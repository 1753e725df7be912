"""A clipping limit is set and no gradient is clipped."""

from __future__ import annotations

from specship.faults._log import each_step
from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(row="R27", binds="optimization-defect", stage="run")


def inject() -> None:
    """The norm is computed, and every gradient is divided by 1."""
    from specship.pipeline.training.trainer import Trainer

    spoil(Trainer, "_clip", lambda _: lambda _trainer, norm: norm.new_ones(()))


def alter(facts: Facts) -> Facts:
    """Norms as they would be behind a clipping that does nothing."""
    return each_step(
        facts,
        lambda one: (
            {"grad_norm": 3.0 * (facts.clip_norm or 1.0)}
            | ({} if one.clipped_norm is None else {"clipped_norm": 3.0 * (facts.clip_norm or 1.0)})
        ),
    )
