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
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from specship.contracts.judging import Verdict, judge
from specship.contracts.measurement import Measurement
from specship.errors import SpecshipError, UnusableInput
from specship.evidence.artifact_record import ArtifactRecord
from specship.evidence.attempt import Attempt
from specship.evidence.attempt_mark import Mark
from specship.evidence.entry import LedgerEntry
from specship.evidence.environment import environment
from specship.evidence.ledger_writer import LedgerWriter
from specship.evidence.signing import local_key
from specship.evidence.statement import ANNOUNCED, Evidence
from specship.files import write_errors
from specship.garbage import none_at_the_end
from specship.specs.project import load_project
from specship.suite.artifacts.store import Store
from specship.suite.judging.bypasses import recorded_bypasses
from specship.suite.judging.judging_code import judged_by
from specship.suite.judging.measurer import Measurer
from specship.suite.judging.stage_statements import sign_stages
from specship.suite.plan.fault_injection import find_injection
from specship.suite.plan.plan import Check, Plan, make_plan


@dataclass(slots=True)
class Judge:
    """Measures and judges the gates of one project at one profile."""

    plan: Plan
    writer: LedgerWriter | None = None
    """Where to, and with whose key; by default this checkout's own ledger and key."""
    measurer: Measurer | None = None
    """Who measures; one for the clean pipeline and the faulty ones, so that they look alike to a probe."""
    _injections: dict[str, Judge] = field(default_factory=dict)
    _swept: bool = False

    @property
    def ledger(self) -> LedgerWriter:
        """The ledger that is written to.

        Raises:
            CannotWrite: this checkout has no key yet, and none can be written.
        """
        if self.writer is None:
            project = self.plan.project
            with write_errors(project.state):
                key = local_key(project.state)
            self.writer = LedgerWriter(
                project.state / "ledger", project.ledger_folders, key, state=project.state
            )
        return self.writer

    def within(self, injection: str) -> Judge:
        """Who judges in the injection of a fault; the empty name is the pipeline that ships."""
        if not injection:
            return self
        if injection not in self._injections:
            plan = find_injection(self.plan, injection).plan_of(self.plan)
            self._injections[injection] = Judge(plan, measurer=self._measurer())
        return self._injections[injection]

    def run(self, gate_id: str) -> str:
        """Measure a gate, judge it, and write the statement; its digest once it is on the disk.

        That it is about to be measured is on the disk before; where a judge was interrupted, an ERROR stands
        in the place of the result that it left open.

        Raises:
            UnusableInput: no such gate, or an artifact it measures is not there.
            CannotWrite: the statement could not be written.
        """
        check = self._check(gate_id)
        store = Store.of(self.plan.project.state, check.model.id, self.plan.profile)
        self._close_interrupted(check, "")
        artifacts = _artifacts(check, store)
        if self.plan.project.elsewhere is None:
            sign_stages(self.plan, self.ledger, check.model.id, artifacts)
        with self.ledger.announced(self._attempt(check, store, artifacts)) as attempt:
            measurement, verdict, reason = self._measure(check, artifacts)
            return self._write(attempt, check, measurement, verdict, reason)

    def _measurer(self) -> Measurer:
        self.measurer = self.measurer or Measurer(
            self.plan.project.root, self.plan.project.configuration.inherit
        )
        return self.measurer

    def close(self) -> None:
        """End what measures."""
        if self.measurer is not None:
            self.measurer.close()

    def record_crash(self, gate_id: str, reason: str) -> str:
        """Write that a gate could not be judged because something took the judge's process down."""
        check = self._check(gate_id)
        if closed := self._close_interrupted(check, reason):
            return closed[-1]
        store = Store.of(self.plan.project.state, check.model.id, self.plan.profile)
        with self.ledger.announced(self._attempt(check, store, _artifacts(check, store))) as attempt:
            return self._write(attempt, check, None, Verdict.ERROR, reason)

    def _close_interrupted(self, check: Check, reason: str) -> list[str]:
        """Write an ERROR for each attempt at a gate whose judge was interrupted; their digests."""
        closed = []
        if not self._swept:
            self.ledger.sweep()
            self._swept = True
        for attempt, mark in self.ledger.read().unfinished_of(check.gate.id):
            if mark == Mark.INTERRUPTED:
                said = reason or attempt.record.left_open
                closed.append(self._write(attempt, check, None, Verdict.ERROR, said))
                self.ledger.close(attempt.digest)
        return closed

    def _attempt(
        self, check: Check, store: Store, artifacts: Mapping[str, tuple[Path, ArtifactRecord]]
    ) -> Attempt:
        return Attempt(
            gate=check.gate.id,
            model=check.model.id,
            profile=self.plan.profile.profile,
            gate_digest=check.gate_digest,
            profile_digest=self.plan.profile_digest(check),
            subjects={name: record.digest for name, (_, record) in artifacts.items()},
            ingredients={name: str(store.key_of(name)) for name in artifacts},
            started=datetime.now(UTC),
        )

    def _check(self, gate_id: str) -> Check:
        check = next((entry for entry in self.plan.checks if entry.gate.id == gate_id), None)
        if check is None or check.probe is None:
            raise UnusableInput(
                f"{gate_id} is no gate with a probe at profile {self.plan.profile.profile}",
                mend="list the gates of the profile: specship trace",
            )
        if why := self.plan.apart(check).why:
            raise UnusableInput(f"{gate_id}: {why}")
        return check

    def _measure(
        self, check: Check, artifacts: Mapping[str, tuple[Path, ArtifactRecord]]
    ) -> tuple[Measurement | None, Verdict, str]:
        """Have it measured elsewhere, and judge the figures; whatever keeps it from that is an ERROR."""
        if check.probe is None:
            return None, Verdict.ERROR, "no probe"
        try:
            measurement = self._measurer().measure(check.probe, artifacts)
        except (SpecshipError, EOFError) as error:
            return None, Verdict.ERROR, str(error)
        ruling = judge(check.gate.expect, measurement)
        return measurement, ruling.verdict, ruling.reason

    def _write(
        self,
        attempt: LedgerEntry[Attempt],
        check: Check,
        measurement: Measurement | None,
        verdict: Verdict,
        reason: str,
    ) -> str:
        told = attempt.record
        evidence = Evidence.model_validate(
            {
                **{fact: getattr(told, fact) for fact in ANNOUNCED},
                "attempt": attempt.digest,
                "contract": check.file.path,
                "contract_digest": check.contract_digest,
                "spec_digest": self.plan.spec_digest,
                "verdict": verdict.value,
                "reason": reason,
                "measurement": measurement,
                "environment": environment(
                    self.plan.project.root, self.plan.project.reads, self.plan.project.configuration.inherit
                ),
                "bypasses": recorded_bypasses(self.plan, check),
                "started": told.started,
                "ended": datetime.now(UTC),
                "judged_by": judged_by(),
            }
        )
        return self.ledger.append(evidence).digest


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
    try:
        for line in requests:
            print(json.dumps(_answer(judge_, json.loads(line))), file=answers, flush=True)
    finally:
        judge_.close()
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
