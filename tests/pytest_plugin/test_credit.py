"""What earns credit in a session, and everything that takes it away."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from tests.processes import run_pytest as ship
from tests.processes import specship
from tests.projects.small_project import edit, report_of, text


def test_a_forged_collection_hides_no_gate(project: Path) -> None:
    """What is recalled only names tests: the report counts from the contracts, and says what did not run."""
    ship(project, "--collect-only", "-q")
    kept = next(project.glob(".pytest_cache/d/specship/collection.json"))
    forged = json.loads(kept.read_text())
    answer = json.loads(forged["answer"])
    del answer[1]["contracts/small-v1.yaml"][2][1]
    forged["answer"] = json.dumps(answer)
    forged["sha256"] = hashlib.sha256(forged["answer"].encode()).hexdigest()
    kept.write_text(json.dumps(forged))
    done = ship(project, "-m", "ship", "--ship-strict")

    assert done.returncode == 1
    assert "1 of 3 gates were not run in this session" in done.stdout


def test_gates_that_were_never_seen_to_fail_earn_nothing(project: Path) -> None:
    done = ship(project, "-m", "ship", "--specship-report=.specship/report.json")
    model = report_of(project)["models"][0]

    assert "2 passed, 1 skipped" in done.stdout
    assert model["ship_percent"] == 0
    assert [criterion["status"] for criterion in model["criteria"]] == ["OPEN", "OPEN", "OPEN"]
    assert "GATE-SMALL-001 is not armed: it names no fault" in model["criteria"][0]["reasons"][0]


def test_an_edited_fault_takes_the_credit_of_its_gates(shipped: Path) -> None:
    """The evidence stays fresh and the gate passes: it is the arming that is stale."""
    assert status_percent(shipped) == 90.0
    edit(shipped / "faults/texts_gone.py", '"text": ""', '"text": "x"')

    assert status_percent(shipped) == 60.0
    assert freshness(shipped) == [True, True]
    done = specship("explain", "AC-SMALL-002", folder=shipped)
    assert done.returncode == 0
    assert "the fault texts-gone changed since it was seen to fail" in " ".join(done.stdout.split())
    assert "pytest -m falsify -k GATE-SMALL-002" in " ".join(done.stdout.split())


def test_a_changed_limit_makes_evidence_stale(shipped: Path) -> None:
    edit(
        shipped / "contracts/small-v1.yaml", "at_least: 10, unit: documents", "at_least: 11, unit: documents"
    )
    edit(shipped / "contracts/small-v1.yaml", "The corpus is large.", "The corpus is large, in other words.")
    done = specship("status", folder=shipped)
    assert done.returncode == 0

    assert "STALE" in done.stdout
    assert "rehearsed 30 %" in done.stdout


@pytest.mark.parametrize(
    ("old", "new"),
    [('"documents": len(lines)', '"documents": 12'), ("    lines =", "    # a remark\n    lines =")],
    ids=["code", "a-comment"],
)
def test_a_changed_byte_beside_a_probe_makes_evidence_stale(old: str, new: str, shipped: Path) -> None:
    """Its code can read a comment, and a table that lies beside it."""
    edit(shipped / "probes/small.py", old, new)
    done = specship("status", folder=shipped)
    assert done.returncode == 0

    assert "rehearsed 0 %" in done.stdout


def test_a_touched_artifact_earns_nothing_and_is_made_again(shipped: Path) -> None:
    path = shipped / report_of(shipped)["stages"][0]["path"] / "train.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    status = specship("status", folder=shipped)
    assert "rehearsed 0 %" in status.stdout
    done = ship(shipped, "-m", "ship")

    assert done.returncode == 0
    assert "its manifest says" in done.stdout
    assert "rehearsed 90 %" in done.stdout


def test_a_changed_text_makes_the_corpus_again(shipped: Path) -> None:
    (shipped / "texts" / "more.py").write_text(text(999))
    done = ship(shipped, "-m", "ship")

    assert report_of(shipped)["stages"][0]["cached"] is False, done.stdout


def test_rehearsal_evidence_never_counts_for_release(shipped: Path) -> None:
    """Not even when the settings and the bytes are the same, and the name is changed in the statement."""
    done = ship(shipped, "-m", "ship", "--specship-profile", "release")
    percents = {m["profile"]: m["ship_percent"] for m in report_of(shipped)["models"]}

    assert percents == {"rehearsal": 90.0, "release": 0.0}
    assert done.returncode == 1
    assert "no key that counts at this profile signed it" in done.stdout


def test_fail_under(shipped: Path) -> None:
    assert ship(shipped, "-m", "ship", "--ship-fail-under", "90").returncode == 0
    done = ship(shipped, "-m", "ship", "--ship-fail-under", "91")

    assert done.returncode == 1
    assert "ship 90 % is under 91 %" in done.stdout


def test_a_stage_whose_output_vanished_is_made_again(shipped: Path) -> None:
    shutil.rmtree(shipped / report_of(shipped)["stages"][0]["path"])
    done = ship(shipped, "-m", "ship")

    assert done.returncode == 0
    assert report_of(shipped)["stages"][0]["cached"] is False


def status_percent(project: Path) -> float:
    done = specship("status", "--format", "json", folder=project)
    return float(json.loads(done.stdout)["models"][0]["ship_percent"])


def freshness(project: Path) -> list[bool]:
    """Of the two measured gates."""
    done = specship("status", "--format", "json", folder=project)
    criteria = json.loads(done.stdout)["models"][0]["criteria"]
    return [criterion["gates"][0]["fresh"] for criterion in criteria[:2]]


def test_code_that_a_probe_imports_counts_as_its_code(project: Path) -> None:
    (project / "probes" / "counting.py").write_text("def count(lines):\n    return len(lines)\n")
    edit(project / "probes/small.py", '"documents": len(lines)', '"documents": count(lines)')
    edit(
        project / "probes/small.py",
        "import json",
        "import json\nfrom specship_project_probes.counting import count",
    )
    assert ship(project, "-m", "ship").returncode == 0
    assert freshness(project) == [True, True]
    edit(project / "probes/counting.py", "len(lines)", "0")

    assert freshness(project) == [False, False]


def test_a_table_beside_a_probe_counts_while_it_is_there(project: Path) -> None:
    """A probe can read it; a module that it does not import is not there where it measures, and counts for nothing."""
    table, module = project / "probes" / "zz.csv", project / "probes" / "zz.py"
    table.write_text("1\n")
    module.write_text("from specship.probes import measuring\n\nmeasuring.measure = lambda *_: None\n")
    ship(project, "-m", "ship")
    assert freshness(project) == [True, True]
    module.unlink()
    assert freshness(project) == [True, True]
    table.unlink()

    assert freshness(project) == [False, False]


def test_a_forged_compiled_probe_is_not_run(project: Path) -> None:
    """The code that measures is compiled from the characters that were digested."""
    import importlib.util
    import py_compile

    source = project / "probes" / "small.py"
    forged = project / "forged.py"
    forged.write_text(source.read_text().replace("len(lines)", "999999"))
    compiled = importlib.util.cache_from_source(str(source))
    py_compile.compile(
        str(forged), cfile=compiled, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )
    ship(project, "-m", "ship")
    gate = report_of(project)["models"][0]["criteria"][0]["gates"][0]

    assert gate["measured"][0]["value"] < 1000


def test_settings_that_changed_since_the_artifact_was_made_earn_nothing(shipped: Path) -> None:
    edit(shipped / "specs/small/profiles/rehearsal.yaml", "heldout_fraction: 0.2", "heldout_fraction: 0.4")

    assert status_percent(shipped) == 0.0


def test_a_damaged_statement_takes_all_credit(shipped: Path) -> None:
    """Else a failure could be made to vanish by cutting its file short."""
    next((shipped / ".specship" / "ledger").glob("*.json")).write_text("")

    assert status_percent(shipped) == 0.0


def test_a_folder_without_its_manifest_is_made_again(shipped: Path) -> None:
    """A crash between the two, or a manifest that somebody deleted."""
    folder = shipped / report_of(shipped)["stages"][0]["path"]
    folder.with_suffix(".json").unlink()
    done = ship(shipped, "-m", "ship")

    assert done.returncode == 0, done.stdout
    assert report_of(shipped)["models"][0]["ship_percent"] == 90.0
