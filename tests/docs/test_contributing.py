"""The examples of CONTRIBUTING work where they are put, and nothing else has to be edited."""

import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

from specship.faults.catalogue import read_fault
from tests.docs.contributed import (
    examples,
    package_with_examples,
    project_with_examples,
    run_there,
    told_there,
)
from tests.docs.reading_pages import ROOT, text_of
from tests.models.foreign_checkpoints import config_of, foreign
from tests.processes import script
from tests.projects.scaffolded import insist_clean

PAGE = text_of(ROOT / "CONTRIBUTING.md")
GATES = """
import json, sys
from pathlib import Path
from specship.pipeline.qa.registry import all_gates
from specship.pipeline.qa.runner import ask
from specship.pipeline.qa.subject import Subject
answers = [ask(all_gates()[-1], Subject(path=Path(folder))).verdict for folder in sys.argv[1:]]
print(json.dumps([[gate.name for gate in all_gates()], answers]))
"""
FORMATS = """
import json
from specship.report.formats import SHIP, names, render
from specship.status.report import ModelReport, Report
model = ModelReport.model_construct(model="MODEL-1", profile="release", ship_percent=62.5)
report = Report.model_construct(models=(model, model))
print(json.dumps([names(SHIP), render(SHIP, "percentages", report)]))
"""
FAMILIES = """
import json, sys
from pathlib import Path
from specship.pipeline.checkpoint.inventory import account
from specship.pipeline.model.reading import all_families
found = account(Path(sys.argv[1]))
print(json.dumps([list(all_families()), [str(misfit) for misfit in found.misfits], found.model.shape.family]))
"""


def test_each_kind_is_shown() -> None:
    folders = {str(Path(path).parent) for path in examples()}

    assert folders == {
        "probes", "faults", "contracts", "src/specship/lint/rules", "src/specship/pipeline/stages",
        "src/specship/pipeline/qa/gates", "src/specship/report/ship", "src/specship/pipeline/model/families",
    }  # fmt: skip


def test_the_rule_of_re_arming_is_told() -> None:
    """What makes arming stale, what to run, and what to commit."""
    told = PAGE.partition("## The rule of re-arming")[2].partition("\n## ")[0]

    assert all(word in told for word in ("limit", "probe", "imports", "fault", "stale"))
    assert "    make falsify\n    git add evidence/arming\n" in told


def test_folders_that_are_named_exist() -> None:
    named = re.findall(r"`(src/specship/[\w/]+/)[\w.]+`", PAGE)

    assert len(named) >= 8
    assert [folder for folder in named if not (ROOT / folder).is_dir()] == []


def test_the_examples_are_clean(tmp_path: Path) -> None:
    """Formatted and linted as `make check` does it."""
    for path, text in examples().items():
        if path.endswith(".py"):
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    config = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    here = ["--config", 'lint.isort.known-first-party=["specship"]', "--ignore", "INP001"]  # no package there
    formatted = script(tmp_path, "ruff", "format", "--check", "--diff", *config, ".")
    linted = script(tmp_path, "ruff", "check", *config, *here, ".")

    assert formatted.returncode == 0, formatted.stdout
    assert linted.returncode == 0, linted.stdout


def test_a_project_takes_the_probe_the_gate_and_the_fault(tmp_path: Path) -> None:
    """Everything binds, lint finds nothing, and the fault says how it is planted."""
    project = project_with_examples(tmp_path / "project")

    insist_clean(project)
    assert read_fault("carriage-returns-in-text", project / "faults").way == "artifact"


@pytest.mark.slow
def test_the_gate_passes_and_is_seen_to_fail(tmp_path: Path) -> None:
    project = project_with_examples(tmp_path / "project")
    passed = script(project, "pytest", "-m", "ship", "-k", "GATE-MY-MODEL-006")
    caught = script(project, "pytest", "-m", "falsify", "-k", "GATE-MY-MODEL-006")

    assert "GATE-MY-MODEL-006   PASS         carriage_returns 0" in re.sub(
        r"  PASS +", "  PASS         ", passed.stdout
    )
    assert "1 of 1 pairs caught as predicted: 1 faults, 1 gates" in caught.stdout, caught.stdout


def test_the_package_finds_the_rule(tmp_path: Path) -> None:
    """It is listed, and it finds what it is about."""
    package = package_with_examples(tmp_path / "copy")
    project = project_with_examples(tmp_path / "project")
    contract = project / "contracts" / "my-model-corpus-v1.yaml"
    contract.write_text(text_of(contract).replace("holds a carriage return.", "holds a carriage return"))

    listed = run_there(package, "specship.cli", "lint", "--list", cwd=project)
    found = run_there(package, "specship.cli", "lint", cwd=project)

    assert "## SHIP499 rule-without-full-stop" in listed.stdout, listed.stderr
    assert "SHIP499 GATE-MY-MODEL-006: its rule has no full stop" in found.stdout, found.stderr
    assert found.returncode == 1


def test_the_package_runs_the_stage(tmp_path: Path) -> None:
    """As the runner asks for it: a request on standard input, events on standard output."""
    package = package_with_examples(tmp_path / "copy")
    corpus, output = tmp_path / "corpus", tmp_path / "wordcounts"
    corpus.mkdir()
    text = "to be or not to be"
    document = {
        "path": "hamlet.txt",
        "sha256": sha256(text.encode()).hexdigest(),
        "bytes": len(text),
        "licence": "CC0-1.0",
        "text": text,
    }
    (corpus / "train.jsonl").write_text(json.dumps(document) + "\n")
    request = {
        "stage": "wordcounts",
        "settings": {"wordcounts": {"at_least": 2}},
        "inputs": {"corpus": str(corpus)},
        "output": str(output),
    }

    done = run_there(package, "specship.pipeline", cwd=tmp_path, given=json.dumps(request))

    assert done.returncode == 0, done.stdout + done.stderr
    written = json.loads((output / "wordcounts.json").read_text())
    assert written["words"] == {"to": 2, "be": 2}


def test_the_package_finds_the_quality_gate(tmp_path: Path) -> None:
    """It is the ninth, and tells a model that reads a page from one that does not."""
    package = package_with_examples(tmp_path / "copy")
    for name, context in (("short", 64), ("long", 512)):
        (tmp_path / name).mkdir()
        config = config_of("llama", max_position_embeddings=context)
        (tmp_path / name / "config.json").write_text(json.dumps(config))

    names, verdicts = told_there(package, GATES, "short", "long", cwd=tmp_path)

    assert len(names) == 9
    assert names[-1] == "context"
    assert verdicts == ["FAIL", "PASS"]


def test_a_ninth_quality_gate_asks_for_other_counts() -> None:
    """The counts that the page names are there."""
    contract = text_of(ROOT / "contracts" / "quality-gates-v1.yaml")
    told = " ".join(PAGE.partition("## A quality gate")[2].partition("\n## ")[0].split())

    assert "gates: {equals: 16, unit: gates}" in contract
    assert all(word in told for word in ("`equals: 16`", "AC-SHIP1-006", "AC-SHIP2-006", "amendment"))
    assert "8 of 8 gates" in text_of(ROOT / "tests" / "cli" / "commands" / "test_qa.py")


def test_the_package_finds_the_format(tmp_path: Path) -> None:
    """It is offered, and prints the record."""
    package = package_with_examples(tmp_path / "copy")
    project = project_with_examples(tmp_path / "project")

    names, printed = told_there(package, FORMATS, cwd=tmp_path)
    status = run_there(package, "specship.cli", "status", "--format", "percentages", cwd=project)

    assert "percentages" in names
    assert printed == "MODEL-1 release 62.5\n" * 2
    assert status.stdout == "MODEL-1 rehearsal 0\nMODEL-1 release 0\n", status.stderr


def test_the_package_finds_the_family(tmp_path: Path) -> None:
    """It reads a checkpoint, accounts for every tensor, and wants what its text says."""
    package = package_with_examples(tmp_path / "copy")
    made = foreign("llama")
    own = {"model_type": "seed_oss", "architectures": ["SeedOssForCausalLM"], "attention_bias": False}
    made.config |= own
    folder = made.write(tmp_path / "model")

    assert told_there(package, FAMILIES, str(folder), cwd=tmp_path) == [
        ["llama", "qwen2", "qwen3", "seed_oss"],
        [],
        "seed_oss",
    ]
    del made.config["attention_bias"]
    refused = run_there(
        package, "specship.cli", "import", "checkpoint", str(made.write(folder)), cwd=tmp_path
    )
    assert refused.returncode != 0
    assert "attention_bias is None" in refused.stdout + refused.stderr
