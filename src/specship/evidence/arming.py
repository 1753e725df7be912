"""Arming: that the limits of a gate were seen to fail, each on a fault, as evidence of its own kind.

A record holds what was measured under each fault, and is judged again whenever it is read. It speaks of
no artifact. It is bound to the gate (its digest at every profile it vouches for, the probe's code included)
and to the code of each fault, so that an edit to any of them takes the credit. The files lie under
`evidence/arming/`, named `GATE.DIGEST.json`, and are committed: a fresh clone need not falsify again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, ValidationError

from specship.bounds import JSON_STATEMENT_BYTES
from specship.contracts.records import Frozen, Gate
from specship.digests import sha256_bytes
from specship.errors import DamagedArtifact, SpecshipError
from specship.evidence.envelope import Sealed, open_payload, seal_payload
from specship.evidence.signing import SigningKey
from specship.evidence.statement import Environment
from specship.files import write_errors, write_new_file
from specship.units import Quantity

PAYLOAD_TYPE: Final = "application/vnd.specship.arming+json"
_FORMAT: Final = "specship-arming/1"
NAMES_NO_FAULT: Final = "it names no fault"
NEVER_SEEN: Final = "it was never seen to fail"
_NAME_DIGITS: Final = 16


class SeenFailing(Frozen):
    """One quantity as the gate's own judge measured it under the fault."""

    quantity: str
    value: int | float | str | bool | None
    unit: str
    limit: str
    beside: int | float | None = None
    """What its interval was known by, where the limit has a confidence."""
    beside_unit: str = ""


class FaultSeen(Frozen):
    """One fault that the gate was seen to fail on."""

    code: str
    """Digest of the fault's file."""
    fails: tuple[SeenFailing, ...]
    """The quantities that the contract predicts, as they were measured."""
    evidence: str
    """Digest of the judge's statement, which stays where it was made."""


class Arming(Frozen):
    """One gate, seen to pass on the clean pipeline and to fail on each of its faults."""

    format: str = _FORMAT
    gate: str
    contract: str
    profile: str
    """The scale at which it was seen."""
    gates: Mapping[str, str]
    """Digest of the gate at each profile whose limits these measurements break too."""
    faults: Mapping[str, FaultSeen]
    environment: Environment
    ended: AwareDatetime


@dataclass(frozen=True, slots=True)
class OpenedArming:
    """A record that was read, in its envelope."""

    arming: Arming
    sealed: Sealed
    path: Path

    @property
    def signers(self) -> frozenset[bytes]:
        """Of the keys asked about, those whose signature verifies."""
        return self.sealed.signers


def write_arming(folder: Path, arming: Arming, key: SigningKey) -> Path:
    """Write a record, and take away older ones of the same gate: they vouch for what is no more.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    data = seal_payload(PAYLOAD_TYPE, arming.model_dump(mode="json"), key)
    path = folder / f"{arming.gate}.{sha256_bytes(data)[:_NAME_DIGITS]}.json"
    write_new_file(path, data)
    with write_errors(folder):
        for older in folder.glob(f"{arming.gate}.*.json"):
            if older != path:
                older.unlink()
    return path


def read_armings(
    folder: Path, *, keys: frozenset[bytes]
) -> tuple[tuple[OpenedArming, ...], tuple[DamagedArtifact, ...]]:
    """Every record of a folder, and what is wrong with files that are none."""
    opened, damaged = [], []
    for path in sorted(folder.glob("GATE-*.json")):
        try:
            opened.append(_read(path, keys))
        except DamagedArtifact as error:
            damaged.append(error)
    return tuple(opened), tuple(damaged)


def _read(path: Path, keys: frozenset[bytes]) -> OpenedArming:
    mend = "restore the file from git; or delete it and arm the gate again: pytest -m falsify, and commit"
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > JSON_STATEMENT_BYTES:
            raise DamagedArtifact("not a regular file of at most 1 MiB", at=path, mend=mend)
        data = path.read_bytes()
    except OSError as error:
        raise DamagedArtifact(f"cannot be read: {error.strerror}", at=path, mend=mend) from error
    try:
        sealed = open_payload(PAYLOAD_TYPE, data, keys=keys, at=path.name)
        arming = Arming.model_validate(sealed.document)
    except (SpecshipError, ValidationError, ValueError, TypeError) as error:
        first = str(error).splitlines()[0]
        raise DamagedArtifact(f"not a record of arming: {first}", at=path, mend=mend) from error
    if arming.format != _FORMAT or path.name != f"{arming.gate}.{sha256_bytes(data)[:_NAME_DIGITS]}.json":
        raise DamagedArtifact("its bytes are not the ones its name promises", at=path, mend=mend)
    return OpenedArming(arming, sealed, path)


@dataclass(frozen=True, slots=True)
class LimitsSeen:
    """Which limits of a gate were seen to fail, and whether that arms it."""

    seen: frozenset[str] = frozenset()
    """The quantities whose limits a record breaks."""
    unarmed: str = NEVER_SEEN
    """Why the gate is not armed; empty when it is."""


def limits_seen(
    gate: Gate,
    digests: Mapping[str, str],
    codes: Mapping[str, str],
    records: Iterable[OpenedArming],
    *,
    profile: str,
) -> LimitsSeen:
    """What the records of a gate show of its limits in force at a profile.

    The gate's digest at each profile is today's, and so are the faults' `codes`; `records` are those of the
    gate that a key which counts has signed. A record is judged again as evidence is: it counts only where
    each value that it holds breaks the limit of today. A gate is armed when every limit was seen to fail,
    those apart that its contract says no fault can break.
    """
    if not gate.faults:
        return LimitsSeen(unarmed=NAMES_NO_FAULT)
    reasons = [_difference(entry.arming, gate, digests, codes, profile) for entry in records]
    if not reasons:
        return LimitsSeen()
    if why := min(reasons, key=len):
        return LimitsSeen(unarmed=why)
    never = ", ".join(gate.unpredicted)
    return LimitsSeen(gate.predicted & gate.expect.keys(), f"nobody has seen {never} fail" if never else "")


def _difference(
    arming: Arming, gate: Gate, digests: Mapping[str, str], codes: Mapping[str, str], profile: str
) -> str:
    """What a record says that is not so today; empty when it is fresh and vouches for the profile."""
    if arming.gates.get(arming.profile) != digests.get(arming.profile):
        return "its arming is stale: limit, probe, requirement or faults changed since it was seen to fail"
    if profile not in arming.gates:
        return f"the faulty measurements would meet its limits at {profile}"
    if arming.gates[profile] != digests.get(profile):
        return f"its arming is stale: its limits at {profile} changed since it was seen to fail"
    for name in gate.faults:
        if name in arming.faults and arming.faults[name].code != codes.get(name):
            return f"its arming is stale: the fault {name} changed since it was seen to fail"
    if kept := what_holds(gate, arming.faults):
        return f"its arming is refused at {profile}: {kept}"
    return ""


def what_holds(gate: Gate, faults: Mapping[str, FaultSeen]) -> str:
    """Where recorded measurements do not break the limits in force that the contract predicts; else empty.

    Each value is judged again. A predicted quantity that has no limit at the profile is passed over, but a
    fault has to break one that is there.
    """
    for name, predicted in gate.faults.items():
        seen = faults[name].fails if name in faults else ()
        in_force = [quantity for quantity in predicted if quantity in gate.expect]
        if not in_force:
            return f"none of its limits is one that {name} breaks"
        for quantity in in_force:
            recorded = [entry for entry in seen if entry.quantity == quantity]
            if not recorded:
                return f"it was not seen to fail in {quantity} on {name}"
            for entry in recorded:
                measured = Quantity(entry.value, entry.unit)
                beside = None if entry.beside is None else Quantity(entry.beside, entry.beside_unit)
                if not gate.expect[quantity].broken_by(measured, beside):
                    limit = gate.expect[quantity].limit_text
                    return f"under {name} it records {quantity} = {measured}, which does not break {limit}"
    return ""
