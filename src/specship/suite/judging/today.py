"""A gate as it stands now: digests of today, what this machine lacks, whether it is armed."""

from __future__ import annotations

from specship.errors import DamagedArtifact
from specship.evidence.environment import cuda_devices
from specship.status.freshness import Today
from specship.suite.artifacts.store import Store
from specship.suite.judging.arming_book import ArmingBook
from specship.suite.judging.trust import trusted_keys
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
    artifacts = check.probe.artifacts if check.probe else ()
    subjects: dict[str, str | None] = dict.fromkeys(plan.apart(check).artifacts)
    for name in artifacts:
        if name in subjects:
            continue  # no evidence about it is fresh
        try:
            record = store.current(name)
        except DamagedArtifact as error:
            record = None
            if damage is not None:
                damage.append(str(error))
        subjects[name] = record.digest if record else None
    release = plan.profile.kind == "release"
    seen = arming.limits_seen(check, plan)
    return Today(
        gate=check.gate,
        contract=check.file.path,
        model=check.model.id,
        profile=plan.profile.profile,
        gate_digest=check.gate_digest,
        profile_digest=plan.profile_digest(check.model.id),
        subjects=subjects,
        missing=missing or missing_requirement(check, plan),
        failed=failed,
        release=release,
        trusted=trusted_keys(plan.project, release=release),
        oldest=plan.oldest,
        unarmed=seen.unarmed,
        seen=seen.seen,
    )
