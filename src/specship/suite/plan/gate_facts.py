"""The facts of gates that a test session needs before any of them runs, and how they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from specship.contracts.reader import ContractFile


class GateFacts(NamedTuple):
    """One gate as a test item needs it."""

    id: str
    line: int
    stage: str
    model: str
    """Empty for a gate that speaks for no criterion: it can be read and counts nowhere."""
    cuda: bool


class ContractFacts(NamedTuple):
    """One contract without a fault."""

    digest: str
    """Of the bytes that were read."""
    path: str
    """Within the project, for people."""
    gates: list[GateFacts]


class Kept(NamedTuple):
    """What a session leaves for the next."""

    around: dict[str, Any]
    """What contracts are checked against, as plain values."""
    contracts: dict[str, ContractFacts]
    """By the name of their file, as the settings write the folder."""


class Collection(NamedTuple):
    """The gates of a project by the path of their contract."""

    folder: Path
    gates: dict[str, list[GateFacts]]


def gate_facts(file: ContractFile, models: Mapping[str, str], devices: Mapping[str, str]) -> list[GateFacts]:
    """The gates of a contract, from the model of each criterion and the devices that a profile asks for."""
    stage, lines = file.contract.stage, file.document.item_lines["gates"]
    return [
        GateFacts(
            gate.id,
            line,
            stage,
            models[gate.binds_to[0]] if gate.binds_to else "",
            devices.get(gate.id, gate.requires.device) == "cuda",
        )
        for gate, line in zip(file.contract.gates, lines, strict=True)
    ]
