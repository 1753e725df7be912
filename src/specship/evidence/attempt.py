"""An attempt: that a gate is about to be measured, written before anything is.

Evidence names its attempt. A result that was thrown away leaves an attempt without one, so that measuring
until it passes can be seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from specship.evidence.entry import LedgerRecord


class Attempt(LedgerRecord):
    """What is about to be measured.

    Units: `started` is UTC. Source: decision 0032.
    """

    PAYLOAD_TYPE: ClassVar = "application/vnd.specship.attempt+json"
    WORDS: ClassVar = "an attempt"

    format: Literal["specship-attempt/1"] = "specship-attempt/1"
    gate: str
    model: str
    profile: str
    gate_digest: str
    profile_digest: str
    subjects: Mapping[str, str]
    """Digest of each artifact that is to be measured, by name."""
    ingredients: Mapping[str, str]
    """Of each artifact, the key of everything it was made from, whatever bytes came of it."""
    started: AwareDatetime

    @property
    def left_open(self) -> str:
        """What is said of it where its judge was interrupted."""
        return f"an attempt of {self.started:%Y-%m-%d %H:%M} UTC left no result: its judge was interrupted"

    @property
    def moment(self) -> datetime:
        """When it was begun."""
        return self.started
