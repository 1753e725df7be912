"""A stage statement: what a stage made, and from what, signed by the judge that first hashed it.

It carries the whole manifest, so that a clone without artifacts knows which bytes today's settings, code and
inputs stand for.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal, Self

from pydantic import AwareDatetime, model_validator

from specship.evidence.artifact_record import ArtifactRecord, artifact_digest
from specship.evidence.entry import LedgerRecord
from specship.evidence.statement import Environment


class MadeArtifact(LedgerRecord):
    """One artifact of a model at a profile, as its bytes were hashed.

    Units: as in `ArtifactRecord`; `signed` is UTC. Source: decision 0032.
    """

    PAYLOAD_TYPE: ClassVar = "application/vnd.specship.artifact+json"
    WORDS: ClassVar = "a stage statement"

    format: Literal["specship-artifact/1"] = "specship-artifact/1"
    model: str
    """Whose settings made it; a model that borrows it has it from there."""
    profile: str
    makes: str
    stage: str
    """Name of the stage that made it, one of perhaps several ways."""
    artifact: ArtifactRecord
    environment: Environment
    signed: AwareDatetime

    @model_validator(mode="after")
    def _its_own_digest(self) -> Self:
        made = self.artifact
        if made.makes != self.makes or not made.files:
            raise ValueError("the manifest is another artifact's, or names no file")
        if artifact_digest(made.makes, made.files, made.ingredients.inputs) != made.digest:
            raise ValueError("the manifest's digest is not its own")
        return self

    @property
    def moment(self) -> datetime:
        """When the judge signed it."""
        return self.signed
