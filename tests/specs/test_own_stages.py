"""Stages that a project writes in Python: read without being run, checked with places, and run as commands."""

import json
from pathlib import Path
from typing import Final

import pytest

from specship.errors import RequirementMissing, StageFailed
from specship.pipeline.commands.own_stage import main
from specship.pipeline.registry import maker_of
from specship.pipeline.stage import Stage
from specship.suite.artifacts.runner import Made, StageRunner
from specship.suite.artifacts.store import Store
from specship.suite.plan.plan import open_plan
from tests.processes import inside
from tests.projects.small_project import edit, make_project

PROFILE: Final = "specs/small/profiles/rehearsal.yaml"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small project with the stage that `specship new stage` writes, chosen by its section."""
    root = make_project(tmp_path / "project")
    done = inside(root, "new", "stage", "word_counts")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == [
        "wrote stages/word_counts.py", "edited pyproject.toml: it names the folder now",
    ]  # fmt: skip
    (root / PROFILE).write_text((root / PROFILE).read_text() + "    word_counts: {at_least: 2}\n")
    monkeypatch.chdir(root)
    return root


def made(project: Path, *events: list[dict[str, object]]) -> Made:
    plan = open_plan(project, "rehearsal")
    store = Store.of(project / ".specship", "MODEL-1", plan.profile)
    runner = StageRunner(project, store, plan.profile.settings_of("MODEL-1"), "MODEL-1")
    if events:
        runner.listener = events[0].append
    return runner.ensure("word_counts")


def linted(project: Path) -> str:
    done = inside(project, "lint")
    return done.stdout + done.stderr


def test_a_new_stage_runs_from_the_first_line(project: Path) -> None:
    events: list[dict[str, object]] = []
    found = made(project, events)
    words = json.loads((found.path / "word_counts.json").read_text())
    told = [event for event in events if event["event"] == "progress" and event["stage"] == "word_counts"]

    assert min(words.values()) >= 2
    assert {str(event["unit"]) for event in told} == {"documents"}
    assert made(project).cached
    assert "word_counts" not in "".join(line for line in linted(project).splitlines() if " SHIP3" in line)

    edit(project / PROFILE, "at_least: 2", "at_least: 3")
    assert "at_least" in made(project).why
    (project / "stages/more.py").write_text("STAGE = 1 / 0\n")
    assert "more.py" in linted(project)
    (project / "stages/more.py").unlink()
    edit(
        project / "stages/word_counts.py",
        "from specship import",
        "from .words import x\nfrom specship import",
    )
    (project / "stages/words.py").write_text("x = 1 / 0\n")
    (project / "stages/words.py").rename(project / "stages/_words.py")
    edit(project / "stages/word_counts.py", ".words", "._words")
    with pytest.raises(StageFailed, match="ended with status 1"):
        made(project)
    (project / "stages/_words.py").write_text("x = 1\n")
    assert not made(project).cached
    (project / "stages/_words.py").write_text("x = 2\n")
    assert made(project).why == "the files it is made from changed"


@pytest.mark.parametrize(
    ("lacks", "says"),
    [
        (
            "raise RequirementMissing('no device here', mend='run it elsewhere')",
            "stage word_counts: no device here",
        ),
        ("import no_such_package", "the package no_such_package is not installed"),
    ],
)
def test_what_it_lacks_blocks_and_is_no_defect(project: Path, lacks: str, says: str) -> None:
    path = project / "stages/word_counts.py"
    text = path.read_text().replace("from specship import", "from specship import RequirementMissing, ")
    head, line, body = text.partition("def run(work: Work) -> None:\n")
    path.write_text(f"{head}{line}    {lacks}\n{body}")
    for _ in range(2):
        with pytest.raises(RequirementMissing, match=says):
            made(project)


def test_nothing_of_it_is_run_by_those_who_read(project: Path) -> None:
    path = project / "stages/word_counts.py"
    path.write_text(path.read_text() + "\nraise SystemExit('this was run')\n")

    for words in (("status",), ("lint",), ("doctor",), ("trace",)):
        done = inside(project, *words)
        assert "this was run" not in done.stdout + done.stderr
        assert done.returncode in {0, 1}


FAULTS: Final[dict[str, tuple[str, str, str, str]]] = {
    "an unknown key": (PROFILE, "at_least: 2", "at_lest: 2", "write 'at_least'"),
    "another type": (PROFILE, "at_least: 2", "at_least: two", "a whole number is expected"),
    "a need that nobody makes": ("stages/word_counts.py", '("corpus",)', '("corpse",)', "no stage makes 'corpse'"),
    "a declaration that is computed": ("stages/word_counts.py", 'makes="word_counts"', "makes=str(1)", "makes of the stage cannot be read"),
    "no declaration": ("stages/word_counts.py", "STAGE = Stage(", "OTHER = Stage(", "the file has no STAGE"),
    "no Python": ("stages/word_counts.py", "import json", "import (", "not Python"),
    "what specship makes": ("stages/word_counts.py", 'makes="word_counts"', 'makes="corpus"', "makes 'corpus' of MODEL-1, and so does"),
    "what only specship makes": ("stages/word_counts.py", 'makes="word_counts"', 'makes="replay"', "only a stage of specship does"),
    "settings of elsewhere": ("stages/word_counts.py", "class StageSettings", "class Other", "is not in the file"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_wrong_is_told_at_its_place(name: str, project: Path) -> None:
    file, old, new, message = FAULTS[name]
    edit(project / file, old, new)
    text = linted(project)

    assert message in text
    assert f"{PROFILE if 'stages' not in file or 'make' in name else file}:" in text


def test_a_name_of_ours_is_refused(project: Path) -> None:
    (project / "stages/word_counts.py").rename(project / "stages/baseline.py")
    edit(project / PROFILE, "word_counts:", "baseline:")

    assert "a stage of the project is called 'baseline', as one of specship" in linted(project)
    assert (
        "specship has a stage or section 'corpus' itself" in inside(project, "new", "stage", "corpus").stderr
    )
    assert "write 'my_words'" in inside(project, "new", "stage", "My-Words").stderr


def brought(site: Path) -> None:
    """An installed distribution that brings a stage and no probe."""
    info = site / "our_stages-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "our").mkdir()
    (site / "our/__init__.py").write_text("")
    (site / "our/sizes.py").write_text(SIZES)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: our-stages\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[specship.stages]\nsizes = our.sizes\n")
    (info / "RECORD").write_text("our/__init__.py,,\nour/sizes.py,,\n")


SIZES: Final = """\
from specship import Stage, Work, UnusableInput

STAGE = Stage(makes="sizes", lifecycle="corpus", needs=("corpus",))


def run(work: Work) -> None:
    if not any(work.inputs["corpus"].iterdir()):
        raise UnusableInput("there is nothing")
    (work.output / "sizes.txt").write_text("1")
    work.report(1, 1, "files")
"""


def test_a_distribution_brings_stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brought(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    root = make_project(tmp_path / "project")
    edit(
        root / "pyproject.toml",
        "[tool.specship]\n",
        '[tool.specship]\nprobe_distributions = ["our-stages"]\n',
    )
    (root / PROFILE).write_text((root / PROFILE).read_text() + "    sizes: {}\n")

    def stage() -> Stage:
        return maker_of("sizes", open_plan(root, "rehearsal").profile.settings_of("MODEL-1"))

    def given() -> str:
        settings = open_plan(root, "rehearsal").profile.settings_of("MODEL-1")
        return str(settings["commands"]["sizes"]["command"][4])

    assert (stage().makes, stage().needs) == ("sizes", ("corpus",))
    before = given()
    assert before.startswith("our.sizes#")
    (root / "out").mkdir()
    assert main([before, "{}", str(root / "out"), f"corpus={root / 'texts'}"]) == 0
    assert (root / "out/sizes.txt").read_text() == "1"
    (root / "empty").mkdir()
    assert main([before, "{}", str(root / "out"), f"corpus={root / 'empty'}"]) == 2
    (tmp_path / "site/our/__init__.py").write_text("# another\n")
    assert given() != before
