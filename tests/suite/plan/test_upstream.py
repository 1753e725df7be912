"""What is of a model's own line of descent: evidence about anything else says nothing of its checkpoint."""

from pathlib import Path
from typing import Any, Final

import pytest

from specship.contracts.judging import Verdict
from specship.errors import UnusableInput
from specship.specs.project import load_project
from specship.specs.records import Profile
from specship.suite.judging.judge import Judge
from specship.suite.judging.session import Session
from specship.suite.plan.plan import make_plan
from specship.suite.plan.upstream import apart_from_line, untied_run
from tests.places import ROOT
from tests.projects.small_project import edit, make_project

TRAINED: Final[dict[str, Any]] = {"training": {}}
RECEIVED: Final[dict[str, Any]] = {"received": {"folder": "models/hf", "source": "a trainer"}}
LOGGED: Final[dict[str, Any]] = {"logged": {"folder": "runs/theirs", "source": "a trainer"}}
IMPORTED: Final[dict[str, Any]] = {"imported": {"source": "MODEL-2"}}
REPUBLISHED: Final[dict[str, Any]] = {"republication": {"name": "again"}}
ALL: Final = (
    "corpus", "harness", "tokenizer", "shards", "baseline", "run", "replay", "checkpoint", "completions",
    "generations", "gguf", "quantized", "parity", "speed", "qa", "humaneval", "publication", "readback",
)  # fmt: skip
OF_A_TRAINING: Final = ("tokenizer", "shards", "baseline", "run", "replay")
OF_ITS_RUN: Final = ("run", "replay")


def borrowing(*artifacts: str) -> dict[str, Any]:
    return {"borrowed": {"model": "MODEL-2", "artifacts": list(artifacts)}}


CASES: Final[dict[str, tuple[dict[str, Any], tuple[str, ...]]]] = {
    "trained here": (TRAINED, ()),
    "received": (RECEIVED | REPUBLISHED, OF_ITS_RUN),
    "received, and a tokenizer is trained beside it": (RECEIVED | REPUBLISHED | {"tokenizer": {}}, OF_A_TRAINING),
    "received, with the corpus of another": (RECEIVED | REPUBLISHED | borrowing("corpus"), OF_ITS_RUN),
    "received, with another's training": (
        RECEIVED | REPUBLISHED | borrowing("run", "shards", "tokenizer"), OF_A_TRAINING
    ),
    "received, with another's export": (
        RECEIVED | REPUBLISHED | borrowing("gguf"), (*OF_ITS_RUN, "gguf", "parity", "qa", "publication", "readback")
    ),
    "imported": (IMPORTED | REPUBLISHED | borrowing("corpus", "foreign"), OF_ITS_RUN),
    "imported, with the training that it comes from": (
        IMPORTED | REPUBLISHED | borrowing("corpus", "foreign", "tokenizer", "shards", "baseline", "run", "replay"), ()
    ),
    "imported, with the figures of where it comes from": (
        IMPORTED | REPUBLISHED | borrowing("corpus", "foreign", "speed"), (*OF_ITS_RUN, "speed")
    ),
    "trained here, with another's figures": (TRAINED | borrowing("speed"), ("speed",)),
    "trained here, on another's shards": (TRAINED | borrowing("corpus", "tokenizer", "shards"), ()),
}  # fmt: skip


def profile(settings: dict[str, Any]) -> Profile:
    pipeline = {"MODEL-1": settings, "MODEL-2": TRAINED}
    return Profile.model_validate(
        {"profile": "rehearsal", "kind": "rehearsal", "summary": "Two models.", "pipeline": pipeline}
    )


@pytest.mark.parametrize(("settings", "apart"), CASES.values(), ids=CASES)
def test_what_has_nothing_to_do_with_the_checkpoint(settings: dict[str, Any], apart: tuple[str, ...]) -> None:
    found = apart_from_line(profile(settings), "MODEL-1", ALL)
    assert found.artifacts == tuple(name for name in ALL if name in apart)
    assert bool(found.why) == bool(apart)
    assert apart_from_line(profile(settings), "MODEL-2", ALL) == ((), "")


def test_a_checkpoint_made_from_itself_ends() -> None:
    """The runner refuses such settings; nothing here may follow them for ever."""
    assert apart_from_line(profile(IMPORTED), "MODEL-1", ("run", "gguf")).artifacts == ("run",)


def test_why_says_how_it_came_and_the_way_out() -> None:
    received = apart_from_line(profile(RECEIVED), "MODEL-1", ("checkpoint", "run")).why
    assert received.startswith("this checkpoint was received; its run was not")
    assert "leave 'received' out" in received
    assert "receive its log by a section `logged:`" in received
    assert "borrow" not in received
    assert "leave 'tokenizer' out" not in received
    beside = apart_from_line(profile(RECEIVED | {"tokenizer": {}}), "MODEL-1", ("shards",)).why
    assert "leave 'tokenizer' out, so that text is encoded with the checkpoint's own" in beside
    imported = apart_from_line(profile(IMPORTED | borrowing("foreign")), "MODEL-1", ("run", "replay")).why
    assert imported.startswith("this checkpoint was imported; its run and replay were not")
    assert "borrow run and replay from the model that it comes from" in imported


def test_every_gate_of_this_project_measures_its_own_model() -> None:
    project = load_project(ROOT)
    for name in project.spec.profiles:
        plan = make_plan(project, name)
        assert [check.gate.id for check in plan.checks if plan.apart(check).why] == []


def test_a_run_beside_a_received_checkpoint_is_blocked(tmp_path: Path) -> None:
    root = make_project(tmp_path / "project")
    edit(root / "contracts/small-v1.yaml", "probe: small.documents", "probe: run.schedule")
    edit(
        root / "contracts/small-v1.yaml",
        "documents: {at_least: 10, unit: documents}",
        "largest_deviation: {at_most: 0, unit: ratio}",
    )
    edit(
        root / "contracts/small-v1.yaml",
        "characters: {at_least: 100, unit: characters}",
        "steps: {at_least: 1, unit: steps}",
    )
    path = root / "specs/small/profiles/rehearsal.yaml"
    path.write_text(path.read_text() + "    received: {folder: models/hf, source: a trainer}\n")
    plan = make_plan(load_project(root))
    check = next(check for check in plan.checks if check.gate.id == "GATE-SMALL-001")
    session = Session(plan)
    report = session.settle(check)
    assert report.verdict == Verdict.BLOCKED
    assert "this checkpoint was received; its run was not" in report.reason
    assert not (plan.project.state / "artifacts").exists()
    with pytest.raises(UnusableInput, match="its run was not"):
        Judge(plan).run("GATE-SMALL-001")


@pytest.mark.parametrize(
    ("settings", "artifacts", "asked", "said"),
    [
        (RECEIVED | LOGGED, ("run",), {"run.schedule"}, True),
        (RECEIVED | LOGGED, ("run",), {"run.schedule", "run.made_checkpoint"}, False),
        (RECEIVED | LOGGED, ("checkpoint",), {"run.schedule"}, False),
        (TRAINED, ("run",), {"run.schedule"}, False),
    ],
)
def test_a_run_that_only_the_profile_ties_to_the_weights_is_said_to_be(
    settings: dict[str, Any], artifacts: tuple[str, ...], asked: set[str], said: bool
) -> None:
    caution = untied_run(profile(settings), "MODEL-1", artifacts, asked)
    assert caution.startswith("no gate asks run.made_checkpoint" if said else "")
    assert bool(caution) == said
