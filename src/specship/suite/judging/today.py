"""A gate as it stands now: digests of today, what this machine lacks, whether it is armed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from specship.evidence.entry import LedgerEntry
from specship.evidence.environment import cuda_devices
from specship.evidence.keys.keyring import KeyRing, purpose_of
from specship.evidence.ledger import Ledger
from specship.evidence.made_artifact import MadeArtifact
from specship.status.freshness import FURTHEST_FUTURE, Today
from specship.suite.artifacts.store import Store
from specship.suite.judging.arming_book import ArmingBook
from specship.suite.judging.judging_code import judged_by
from specship.suite.judging.todays_artifacts import ArtifactToday, TodaysArtifacts
from specship.suite.judging.trust import Trust
from specship.suite.plan.plan import Check, Plan
from specship.suite.plan.upstream import stages_behind


def missing_requirement(check: Check, plan: Plan) -> str:
    """What a gate, or a stage it waits for, requires and is not here; empty when all of it is.

    Artifacts of another line of descent than the model's are never here, on whatever machine.
    """
    if apart := plan.apart(check).why:
        return apart
    if cuda_devices():
        return ""
    if check.gate.requires.device == "cuda":
        return "it requires CUDA, and this machine has no CUDA device"
    profile, artifacts = plan.profile, check.probe.artifacts if check.probe else ()
    for model, stage in stages_behind(profile, check.model.id, artifacts):
        if (device := stage.device(profile.settings_of(model))).startswith("cuda"):
            return f"stage {stage.name} asks for {device}, and this machine has no CUDA device"
    return ""


def todays_artifacts(
    plan: Plan, ledger: Ledger, *, store: Callable[[str], Store] | None = None
) -> TodaysArtifacts:
    """The artifacts of a plan as they are now; by default those that lie in the project's state."""
    state, profile = plan.project.state, plan.profile
    release = profile.kind == "release"
    trust, now = Trust(plan.project), datetime.now(UTC)
    return TodaysArtifacts(
        profile,
        ledger,
        counts=lambda entry: vouches(entry, trust.ring, release=release, now=now),
        root=lambda _settings: plan.project.root,
        faulty=plan.project.elsewhere is not None,
        store=store or functools.cache(lambda model: Store.of(state, model, profile)),
    )


def vouches(entry: LedgerEntry[MadeArtifact], ring: KeyRing, *, release: bool, now: datetime) -> bool:
    """Whether a stage statement may be believed: its signer, its clock, and for a release a clean tree."""
    made, purpose = entry.record, purpose_of(release=release)
    name = f"{entry.digest}.json"
    return (
        not ring.why_not(entry.signers, purpose, at=made.signed, name=name, release=release)
        and made.signed <= now + FURTHEST_FUTURE
        and not (release and made.environment.git_dirty)
    )


def today(
    plan: Plan,
    check: Check,
    artifacts: TodaysArtifacts,
    *,
    arming: ArmingBook,
    missing: str = "",
    failed: str = "",
) -> Today:
    """A check as it stands now, with the digests of its artifacts."""
    names = check.probe.artifacts if check.probe else ()
    apart = plan.apart(check).artifacts  # no evidence about these is fresh
    found = {name: None if name in apart else artifacts.of(check.model.id, name) for name in names}
    release = plan.profile.kind == "release"
    seen = arming.limits_seen(check, plan)
    return Today(
        gate=check.gate,
        contract=check.file.path,
        model=check.model.id,
        profile=plan.profile.profile,
        gate_digest=check.gate_digest,
        profile_digest=plan.profile_digest(check),
        subjects={name: one.digest if one else None for name, one in found.items()},
        unknown={name: artifacts.why_unknown(check.model.id, name) for name, one in found.items() if not one},
        ingredients=known_keys(found),
        missing=missing or missing_requirement(check, plan),
        failed=failed,
        release=release,
        ring=arming.ring,
        oldest=plan.oldest,
        judging_code=judged_by().code,
        unarmed=seen.unarmed,
        seen=seen.seen,
        caution="" if apart else plan.untied(check),
    )


def known_keys(found: Mapping[str, ArtifactToday | None]) -> dict[str, str] | None:
    """The key of each artifact; None where one of them is not known."""
    keys = {name: one.key for name, one in found.items() if one}
    return keys if len(keys) == len(found) else None
