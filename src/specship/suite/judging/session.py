"""A session: makes what is needed, has gates judged, and reports what the ledger then supports."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from specship.contracts.judging import Verdict
from specship.errors import (
    DamagedArtifact,
    Place,
    RequirementMissing,
    SpecshipError,
    UnusableInput,
)
from specship.evidence.environment import cuda_devices
from specship.evidence.ledger import Ledger, read_ledger
from specship.evidence.signing import check_public_key, local_public_key
from specship.evidence.statement import Opened, unseal
from specship.specs.project import Project
from specship.specs.records import FALSIFICATION, Profile
from specship.status.assess import assess, gate_report, ledger_problems
from specship.status.freshness import Today, standing
from specship.status.report import GateReport, ModelReport, Report, StageReport
from specship.suite.artifacts.runner import Listener, Made, StageRunner, child_environment, stop
from specship.suite.artifacts.store import Store
from specship.suite.plan.plan import Check, Plan, make_plan
from specship.suite.plan.upstream import stages_behind

_LOG_LINES: Final = 12


def trusted_keys(project: Project, *, release: bool) -> frozenset[bytes]:
    """Public keys whose signature counts: listed ones, and for a rehearsal this checkout's own.

    Raises:
        UnusableInput: a listed key is not usable as a public key.
    """
    listed = {check_public_key(bytes.fromhex(key)) for key in project.configuration.trusted_keys}
    own = local_public_key(project.state)
    return frozenset(listed | ({own} if own and not release else set()))


def all_keys(project: Project) -> frozenset[bytes]:
    """Every public key this project knows, for opening statements."""
    return trusted_keys(project, release=False)


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
        unarmed=plan.arming.why_unarmed(check, plan),
    )


@dataclass(slots=True)
class JudgeProcess:
    """The judge's child process, started when first needed and again after it died."""

    plan: Plan
    _child: subprocess.Popen[str] | None = None
    _log: IO[bytes] | None = None

    def ask(self, request: Mapping[str, Any]) -> str:
        """Send a request; the digest of the statement that answers it.

        Raises:
            SpecshipError: the judge says why there is no statement.
            EOFError: the judge's process died; the text says how.
        """
        child = self._running()
        if child.stdin is None or child.stdout is None:
            raise EOFError("the judge has no pipes")
        try:
            print(json.dumps(request), file=child.stdin, flush=True)
            line = child.stdout.readline()
        except BrokenPipeError:
            line = ""
        except BaseException:
            self.close()
            raise
        if not line:
            raise EOFError(self._obituary(child))
        answer = json.loads(line)
        if answer["event"] == "written":
            return str(answer["digest"])
        place = Place(answer["at"]) if answer["at"] else None
        raise UnusableInput(answer["message"], at=place, why=answer["why"], mend=answer["mend"])

    def _running(self) -> subprocess.Popen[str]:
        if self._child is None:
            self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
            self._child = subprocess.Popen(
                [sys.executable, "-I", "-m", "specship.suite.judging.judge"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=child_environment(),
                start_new_session=True,
                text=True,
            )
            opening = {"root": str(self.plan.project.root), "profile": self.plan.profile.profile}
            if self._child.stdin is not None:
                print(json.dumps(opening), file=self._child.stdin, flush=True)
        return self._child

    def _obituary(self, child: subprocess.Popen[str]) -> str:
        child.wait()
        last = ""
        if self._log is not None:
            self._log.seek(0)
            lines = self._log.read().decode(errors="replace").splitlines()[-_LOG_LINES:]
            last = "\n".join(lines)
        self.close()
        return f"the judge's process ended with status {child.returncode}; its last words:\n{last}"

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            if self._child.stdin:
                self._child.stdin.close()
            stop(self._child)
            if self._child.stdout:
                self._child.stdout.close()
        if self._log is not None:
            self._log.close()
        self._child = self._log = None


@dataclass(slots=True)
class Session:
    """One run over the gates of a plan."""

    plan: Plan
    listener: Listener = lambda _event: None
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    missing: dict[str, str] = field(default_factory=dict)
    """Gates that are BLOCKED in this session, with the reason."""
    failed: dict[str, str] = field(default_factory=dict)
    """Gates whose artifacts could not be made or measured, with the reason."""
    world: str = ""
    """Name of the faulty copy of the pipeline that is judged; empty for the one that ships."""
    make_runner: Callable[[str], StageRunner] | None = None
    """Who makes the artifacts of a model there."""
    judge: JudgeProcess | None = None
    """Started when it is first needed."""
    _runners: dict[str, StageRunner] = field(default_factory=dict)
    _ledger: Ledger | None = None

    def runner(self, model: str) -> StageRunner:
        """Who makes the artifacts of a model."""
        if model not in self._runners and self.make_runner is not None:
            self._runners[model] = self.make_runner(model)
        if model not in self._runners:
            profile = self.plan.profile
            store = Store.of(self.plan.project.state, model, profile)
            root, settings = self.plan.project.root, profile.settings_of(model)
            lenders = {name: self.runner(lender) for name, lender in profile.lenders_of(model).items()}
            self._runners[model] = StageRunner(root, store, settings, model, self.listener, lenders)
        return self._runners[model]

    @property
    def made(self) -> tuple[tuple[str, Mapping[str, Made]], ...]:
        """What this session made or found, by model and artifact."""
        return tuple((model, runner.made) for model, runner in self._runners.items())

    @property
    def ledger(self) -> Ledger:
        """The ledger as it was when the session first asked."""
        if self._ledger is None:
            self._ledger = read_ledger(self.plan.project.ledger_folders, keys=all_keys(self.plan.project))
        return self._ledger

    def settle(self, check: Check) -> GateReport:
        """Bring a gate to a verdict: from fresh evidence if there is some, else by measuring now.

        Raises:
            KeyboardInterrupt: as it comes; children are stopped first.
        """
        if check.probe is None:
            return self._known(check, self.ledger.statements)
        blocked = missing_requirement(check, self.plan.profile)
        if not blocked and not self.plan.profile.settings_of(check.model.id):
            blocked = f"profile {self.plan.profile.profile} has no pipeline for {check.model.id}"
        if blocked:
            self.missing[check.gate.id] = blocked
            return self._known(check, self.ledger.statements)
        try:
            for artifact in check.probe.artifacts:
                self.runner(check.model.id).ensure(artifact)
        except RequirementMissing as error:
            self.missing[check.gate.id] = str(error)
            return self._known(check, self.ledger.statements)
        except SpecshipError as error:
            self.failed[check.gate.id] = str(error)
            return self._known(check, self.ledger.statements)
        known = self._known(check, self.ledger.statements)
        if known.fresh and known.verdict in {Verdict.PASS, Verdict.FAIL}:
            return known
        return self._measure(check)

    def known(self, check: Check) -> GateReport:
        """What the ledger says of a gate today; nothing is made or measured."""
        return self._known(check, self.ledger.statements)

    def _known(self, check: Check, statements: tuple[Opened, ...]) -> GateReport:
        now = self._today(check)
        return gate_report(now, standing(now, statements), session_began=self.began)

    def _today(self, check: Check) -> Today:
        return today(
            self.plan,
            check,
            self.runner(check.model.id).store,
            missing=self.missing.get(check.gate.id, ""),
            failed=self.failed.get(check.gate.id, ""),
        )

    def _measure(self, check: Check) -> GateReport:
        self.listener({"event": "gate", "gate": check.gate.id, "model": check.model.id})
        self.judge = self.judge or JudgeProcess(self.plan)
        question = {"gate": check.gate.id, "world": self.world}
        try:
            digest = self.judge.ask(question)
        except EOFError as death:
            digest = self.judge.ask({**question, "crash": str(death)})
        except (SpecshipError, OSError) as error:
            self.failed[check.gate.id] = str(error)
            return self._known(check, self.ledger.statements)
        path = self.plan.project.state / "ledger" / f"{digest}.json"
        opened = unseal(path.read_bytes(), keys=all_keys(self.plan.project), at=path.name)
        return self._known(check, (*self.ledger.statements, opened))

    def close(self) -> None:
        """End the judge's process."""
        if self.judge is not None:
            self.judge.close()
            self.judge = None


def report_models(
    plan: Plan, ledger: Ledger, damage: list[str], session: Session | None = None
) -> tuple[ModelReport, ...]:
    """Every model at one profile, from the ledger; damaged artifacts are named in `damage`."""
    gates = []
    stores: dict[str, Store] = {}
    for check in plan.checks:
        fresh = Store.of(plan.project.state, check.model.id, plan.profile)
        store = stores.setdefault(check.model.id, fresh)
        missing = session.missing.get(check.gate.id, "") if session else ""
        failed = session.failed.get(check.gate.id, "") if session else ""
        gates.append(today(plan, check, store, missing=missing, failed=failed, damage=damage))
    return tuple(
        assess(
            model, plan.profile, gates, ledger, session_began=session.began if session else datetime.now(UTC)
        )
        for model in plan.project.spec.spec.models
    )


def stage_reports(made: Iterable[tuple[str, Mapping[str, Made]]], root: Path) -> tuple[StageReport, ...]:
    """The stages of a session, with the path of each artifact within the project."""
    return tuple(
        StageReport(
            stage=name,
            model=model,
            seconds=entry.record.seconds,
            cached=entry.cached,
            path=str(entry.path.relative_to(root)),
            why=entry.why,
        )
        for model, stages in made
        for name, entry in stages.items()
    )


def build_report(project: Project, *, session: Session | None = None) -> Report:
    """What the ledger supports: every model at every profile; the session's own profile first."""
    keys = all_keys(project)
    ledger = read_ledger(project.ledger_folders, keys=keys)
    first = session.plan.profile.profile if session else project.profile().profile
    shown = (name for name, profile in project.spec.profiles.items() if profile.kind != FALSIFICATION)
    names = sorted({first, *shown}, key=lambda name: (name != first, name))
    models: list[ModelReport] = []
    damage: list[str] = []
    for name in names:
        own = session if session and session.plan.profile.profile == name else None
        models += report_models(own.plan if own else make_plan(project, name), ledger, damage, own)
    return Report(
        spec=project.spec.spec.spec_id,
        version=project.spec.version,
        models=tuple(models),
        problems=(*ledger_problems(ledger), *dict.fromkeys(damage)),
    )
