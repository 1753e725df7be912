"""`--fix` makes the edits that change no meaning, once, and touches nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specship.lint.finding import Edit
from specship.lint.fixing import edited
from specship.suite.plan.linting import Question, lint_and_fix
from tests.projects.sound_project import CONTRACT, SHORT, change, sound_project

FLOW = "    falsified_by: [frozen-weights]\n"
BLOCK = (
    "    falsified_by:\n      - frozen-weights\n      - frozen-weights\n      - untrained-checkpoint  # why\n"
)
MENDED = {
    "a DOI's address": ('"arXiv:2203.15556"', '"https://doi.org/10.1145/3442188"', '"doi:10.1145/3442188"'),
    "an arXiv address without quotes": ('"arXiv:2203.15556"', "https://arxiv.org/abs/2203.15556v2", '"arXiv:2203.15556v2"'),
    "small letters in single quotes": ('"arXiv:2203.15556"', "'arxiv:2203.15556'", '"arXiv:2203.15556"'),
    "a fault twice in a row": (FLOW, "    falsified_by: [frozen-weights,  frozen-weights ]\n", "    falsified_by: [frozen-weights ]\n"),
    "a fault three times": (FLOW, '    falsified_by: [frozen-weights, "frozen-weights", frozen-weights]\n', FLOW),
    "a fault twice in lines": (FLOW, BLOCK, BLOCK.replace("      - frozen-weights\n", "", 1)),
}  # fmt: skip
LEFT = {
    "a comment beside the second item": (FLOW, "    falsified_by:\n      - frozen-weights\n      - frozen-weights  # really\n"),
    "a comment before the second item": (FLOW, "    falsified_by:\n      - frozen-weights  # really\n      - frozen-weights\n"),
    "an escaped spelling": ('"arXiv:2203.15556"', '"arxiv:2203\\u002e15556"'),
    "no identifier at all": ('"arXiv:2203.15556"', '"arXiv:2213.15556"'),
}  # fmt: skip


@pytest.mark.parametrize("case", MENDED)
def test_mended(case: str, tmp_path: Path) -> None:
    before, bad, good = MENDED[case]
    project = change(sound_project(tmp_path), ("contract", before, bad))
    path = project / SHORT["contract"]
    result = lint_and_fix(Question(project))

    assert result.findings == ()
    assert result.fixed >= 1
    assert path.read_text() == CONTRACT.replace(before, good)
    again = lint_and_fix(Question(project))
    assert (again.fixed, path.read_text()) == (0, CONTRACT.replace(before, good))


@pytest.mark.parametrize("case", LEFT)
def test_left_to_a_person(case: str, tmp_path: Path) -> None:
    before, bad = LEFT[case]
    project = change(sound_project(tmp_path), ("contract", before, bad))
    result = lint_and_fix(Question(project))

    assert (project / SHORT["contract"]).read_text() == CONTRACT.replace(before, bad)
    assert result.fixed == 0
    assert [finding.fixable for finding in result.findings] == [False]


def test_line_ends_and_permissions_stay(tmp_path: Path) -> None:
    project = sound_project(tmp_path)
    path = project / SHORT["contract"]
    windows = CONTRACT.replace("arXiv:2203", "arxiv:2203").replace("\n", "\r\n")
    path.write_bytes(windows.encode())
    path.chmod(0o640)
    lint_and_fix(Question(project))

    assert path.read_bytes() == windows.replace("arxiv:2203", "arXiv:2203").encode()
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    project = change(sound_project(tmp_path), ("contract", "arXiv:2203", "arxiv:2203"))
    path = project / SHORT["contract"]
    (project / "shared").mkdir()
    path.rename(project / "shared" / "small.yaml")
    path.symlink_to("../shared/small.yaml")
    lint_and_fix(Question(project))

    assert path.is_symlink()
    assert (project / "shared" / "small.yaml").read_text() == CONTRACT


def test_what_is_silenced_or_not_asked_is_not_fixed(tmp_path: Path) -> None:
    project = change(sound_project(tmp_path), ("contract", "arXiv:2203", "arxiv:2203"))
    before = (project / SHORT["contract"]).read_text()
    for question in (
        Question(project, ignore=("SHIP407",)),
        Question(project, select=("SHIP404",)),
        Question(project, ("specs",)),
    ):
        assert lint_and_fix(question).fixed == 0
    assert (project / SHORT["contract"]).read_text() == before


def test_a_file_beside_an_unreadable_one_is_fixed(tmp_path: Path) -> None:
    project = change(sound_project(tmp_path), ("contract", "arXiv:2203", "arxiv:2203"))
    (project / "contracts" / "broken-v1.yaml").write_text("gates: [\n")
    result = lint_and_fix(Question(project))

    assert (project / SHORT["contract"]).read_text() == CONTRACT
    assert [finding.code for finding in result.findings] == ["SHIP104"]
    assert result.exit_status == 2


def test_a_refused_write_is_told_and_leaves_the_file(tmp_path: Path) -> None:
    project = change(sound_project(tmp_path), ("contract", "arXiv:2203", "arxiv:2203"))
    before = (project / SHORT["contract"]).read_text()
    script = Path(sys.executable).parent / "specship"
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 0; exec {script} lint --fix"],
        cwd=project, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert "small-v1.yaml: cannot write: File too large" in done.stderr
    assert (project / SHORT["contract"]).read_text() == before
    assert [path.name for path in (project / "contracts").iterdir()] == ["small-v1.yaml"]


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=6))
@settings(max_examples=100, deadline=None)
def test_edits_touch_their_characters_only(text: str, spans: list[tuple[int, int]]) -> None:
    """Edits that change nothing change nothing, in any order and however they overlap."""
    edits = [Edit(start, min(start + length, len(text)), "") for start, length in spans if start <= len(text)]
    same = [Edit(edit.start, edit.end, text[edit.start : edit.end]) for edit in edits]

    assert edited(text, same) == text
    assert edited(text, edits) == edited(text, reversed(edits))
    assert len(edited(text, edits)) >= len(text) - sum(edit.end - edit.start for edit in edits)
