"""Two of a kind: what each side is, and that nothing is laid beside what it cannot be compared with."""

from pathlib import Path

import pytest

from specship.errors import SpecshipError, UnusableInput
from specship.exhibits.side_by_side import SideBySide, beside, gates_beside, models_beside
from specship.report.formats import SIDE_BY_SIDE, Display, render
from tests.projects.histories import git
from tests.projects.logged_project import write_run
from tests.projects.small_project import edit, make_project
from tests.report.page_reading import read_page
from tests.report.shown_reports import criterion, gate, hostile, low_loss, shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of two commits, with two runs, two reports and a model."""
    root = make_project(tmp_path_factory.mktemp("sides") / "project")
    git(root, "init", "-q", ".")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "begin")
    edit(root / "contracts/small-v1.yaml", "at_least: 100", "at_least: 90")
    git(root, "commit", "-qam", "another limit")
    write_run(root / "one")
    write_run(root / "other", steps=100)
    report = shown()
    (root / "a.json").write_text(report.model_dump_json())
    passing = gate("GATE-A-002", "PASS", low_loss(2.0))
    model = report.models[0]
    criteria = (*model.criteria[:1], criterion(2, model.criteria[0].status, passing))
    better = model.model_copy(update={"criteria": criteria, "ship_percent": 45.0})
    (root / "b.json").write_text(report.model_copy(update={"models": (better,)}).model_dump_json())
    (root / "model").mkdir()
    (root / "model/config.json").write_text("{}")
    (root / "model/model.safetensors").write_bytes(b"")
    return root


def two(folder: Path, a: str, b: str) -> SideBySide:
    found = beside(folder, a, b)
    assert found is not None
    return found


def test_two_commits(folder: Path) -> None:
    found = two(folder, "HEAD~1", "HEAD")

    assert found.kind == "commits"
    assert [(one.model, one.profile) for one, other in models_beside(found) if one and other] == [
        ("MODEL-1", "rehearsal"), ("MODEL-1", "release"),
    ]  # fmt: skip
    assert any("GATE-SMALL-002 weakened" in change for change in found.changes)


def test_two_reports(folder: Path) -> None:
    found = two(folder, "a.json", "b.json")
    differing = [one for one in gates_beside(found) if one.differs]

    assert found.kind == "reports"
    assert next(one.gate for one in differing) == "GATE-A-002"
    text = render(SIDE_BY_SIDE, "text", found)
    assert "25 %  45 %  +20" in text
    assert "AC-A-002: FAILED → DISCHARGED" in text
    assert "3.5 nats/token (≤ 2.2 nats/token)" in text
    assert "-1.5" in text


@pytest.mark.parametrize("width", [30, 60, 80, 200])
def test_no_table_is_wider_than_the_terminal_where_words_allow_it(folder: Path, width: int) -> None:
    text = render(SIDE_BY_SIDE, "text", two(folder, "a.json", "b.json"), Display(width=width))
    table = [line for line in text.splitlines() if "  " in line.strip()]

    assert all(len(line) <= max(width, 80) for line in table)


def test_two_runs(folder: Path) -> None:
    found = two(folder, "one", "other")
    text = render(SIDE_BY_SIDE, "text", found)

    assert found.kind == "runs"
    assert "last training loss" in text
    assert "200" in text
    assert "100" in text


def test_two_models_are_left_to_the_pipeline(folder: Path) -> None:
    assert beside(folder, "model", "model") is None
    assert beside(folder, "model", "transformers:model") is None


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ("HEAD", "one", "a revision and 'one' is a run"),
        ("a.json", "HEAD", "a report and 'HEAD' is a revision"),
        ("one", "model", "a run and 'model' is a model"),
        ("one", "contracts", "neither a run, a model nor a report"),
        ("HEAD", "nowhere", "there is no revision 'nowhere'"),
        ("pyproject.toml", "one", "neither a run, a model nor a report"),
    ],
)
def test_what_is_of_another_kind_is_refused(folder: Path, a: str, b: str, said: str) -> None:
    with pytest.raises(UnusableInput) as error:
        beside(folder, a, b)

    assert said in str(error.value)


def test_a_file_that_is_no_report_is_refused(folder: Path) -> None:
    (folder / "no.json").write_text('{"spec": 3}')
    with pytest.raises(SpecshipError, match="no report of a session"):
        beside(folder, "no.json", "a.json")


@pytest.mark.parametrize("pair", [("HEAD~1", "HEAD"), ("a.json", "b.json"), ("one", "other")])
def test_the_page_of_two_is_sound(folder: Path, pair: tuple[str, str]) -> None:
    page = read_page(render(SIDE_BY_SIDE, "html", two(folder, *pair)))

    assert not page.wrong
    assert {href[1:] for href in page.all("href") if href.startswith("#")} <= set(page.all("id"))


def test_hostile_reports_stay_text(folder: Path) -> None:
    (folder / "hostile.json").write_text(hostile('"><script>alert(1)</script>').model_dump_json())
    page = read_page(render(SIDE_BY_SIDE, "html", two(folder, "hostile.json", "a.json")))

    assert not page.wrong
    assert "script" not in {tag for tag, _ in page.elements}
    assert "<script>alert(1)</script>" in page.text
