"""What the formats of a history share: the plain values of it."""

from __future__ import annotations

from typing import Any

from specship.specs.advice import Advice, advice
from specship.specs.reader import SpecFolder


def open_advice(spec: SpecFolder) -> list[Advice]:
    """Recommendations that somebody still has to act on."""
    return [one for one in advice(spec.history).values() if one.last.state == "OPEN"]


def told(one: Advice) -> dict[str, Any]:
    """One recommendation as it stands after all amendments."""
    return {
        "id": one.id,
        "what": one.given.what,
        "state": one.last.state,
        "pointer": one.last.pointer,
        "binds_to": list(one.given.binds_to),
        "given_in": one.given_in,
        "last_in": one.last_in,
        "origin": one.given.origin.model_dump() if one.given.origin else None,
    }
