"""Sessions that measure again until it passes, and those that a crash interrupted."""

import multiprocessing
import os
import shutil
import signal
import threading
import time
from pathlib import Path
from typing import Final

import pytest

from specship.contracts.judging import Verdict
from specship.evidence.attempt import Attempt
from specship.evidence.ledger import Ledger, read_ledger
from specship.specs.project import load_project
from specship.status.report import GateReport
from specship.suite.artifacts.runner import StageRunner
from specship.suite.artifacts.store import Store
from specship.suite.judging.judge import Judge
from specship.suite.judging.judge_process import JudgeProcess
from specship.suite.judging.report_building import build_report
from specship.suite.judging.session import Session
from specship.suite.plan.plan import make_plan
from tests.projects.small_project import edit, make_project

GATE: Final = "GATE-SMALL-001"
COUNTER: Final = """

@probe("small.noisy", checked="documents", documents="documents", characters="characters")
def noisy(corpus: Artifact):
    import os, time
    beside = "BESIDE THE PROJECT"
    if os.path.exists(beside + "/slow"):
        time.sleep(60)
    return {"documents": 2 if os.path.exists(beside + "/bad") else 30, "characters": 5000}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose probe of GATE-SMALL-001 does what files beside the project say."""
    project = make_project(tmp_path_factory.mktemp("sessions") / "project")
    with (project / "probes/small.py").open("a") as file:
        file.write(COUNTER)
    edit(
        project / "contracts/small-v1.yaml",
        "probe: small.documents\n    expect:\n      documents:",
        "probe: small.noisy\n    expect:\n      documents:",
    )
    settle(project)
    shutil.rmtree(project / ".specship/ledger")
    return project


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    project = Path(shutil.copytree(made, tmp_path / "project"))
    edit(project / "probes/small.py", "BESIDE THE PROJECT", str(tmp_path))
    return project


def settle(project: Path, gate: str = GATE) -> GateReport:
    """What a session of its own says of a gate."""
    session = Session(make_plan(load_project(project)))
    try:
        return session.settle(next(c for c in session.plan.checks if c.gate.id == gate))
    finally:
        session.close()


def turn(project: Path, name: str, *, on: bool = True) -> None:
    """How the probe behaves from now on."""
    path = project.parent / name
    path.touch() if on else path.unlink()


def ledger_of(project: Path) -> Ledger:
    return read_ledger([project / ".specship/ledger"], keys=frozenset())


def remove_newest(project: Path, kind: str) -> str:
    """Take the newest entry of a kind away; its digest."""
    ledger = ledger_of(project)
    newest = (ledger.statements if kind == "statement" else ledger.attempts)[-1].digest
    (project / f".specship/ledger/{newest}.json").unlink()
    return newest


def test_a_failure_that_is_deleted_and_measured_again_earns_nothing(project: Path) -> None:
    turn(project, "bad")
    assert settle(project).verdict == Verdict.FAIL
    remove_newest(project, "statement")
    turn(project, "bad", on=False)
    assert settle(project).verdict == Verdict.PASS
    report = build_report(load_project(project))

    assert any(
        f"ledger: {GATE} was begun at" in text and "its result is missing" in text for text in report.problems
    )
    assert "the ledger is not whole" in report.models[0].criteria[0].reasons[0]


@pytest.mark.slow
def test_a_failure_deleted_with_its_attempt_is_a_hole_once_anything_followed(project: Path) -> None:
    turn(project, "bad")
    settle(project)
    settle(project, "GATE-SMALL-002")
    failed = next(entry for entry in ledger_of(project).statements if entry.evidence.gate == GATE)
    for digest in (failed.digest, failed.evidence.attempt):
        (project / f".specship/ledger/{digest}.json").unlink()
    turn(project, "bad", on=False)
    settle(project)

    assert failed.digest in ledger_of(project).holes
    report = build_report(load_project(project))
    assert all("the ledger is not whole" in one.reasons[0] for one in report.models[0].criteria[:1])


def test_making_the_stage_or_the_key_again_keeps_the_failure(project: Path) -> None:
    """The stage gives other bytes each time, as one that is not deterministic does; the key is a new one."""
    turn(project, "bad")
    settle(project)
    turn(project, "bad", on=False)
    shutil.rmtree(project / ".specship/keys")
    plan = make_plan(load_project(project))
    store = Store.of(plan.project.state, "MODEL-1", plan.profile)
    before = store.current("corpus")
    assert before is not None
    path = store.path("corpus", before.ingredients.key) / "train.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    shutil.rmtree(store.folder / "corpus")
    folder = store.path("corpus", before.ingredients.key)
    fresh = Store.of(plan.project.state, "MODEL-1", plan.profile)
    StageRunner(project, fresh, plan.profile.settings_of("MODEL-1"), "MODEL-1").ensure("corpus")
    (folder / "train.jsonl").write_text("".join(reversed(lines)))
    relist(fresh, folder)
    after = Store.of(plan.project.state, "MODEL-1", plan.profile).current("corpus")
    _judge(project)
    known = settle(project)

    assert after is not None
    assert after.digest != before.digest
    assert (known.verdict, known.fresh) == (Verdict.FAIL, True)
    assert known.reason.startswith("FLAKY: 2 measurements of what the same ingredients gave disagree")


def relist(store: Store, folder: Path) -> None:
    """The manifest of an artifact that came out with other bytes."""
    from specship.evidence.artifact_record import artifact_digest, list_files

    record = store.record("corpus", folder.name)
    assert record is not None
    files = list_files(folder)
    digest = artifact_digest("corpus", files, record.ingredients.inputs)
    store.finish("corpus", folder.name, record.model_copy(update={"files": files, "digest": digest}))


def _judge(project: Path) -> None:
    judge = Judge(make_plan(load_project(project)))
    try:
        judge.run(GATE)
    finally:
        judge.close()


def test_a_judge_that_is_killed_leaves_an_attempt_and_the_next_one_mends_it(project: Path) -> None:
    """An ERROR until it was measured again; then a pass, which says what came before it."""
    turn(project, "slow")
    child = multiprocessing.get_context("spawn").Process(target=_judge, args=(project,))
    child.start()
    while not list(project.glob(".specship/ledger/*.open")):
        time.sleep(0.02)
    while not ledger_of(project).attempts:
        time.sleep(0.02)
    under_way = build_report(load_project(project))
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    killed = build_report(load_project(project))
    turn(project, "slow", on=False)
    mended = settle(project)
    report = build_report(load_project(project))
    gates = [one.models[0].criteria[0].gates[0] for one in (under_way, killed, report)]

    assert not any((under_way.problems, killed.problems, report.problems))
    assert [gate.verdict for gate in gates] == [None, "ERROR", "PASS"]
    assert "left no result: its judge was interrupted" in gates[1].reason
    assert mended.verdict == "PASS"
    assert "left no result: its judge was interrupted" in gates[2].cautions[0]
    assert not list(project.glob(".specship/ledger/*.open"))


@pytest.mark.slow
def test_two_judges_of_one_gate_at_once_raise_no_alarm(project: Path) -> None:
    """Whoever reads meanwhile sees two attempts under way, or done."""
    plan = make_plan(load_project(project))
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=_judge, args=(project,)) for _ in range(2)]
    for child in children:
        child.start()
    problems = []
    while any(child.is_alive() for child in children):
        ledger = read_ledger(plan.project.ledger_folders, keys=frozenset())
        problems += [*ledger.holes, *ledger.damaged, *ledger.lost]
    for child in children:
        child.join()
    report = build_report(load_project(project))

    assert problems == []
    assert len(ledger_of(project).attempts) == len(ledger_of(project).statements) == 2
    assert report.models[0].criteria[0].gates[0].cautions == ()


@pytest.mark.slow
def test_what_a_judge_that_died_left_open_is_closed_with_its_last_words(project: Path) -> None:
    turn(project, "slow")
    process = JudgeProcess(make_plan(load_project(project)))
    try:
        killer = threading.Thread(target=_kill_in_its_attempt, args=(project, process))
        killer.start()
        with pytest.raises(EOFError) as death:
            process.ask({"gate": GATE})
        killer.join()
        (left,) = ledger_of(project).of(Attempt)
        digest = process.ask({"gate": GATE, "crash": str(death.value)})
    finally:
        process.close()
    (statement,) = ledger_of(project).statements

    assert (statement.digest, statement.evidence.attempt) == (digest, left.digest)
    assert (statement.evidence.verdict, statement.evidence.reason) == ("ERROR", str(death.value))
    assert left.record.subjects.keys() == left.record.ingredients.keys() == {"corpus"}


def _kill_in_its_attempt(project: Path, process: JudgeProcess) -> None:
    while not ledger_of(project).attempts:
        time.sleep(0.02)
    assert process._child is not None
    os.kill(process._child.pid, signal.SIGKILL)


def test_a_judge_that_cannot_begin_is_an_error_of_its_gates(project: Path) -> None:
    """A contract that somebody spoils while the session runs: the judge reads the files itself, twice."""
    plan = make_plan(load_project(project), "rehearsal")
    session = Session(plan)
    contract = project / "contracts/small-v1.yaml"
    try:
        contract.write_text(contract.read_text() + "unknown: key\n")
        found = session.settle(next(check for check in plan.checks if check.gate.id == GATE))
    finally:
        session.close()

    assert found.verdict == Verdict.ERROR
    assert "the judge's process ended with status" in found.reason
