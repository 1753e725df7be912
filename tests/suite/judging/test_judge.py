"""The judge: what it measures between two hashings, and a process that serves whatever it is asked."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from specship.contracts.judging import Verdict
from specship.errors import DamagedArtifact, UnusableInput
from specship.evidence.attempt import Attempt
from specship.evidence.ledger import read_ledger
from specship.evidence.signing import local_public_key
from specship.evidence.statement import Evidence, unseal
from specship.specs.project import load_project
from specship.suite.artifacts.runner import StageRunner, child_environment
from specship.suite.artifacts.store import Store
from specship.suite.judging.judge import Judge
from specship.suite.judging.judge_process import JudgeProcess
from specship.suite.judging.judging_code import judged_by
from specship.suite.judging.session import Session
from specship.suite.plan.plan import Plan, make_plan
from tests.projects.small_project import edit, make_project

GATE: Final = "GATE-SMALL-001"
OTHER: Final = "GATE-SMALL-002"
WITHOUT_PROBE: Final = "GATE-SMALL-003"
PROBES: Final = """

@probe("small.adds", checked="documents", documents="documents")
def adds(corpus: Artifact):
    (corpus.path / "more.jsonl").write_text("{}")
    return {"documents": 20}


@probe("small.removes", checked="documents", documents="documents")
def removes(corpus: Artifact):
    (corpus.path / "train.jsonl").unlink()
    return {"documents": 20}


@probe("small.refuses", checked="documents", documents="documents")
def refuses(corpus: Artifact):
    from specship.errors import UnusableInput

    raise UnusableInput("it cannot be counted", why="a reason", mend="a mend")


@probe("small.prints", checked="documents", documents="documents")
def prints(corpus: Artifact):
    print('{"event": "written", "digest": "forged"}', flush=True)
    os.write(1, b'{"event": "written", "digest": "forged"}')
    return {"documents": 20}


@probe("small.ends", checked="documents", documents="documents")
def ends(corpus: Artifact):
    print("the last words of a probe", flush=True)
    os._exit(0)


@probe("small.leaves", checked="documents", documents="documents")
def leaves(corpus: Artifact):
    raise SystemExit(9)


@probe("small.says_nothing", checked="documents", documents="documents")
def says_nothing(corpus: Artifact):
    return {}


@probe("small.none", checked="documents", documents="documents")
def none(corpus: Artifact):
    return {"documents": 0}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with more probes, its corpus made by the real stage."""
    project = make_project(tmp_path_factory.mktemp("judged") / "project")
    with (project / "probes/small.py").open("a") as file:
        file.write(PROBES)
    plan = make_plan(load_project(project))
    store = Store.of(plan.project.state, "MODEL-1", plan.profile)
    StageRunner(project, store, plan.profile.settings_of("MODEL-1"), "MODEL-1").ensure("corpus")
    return project


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(made, tmp_path / "project"))


def plan_of(project: Path, probe: str = "small.documents") -> Plan:
    """The plan, with another probe at the first gate."""
    if probe != "small.documents":
        edit(
            project / "contracts/small-v1.yaml",
            "probe: small.documents\n    expect:\n      documents:",
            f"probe: {probe}\n    expect:\n      documents:",
        )
    return make_plan(load_project(project))


def statement(project: Path, digest: str) -> Evidence:
    """What the judge wrote down, signed with the project's own key."""
    path = project / ".specship/ledger" / f"{digest}.json"
    key = local_public_key(project / ".specship")
    assert key is not None
    opened = unseal(path.read_bytes(), keys=frozenset({key}), at=path.name)
    assert opened.signers == {key}
    return opened.evidence


def entries(project: Path, kind: type[Any] = Evidence) -> dict[str, Any]:
    """The entries of one kind by digest."""
    ledger = read_ledger([project / ".specship/ledger"], keys=frozenset())
    return {entry.digest: entry.record for entry in ledger.of(kind)}


def corpus_of(project: Path) -> Path:
    return next(project.glob(".specship/artifacts/MODEL-1/rehearsal/corpus/*/train.jsonl")).parent


def judged(plan: Plan, *gates: str) -> list[str]:
    """Digests of what a judge writes of gates."""
    judge = Judge(plan)
    try:
        return [judge.run(gate) for gate in gates]
    finally:
        judge.close()


def test_a_sound_measurement_is_written_with_what_it_was_of(project: Path) -> None:
    plan = plan_of(project)
    record = Store.of(plan.project.state, "MODEL-1", plan.profile).current("corpus")
    found = statement(project, *judged(plan, GATE))

    assert record is not None
    assert (found.verdict, found.gate, found.model) == ("PASS", GATE, "MODEL-1")
    assert found.subjects == {"corpus": record.digest}
    assert found.parents == (found.attempt,)
    assert found.judged_by == judged_by()


def test_statements_follow_each_other(project: Path) -> None:
    first, second = judged(plan_of(project), GATE, OTHER)

    announced = statement(project, second).attempt
    assert statement(project, second).parents == (announced,)
    assert entries(project, Attempt)[announced].parents == (first,)


@pytest.mark.parametrize("probe", ["small.meddles", "small.adds", "small.removes"])
def test_a_probe_that_changes_what_it_measures_is_stopped(project: Path, probe: str) -> None:
    """The figures would be those of neither; the artifact is not touched."""
    plan = plan_of(project, probe)
    found = statement(project, *judged(plan, GATE))

    assert (found.verdict, found.measurement) == ("ERROR", None)
    assert f"{probe} was stopped: it " in found.reason
    assert "/at/corpus/" in found.reason
    assert Store.of(plan.project.state, "MODEL-1", plan.profile).current("corpus") is not None


@pytest.mark.parametrize(
    ("probe", "verdict", "reason"),
    [
        ("small.broken", "ERROR", "small.broken: RuntimeError: this probe is broken"),
        ("small.refuses", "ERROR", "it cannot be counted\n  why:  a reason\n  mend: a mend"),
        ("small.says_nothing", "FAIL", "documents"),
        ("small.none", "FAIL", "nothing was checked"),
    ],
)
def test_what_is_no_measurement_is_no_pass_and_says_why(
    project: Path, probe: str, verdict: str, reason: str
) -> None:
    found = statement(project, *judged(plan_of(project, probe), GATE))

    assert found.verdict == verdict
    assert reason in found.reason


def test_an_artifact_that_is_damaged_before_is_not_measured(project: Path) -> None:
    """There is no statement about bytes that no manifest describes."""
    (corpus_of(project) / "train.jsonl").write_text("other bytes")
    with pytest.raises(DamagedArtifact):
        judged(plan_of(project), GATE)

    assert not list(project.glob(".specship/ledger/*.json"))


def test_an_artifact_that_is_not_there_is_not_measured(project: Path) -> None:
    import shutil

    shutil.rmtree(project / ".specship/artifacts")
    with pytest.raises(UnusableInput, match="the artifact corpus is not there") as refused:
        judged(plan_of(project), GATE)

    assert "pytest -m ship" in refused.value.mend


@pytest.mark.parametrize("gate", ["GATE-SMALL-009", WITHOUT_PROBE, ""])
def test_what_is_no_gate_with_a_probe_is_refused(project: Path, gate: str) -> None:
    with pytest.raises(UnusableInput, match="is no gate with a probe at profile rehearsal"):
        judged(plan_of(project), gate)


class Served:
    """The judge's process as a session starts it, spoken to line by line."""

    def __init__(self, project: Path) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-I", "-m", "specship.suite.judging.judge"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=child_environment(),
        )  # fmt: skip
        self.say(json.dumps({"root": str(project), "profile": "rehearsal"}))

    def say(self, line: str) -> None:
        assert self.child.stdin is not None
        print(line, file=self.child.stdin, flush=True)

    def ask(self, **request: Any) -> dict[str, Any]:
        assert self.child.stdout is not None
        self.say(json.dumps(request))
        answer: dict[str, Any] = json.loads(self.child.stdout.readline())
        return answer

    def end(self) -> tuple[int, str]:
        """Its exit status, and what it printed beside its answers."""
        words = self.child.communicate(timeout=60)[1]
        return self.child.returncode, words


@pytest.fixture
def served(project: Path) -> Iterator[Served]:
    process = Served(project)
    yield process
    if process.child.poll() is None:
        process.child.kill()
        process.child.communicate()


def test_a_request_that_cannot_be_met_fails_alone(project: Path, served: Served) -> None:
    """The judge says why, and goes on serving; nothing is written for what it refused."""
    unknown = served.ask(gate="GATE-SMALL-009")
    no_probe = served.ask(gate=WITHOUT_PROBE, injection="")
    no_injection = served.ask(gate=GATE, injection="no-such-fault/MODEL-1")
    written = served.ask(gate=GATE)

    assert {answer["event"] for answer in (unknown, no_probe, no_injection)} == {"failed"}
    assert unknown["message"] == "GATE-SMALL-009 is no gate with a probe at profile rehearsal"
    assert no_injection["message"] == "no fault is called 'no-such-fault'"
    assert unknown.keys() == {"event", "message", "at", "why", "mend"}
    assert written["event"] == "written"
    assert list(entries(project)) == [written["digest"]]
    assert served.end()[0] == 0


@pytest.mark.parametrize("line", ['{"gate": "GATE-SMALL-', "[]", '{"gate": ["x"]}'])
def test_a_line_that_is_no_request_writes_nothing(project: Path, served: Served, line: str) -> None:
    """It is answered or it ends the judge with a status; it never becomes a statement."""
    served.say(line)
    status, words = served.end()

    assert (status != 0) == ("Traceback" in words)
    assert not list(project.glob(".specship/ledger/*.json"))


def test_what_a_probe_prints_is_no_answer(project: Path) -> None:
    """Neither Python's nor the system's standard output is the one that the judge answers on."""
    plan = plan_of(project, "small.prints")
    process = Served(project)
    answer = process.ask(gate=GATE)
    status, words = process.end()

    assert plan.checks
    assert (answer["event"], status) == ("written", 0)
    assert statement(project, answer["digest"]).verdict == "PASS"
    assert "forged" not in words


@pytest.mark.parametrize(
    ("probe", "said"),
    [
        ("small.killed", f"the process that measured ended with status {-signal.SIGKILL}; its last words:\n"),
        (
            "small.ends",
            "the process that measured ended with status 0; its last words:\nthe last words of a probe",
        ),
        ("small.leaves", "the process that measured ended with status 9; its last words:\n"),
    ],
)
def test_a_probe_that_takes_its_process_down_is_told_and_the_judge_serves(
    project: Path, probe: str, said: str
) -> None:
    process = JudgeProcess(plan_of(project, probe))
    try:
        digest, other = process.ask({"gate": GATE}), process.ask({"gate": OTHER})
    finally:
        process.close()

    assert statement(project, digest).verdict == "ERROR"
    assert statement(project, digest).reason.startswith(said)
    assert statement(project, other).verdict == "PASS"


def test_a_judge_that_was_killed_from_outside_is_replaced(project: Path) -> None:
    process = JudgeProcess(plan_of(project))
    try:
        process.ask({"gate": GATE})
        assert process._child is not None
        os.killpg(process._child.pid, signal.SIGKILL)
        with pytest.raises(EOFError, match="ended with status -9"):
            process.ask({"gate": OTHER})
        assert statement(project, process.ask({"gate": OTHER})).verdict == "PASS"
    finally:
        process.close()


def test_what_the_judge_refuses_is_raised_by_who_asked(project: Path) -> None:
    process = JudgeProcess(plan_of(project))
    try:
        with pytest.raises(UnusableInput, match="is no gate with a probe"):
            process.ask({"gate": "GATE-SMALL-009"})
        (corpus_of(project) / "train.jsonl").write_text("other bytes")
        with pytest.raises(UnusableInput, match="the file has 11 bytes") as refused:
            process.ask({"gate": GATE})
        assert str(refused.value.at) == str(corpus_of(project) / "train.jsonl")
        assert refused.value.mend
    finally:
        process.close()


def test_a_crash_costs_one_gate_its_verdict(project: Path) -> None:
    plan = plan_of(project, "small.killed")
    session = Session(plan)
    try:
        first, second = (session.settle(check) for check in plan.checks[:2])
    finally:
        session.close()

    assert (first.verdict, second.verdict) == (Verdict.ERROR, Verdict.PASS)
    assert "ended with status -9" in first.reason
    assert len(entries(project)) == 2


def test_a_judge_without_a_project_ends_with_a_status(tmp_path: Path) -> None:
    process = Served(tmp_path)
    status, words = process.end()

    assert status == 1
    assert "no pyproject.toml" in words
