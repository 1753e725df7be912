"""How figures went: what a name stands for, over the ledger and over commits; as lines, as a drawing."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from specship.errors import UnknownName
from specship.exhibits.trends import CommittedPercent, Trend, trend
from specship.report.formats import TREND, Display, render
from specship.specs.project import load_project
from specship.suite.judging.report_building import build_report
from tests.projects.evidenced_project import make_artifacts, put_evidence
from tests.projects.histories import git
from tests.projects.small_project import make_project
from tests.report.shown_reports import HOSTILE, history


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_project(tmp_path_factory.mktemp("trends") / "project")
    git(root, "init", "-q", ".")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "begin")
    make_artifacts(root)
    for characters in (40, 400, 800):
        put_evidence(root, {"GATE-SMALL-002": {"characters": characters}})
    put_evidence(root, {"GATE-SMALL-001": {"documents": 30}})
    return root


def went(project: Path, asked: str = "", commits: int = 0) -> Trend:
    found = load_project(project)
    return trend(found, build_report(found), asked, commits=commits)


@pytest.mark.parametrize(
    ("asked", "quantities"),
    [
        ("", {"documents", "characters"}), ("AC-SMALL-002", {"characters"}), ("GATE-SMALL-001", {"documents"}),
        ("characters", {"characters"}), ("AC-SMALL-003", set()),
    ],
)  # fmt: skip
def test_a_criterion_a_gate_or_a_quantity(project: Path, asked: str, quantities: set[str]) -> None:
    assert {one.quantity for one in went(project, asked).histories} == quantities


def test_a_name_that_is_none_is_refused_with_the_nearest(project: Path) -> None:
    with pytest.raises(UnknownName, match="GATE-SMALL-001"):
        went(project, "GATE-SMAL-001")


def test_lines(project: Path) -> None:
    text = render(TREND, "text", went(project))

    assert "characters  ▁▄█  40 characters → 800 characters  (3 times, 1 failed)" in text
    assert "1 quantity never moved" in text
    assert "holds no measurement of it" in render(TREND, "text", went(project, "AC-SMALL-003"))


def test_lines_fit_a_narrow_terminal(project: Path) -> None:
    text = render(TREND, "text", went(project), Display(width=40))

    assert max(map(len, text.splitlines())) <= 50


def test_commits_that_changed_what_the_percentage_rests_on(project: Path) -> None:
    found = went(project, commits=5).percents

    assert {(one.model, one.profile, one.percent) for one in found} == {
        ("MODEL-1", "rehearsal", 0.0), ("MODEL-1", "release", 0.0),
    }  # fmt: skip
    assert {one.commit for one in found} == {git(project, "rev-parse", "HEAD")}
    assert went(project, "characters", commits=5).percents == ()


def test_percentages_are_drawn_from_0_to_100() -> None:
    points = tuple(
        CommittedPercent(model="M", profile="release", commit="c", when=f"2026-11-0{day}", percent=value)
        for day, value in enumerate((0.0, 50.0, 100.0), 1)
    )
    text = render(TREND, "text", Trend(spec="S", version="1.0.0", asked="", histories=(), percents=points))

    assert "M release  ▁▅█  0 % → 100 %" in text


def test_the_drawing_stands_alone(project: Path) -> None:
    drawing = ET.fromstring(render(TREND, "svg", went(project)))  # noqa: S314 - our own
    texts = [one.text for one in drawing.iter() if one.tag.endswith("text")]

    assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
    assert "characters" in texts
    assert "800 characters" in texts


def test_hostile_names_stay_text() -> None:
    found = history(2.6, 2.1).model_copy(update={"quantity": HOSTILE, "gate": HOSTILE})
    text = render(TREND, "svg", Trend(spec=HOSTILE, version="1", asked="x", histories=(found,)))
    drawing = ET.fromstring(text)  # noqa: S314 - our own

    assert not any(one.tag.endswith("script") for one in drawing.iter())
    assert "\u202e" not in text
