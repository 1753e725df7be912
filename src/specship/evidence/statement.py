"""One statement of evidence: a measurement and verdict, bound to gate, bytes, profile and machine.

Format: in-toto Statement v1 with the test-result predicate v0.1, in a DSSE v1 envelope. Our
facts stand as annotations of the gate's descriptor in `configuration`, where the in-toto
specification leaves room for them. The stated verdict is for readers: whoever needs a verdict
judges the measurement again.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import ConfigDict, ValidationError

from specship.bounds import JSON_STATEMENT_BYTES
from specship.contracts.judging import Verdict
from specship.contracts.measurement import Measurement
from specship.contracts.records import Frozen
from specship.digests import sha256_bytes
from specship.errors import DamagedArtifact
from specship.evidence.envelope import Sealed, open_payload, seal_payload
from specship.evidence.signing import SigningKey

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://in-toto.io/attestation/test-result/v0.1"
LARGEST_BYTES: Final = JSON_STATEMENT_BYTES


class Environment(Frozen):
    """The machine and software a measurement was taken with."""

    device: str
    """`cpu`, or `cuda: NAME` of the device the driver reports."""
    driver: str
    torch: str
    python: str
    platform: str
    host: str
    """Digest of the host's name, so that two machines can be told apart and none is named."""
    git_commit: str
    git_dirty: bool


class JudgedBy(Frozen):
    """The code of specship that took a measurement and judged it; the probe's own is in the gate's digest."""

    version: str
    code: str
    """Digest of what judges, comments and docstrings apart."""


class Evidence(Frozen):
    """The facts of one statement."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    gate: str
    contract: str
    """Path of the contract file within the project."""
    model: str
    profile: str
    gate_digest: str
    contract_digest: str
    spec_digest: str
    profile_digest: str
    subjects: Mapping[str, str]
    """Digest of each artifact that was measured, by name."""
    verdict: Literal["PASS", "FAIL", "ERROR"]
    reason: str
    measurement: Measurement | None
    """None where nothing could be measured."""
    environment: Environment
    started: datetime
    ended: datetime
    parents: tuple[str, ...] = ()
    """Digests of the ledger's heads that the writer saw."""
    judged_by: JudgedBy | None = None
    """None in statements of versions that did not say it; those count nowhere."""

    @property
    def seconds(self) -> float:
        """Wall time of the measurement."""
        return (self.ended - self.started).total_seconds()


def _statement(evidence: Evidence) -> dict[str, Any]:
    passed = evidence.verdict == Verdict.PASS
    annotations = {
        "contract": evidence.contract,
        "model": evidence.model,
        "profile": evidence.profile,
        "verdict": evidence.verdict,
        "reason": evidence.reason,
        "measurement": evidence.measurement.as_json() if evidence.measurement else None,
        "environment": evidence.environment.model_dump(),
        "started": evidence.started.isoformat(),
        "ended": evidence.ended.isoformat(),
        "seconds": round(evidence.seconds, 6),
        "parents": list(evidence.parents),
        "judged_by": evidence.judged_by.model_dump() if evidence.judged_by else None,
    }
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": name, "digest": {"sha256": digest}} for name, digest in sorted(evidence.subjects.items())
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "result": "PASSED" if passed else "FAILED",
            "configuration": [
                {
                    "name": evidence.gate,
                    "digest": {"sha256": evidence.gate_digest},
                    "annotations": annotations,
                },
                {"name": "contract", "digest": {"sha256": evidence.contract_digest}},
                {"name": "spec", "digest": {"sha256": evidence.spec_digest}},
                {"name": "profile", "digest": {"sha256": evidence.profile_digest}},
            ],
            "passedTests": [evidence.gate] if passed else [],
            "failedTests": [evidence.gate] if evidence.verdict == Verdict.FAIL else [],
        },
    }


def seal(evidence: Evidence, key: SigningKey) -> bytes:
    """The bytes of the statement's file: a signed DSSE envelope."""
    return seal_payload(PAYLOAD_TYPE, _statement(evidence), key)


@dataclass(frozen=True, slots=True)
class Opened:
    """A statement whose envelope was read: its facts, its digest, and who signed it."""

    digest: str
    evidence: Evidence
    sealed: Sealed

    @property
    def signers(self) -> frozenset[bytes]:
        """Of the keys asked about, those whose signature verifies."""
        return self.sealed.signers


def unseal(data: bytes, *, keys: frozenset[bytes], at: str) -> Opened:
    """Read a statement, and find which of the given keys signed it.

    Raises:
        DamagedArtifact: the envelope or the statement is not one that `seal` writes.
    """
    try:
        sealed = open_payload(PAYLOAD_TYPE, data, keys=keys, at=at)
        evidence = _evidence(sealed.document)
    except (ValidationError, binascii.Error, KeyError, TypeError, ValueError, IndexError) as error:
        first = str(error).splitlines()[0]
        raise DamagedArtifact(
            f"not a statement of evidence: {type(error).__name__}: {first}",
            at=at, mend="restore the file from git, or delete it and measure again",
        ) from error  # fmt: skip
    return Opened(sha256_bytes(data), evidence, sealed)


def _evidence(statement: Any) -> Evidence:
    if statement["_type"] != STATEMENT_TYPE or statement["predicateType"] != PREDICATE_TYPE:
        raise ValueError("another type of statement")
    gate, contract, spec, profile = statement["predicate"]["configuration"]
    facts = dict(gate["annotations"])
    del facts["seconds"]
    measurement = facts.pop("measurement")
    subjects = {entry["name"]: entry["digest"]["sha256"] for entry in statement["subject"]}
    if len(subjects) != len(statement["subject"]):
        raise ValueError("a subject stands twice")
    return Evidence.model_validate(
        {
            **facts,
            "gate": gate["name"],
            "gate_digest": gate["digest"]["sha256"],
            "contract_digest": contract["digest"]["sha256"],
            "spec_digest": spec["digest"]["sha256"],
            "profile_digest": profile["digest"]["sha256"],
            "subjects": subjects,
            "measurement": Measurement.from_json(measurement) if measurement is not None else None,
        }
    )
