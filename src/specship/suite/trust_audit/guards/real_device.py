"""What asks for a GPU is measured on one, or not at all."""

from __future__ import annotations

from typing import Final

from specship.evidence.environment import cuda_devices
from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force


def _look(grounds: Grounds) -> Answer:
    gates = [gate for file in grounds.project.contracts for gate in file.contract.gates]
    asking = sum(gate.requires.device == "cuda" for gate in gates)
    devices = cuda_devices()
    here = devices[0] if devices else "none here, so that they are BLOCKED"
    return in_force(f"{asking} of {len(gates)} gates ask for CUDA; the device: {here}")


GUARD: Final = Guard("A run on the CPU is called one on a GPU.", _look)
