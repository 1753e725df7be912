"""When to stop: held-out losses one after another, with the noise they carry."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(slots=True)
class EarlyStopping:
    """Counts evaluations that did not improve; its fields travel in every checkpoint."""

    patience: int
    min_improvement: float
    best_loss: float | None = None
    """Lowest held-out loss so far, nats a token."""
    best_step: int = 0
    reference: float | None = None
    """Loss that the next improvement is counted from."""
    last_loss: float | None = None
    without_improvement: int = 0
    noisy: bool = False
    """Whether the last evaluation's standard error reaches the improvement looked for."""

    def observe(self, step: int, loss: float, standard_error: float) -> None:
        """Take in an evaluation."""
        self.last_loss = loss
        self.noisy = standard_error >= self.min_improvement
        if self.best_loss is None or loss < self.best_loss:
            self.best_loss, self.best_step = loss, step
        if self.reference is None or self.reference - loss >= self.min_improvement:
            self.reference, self.without_improvement = loss, 0
        else:
            self.without_improvement += 1

    @property
    def due(self) -> bool:
        """Whether patience ran out and noise cannot be the reason."""
        return self.without_improvement >= self.patience and not self.noisy

    def as_json(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return asdict(self)
