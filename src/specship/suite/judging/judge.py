"""The judge: a child process that measures one gate at a time and writes the evidence.

It reads the project from the files itself, believes nothing that the asking process says beyond
which gate is meant, and runs isolated (`python -I`), so that nothing a test session loaded or
patched reaches a measurement. One JSON line in, one JSON line out.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from specship.contracts.judging import Verdict, judge
from specship.contracts.measurement import Measurement
from specship.errors import DamagedArtifact, SpecshipError, UnusableInput
from specship.evidence.environment import environment
from specship.evidence.ledger import append, read_ledger
from specship.evidence.signing import local_key
from specship.evidence.statement import Evidence
from specship.files import write_errors
from specship.garbage import none_at_the_end
from specship.probes.probe import Artifact
from specship.specs.project import load_project
from specship.suite.artifacts.store import Store, artifact_digest, list_files
from specship.suite.plan.fault_injection import find_injection
from specship.suite.plan.plan import Check, Plan, make_plan


@dataclass(slots=True)
class Judge:
    """Measures and judges the gates of one project at one profile."""

    plan: Plan
    _injections: dict[str, Judge] = field(default_factory=dict)

    def within(self, injection: str) -> Judge:
        """Who judges in the injection of a fault; the empty name is the pipeline that ships."""
        if not injection:
            return self
        if injection not in self._injections:
            self._injections[injection] = Judge(find_injection(self.plan, injection).plan_of(self.plan))
        return self._injections[injection]

    def run(self, gate_id: str) -> str:
        """Measure a gate, judge it, and write the statement; its digest once it is on the disk.

        Raises:
            UnusableInput: no such gate, or an artifact it measures is not there.
            CannotWrite: the statement could not be written.
        """
        check = self._check(gate_id)
        store = Store.of(self.plan.project.state, check.model.id, self.plan.profile)
        started = datetime.now(UTC)
        subjects, measurement, verdict, reason = self._measure(check, store)
        return self._write(check, subjects, measurement, verdict, reason, started)

    def record_crash(self, gate_id: str, reason: str) -> str:
        """Write that a gate could not be measured because its probe took the process down."""
        check = self._check(gate_id)
        store = Store.of(self.plan.project.state, check.model.id, self.plan.profile)
        subjects = {name: artifact.digest for name, artifact in _artifacts(check, store).items()}
        return self._write(check, subjects, None, Verdict.ERROR, reason, datetime.now(UTC))

    def _check(self, gate_id: str) -> Check:
        check = next((entry for entry in self.plan.checks if entry.gate.id == gate_id), None)
        if check is None or check.probe is None:
            raise UnusableInput(f"{gate_id} is no gate with a probe at profile {self.plan.profile.profile}")
        if why := self.plan.apart(check).why:
            raise UnusableInput(f"{gate_id}: {why}")
        return check

    def _measure(self, check: Check, store: Store) -> tuple[dict[str, str], Measurement | None, Verdict, str]:
        """Measure between two hashings of the subjects; a change in between is an ERROR."""
        artifacts = _artifacts(check, store)
        subjects = {name: artifact.digest for name, artifact in artifacts.items()}
        if check.probe is None:
            return subjects, None, Verdict.ERROR, "no probe"
        try:
            measurement = check.probe(artifacts)
        except SpecshipError as error:
            return subjects, None, Verdict.ERROR, str(error)
        except Exception as error:  # noqa: BLE001 - a probe's defect is an ERROR verdict, never a crash
            traceback.print_exc()
            return subjects, None, Verdict.ERROR, f"{check.probe.name}: {type(error).__name__}: {error}"
        after = {name: _digest_now(store, name) for name in artifacts}
        if changed := [name for name in subjects if subjects[name] != after[name]]:
            return subjects, None, Verdict.ERROR, f"{', '.join(changed)} changed while it was measured"
        ruling = judge(check.gate.expect, measurement)
        return subjects, measurement, ruling.verdict, ruling.reason

    def _write(
        self,
        check: Check,
        subjects: dict[str, str],
        measurement: Measurement | None,
        verdict: Verdict,
        reason: str,
        started: datetime,
    ) -> str:
        state = self.plan.project.state
        with write_errors(state):
            key = local_key(state)
        ledger = read_ledger(self.plan.project.ledger_folders, keys=frozenset())
        evidence = Evidence.model_validate(
            {
                "gate": check.gate.id,
                "contract": check.file.path,
                "model": check.model.id,
                "profile": self.plan.profile.profile,
                "gate_digest": check.gate_digest,
                "contract_digest": check.contract_digest,
                "spec_digest": self.plan.spec_digest,
                "profile_digest": self.plan.profile_digest(check.model.id),
                "subjects": subjects,
                "verdict": verdict.value,
                "reason": reason,
                "measurement": measurement,
                "environment": environment(self.plan.project.root),
                "started": started,
                "ended": datetime.now(UTC),
                "parents": ledger.heads,
            }
        )
        return append(state / "ledger", evidence, key)


def _digest_now(store: Store, name: str) -> str:
    """The digest of an artifact's bytes as they are on the disk at this moment."""
    record = store.current(name)
    if record is None:
        raise UnusableInput(f"the artifact {name} is not there", mend="run `pytest -m ship`, which makes it")
    files = list_files(store.path(name, record.ingredients.key))
    return artifact_digest(record.makes, files, record.ingredients.inputs)


def _artifacts(check: Check, store: Store) -> dict[str, Artifact]:
    """The artifacts a check's probe measures, hashed now.

    Raises:
        UnusableInput: one is not there.
        DamagedArtifact: one has other bytes than its manifest.
    """
    found = {}
    for name in check.probe.artifacts if check.probe else ():
        digest = _digest_now(store, name)
        record = store.current(name)
        if record is None or record.digest != digest:
            raise DamagedArtifact(
                f"the artifact {name} is not what its manifest says", at=store.folder / name
            )
        found[name] = Artifact(name, store.path(name, record.ingredients.key), digest)
    return found


def _answer(judges: Judge, request: dict[str, Any]) -> dict[str, Any]:
    try:
        judge_ = judges.within(request.get("injection", ""))
        if crash := request.get("crash"):
            return {"event": "written", "digest": judge_.record_crash(request["gate"], crash)}
        return {"event": "written", "digest": judge_.run(request["gate"])}
    except SpecshipError as error:
        return {
            "event": "failed", "message": error.message, "at": str(error.at or ""),
            "why": error.why, "mend": error.mend,
        }  # fmt: skip


def serve(requests: TextIO, answers: TextIO) -> int:
    """Answer requests until the stream ends; the first line says which project and profile."""
    opening = json.loads(requests.readline())
    plan = make_plan(load_project(Path(opening["root"])), opening["profile"])
    judge_ = Judge(plan)
    for line in requests:
        print(json.dumps(_answer(judge_, json.loads(line))), file=answers, flush=True)
    return 0


def main() -> int:
    """Serve on standard input and output; whatever libraries print goes to standard error."""
    none_at_the_end()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    try:
        return serve(sys.stdin, answers)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
