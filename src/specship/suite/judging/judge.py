"""The judge: a child process that has one gate at a time measured, judges it and writes the evidence.

It reads the project from the files itself, believes nothing that the asking process says beyond
which gate is meant, and runs isolated (`python -I`), so that nothing a test session loaded or
patched reaches a measurement. It loads none of the project's code: a probe runs in a process of its
own (`measuring`), which gives plain figures and holds no key. One JSON line in, one JSON line out.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from specship.contracts.judging import Verdict, judge
from specship.contracts.measurement import Measurement
from specship.errors import CannotWrite, SpecshipError, UnusableInput
from specship.evidence.environment import environment
from specship.evidence.ledger import append, read_ledger
from specship.evidence.signing import local_key
from specship.evidence.statement import Evidence
from specship.files import write_errors
from specship.specs.project import load_project
from specship.suite.artifacts.store import ArtifactRecord, Store
from specship.suite.judging.judging_code import judged_by
from specship.suite.judging.measurer import Measurer
from specship.suite.plan.fault_injection import find_injection
from specship.suite.plan.plan import Check, Plan, make_plan


@dataclass(slots=True)
class Judge:
    """Measures and judges the gates of one project at one profile."""

    plan: Plan
    measurer: Measurer | None = None
    """Who measures; one for the clean pipeline and the faulty ones, so that they look alike to a probe."""
    _injections: dict[str, Judge] = field(default_factory=dict)

    def within(self, injection: str) -> Judge:
        """Who judges in the injection of a fault; the empty name is the pipeline that ships."""
        if not injection:
            return self
        if injection not in self._injections:
            plan = find_injection(self.plan, injection).plan_of(self.plan)
            self._injections[injection] = Judge(plan, self._measurer())
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

    def _measurer(self) -> Measurer:
        self.measurer = self.measurer or Measurer(self.plan.project.root)
        return self.measurer

    def close(self) -> None:
        """End what measures."""
        if self.measurer is not None:
            self.measurer.close()

    def _check(self, gate_id: str) -> Check:
        check = next((entry for entry in self.plan.checks if entry.gate.id == gate_id), None)
        if check is None or check.probe is None:
            raise UnusableInput(f"{gate_id} is no gate with a probe at profile {self.plan.profile.profile}")
        if why := self.plan.apart(check).why:
            raise UnusableInput(f"{gate_id}: {why}")
        return check

    def _measure(self, check: Check, store: Store) -> tuple[dict[str, str], Measurement | None, Verdict, str]:
        """Have it measured elsewhere, and judge the figures; whatever keeps it from that is an ERROR."""
        artifacts = _artifacts(check, store)
        subjects = {name: record.digest for name, (_, record) in artifacts.items()}
        if check.probe is None:
            return subjects, None, Verdict.ERROR, "no probe"
        try:
            measurement = self._measurer().measure(check.probe, artifacts)
        except CannotWrite:
            raise
        except (SpecshipError, EOFError) as error:
            return subjects, None, Verdict.ERROR, str(error)
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
                "judged_by": judged_by(),
            }
        )
        return append(state / "ledger", evidence, key)


def _artifacts(check: Check, store: Store) -> dict[str, tuple[Path, ArtifactRecord]]:
    """The artifacts a check's probe measures, where they lie, hashed now.

    Raises:
        UnusableInput: one is not there.
        DamagedArtifact: one has other bytes than its manifest.
    """
    found = {}
    for name in check.probe.artifacts if check.probe else ():
        record = store.current(name)
        if record is None:
            mend = "run `pytest -m ship`, which makes it"
            raise UnusableInput(f"the artifact {name} is not there", mend=mend)
        found[name] = (store.path(name, record.ingredients.key), record)
    return found


def _answer(judges: Judge, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {
            "event": "written",
            "digest": judges.within(request.get("injection", "")).run(request["gate"]),
        }
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
    try:
        for line in requests:
            print(json.dumps(_answer(judge_, json.loads(line))), file=answers, flush=True)
    finally:
        judge_.close()
    return 0


def main() -> int:
    """Serve on standard input and output; whatever libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    try:
        return serve(sys.stdin, answers)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
