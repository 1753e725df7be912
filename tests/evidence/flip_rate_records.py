"""Records of flip rates for tests: one quantity of one gate on variants with given figures."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from specship.evidence.flip_rates import FigureSeen, FlipRate, VariantSeen
from specship.units import Value
from tests.evidence.statements import ENVIRONMENT


def flip_rate(values: Iterable[Value], **changes: Any) -> FlipRate:
    """A gate whose loss was these, a variant each."""
    quantity, unit = changes.pop("quantity", "val_loss"), changes.pop("unit", "nats/token")
    seen = tuple(
        VariantSeen(
            variant=f"seed-{number}", verdict="PASS", evidence="e" * 64,
            figures=(FigureSeen(quantity=quantity, value=value, unit=unit),),
        )
        for number, value in enumerate(values)
    )  # fmt: skip
    facts: dict[str, Any] = {
        "gate": "GATE-SMALL-001", "gate_digest": "a" * 64, "contract": "contracts/small-v1.yaml", "model": "MODEL-1",
        "profile": "rehearsal", "probe": "b" * 64, "settings": "c" * 64, "variants": "d" * 64,
        "stages": {"run": "f" * 64}, "seen": seen, "environment": ENVIRONMENT, "ended": datetime.now(UTC),
    }  # fmt: skip
    return FlipRate.model_validate(facts | changes)
