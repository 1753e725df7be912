"""`specship report`: a page beside the ledger, two sides, and comparisons that were made before."""

import json
from pathlib import Path

import pytest

from tests.exhibits.test_comparisons import document
from tests.processes import inside
from tests.projects.evidenced_project import make_artifacts, put_evidence
from tests.projects.histories import git
from tests.projects.small_project import make_project
from tests.report.page_reading import read_page
from tests.report.shown_reports import shown


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_project(tmp_path_factory.mktemp("report") / "project")
    make_artifacts(root)
    put_evidence(root, {"GATE-SMALL-001": {"documents": 30}, "GATE-SMALL-002": {"characters": 40}})
    return root


def test_the_page_lies_beside_the_ledger(project: Path) -> None:
    done = inside(project, "report", "--html")
    page = project / ".specship/report.html"
    read = read_page(page.read_text())

    assert (done.returncode, done.stdout.strip()) == (0, str(page))
    assert not read.wrong
    links = [href for href in read.all("href") if href.startswith("../")]
    assert links
    assert all((page.parent / href).exists() for href in links)
    assert "60 documents inside" not in read.text
    assert "60 characters outside (60 %)" in read.text


def test_links_lead_home_from_a_file_elsewhere(project: Path, tmp_path: Path) -> None:
    path = tmp_path / "deep/er/page.html"
    path.parent.mkdir(parents=True)
    assert inside(project, "report", "--html", path).returncode == 0
    links = [href for href in read_page(path.read_text()).all("href") if not href.startswith(("#", "data:"))]

    assert all((path.parent / href).resolve().is_relative_to(project.resolve()) for href in links)


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_without_a_file_it_is_printed(project: Path, form: str) -> None:
    done = inside(project, "report", "--format", form)

    assert done.returncode == 0
    assert "GATE-SMALL-002" in done.stdout
    if form == "json":
        assert json.loads(done.stdout)["exhibits"]["histories"]


def test_a_comparison_is_shown(project: Path, tmp_path: Path) -> None:
    (tmp_path / "compared.json").write_text(json.dumps(document()))
    done = inside(project, "report", "--format", "html", "--comparison", tmp_path / "compared.json")
    assert "they diverge first in block 1" in read_page(done.stdout).text
    (tmp_path / "no.json").write_text("{}")
    refused = inside(project, "report", "--html", "--comparison", tmp_path / "no.json")
    assert (refused.returncode, "no comparison" in refused.stderr) == (2, True)


def test_a_damaged_ledger_is_seen_on_the_page(tmp_path: Path) -> None:
    root = make_project(tmp_path / "project")
    (root / ".specship/ledger").mkdir(parents=True)
    (root / f".specship/ledger/{'0' * 64}.json").write_text("{}")
    done = inside(root, "report", "--format", "html")

    assert done.returncode == 1
    assert "its bytes are not the ones its name promises" in read_page(done.stdout).text


def test_two_reports_as_text_and_as_a_page(project: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(shown().model_dump_json())
    pair = ("--compare", tmp_path / "a.json", tmp_path / "b.json")

    assert "no gate differs" in inside(project, "report", *pair).stdout
    assert json.loads(inside(project, "report", *pair, "--format", "json").stdout)["kind"] == "reports"
    assert inside(project, "report", *pair, "--html", tmp_path / "two.html").returncode == 0
    assert not read_page((tmp_path / "two.html").read_text()).wrong


def test_a_revision_that_is_not_here_is_refused(tmp_path: Path) -> None:
    root = make_project(tmp_path / "project")
    git(root, "init", "-q", ".")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "begin")
    done = inside(root, "report", "--compare", "HEAD", "nowhere")

    assert done.returncode == 2
    assert "there is no revision 'nowhere' here" in done.stderr
