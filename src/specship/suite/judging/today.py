"""A gate as it stands now: digests of today, what this machine lacks, whether it is armed."""

from __future__ import annotations

from specship.errors import DamagedArtifact
from specship.evidence.environment import cuda_devices
from specship.specs.records import Profile
from specship.status.freshness import Today
from specship.suite.artifacts.store import Store
from specship.suite.judging.arming_book import ArmingBook
from specship.suite.judging.trust import trusted_keys
from specship.suite.plan.plan import Check, Plan
from specship.suite.plan.upstream import stages_behind


def missing_requirement(check: Check, profile: Profile) -> str:
    """What a gate, or a stage it waits for, requires and this machine lacks; empty when all is here."""
    if cuda_devices():
        return ""
    if check.gate.requires.device == "cuda":
        return "it requires CUDA, and this machine has no CUDA device"
    artifacts = check.probe.artifacts if check.probe else ()
    for model, stage in stages_behind(profile, check.model.id, artifacts):
        for section in stage.settings:
            device = str(profile.settings_of(model).get(section, {}).get("device", ""))
            if device.startswith("cuda"):
                return f"stage {stage.name} asks for {device}, and this machine has no CUDA device"
    return ""


def today(
    plan: Plan,
    check: Check,
    store: Store,
    *,
    arming: ArmingBook,
    missing: str = "",
    failed: str = "",
    damage: list[str] | None = None,
) -> Today:
    """A check as it stands now, with the digests of the artifacts that lie on the disk."""
    subjects: dict[str, str | None] = {}
    for name in check.probe.artifacts if check.probe else ():
        try:
            record = store.current(name)
        except DamagedArtifact as error:
            record = None
            if damage is not None:
                damage.append(str(error))
        subjects[name] = record.digest if record else None
    release = plan.profile.kind == "release"
    return Today(
        gate=check.gate,
        contract=check.file.path,
        model=check.model.id,
        profile=plan.profile.profile,
        gate_digest=check.gate_digest,
        profile_digest=plan.profile_digest(check.model.id),
        subjects=subjects,
        missing=missing or missing_requirement(check, plan.profile),
        failed=failed,
        release=release,
        trusted=trusted_keys(plan.project, release=release),
        oldest=plan.oldest,
        unarmed=arming.why_unarmed(check, plan),
    )
