"""Which statements speak about today's gate, bytes and profile, and which of them may earn credit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from specship.contracts.records import Gate
from specship.evidence.arming import NEVER_SEEN
from specship.evidence.keys.keyring import NOBODY, KeyRing, purpose_of
from specship.evidence.statement import Evidence, Opened
from specship.status.bypasses import forbidden_in_a_release

FURTHEST_FUTURE: Final = timedelta(minutes=5)
"""Clocks differ; a statement further ahead than this is refused."""


@dataclass(frozen=True, slots=True)
class Today:
    """One gate as it stands now, with everything its evidence must agree with."""

    gate: Gate
    """With the expectation and requirements in force at the profile."""
    contract: str
    model: str
    profile: str
    gate_digest: str
    profile_digest: str
    subjects: Mapping[str, str | None]
    """Digest of each artifact it measures as it lies on the disk; None where there is none."""
    ingredients: Mapping[str, str] | None = None
    """Of each of these artifacts, the key of everything it was made from; None where that is not known."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Why the bytes of artifacts are not known that somebody signed; of those that are not there, nothing."""
    missing: str = ""
    """Why it cannot be measured now: a requirement or an upstream stage; empty when it can."""
    failed: str = ""
    """Why its artifacts could not be made or measured in this session; empty when they could."""
    release: bool = False
    ring: KeyRing = NOBODY
    """Whose signature counts for what."""
    oldest: timedelta | None = None
    """Age beyond which evidence no longer counts; None sets no limit."""
    judging_code: str = ""
    """Digest of the code that judges today."""
    unarmed: str = NEVER_SEEN
    """Why it is not armed; empty when each limit that a fault can break was seen to fail."""
    seen: frozenset[str] = frozenset()
    """The quantities whose limits were seen to fail."""
    caution: str = ""
    """What is to be known of its artifacts, whatever the verdict."""


def differences(evidence: Evidence, today: Today) -> tuple[str, ...]:
    """What the evidence is about that is no longer so; empty when it is fresh."""
    found = []
    if evidence.judged_by is None or evidence.judged_by.code != today.judging_code:
        version = evidence.judged_by.version if evidence.judged_by else "a version that did not say"
        found.append(f"judged by other code of specship: {version}")
    if evidence.gate_digest != today.gate_digest:
        found.append("the gate's limit, probe, requirement or faults changed")
    if evidence.profile_digest != today.profile_digest:
        found.append(f"the settings of profile {today.profile} changed")
    if evidence.subjects.keys() != today.subjects.keys():
        found.append("it measured other artifacts")
    for name, digest in sorted(today.subjects.items()):
        if digest is None:
            found.append(today.unknown.get(name) or f"the artifact {name} is not there")
        elif name in evidence.subjects and evidence.subjects[name] != digest:
            found.append(f"the bytes of {name} changed")
    return tuple(found)


def inadmissible(entry: Opened, today: Today, now: datetime) -> str:
    """Why a statement earns nothing here whatever it says, or the empty string."""
    evidence = entry.evidence
    unsigned = today.ring.why_not(
        entry.signers,
        purpose_of(release=today.release),
        at=evidence.ended,
        name=f"{entry.digest}.json",
        release=today.release,
    )
    checks = {
        f"no key that counts at this profile signed it: {unsigned}": bool(unsigned),
        "it comes from the future": evidence.ended > now + FURTHEST_FUTURE,
        "it ended before it began": evidence.ended < evidence.started,
        "it is older than the profile allows": bool(today.oldest and now - evidence.ended > today.oldest),
        "it was taken on the CPU, and the gate requires CUDA": (
            today.gate.requires.device == "cuda" and not evidence.environment.device.startswith("cuda")
        ),
        "it was taken on files that are not committed": today.release and evidence.environment.git_dirty,
        **({forbidden: True} if today.release and (forbidden := forbidden_in_a_release(evidence)) else {}),
    }
    return "; ".join(reason for reason, applies in checks.items() if applies)
