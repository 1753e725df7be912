"""What falsification says: one record for each gate and fault."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from specship.contracts.records import Frozen
from specship.status.report import Measured


class Catch(StrEnum):
    """How a gate did on a fault. Only CAUGHT arms it."""

    CAUGHT = "CAUGHT"
    """It passes on the clean pipeline, and fails on the faulty one in the quantities predicted."""
    MISSED = "MISSED"
    """It passes on the faulty pipeline."""
    OTHER_REASON = "OTHER_REASON"
    """It fails, and a quantity that should does not."""
    CLEAN_FAILS = "CLEAN_FAILS"
    """It does not pass on the clean pipeline, so that its failure shows nothing."""
    UNMEASURED = "UNMEASURED"
    """The faulty artifact could not be made, or not measured: that is no verdict."""
    UNPREDICTED = "UNPREDICTED"
    """The contract does not say which quantity fails."""
    DESCRIBED = "DESCRIBED"
    """The fault is described and nothing plants it."""
    BLOCKED = "BLOCKED"
    """This machine cannot measure the gate at the profile of falsification."""
    NOT_RUN = "NOT_RUN"
    """Nobody tried."""


class PairReport(Frozen):
    """One gate on one fault."""

    gate: str
    """Id of the gate."""
    contract: str
    """Path of its contract within the project."""
    fault: str
    """Name of the fault."""
    row: str = ""
    """Row of the catalogue of defects."""
    stage: str = ""
    """Stage in which it is planted."""
    way: Literal["component", "artifact", "setting", "log", "described", ""] = ""
    """How it is planted."""
    predicted: tuple[str, ...] = ()
    """The quantities that must fail."""
    catch: Catch
    """How the gate did."""
    reason: str
    """Why, in words."""
    measured: tuple[Measured, ...] = ()
    """What was measured under the fault, where it fails."""
    evidence: Annotated[
        str | None, Field(description="Digest of the statement of the faulty measurement")
    ] = None
    seconds: Annotated[float, Field(description="Wall time of the faulty measurement")] = 0.0

    @property
    def node(self) -> str:
        """Its name as a test."""
        return f"{self.contract}::{self.gate}::{self.fault}"
