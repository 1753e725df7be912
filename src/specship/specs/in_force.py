"""What is asked of a gate at a profile: its contract, with what the profile overrides."""

from __future__ import annotations

from specship.contracts.records import Gate
from specship.specs.records import Override


def effective(gate: Gate, override: Override | None) -> Gate:
    """The gate with a profile's override applied."""
    if override is None:
        return gate
    kept = {name: limit for name, limit in gate.expect.items() if name not in override.drop}
    changed: dict[str, object] = {"expect": {**kept, **override.expect}}
    if override.requires is not None:
        changed["requires"] = override.requires
    return gate.model_copy(update=changed)
