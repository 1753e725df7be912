"""A clone without artifacts: which bytes today's settings, code and files stand for, by signed stage statements."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specship.evidence.ledger import read_ledger
from specship.evidence.ledger_writer import LedgerWriter
from specship.evidence.signing import local_key
from specship.specs.project import load_project
from specship.status.report import GateReport
from specship.suite.artifacts.store import Store
from specship.suite.judging.report_building import build_report
from specship.suite.judging.stage_statements import sign_stages
from specship.suite.judging.today import todays_artifacts
from specship.suite.judging.todays_artifacts import ArtifactToday
from specship.suite.judging.trust import all_keys
from specship.suite.plan.plan import make_plan
from tests.projects.evidenced import state_artifacts
from tests.projects.evidenced_project import put_evidence
from tests.projects.small_project import edit, make_project, text
from tests.suite.artifacts.finished import finished

MEASURED = {"GATE-SMALL-001": {"documents": 24.0, "characters": 900.0}}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus, a stage statement of it, and evidence of one gate about it."""
    project = make_project(tmp_path_factory.mktemp("cloned") / "project")
    plan = make_plan(load_project(project))
    outside = next(stage for stage in plan.checks if stage.probe) and _outside(project)
    finished(Store.of(plan.project.state, "MODEL-1", plan.profile), "corpus", outside=outside)
    sign_stages(plan, writer_of(project), "MODEL-1", ["corpus"])
    put_evidence(project, MEASURED)
    return project


def _outside(project: Path) -> str:
    from specship.pipeline.registry import stage_named

    stage = stage_named("corpus")
    assert stage.outside is not None
    profile = load_project(project).profile("rehearsal")
    return stage.outside(stage.counted(profile.settings_of("MODEL-1")), project)


@pytest.fixture
def clone(made: Path, tmp_path: Path) -> Path:
    """It without the artifact."""
    project = Path(shutil.copytree(made, tmp_path / "project"))
    shutil.rmtree(project / ".specship/artifacts")
    return project


def writer_of(project: Path) -> LedgerWriter:
    folder = project / ".specship/ledger"
    return LedgerWriter(folder, [folder], local_key(project / ".specship"))


def corpus_of(project: Path) -> ArtifactToday | None:
    plan = make_plan(load_project(project))
    ledger = read_ledger(plan.project.ledger_folders, keys=all_keys(plan.project))
    return todays_artifacts(plan, ledger).of("MODEL-1", "corpus")


def gate_of(project: Path) -> GateReport:
    return build_report(load_project(project)).models[0].criteria[0].gates[0]


def test_a_clone_knows_the_bytes_and_the_key_as_who_has_them_does(made: Path, clone: Path) -> None:
    assert corpus_of(made) is not None
    assert corpus_of(made) == corpus_of(clone)
    assert (gate_of(clone).verdict, gate_of(clone).fresh) == ("PASS", True)


def other_setting(project: Path) -> None:
    edit(project / "specs/small/profiles/rehearsal.yaml", "heldout_fraction: 0.2", "heldout_fraction: 0.3")


def other_file(project: Path) -> None:
    (project / "texts/more.py").write_text(text(99))


def no_statement(project: Path) -> None:
    for entry in read_ledger([project / ".specship/ledger"], keys=frozenset()).artifacts:
        (project / f".specship/ledger/{entry.digest}.json").unlink()


def other_key(project: Path) -> None:
    shutil.rmtree(project / ".specship/keys")


NOT_OF_TODAY: dict[Callable[[Path], None], str] = {
    other_setting: "the corpus that was signed is not today's: setting corpus.heldout_fraction: 0.3 was 0.2",
    other_file: "files of the project that it is made from are others than were signed",
    no_statement: "the artifact corpus is not there",
    other_key: "no key that counts at this profile signed it",
}


@pytest.mark.parametrize("act", NOT_OF_TODAY, ids=lambda act: act.__name__)
def test_what_is_not_of_today_vouches_for_nothing(clone: Path, act: Callable[[Path], None]) -> None:
    """And it is said what differs, where somebody signed an artifact that is no longer the one of today."""
    act(clone)

    assert corpus_of(clone) is None
    assert not gate_of(clone).fresh
    assert NOT_OF_TODAY[act] in gate_of(clone).reason


def test_files_that_are_not_in_the_project_stay_as_they_were_recorded(clone: Path) -> None:
    """A clone need not hold what a corpus was read from; with other files there it is another corpus."""
    shutil.rmtree(clone / "texts")

    assert gate_of(clone).fresh
    (clone / "texts").mkdir()
    (clone / "texts/one.py").write_text(text(1))
    assert not gate_of(clone).fresh


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        ({"packages": {"python": "2.7", "numpy": "0.1", "rensa": "0.1"}}, True),
        ({"packages": {"python": "2.7"}}, False),
        ({"packages": {}}, False),
        ({"code": "1" * 64}, False),
        ({"fault": "1" * 64}, False),
        ({"inputs": {"corpus": "1" * 64}}, False),
        ({"outside": "1" * 64}, False),
    ],
    ids=str,
)
def test_a_statement_has_to_agree_with_code_inputs_and_files(
    clone: Path, changes: dict[str, Any], *, known: bool
) -> None:
    """The versions of packages are those of the machine that made it, whatever is installed here."""
    no_statement(clone)
    plan = make_plan(load_project(clone))
    state_artifacts(plan, writer_of(clone), **changes)

    assert (corpus_of(clone) is not None) == known


def test_a_planted_fault_in_the_store_that_counts_is_not_current(made: Path, tmp_path: Path) -> None:
    project = Path(shutil.copytree(made, tmp_path / "project"))
    no_statement(project)
    plan = make_plan(load_project(project))
    finished(Store.of(plan.project.state, "MODEL-1", plan.profile), "corpus", fault="1" * 64)

    assert corpus_of(project) is None


def test_what_lies_here_goes_before_what_is_said(made: Path, tmp_path: Path) -> None:
    """And the newest of several that were said, once it is gone."""
    project = Path(shutil.copytree(made, tmp_path / "project"))
    plan = make_plan(load_project(project))
    said = corpus_of(project)
    store = Store.of(plan.project.state, "MODEL-1", plan.profile)
    other = finished(store, "corpus", {"train.jsonl": b"other\n"}, outside=_outside(project))
    here = corpus_of(project)
    sign_stages(plan, writer_of(project), "MODEL-1", ["corpus"])
    shutil.rmtree(project / ".specship/artifacts")

    assert said is not None
    assert here == replace_digest(said, other.digest)
    assert corpus_of(project) == here


def replace_digest(one: ArtifactToday, digest: str) -> ArtifactToday:
    return one._replace(digest=digest)


def test_a_damaged_artifact_is_named_and_nothing_speaks_in_its_place(made: Path, tmp_path: Path) -> None:
    project = Path(shutil.copytree(made, tmp_path / "project"))
    path = next(project.glob(".specship/artifacts/MODEL-1/rehearsal/corpus/*/train.jsonl"))
    path.write_text("")
    report = build_report(load_project(project))

    assert corpus_of(project) is None
    assert "its manifest says" in report.problems[0]
