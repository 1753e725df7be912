"""Commands in a profile, through every face that reads one: what binds to nothing, and what counts for a gate."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from specship.suite.plan.plan import open_plan
from tests.processes import inside, run_pytest
from tests.projects.small_project import edit, make_project

COMMANDS: Final = """\
    commands:
      words:
        command: [python, scripts/words.py, "{corpus}", "{output}"]
        makes: word_counts
        needs: [corpus]
        reads: [scripts/words.py]
"""
SCRIPT: Final = """\
import collections, json, pathlib, sys
corpus, output = map(pathlib.Path, sys.argv[1:])
lines = (corpus / "train.jsonl").read_text().splitlines()
words = collections.Counter(word for line in lines for word in json.loads(line)["text"].split())
(output / "words.json").write_text(json.dumps(words))
"""
PROBE: Final = '''\
"""How many words the corpus has."""

import json

from specship import Artifact, Figures, probe


@probe("words.distinct", checked="words", words="words", once="words")
def distinct(word_counts: Artifact) -> Figures:
    words = json.loads((word_counts.path / "words.json").read_text())
    return {"words": len(words), "once": sum(count == 1 for count in words.values())}
'''
GATE: Final = """\
  - id: GATE-SMALL-004
    rule: It has words.
    binds_to: [AC-SMALL-003]
    ship_blocking: true
    probe: words.distinct
    expect:
      words: {at_least: 50, unit: words}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small project, with a command that makes an artifact of its own and a gate about that."""
    root = make_project(tmp_path / "project")
    (root / "scripts").mkdir()
    (root / "scripts/words.py").write_text(SCRIPT)
    (root / "probes/words.py").write_text(PROBE)
    for profile in ("rehearsal", "release"):
        path = root / f"specs/small/profiles/{profile}.yaml"
        path.write_text(path.read_text() + COMMANDS)
    path = root / "contracts/small-v1.yaml"
    path.write_text(path.read_text() + GATE)
    monkeypatch.chdir(root)
    return root


def said(*arguments: str) -> tuple[int, str]:
    done = inside(Path.cwd(), *arguments)
    return done.returncode, done.stdout + done.stderr


PROFILE: Final = "specs/small/profiles/rehearsal.yaml"
FAULTS: Final[dict[str, tuple[str, str, str]]] = {
    "an unknown key": ("makes: word_counts", "makse: word_counts", "write 'makes'"),
    "an unknown placeholder": ('"{corpus}"', '"{corpsu}"', "the placeholder 'corpsu' stands for nothing"),
    "a need that is nowhere in the command": ('"{corpus}", ', "", "no argument says where corpus is"),
    "no output": ('"{output}"', '"out"', "no argument says where to write"),
    "a need that nobody makes": ("needs: [corpus]", "needs: [corpse]", "no stage makes 'corpse'"),
    "what a section makes": ("makes: word_counts", "makes: corpus", "makes 'corpus' of MODEL-1, and so does the section"),
    "what is specship's to make": ("makes: word_counts", "makes: replay", "only a stage of specship does"),
    "a name with a hyphen": ("makes: word_counts", "makes: word-counts", "word-counts"),
    "a tag of an image": ("reads: [scripts/words.py]", "reads: ['image:python:3.13']", "a tag may move"),
    "a loader's variable": ("reads: [scripts/words.py]", "reads: ['env:LD_PRELOAD']", "no variable that a command may read"),
    "our own state": ("reads: [scripts/words.py]", "reads: [.specship/keys]", "named under `needs`"),
    "a way out of the output": ("needs: [corpus]", "needs: [corpus]\n        writes: [../x]", "no path inside the output"),
    "a timeout of nothing": ("needs: [corpus]", "needs: [corpus]\n        timeout: 0", "more than 0"),
    "a text for a list": ('command: [python, scripts/words.py, "{corpus}", "{output}"]', "command: python {output} {corpus}", "a list is expected"),
    "a name in capitals": ("      words:", "      Words:", "'Words'"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_what_binds_to_nothing_is_told_at_its_place(name: str, project: Path) -> None:
    old, new, message = FAULTS[name]
    edit(project / PROFILE, old, new)
    status, text = said("lint")

    assert status == 2
    assert message in text
    assert f"{PROFILE}:" in text


def test_a_circle_is_told(project: Path) -> None:
    more = (
        "      more:\n        command: [python, x.py, '{word_counts}', '{output}']\n        makes: sentences\n"
        "        needs: [word_counts]\n"
    )
    edit(project / PROFILE, "needs: [corpus]", "needs: [corpus, sentences]")
    edit(project / PROFILE, '"{corpus}",', '"{corpus}", "{sentences}",')
    (project / PROFILE).write_text((project / PROFILE).read_text() + more)
    status, text = said("lint")

    assert status == 2
    assert "word_counts is made from itself: word_counts ← sentences ← word_counts" in text
    assert f"{PROFILE}:" in text


def test_two_commands_that_make_one_artifact_are_told(project: Path) -> None:
    twice = COMMANDS.replace("    commands:\n", "").replace("words:", "again:", 1)
    (project / PROFILE).write_text((project / PROFILE).read_text() + twice)

    assert "makes 'word_counts' of MODEL-1, and so does the command 'words'" in said("lint")[1]


def test_a_profile_without_the_command_blocks_its_gate_alone(project: Path) -> None:
    edit(project / PROFILE, COMMANDS, "")
    status, text = said("status", "--format", "json")

    assert status in {0, 1}
    assert "no stage makes 'word_counts' for MODEL-1 at profile rehearsal" in text


def test_a_gate_about_an_artifact_of_ones_own(project: Path) -> None:
    """Made, measured and credited; stale when the script changes, though it is no artifact's file."""
    edit(project / PROFILE, "reads: [scripts/words.py]", "reads: [scripts/words.py, 'env:WORDS_SEED']")
    selected = ("-m", "ship", "-k", "GATE-SMALL-004")
    assert "WORDS_SEED, which is not set" in run_pytest(project, *selected).stdout
    done = run_pytest(project, *selected, environment={"WORDS_SEED": "7"})
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert _fresh()

    (project / "scripts/words.py").write_text(SCRIPT + "# as before\n")
    assert not _fresh()
    (project / "scripts/words.py").write_text(SCRIPT)
    assert _fresh()
    (project / "scripts/words.py").unlink()
    shutil.rmtree(project / ".specship/artifacts")
    assert _fresh(), "what lies nowhere here is as it was recorded"


def test_a_probe_of_an_artifact_of_ones_own_is_begun(project: Path) -> None:
    assert said("new", "probe", "word_counts.size")[0] == 0
    assert (
        "def measure_word_counts_size(word_counts: Artifact)"
        in (project / "probes/word_counts_size.py").read_text()
    )
    assert said("new", "contract", "words", "--stage", "corpus")[0] == 0


def _fresh() -> bool:
    report = json.loads(said("status", "--format", "json")[1])
    gates = [
        gate for model in report["models"] for criterion in model["criteria"] for gate in criterion["gates"]
    ]
    return bool(next(gate["fresh"] for gate in gates if gate["id"] == "GATE-SMALL-004"))


CHANGES: Final[dict[str, tuple[Callable[[Path], object], set[str]]]] = {
    "a section of another stage": (
        lambda root: (root / PROFILE).write_text((root / PROFILE).read_text() + "    tokenizer: {vocab_size: 512}\n"),
        set(),
    ),
    "another command": (
        lambda root: edit(
            root / PROFILE, "      words:",
            "      other:\n        command: [x, '{output}']\n        makes: others\n      words:",
        ),
        set(),
    ),
    "more time for a command": (lambda root: edit(root / PROFILE, "needs: [corpus]", "needs: [corpus]\n        timeout: 9"), set()),
    "a command's own settings": (
        lambda root: edit(root / PROFILE, "needs: [corpus]", "needs: [corpus]\n        writes: [words.json]"),
        {"GATE-SMALL-004"},
    ),
    "what all are made from": (
        lambda root: edit(root / PROFILE, "heldout_fraction: 0.2", "heldout_fraction: 0.3"),
        {"GATE-SMALL-001", "GATE-SMALL-002", "GATE-SMALL-004"},
    ),
    "another probe": (lambda root: (root / "probes/more.py").write_text("from specship import probe\n"), set()),
    "its probe": (lambda root: edit(root / "probes/words.py", "How many", "How very many"), {"GATE-SMALL-004"}),
    "a table beside the probes": (
        lambda root: (root / "probes/table.json").write_text("[]"), {"GATE-SMALL-001", "GATE-SMALL-002", "GATE-SMALL-004"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen_by_the_gates_that_use_it_alone(name: str, project: Path) -> None:
    def digests() -> dict[str, tuple[str, str]]:
        plan = open_plan(project, "rehearsal")
        return {
            check.gate.id: (check.gate_digest, plan.profile_digest(check))
            for check in plan.checks
            if check.probe
        }

    change, gates = CHANGES[name]
    before = digests()
    change(project)
    after = digests()

    assert {gate for gate in before if before[gate] != after[gate]} == gates
