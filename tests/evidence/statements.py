"""Evidence to test with: one statement about one gate, and variations of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from specship.contracts.measurement import Measurement
from specship.contracts.records import Gate
from specship.evidence.statement import Environment, Evidence
from specship.status.freshness import Today
from specship.units import Quantity

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GATE = Gate.model_validate({
    "id": "GATE-A-001", "rule": "The loss is low.", "binds_to": ("AC-X-001",), "ship_blocking": True,
    "probe": "a.loss", "expect": {"loss": {"at_most": 2.2, "unit": "nats/token"}},
})  # fmt: skip
ENVIRONMENT = Environment(
    device="cpu", driver="", torch="2.13.0", python="3.11.7", platform="Linux x86_64", host="0" * 64,
    git_commit="1" * 40, git_dirty=False,
)  # fmt: skip


def evidence(loss: Any = 2.0, **changes: Any) -> Evidence:
    """A PASS on a loss, unless changed."""
    quantities = {"loss": Quantity(loss, "nats/token"), "prompts": Quantity(16, "prompts")}
    facts: dict[str, Any] = {
        "gate": "GATE-A-001", "contract": "contracts/a-v1.yaml", "model": "MODEL-1", "profile": "rehearsal",
        "gate_digest": "a" * 64, "contract_digest": "b" * 64, "spec_digest": "c" * 64, "profile_digest": "d" * 64,
        "subjects": {"run": "e" * 64}, "verdict": "PASS", "reason": "every expectation holds",
        "measurement": Measurement(quantities, "prompts"), "environment": ENVIRONMENT,
        "started": NOW - timedelta(seconds=3), "ended": NOW, "parents": (),
        "judged_by": {"version": "0.0.1", "code": "f" * 64},
    }  # fmt: skip
    return Evidence.model_validate(facts | changes)


def today(signer: bytes, /, **changes: Any) -> Today:
    """The gate as it stands, in agreement with `evidence()`."""
    facts: dict[str, Any] = {
        "gate": GATE, "contract": "contracts/a-v1.yaml", "model": "MODEL-1", "profile": "rehearsal",
        "gate_digest": "a" * 64, "profile_digest": "d" * 64, "subjects": {"run": "e" * 64},
        "trusted": frozenset({signer}), "unarmed": "", "judging_code": "f" * 64,
    }  # fmt: skip
    return Today(**(facts | changes))
