"""The losses grow far above those of a guess, and training goes on."""

from __future__ import annotations

from collections.abc import Callable

from specship.faults._log import first_loss, losses
from specship.faults.fault import Fault, spoil
from specship.pipeline.run_logs.facts import Facts

FAULT = Fault(
    row="R9",
    binds="optimization-defect",
    stage="run",
    settings={"training": {"abort_on_held_out_growth": 1e30}},
)


def inject() -> None:
    """Nobody looks at any loss or norm, and the embedding, which is the head too, grows by 3 % a step."""
    from specship.pipeline.training.trainer import Trainer

    def blind(_check: Callable[..., None]) -> Callable[..., None]:
        def unchecked(trainer: Trainer, step: int, figures: list[float]) -> None:
            del step, figures
            trainer.parameters[0].data.mul_(1.03)

        return unchecked

    spoil(Trainer, "_check", blind)
    spoil(Trainer, "_forbids_update", lambda _: lambda _trainer, figures: figures.new_zeros(()))


def alter(facts: Facts) -> Facts:
    """Both losses grow to a hundred times what they began with."""
    begin = first_loss(facts)
    return losses(facts, lambda _, part: begin * 100.0**part)
