"""One statement of evidence: a measurement and verdict, bound to gate, bytes, profile and machine.

Format: in-toto Statement v1 with the test-result predicate v0.1, in a DSSE v1 envelope. Our
facts stand as annotations of the gate's descriptor in `configuration`, where the in-toto
specification leaves room for them. The stated verdict is for readers: whoever needs a verdict
judges the measurement again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final, Literal, Self, cast

from pydantic import AwareDatetime, ConfigDict

from specship.bounds import JSON_STATEMENT_BYTES
from specship.contracts.judging import Verdict
from specship.contracts.measurement import Measurement
from specship.contracts.records import Frozen
from specship.evidence.entry import LedgerEntry, LedgerRecord, open_record, seal_record
from specship.evidence.signing import SigningKey

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://in-toto.io/attestation/test-result/v0.1"
LARGEST_BYTES: Final = JSON_STATEMENT_BYTES


ANNOUNCED: Final = ("gate", "model", "profile", "gate_digest", "profile_digest", "subjects", "ingredients")
"""What an attempt and its result have in common."""


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
    device_uuid: str = ""
    """Of the CUDA device, as its driver and the kernel both name it."""
    device_uuids: tuple[str, ...] = ()
    """Of all of them: the card of a run that is judged here is to be among these."""
    inherited: Mapping[str, str] = {}
    """Variables that `[tool.specship] inherit` let through to it, and those of the loader that were set."""
    startup: Mapping[str, str] = {}
    """Files of `site-packages` that Python reads before a program begins and that no installed distribution
    records: what each of them adds to the places that code comes from, or that it is passed over."""
    altered: tuple[str, ...] = ()
    """Installed files of specship with other bytes than the record of its installation has."""


class JudgedBy(Frozen):
    """The code of specship that took a measurement and judged it; the probe's own is in the gate's digest."""

    version: str
    code: str
    """Digest of what judges, comments and docstrings apart."""


class Evidence(LedgerRecord):
    """The facts of one statement."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    PAYLOAD_TYPE: ClassVar = "application/vnd.in-toto+json"
    WORDS: ClassVar = "a statement of evidence"

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
    verdict: Literal["PASS", "FAIL", "ERROR", "UNBOUND"]
    reason: str
    measurement: Measurement | None
    """None where nothing could be measured."""
    environment: Environment
    started: AwareDatetime
    ended: AwareDatetime
    attempt: str = ""
    """Digest of the attempt that announced it; empty in what was written before attempts were."""
    ingredients: Mapping[str, str] = {}
    """Of each artifact, the key of everything it was made from, whatever bytes came of it."""
    judged_by: JudgedBy | None = None
    """None in statements of versions that did not say it; those count nowhere."""
    bypasses: Mapping[str, str] = {}
    """Checks that were relaxed while its artifacts were made, each with the reason that was given."""

    @property
    def seconds(self) -> float:
        """Wall time of the measurement."""
        return (self.ended - self.started).total_seconds()

    @property
    def moment(self) -> datetime:
        """When it was signed."""
        return self.ended

    @property
    def named(self) -> tuple[str, ...]:
        """Its parents, and the attempt that announced it."""
        return (*self.parents, self.attempt) if self.attempt else self.parents

    def document(self) -> dict[str, Any]:
        """The statement of in-toto."""
        return _statement(self)

    @classmethod
    def of_document(cls, document: Any) -> Self:
        """The facts of a statement."""
        return cls.model_validate(_facts(document))


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
        "attempt": evidence.attempt,
        "ingredients": dict(evidence.ingredients),
        "bypasses": dict(evidence.bypasses),
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
    return seal_record(evidence, key)


@dataclass(frozen=True, slots=True)
class Opened(LedgerEntry[Evidence]):
    """A statement whose envelope was read."""

    @property
    def evidence(self) -> Evidence:
        """Its facts."""
        return self.record


def unseal(data: bytes, *, keys: frozenset[bytes], at: str) -> Opened:
    """Read a statement, and find which of the given keys signed it.

    Raises:
        DamagedArtifact: the envelope or the statement is not one that `seal` writes.
    """
    entry = open_record(data, {Evidence.PAYLOAD_TYPE: Evidence}, keys=keys, at=at)
    return Opened(entry.digest, cast("Evidence", entry.record), entry.sealed)


def _facts(statement: Any) -> dict[str, Any]:
    if statement["_type"] != STATEMENT_TYPE or statement["predicateType"] != PREDICATE_TYPE:
        raise ValueError("another type of statement")
    gate, contract, spec, profile = statement["predicate"]["configuration"]
    facts = dict(gate["annotations"])
    del facts["seconds"]
    measurement = facts.pop("measurement")
    subjects = {entry["name"]: entry["digest"]["sha256"] for entry in statement["subject"]}
    if len(subjects) != len(statement["subject"]):
        raise ValueError("a subject stands twice")
    return {
        **facts,
        "gate": gate["name"],
        "gate_digest": gate["digest"]["sha256"],
        "contract_digest": contract["digest"]["sha256"],
        "spec_digest": spec["digest"]["sha256"],
        "profile_digest": profile["digest"]["sha256"],
        "subjects": subjects,
        "measurement": Measurement.from_json(measurement) if measurement is not None else None,
    }
