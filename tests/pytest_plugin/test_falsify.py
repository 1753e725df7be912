"""Falsification through its faces: `pytest -m falsify`, `specship faults`, and what arming is worth."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from specship.specs.project import load_project
from specship.suite.falsify.arming import arm
from specship.suite.falsify.falsification import Falsification, pairs_of
from specship.suite.falsify.records import Catch, PairReport
from specship.suite.plan.fault_injection import falsification_plan
from tests.processes import run_pytest, script
from tests.projects.small_faults import FIRST, SECOND, make_falsifiable
from tests.projects.small_project import edit, statements_of
from tests.projects.trusting import trusting

IDS = [
    "contracts/small-v1.yaml::GATE-SMALL-001::most-files-unlisted",
    "contracts/small-v1.yaml::GATE-SMALL-001::nearly-all-held-out",
    "contracts/small-v1.yaml::GATE-SMALL-002::texts-gone",
]


WIDE = {"COLUMNS": "200"}


def specship(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return script(project, "specship", *arguments, environment=WIDE)


def falsify(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_pytest(project, "-m", "falsify", "-rA", "contracts", *arguments, environment=WIDE)


def answers(project: Path) -> dict[str, PairReport]:
    """Every pair, settled in this process."""
    falsification = Falsification(falsification_plan(load_project(project)))
    try:
        return {pair.fault: falsification.settle(pair) for pair in pairs_of(falsification.plan)}
    finally:
        falsification.close()


def gates(project: Path) -> dict[str, Any]:
    done = specship(project, "faults", "--format", "json")
    return {gate["gate"]: gate for gate in json.loads(done.stdout)["gates"]}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose gates were seen to fail, and that wrote it down."""
    project = make_falsifiable(tmp_path_factory.mktemp("falsified") / "project")
    first = falsify(project)
    (project / "first.txt").write_text(first.stdout + first.stderr)
    armed = specship(project, "faults", "--arm")
    (project / "armed.txt").write_text(armed.stdout + armed.stderr)
    return project


@pytest.fixture
def project(seen: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil, with everything that was made."""
    shutil.copytree(seen, tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def clone(seen: Path, tmp_path: Path) -> Path:
    """What a fresh clone has: all that is committed, nothing that was made."""
    shutil.copytree(
        seen, tmp_path / "clone", ignore=shutil.ignore_patterns(".specship", "*.txt", "__pycache__")
    )
    shutil.copyfile(seen / "evidence/arming/keys.txt", tmp_path / "clone/evidence/arming/keys.txt")
    return tmp_path / "clone"


def test_every_pair_is_a_test_and_passes(seen: Path) -> None:
    text = (seen / "first.txt").read_text()

    assert "3 passed, 3 deselected" in text
    for identity in IDS:
        assert f"PASSED {identity}" in text
    assert "3 of 3 pairs caught as predicted: 3 faults, 2 gates" in text


def test_the_matrix_says_who_caught_what(seen: Path) -> None:
    done = specship(seen, "faults")

    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "texts-gone  (C8, artifact of corpus)\n  The texts of the training documents are gone." in done.stdout
    )
    assert "caught       GATE-SMALL-002         characters 0 (limit ≥ 100 characters)" in done.stdout
    assert "3 of 3 pairs caught at profile rehearsal, 3 faults planted, 2 of 2 gates armed" in done.stdout


@pytest.mark.slow
def test_what_was_measured_is_not_measured_again(project: Path) -> None:
    injections = sorted((project / ".specship/falsify").rglob("ledger/*.json"))

    assert falsify(project, "-n", "2").returncode == 0
    assert sorted((project / ".specship/falsify").rglob("ledger/*.json")) == injections


def test_nothing_of_an_injection_counts(seen: Path) -> None:
    """The project's own ledger holds the clean measurements only, and every one of them passes."""
    report = json.loads(specship(seen, "status", "--format", "json").stdout)
    small = next(model for model in report["models"] if model["profile"] == "rehearsal")

    assert len(statements_of(seen)) == 2
    assert [
        gate["verdict"] for c in small["criteria"] for gate in c["gates"] if gate["verdict"] != "UNBOUND"
    ] == ["PASS", "PASS"]


@pytest.mark.slow
def test_without_the_mark_no_pair_is_collected(seen: Path) -> None:
    assert "most-files" not in run_pytest(seen, "--collect-only", "-q", "contracts").stdout
    assert "1 test collected" in run_pytest(seen, "--collect-only", "-q", IDS[0]).stdout


LOOSENED = "      documents: {at_least: 1, unit: documents}\n"


@pytest.mark.slow
def test_a_loosened_limit_turns_the_matrix_red(project: Path) -> None:
    edit(project / "contracts/small-v1.yaml", FIRST, LOOSENED)
    done = falsify(project)

    assert done.returncode == 1
    assert "MISSED       GATE-SMALL-001  most-files-unlisted" in done.stdout
    assert "it passes although Most of the files are not listed." in done.stdout
    assert specship(project, "faults", "--arm").returncode == 1
    assert not gates(project)["GATE-SMALL-001"]["armed"]


def test_a_probe_that_answers_with_a_constant_turns_the_matrix_red(project: Path) -> None:
    edit(project / "probes/small.py", '"documents": len(lines), ', '"documents": 24, ')
    found = answers(project)

    assert found["most-files-unlisted"].catch == found["nearly-all-held-out"].catch == Catch.MISSED
    assert found["texts-gone"].catch == Catch.CAUGHT


CHANGES = {
    "another quantity fails than predicted": (
        "contracts/small-v1.yaml", SECOND + "    falsified_by:\n      texts-gone: [characters]",
        SECOND + "      documents: {at_least: 1, unit: documents}\n    falsified_by:\n      texts-gone: [documents]",
        "texts-gone", Catch.OTHER_REASON, "documents should be measured and fail; failing: characters",
    ),
    "the clean pipeline fails": (
        "contracts/small-v1.yaml", FIRST, "      documents: {at_least: 1000, unit: documents}\n",
        "most-files-unlisted", Catch.CLEAN_FAILS, "FAIL: documents = ",
    ),
    "nothing is predicted": (
        "contracts/small-v1.yaml", "falsified_by:\n      texts-gone: [characters]", "falsified_by: [texts-gone]",
        "texts-gone", Catch.UNPREDICTED, "does not say which quantity fails",
    ),
    "the component is never reached": (
        "faults/most_files_unlisted.py", '"list_files"', '"python_stdlib"',
        "most-files-unlisted", Catch.UNMEASURED, "which the stage corpus never called",
    ),
    "the component is gone": (
        "faults/most_files_unlisted.py", '"list_files"', '"list_all_files"',
        "most-files-unlisted", Catch.UNMEASURED, "there is no specship.pipeline.corpus.source.list_all_files to spoil",
    ),
    "no byte is changed": (
        "faults/texts_gone.py", ' | {"text": ""}', "",
        "texts-gone", Catch.UNMEASURED, "left every byte of corpus as it was",
    ),
    "nothing plants it": (
        "faults/nearly_all_held_out.py", 'stage="corpus", settings={"corpus": {"heldout_fraction": 0.9}}',
        'described="it takes another machine"', "nearly-all-held-out", Catch.DESCRIBED, "it takes another machine",
    ),
    "two ways at once": (
        "faults/texts_gone.py", "def plant(folder):", "def inject():\n    pass\n\n\ndef plant(folder):",
        "texts-gone", Catch.UNMEASURED, "says in 2 ways how it is planted",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda name: name.replace(" ", "-"))
def test_what_is_not_as_predicted_is_told(change: str, project: Path) -> None:
    file, old, new, fault, catch, reason = CHANGES[change]
    edit(project / file, old, new)
    found = answers(project)[fault]

    assert (found.catch, reason in found.reason) == (catch, True), found.reason


LIMIT = "      documents: {at_least: 1, unit: documents}\n"


def test_a_limit_that_no_fault_breaks_disarms_its_gate(project: Path) -> None:
    """It rides along no longer."""
    edit(project / "contracts/small-v1.yaml", SECOND, SECOND + LIMIT)
    done = arm(load_project(project), answers(project).values())
    shown = specship(project, "faults").stdout

    assert done.refused == {"GATE-SMALL-002": "nobody has seen documents fail"}
    assert "2 of 3 limits seen to fail, 1 never seen: documents" in shown
    assert "GATE-SMALL-002         nobody has seen documents fail" in shown


@pytest.mark.slow
def test_each_limit_says_whether_it_was_seen_to_fail(project: Path) -> None:
    """A reason in one line is counted, and shown on every face."""
    excuse = LIMIT + "    unfalsified: {documents: A corpus without any is refused.}\n"
    edit(project / "contracts/small-v1.yaml", SECOND, SECOND + excuse)
    assert not arm(load_project(project), answers(project).values()).refused
    explained = " ".join(specship(project, "explain", "GATE-SMALL-002").stdout.split())
    (gate,) = (
        gate
        for model in json.loads(specship(project, "status", "--format", "json").stdout)["models"]
        for criterion in model["criteria"]
        for gate in criterion["gates"]
        if gate["id"] == "GATE-SMALL-002" and model["profile"] == "rehearsal"
    )

    assert gate["armed"]
    assert [(one["quantity"], one["seen"]) for one in gate["limits"]] == [
        ("characters", "seen"),
        ("documents", "excused"),
    ]
    assert "2 of 3 limits seen to fail, 1 excused" in specship(project, "faults").stdout
    assert "2 of 3 limits seen to fail, 1 excused" in specship(project, "status").stdout
    assert "armed yes; 1 of 2 limits seen to fail, 1 excused" in explained
    assert "no fault can break it: A corpus without any is refused." in explained
    trace = specship(project, "trace", "--format", "markdown").stdout
    assert "1 of 2 limits seen to fail, 1 excused" in trace


STALE = {
    "limit": ("contracts/small-v1.yaml", "at_least: 100, unit: characters", "at_least: 101, unit: characters"),
    "probe": ("probes/small.py", "lines = (corpus", "lines = list(()) or (corpus"),
    "fault": ("faults/texts_gone.py", '"text": ""', '"text": " "'),
    "faults": ("contracts/small-v1.yaml", "      texts-gone: [characters]", "      texts-gone: [characters]\n      most-files-unlisted: [characters]"),
}  # fmt: skip


@pytest.mark.parametrize("what", STALE)
def test_an_edit_makes_arming_stale(what: str, clone: Path) -> None:
    assert gates(clone)["GATE-SMALL-002"]["armed"]

    edit(clone / STALE[what][0], *STALE[what][1:])
    gate = gates(clone)["GATE-SMALL-002"]

    assert not gate["armed"]
    assert "its arming is stale" in gate["unarmed"]


def test_prose_keeps_a_clone_armed_without_falsifying(clone: Path) -> None:
    edit(clone / "contracts/small-v1.yaml", "rule: The corpus is large.", "rule: There is much text.")
    edit(clone / "faults/texts_gone.py", "The texts of the training documents are gone.", "No text is left.")
    done = specship(clone, "faults")

    assert done.returncode == 0, done.stdout
    assert "2 of 2 gates armed" in done.stdout
    assert not (clone / ".specship/falsify").exists()


def test_a_record_is_believed_for_its_signature(clone: Path) -> None:
    folder = clone / "evidence/arming"
    (folder / "keys.txt").write_text("# nobody\n")
    reason = gates(clone)["GATE-SMALL-001"]["unarmed"]
    assert reason == "no key that counts at this profile signed its arming: no key known here signed it"

    path = next(folder.glob("GATE-SMALL-001.*.json"))
    path.write_text(path.read_text().replace('"payload": "e', '"payload": "f'))
    done = specship(clone, "faults")

    assert done.returncode == 1
    assert "not a record of arming" in done.stdout


def test_a_release_wants_a_key_of_the_project(clone: Path) -> None:
    machines = clone / "evidence/arming/keys.txt"
    key = machines.read_text().splitlines()[-1]

    def armed() -> list[bool]:
        report = json.loads(specship(clone, "status", "--format", "json").stdout)
        release = next(model for model in report["models"] if model["profile"] == "release")
        return [gate["armed"] for criterion in release["criteria"] for gate in criterion["gates"]]

    assert armed() == [False, False, False]
    trusted = f"trusted_keys = [{trusting(key, 'arming')}]"
    edit(clone / "pyproject.toml", 'probes = "probes"\n', f'probes = "probes"\n{trusted}\n')
    assert armed() == [False, False, False]
    assert "is refused for arming" in specship(clone, "status").stdout
    machines.unlink()
    assert armed() == [True, True, False]
    edit(clone / "pyproject.toml", '["arming"]', '["release"]')
    assert armed() == [False, False, False]


HEALTHY = """\
model: MODEL-1
measures: [corpus]
variants:
  - {name: another-split, settings: {corpus: {heldout_fraction: 0.3}}}
"""
SICK = "  - {name: nothing-left, settings: {corpus: {heldout_fraction: 0.9}}}\n"


def with_variants(project: Path, text: str) -> Path:
    """The project with a file of healthy variants."""
    (project / "healthy.yaml").write_text(text)
    edit(project / "pyproject.toml", 'probes = "probes"\n', 'probes = "probes"\nhealthy = "healthy.yaml"\n')
    return project


@pytest.mark.slow
def test_a_gate_that_accuses_a_healthy_variant_is_a_false_alarm(project: Path) -> None:
    with_variants(project, HEALTHY)
    sound = run_pytest(project, "-m", "falsify", "-rA", "healthy.yaml", environment=WIDE)
    said = specship(project, "faults").stdout
    (project / "healthy.yaml").write_text(HEALTHY + SICK)
    accused = run_pytest(project, "-m", "falsify", "healthy.yaml", environment=WIDE)

    assert "PASSED healthy.yaml::another-split" in sound.stdout
    assert "0 false alarms in 2 verdicts on 1 healthy variants" in said
    assert accused.returncode == 1
    assert "nothing-left is healthy\nGATE-SMALL-001 FAIL: documents = " in accused.stdout
    assert "1 false alarms in 4 verdicts on 2 healthy variants" in specship(project, "faults").stdout


BAD_VARIANTS = {
    "an unknown key": (HEALTHY.replace("measures", "measure"), "healthy.yaml:2:1", "write 'measures'"),
    "a name twice": (HEALTHY + HEALTHY.splitlines()[-1] + "\n", "healthy.yaml:5:6", "the variant 'another-split' stands twice"),
    "no variant": (HEALTHY.partition("  - ")[0].replace("variants:", "variants: []"), "healthy.yaml:3:1", "at least 1 is needed"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_VARIANTS, ids=lambda name: name.replace(" ", "-"))
def test_bad_variants_are_refused_with_their_place(case: str, clone: Path) -> None:
    text, place, message = BAD_VARIANTS[case]
    done = specship(with_variants(clone, text), "faults")

    assert done.returncode == 2
    assert place in done.stderr, done.stderr
    assert message in done.stderr
