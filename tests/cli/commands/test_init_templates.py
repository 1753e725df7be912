"""`specship init --template`: a project for what is not there yet, sound from the first line."""

import re
from pathlib import Path

import pytest

from specship.specs.project import load_project
from specship.suite.adopting.adopting import templates
from specship.suite.plan.plan import make_plan
from tests.processes import inside, run_pytest, specship

PROBES = {
    "imported": {"imported.tensors", "checkpoint.self_contained", "qa.gates", "gguf.header", "gguf.tensors"},
    "trained": {"run.log", "run.schedule", "run.weights_moved", "run.divergence", "run.held_out_loss"},
    "external": {"run.log", "run.completion", "run.divergence", "run.device"},
}


def begun(folder: Path, template: str) -> str:
    folder.mkdir()
    done = inside(folder, "init", "--template", template, "--name", "mine")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_verb_names_the_templates_that_there_are(tmp_path: Path) -> None:
    done = specship("init", "--template", "nothing", folder=tmp_path)

    assert done.returncode == 2
    assert set(re.findall(r"\w+", done.stderr.partition("choose from")[2])) == set(templates()) == set(PROBES)


@pytest.mark.parametrize("template", PROBES)
def test_a_template_loads_and_lints_clean_and_says_what_is_left(template: str, tmp_path: Path) -> None:
    said = begun(tmp_path / "mine", template)
    root = tmp_path / "mine"
    project = load_project(root)
    gates = {gate.id: gate for file in project.contracts for gate in file.contract.gates}

    assert inside(root, "lint").returncode == 0
    assert PROBES[template] <= {gate.probe for gate in gates.values()}
    for profile in ("rehearsal", "release"):
        assert len(make_plan(project, profile).checks) == len(gates)
    left = dict(re.findall(r"TODO (GATE-MINE-\d+): (.+)", said))
    for identity, gate in gates.items():
        assert (identity in left) == (not gate.probe or "not measured yet" in comment_above(root, identity))


def comment_above(root: Path, identity: str) -> str:
    """The comment that stands above a gate."""
    text = "\n".join(path.read_text() for path in sorted((root / "contracts").glob("*.yaml")))
    found = re.search(rf"((?:  #.*\n)*)  - id: {identity}\n", text)
    assert found is not None
    return found[1]


def test_what_is_not_there_yet_blocks_with_the_way_to_bring_it(tmp_path: Path) -> None:
    begun(tmp_path / "mine", "imported")
    done = run_pytest(tmp_path / "mine", "-m", "ship", "-rs")

    assert "7 skipped" in done.stdout
    assert "the checkpoint that is to be taken over is not there" in done.stdout
    assert "7 of 7 gates were not judged (6 BLOCKED, 1 UNBOUND)" in done.stdout
    assert run_pytest(tmp_path / "mine", "-m", "ship", "--ship-strict").returncode == 1


def test_nothing_is_written_over(tmp_path: Path) -> None:
    begun(tmp_path / "mine", "external")
    done = inside(tmp_path / "mine", "init", "--template", "external")

    assert done.returncode == 2
    assert "there is a project here already" in done.stderr
