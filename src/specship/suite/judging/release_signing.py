"""The second step of a release: measured again from committed files, compared, and signed.

A session measures with this checkout's key, which vouches for rehearsals alone, since anything in the session
could use it. Here a fresh judge measures each gate again. Where bytes and verdict are those that the session
recorded, what it measured is signed with a key that the session does not have, beside the stage statements of
every artifact on the line of descent, into the folder that is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from specship.errors import SpecshipError, UnusableInput
from specship.evidence.committed import committed
from specship.evidence.ledger import Ledger, read_ledger
from specship.evidence.ledger_writer import LedgerWriter
from specship.evidence.signing import SigningKey
from specship.evidence.signing_again import finish_signing, sign_again
from specship.evidence.statement import Evidence, Opened
from specship.specs.project import Project
from specship.status.freshness import differences, inadmissible
from specship.suite.judging.arming_book import ArmingBook
from specship.suite.judging.judge_process import JudgeProcess
from specship.suite.judging.stage_statements import sign_stages
from specship.suite.judging.today import missing_requirement, today, todays_artifacts
from specship.suite.judging.trust import key_ring
from specship.suite.plan.plan import Check, Plan, make_plan

_SHOWN = 8
Told = Callable[[str], None]


@dataclass(slots=True)
class Signed:
    """What became of the gates of the releases."""

    written: list[Path] = field(default_factory=list)
    """Statements and stage statements, in the order in which they were signed."""
    gates: list[str] = field(default_factory=list)
    """Gates that were signed, each with profile and verdict."""
    kept: list[str] = field(default_factory=list)
    """Gates that this key or another one that counts had signed before."""
    beyond: dict[str, str] = field(default_factory=dict)
    """Gates that this machine cannot measure, with the reason."""
    left: dict[str, str] = field(default_factory=dict)
    """Gates that it could and that were not signed, with the reason."""


def sign_releases(project: Project, key: SigningKey, profile: str | None, tell: Told) -> Signed:
    """Measure again and sign what every release profile, or a certain one, wants.

    Nothing is signed unless everything that the session measured is found again.

    Raises:
        UnusableInput: the key is not trusted with releases, files are not committed, or a gate has other
            bytes or another verdict than the session recorded.
        CannotWrite: the disk is full or refuses.
    """
    plans = _plans(project, profile)
    _check_key(project, key)
    _check_clean(project)
    done, again = Signed(), []
    own, folder = frozenset({key.public}), (project.evidence_folder,)
    before = {entry.digest for entry in read_ledger(folder, keys=own).entries}
    finish_signing(_writer(project, key), _measured_here(project))
    for plan in plans:
        again += _measured_again(plan, done, tell)
    for plan, check, result in again:
        done.gates.append(f"{check.gate.id} at {plan.profile.profile}: {result.evidence.verdict}")
        _sign(plan, check, result, key)
    after = read_ledger(folder, keys=own).entries
    done.written = [
        project.evidence_folder / f"{entry.digest}.json"
        for entry in after
        if entry.signers and entry.digest not in before
    ]
    return done


def _plans(project: Project, profile: str | None) -> list[Plan]:
    if profile is not None and project.profile(profile).kind != "release":
        raise UnusableInput(
            f"{profile} is no release", at=f"{project.configuration.spec}/profiles",
            why="rehearsals are signed by the session that measures them",
            mend="name a profile with `kind: release`, or none",
        )  # fmt: skip
    found = [name for name, one in project.spec.profiles.items() if one.kind == "release"]
    if not found:
        raise UnusableInput("this project has no release", mend="write a profile with `kind: release`")
    return [make_plan(project, name) for name in ([profile] if profile else found)]


def _check_key(project: Project, key: SigningKey) -> None:
    reason = key_ring(project).why_not({key.public}, "release", at=datetime.now(UTC), name="", release=True)
    if reason:
        raise UnusableInput(
            f"evidence that this key signs would count for no release: {reason}", at="pyproject.toml",
            why="only keys under [[tool.specship.trusted_keys]] of a committed pyproject.toml are believed",
            mend="commit an entry of this key with the purpose `release`, or name another key",
        )  # fmt: skip


def _check_clean(project: Project) -> None:
    found = committed(project.root, project.reads)
    if found.differs:
        more = len(found.differs) - _SHOWN
        listed = [*found.differs[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]
        raise UnusableInput(
            "a release is signed on files that are committed, and these are not",
            at=project.root, why="\n        ".join(listed), mend="commit them, or take them away",
        )  # fmt: skip


def _measured_again(plan: Plan, done: Signed, tell: Told) -> list[tuple[Plan, Check, Opened]]:
    """What a fresh judge measured of each gate that nobody signed for a release yet.

    Raises:
        UnusableInput: it is something else than the session recorded.
    """
    arming, keys = ArmingBook(plan.project), key_ring(plan.project).known
    ledger = read_ledger(plan.project.ledger_folders, keys=keys)
    artifacts, judge = todays_artifacts(plan, ledger), JudgeProcess(plan)
    signed = {
        entry.digest for entry in read_ledger((plan.project.evidence_folder,), keys=frozenset()).entries
    }
    found, now = [], datetime.now(UTC)
    try:
        for check in plan.checks:
            name = f"{check.gate.id} at {plan.profile.profile}"
            if check.probe is None:
                done.beyond[name] = "no probe is bound to it yet"
                continue
            if missing := missing_requirement(check, plan):
                done.beyond[name] = missing
                continue
            state = today(plan, check, artifacts, arming=arming)
            fresh = [
                entry
                for entry in ledger.of_gate(check.gate.id).statements
                if (entry.evidence.model, entry.evidence.profile) == (check.model.id, plan.profile.profile)
                and not differences(entry.evidence, state)
            ]
            if any(not inadmissible(entry, state, now) for entry in fresh if entry.digest in signed):
                done.kept.append(name)
            elif not fresh:
                done.left[name] = "no session measured it as it is today: pytest -m ship"
            else:
                tell(f"measuring {name} again")
                found.append((plan, check, _same(judge, plan, check, fresh[-1], keys)))
    finally:
        judge.close()
    return found


def _same(judge: JudgeProcess, plan: Plan, check: Check, before: Opened, keys: frozenset[bytes]) -> Opened:
    """What the judge measures now, where it is what the session recorded."""
    try:
        digest = judge.ask({"gate": check.gate.id, "injection": ""})
    except EOFError as death:
        raise UnusableInput(f"{check.gate.id} cannot be measured again", why=str(death)) from death
    except SpecshipError as error:
        raise UnusableInput(
            f"{check.gate.id} cannot be measured again: {error.message}", at=error.at,
            why=error.why, mend=error.mend or "run `pytest -m ship`",
        ) from error  # fmt: skip
    ledger = read_ledger((plan.project.state / "ledger",), keys=keys)
    (after,) = (entry for entry in ledger.statements if entry.digest == digest)
    if differs := tuple(_differs(before.evidence, after.evidence)):
        raise UnusableInput(
            f"{check.gate.id}: what is measured now is not what the session recorded",
            at=check.file.path, why="; ".join(differs),
            mend=f"compare: specship evidence show {before.digest[:12]}, and {after.digest[:12]}",
        )  # fmt: skip
    return after


def _differs(before: Evidence, after: Evidence) -> Iterator[str]:
    for name in sorted(before.subjects.keys() | after.subjects.keys()):
        if before.subjects.get(name) != after.subjects.get(name):
            yield f"the bytes of {name} are others"
    if before.verdict != after.verdict:
        yield f"the verdict was {before.verdict} and is {after.verdict}: {after.reason}"
    if after.environment.git_dirty:
        yield "the judge found files that are not committed"


def _sign(plan: Plan, check: Check, result: Opened, key: SigningKey) -> None:
    writer = _writer(plan.project, key)
    sign_stages(plan, writer, check.model.id, result.evidence.subjects)
    sign_again(writer, _measured_here(plan.project), result)


def _writer(project: Project, key: SigningKey) -> LedgerWriter:
    return LedgerWriter(project.evidence_folder, (project.evidence_folder,), key)


def _measured_here(project: Project) -> Ledger:
    return read_ledger((project.state / "ledger",), keys=frozenset())
