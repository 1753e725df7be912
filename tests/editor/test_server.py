"""`specship lsp` as an editor meets it: pygls' own client, a real server, files that are not saved."""

import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from specship.suite.plan.linting import Question, lint, lint_and_fix
from tests.editor.client import Editor, edit
from tests.projects.sound_project import CONTRACT, SHORT, sound_project

NAME = SHORT["contract"]
LINES = CONTRACT.split("\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return sound_project(tmp_path / "project").resolve()


def behind(text: str) -> tuple[int, int]:
    """Line and column behind the first place where the contract says this."""
    line = next(number for number, row in enumerate(LINES) if text in row)
    return line, LINES[line].index(text) + len(text)


def run(root: Path) -> Callable[[Callable[[Editor], Coroutine[Any, Any, None]]], None]:
    return lambda session: edit(root, session)


def test_what_is_typed_is_checked_and_the_file_is_left_alone(root: Path) -> None:
    wrong = CONTRACT.replace("run.held_out_loss", "run.held_out_los")

    async def session(editor: Editor) -> None:
        editor.open(NAME)
        assert await editor.diagnostics(NAME, lambda _: True) == []
        editor.write(NAME, wrong)
        (found,) = await editor.diagnostics(NAME, bool)
        assert (found.code, found.severity, found.source) == (
            "SHIP301",
            types.DiagnosticSeverity.Error,
            "specship",
        )
        assert found.message.startswith("no probe is called 'run.held_out_los'\nwhy: ")
        assert found.message.endswith("mend: write 'run.held_out_loss'")
        assert found.range.start.line == behind("probe: run.held")[0]
        editor.write(NAME, "gates: [")
        (found,) = await editor.diagnostics(NAME, lambda told: bool(told) and told[0].code != "SHIP301")
        assert found.code == "SHIP104"
        editor.write(NAME, CONTRACT)
        assert await editor.diagnostics(NAME, lambda told: not told) == []

    edit(root, session)

    assert (root / NAME).read_text() == CONTRACT


def test_a_finding_in_another_file_is_told_of_that_file(root: Path) -> None:
    """A gate that is renamed leaves a profile's override without one."""

    async def session(editor: Editor) -> None:
        editor.open(NAME)
        editor.write(NAME, CONTRACT.replace("GATE-SMALL-001", "GATE-SMALL-007"))
        (found, *_) = await editor.diagnostics(SHORT["rehearsal"], bool)
        assert "GATE-SMALL-001" in found.message
        editor.write(NAME, CONTRACT)
        assert await editor.diagnostics(SHORT["rehearsal"], lambda told: not told) == []

    edit(root, session)


def test_names_are_completed_where_they_belong(root: Path) -> None:
    expect = behind("    expect:")[0]
    profile = (root / SHORT["rehearsal"]).read_text()
    bare = "\n".join([*LINES[: expect + 1], "      ", *LINES[expect + 2 :]])

    async def session(editor: Editor) -> None:
        editor.open(NAME)
        assert "run.held_out_loss" in await editor.labels(NAME, *behind("probe: "))
        assert await editor.labels(NAME, *behind("binds_to: [")) == ["AC-SMALL-001", "AC-SMALL-002"]
        assert "frozen-weights" in await editor.labels(NAME, *behind("falsified_by: [fro"))
        assert (await editor.labels(NAME, *behind("unit: ")))[0] == "nats/token"
        assert "unit" not in await editor.labels(NAME, *behind("2.2, unit: nats/token"))
        assert await editor.labels(NAME, *behind("stage: ")) == sorted(
            [
                "corpus",
                "tokenizer",
                "train",
                "checkpoint",
                "inference",
                "export",
                "eval",
                "publish",
                "process",
            ]
        )
        editor.write(NAME, bare)
        offered = await editor.labels(NAME, expect + 1, 6)
        assert {"val_loss", "bits_per_byte"} < set(offered)
        assert "val_tokens" not in offered, "it is written below already, and is offered no second time"
        editor.write(NAME, CONTRACT)
        editor.open(SHORT["rehearsal"], f"{profile}  ")
        lines = profile.split("\n")
        assert await editor.labels(SHORT["rehearsal"], len(lines) - 1, 2) == ["GATE-SMALL-002"]
        line = next(number for number, row in enumerate(lines) if "val_loss:" in row)
        assert await editor.labels(SHORT["rehearsal"], line, 6) == ["val_loss", "val_tokens"]

    edit(root, session)


def test_words_mean_something_and_lead_somewhere(root: Path) -> None:
    async def session(editor: Editor) -> None:
        editor.open(NAME)
        gate = await editor.hover(NAME, *behind("  - id: GATE"))
        assert "The held-out loss reaches the target." in gate
        assert "no evidence yet" in gate
        assert "Mean loss over the first 131 072 held-out targets" in await editor.hover(
            NAME, *behind("probe: run")
        )
        assert "The optimizer runs and no weight changes." in await editor.hover(NAME, *behind("by: [frozen"))
        assert "The loss is low." in await editor.hover(NAME, *behind("binds_to: [AC"))
        limit = await editor.hover(NAME, *behind("      val_lo"))
        assert "at profile rehearsal: ≤ 4.05 nats/token, by specs/small/profiles/rehearsal.yaml:12:7" in limit
        assert "at profile release: ≤ 2.2 nats/token, by contracts/small-v1.yaml:15:7" in limit
        assert "cross entropy" in await editor.hover(NAME, *behind("unit: nats/to"))
        assert "advisory gate" in await editor.hover(NAME, *behind("ship_bl"))
        assert await editor.hover(NAME, *behind("# This com")) == ""
        assert (await editor.definition(NAME, *behind("probe: run")))[0].endswith(
            "/probes/run_held_out_loss.py"
        )
        assert (await editor.definition(NAME, *behind("by: [frozen")))[0].endswith(
            "/faults/frozen_weights.py"
        )
        spec = (root / SHORT["spec"]).as_uri()
        assert await editor.definition(NAME, *behind("binds_to: [AC")) == (spec, 6)
        asked = types.ReferenceParams(
            types.ReferenceContext(include_declaration=True), **editor.at(NAME, *behind("[AC-"))
        )
        found = await editor.client.text_document_references_async(asked)
        assert found is not None
        assert sorted((place.uri.rsplit("/", 1)[1], place.range.start.line) for place in found) == [
            ("small-v1.yaml", 10), ("spec.yaml", 6), ("spec.yaml", 15),
        ]  # fmt: skip

    edit(root, session)


def test_while_a_text_is_broken_what_was_known_before_serves(root: Path) -> None:
    broken = CONTRACT.replace("  - id: GATE-SMALL-002", "  - id: [\n  - id: GATE-SMALL-002")

    async def session(editor: Editor) -> None:
        editor.open(NAME)
        assert await editor.hover(NAME, *behind("  - id: GATE"))
        editor.write(NAME, broken)
        assert "held-out loss" in await editor.hover(NAME, *behind("  - id: GATE"))
        assert await editor.labels(NAME, *behind("binds_to: [")) == ["AC-SMALL-001", "AC-SMALL-002"]

    edit(root, session)


def test_a_safe_fix_is_the_one_that_lint_makes(root: Path) -> None:
    wrong = CONTRACT.replace(
        "supports: [GATE-SMALL-001]", "supports: [GATE-SMALL-001, GATE-SMALL-001]"
    ).replace("What a small", "\N{MATHEMATICAL BOLD CAPITAL A} what a small")
    (root / NAME).write_text(wrong)
    (finding,) = [entry for entry in lint(Question(root), cache=False).findings if entry.fixable]
    fixed: list[str] = []

    async def session(editor: Editor) -> None:
        editor.open(NAME)
        (found,) = await editor.diagnostics(NAME, bool)
        asked = types.CodeActionParams(
            types.TextDocumentIdentifier(editor.uri(NAME)), found.range, types.CodeActionContext([found])
        )
        (action,) = await editor.client.text_document_code_action_async(asked) or ()
        assert isinstance(action, types.CodeAction)
        assert action.title.startswith(f"{finding.code}: ")
        assert action.edit is not None
        assert action.edit.changes is not None
        (change,) = action.edit.changes[editor.uri(NAME)]
        lines = wrong.split("\n")
        row = lines[change.range.start.line]
        lines[change.range.start.line] = (
            row[: change.range.start.character] + change.new_text + row[change.range.end.character :]
        )
        fixed.append("\n".join(lines))

    edit(root, session)
    lint_and_fix(Question(root))

    assert fixed == [(root / NAME).read_text()]


def test_columns_are_those_of_the_editor(root: Path) -> None:
    """A letter that takes two units of UTF-16 stands before the word."""
    text = CONTRACT.replace(
        "    binds_to: [AC-SMALL-001]\n", '    binds_to: ["\N{MATHEMATICAL BOLD CAPITAL A}", AC-SMALL-009]\n'
    )  # fmt: skip

    async def session(editor: Editor) -> None:
        editor.open(NAME, text)
        found = await editor.diagnostics(NAME, bool)
        (unknown,) = [entry for entry in found if "AC-SMALL-009" in entry.message]
        row = text.split("\n")[unknown.range.start.line]
        assert unknown.range.start.character == len(row[: row.index("AC-")].encode("utf-16-le")) // 2

    edit(root, session)


def test_files_of_no_project_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("a: 1\n")

    async def session(editor: Editor) -> None:
        editor.open("other.yaml")
        assert await editor.labels("other.yaml", 0, 1) == []
        assert await editor.hover("other.yaml", 0, 0) == ""
        assert editor.told == {}

    edit(tmp_path, session)


def test_without_pygls_it_says_what_to_install(tmp_path: Path) -> None:
    hidden = tmp_path / "hide.py"
    hidden.write_text(
        "import importlib.util, sys\nfind = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, package=None: None if name == 'pygls' else find(name, package)\n"
        "from specship.cli import main\nsys.argv = ['specship', 'lsp']\nsys.exit(main())\n"
    )
    done = subprocess.run([sys.executable, "-I", hidden], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'specship[editor]'" in done.stderr
