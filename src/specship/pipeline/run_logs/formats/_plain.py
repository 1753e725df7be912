"""Where the quantities of a log stand whose names are its author's."""

from __future__ import annotations

from collections.abc import Mapping


def places(what: str) -> Mapping[str, str]:
    """The place of each need, in the words of whoever names the columns."""
    return {
        "steps": f"columns `step` and `loss` of the {what}",
        "steps.loss": f"column `loss` of the {what}",
        "steps.grad_norm": f"column `grad_norm` of the {what}",
        "steps.clipped_norm": f"column `clipped_norm` of the {what}",
        "steps.lr": f"column `lr` of the {what}",
        "steps.tokens_per_second": f"column `tokens_per_second` of the {what}",
        "steps.tokens_seen": f"column `tokens_seen` of the {what}",
        "trained_tokens": f"column `tokens_seen` of the {what}",
        "passes": f"column `epoch` of the {what}",
        "evaluations": f"column `val_loss` of the {what}",
    }
