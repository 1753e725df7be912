"""What is found by scanning a folder, and the digests that have to follow it."""

import ast
import filecmp
import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from specship.code_digests import CodeReader, code_digest
from specship.faults.catalogue import fault_code
from specship.pipeline.registry import STAGES
from specship.probes.registry import PROBES
from specship.result_cache import _content, _walk

SOURCE = Path(__file__).parent.parent / "src" / "specship"
FOLDERS = {
    # folder: a file of it to edit, and whose digests an added, edited or removed file must change
    "specship.pipeline.stages": "harness",
    "specship.pipeline.model.families": "qwen3",
    "specship.pipeline.qa.gates": "golden",
    "specship.probes": "run_clipping",
    "specship.faults": "frozen_weights",
    "specship.lint.rules": "duplicate_item",
    "specship.diagnose.causes": "plateau",
    "specship.pipeline.run_logs.formats": "event_file",
    "specship.cli.commands": "verify",
    "specship.cli.evaluations": "merge",
    "specship.report.ship": "markdown",
    "specship.report.lint": "github",
    "specship.report.trace": "csv",
    "specship.report.diagnosis": "markdown",
    "specship.report.review": "json",
    "specship.report.gate": "json",
    "specship.pull_request.reasons": "gate_fails",
    "specship.report.backlog": "json",
    "specship.report.history": "json",
    "specship.report.audits": "json",
    "specship.report.checkup": "json",
    "specship.report.trust_audit": "json",
    "specship.report.statements": "json",
    "specship.report.flip_rate": "json",
    "specship.report.tracking": "mlflow",
    "specship.report.side_by_side": "json",
    "specship.report.trend": "json",
    "specship.report.badge": "json",
    "specship.suite.trust_audit.guards": "whole_ledger",
    "specship.suite.adopting.kinds": "run",
    "specship.pipeline.evaluation.results.formats": "lm_eval",
    "specship.pipeline.corpus.sources": "json_lines",
}
SCANNERS = {
    "specship.pipeline.model.families": "specship.pipeline.model.reading",
    "specship.pipeline.qa.gates": "specship.pipeline.qa.registry",
    "specship.pipeline.run_logs.formats": "specship.pipeline.run_logs.log_format",
    "specship.pipeline.evaluation.results.formats": "specship.pipeline.evaluation.results.result_format",
    "specship.pipeline.corpus.sources": "specship.pipeline.corpus.source_kind",
}
"""Scans whose result changes what is made or measured, and the module that scans."""
EVIDENCE = [*map(STAGES.dotted, STAGES.names), *map(PROBES.dotted, PROBES.names)]
"""Every module whose digest evidence or an artifact holds."""


def scans() -> dict[str, list[str]]:
    """The folders that `Folder("...")` names, by the module that names them."""
    found: dict[str, list[str]] = {}
    for path in SOURCE.rglob("*.py"):
        for node in nodes_in(path.read_text()):
            assert not (isinstance(node, ast.alias) and node.name == "Folder" and node.asname), path
            if isinstance(node, ast.Call) and "Folder" in {
                getattr(node.func, "id", ""),
                getattr(node.func, "attr", ""),
            }:
                assert isinstance(node.args[0], ast.Constant)
                assert isinstance(node.args[0].value, str), f"{path}:{node.lineno}"
                found.setdefault(node.args[0].value, []).append(path.relative_to(SOURCE).as_posix())
    return found


def test_every_scanned_folder_is_tried_here() -> None:
    """A new kind of thing to add comes with its line in the table above."""
    assert scans().keys() == FOLDERS.keys()


ALLOWED = {
    "__init__.py": "public names, which `PUBLIC` spells out and digests follow",
    "discovery.py": "the one scan",
    "project_code.py": "a project's own files, which a digest of their folder covers",
    "code_digests.py": "follows the scan",
    "isolated_start.py": "becomes the module that a process is started for, which whoever starts it spells out",
    "pipeline/commands/own_stage.py": "a stage of another distribution, whose digest is among its arguments",
    "probes/measuring.py": "the probe's own module, whose digest or whose folder's is its code",
    "pipeline/evaluation/humaneval/sandbox/solution.py": "what generated code finds under `__import__`",
    "pipeline/export/converter_sources.py": "the converter's own files, which the stage's key counts",
    "pipeline/export/converter_child.py": "llama.cpp's converter, whose output is compared tensor by tensor",
    "suite/scaffold/pyproject.py": "whether a project's folder has Python files",
}
SCAN = re.compile(r"pkgutil|import_module|__import__|runpy|spec_from_|glob\(\"(\[!_\])?\*\.py")


def test_nothing_else_looks_for_modules() -> None:
    """A module found or imported by a computed name would be one that no digest follows."""
    found = {
        path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if SCAN.search(path.read_text())
    }

    assert found == ALLOWED.keys()


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package."""
    copy = tmp_path_factory.mktemp("copied") / "specship"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="module")
def clean(copied: Path) -> dict[str, str]:
    """The digests of the copy as it is."""
    return digests(copied)


@pytest.fixture(scope="module")
def sound_code(copied: Path) -> list[tuple[str, bytes]]:
    """What recalled answers depend on in the copy as it is."""
    return code_of(copied)


@pytest.fixture
def package(copied: Path) -> Iterator[Path]:
    """The copy, whose files can be changed; each test finds it as it was made."""
    before = set(copied.rglob("*.py"))
    yield copied
    for path in {*before, *copied.rglob("*.py")}:
        source = SOURCE / path.relative_to(copied)
        if path not in before:
            path.unlink()
        elif not path.exists() or not filecmp.cmp(path, source):
            shutil.copy2(source, path)


def digests(package: Path) -> dict[str, str]:
    reader = CodeReader({"specship": package})
    return {name: reader.digest(name) for name in EVIDENCE}


def add(folder: Path, name: str) -> None:
    (folder / "added.py").write_text((folder / f"{name}.py").read_text())


def edit(folder: Path, name: str) -> None:
    path = folder / f"{name}.py"
    path.write_text(path.read_text() + "\n\nEDITED = True\n")


def remove(folder: Path, name: str) -> None:
    (folder / f"{name}.py").unlink()


CHANGES: dict[str, Callable[[Path, str], None]] = {"add": add, "edit": edit, "remove": remove}


def nodes_in(source: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(source)))


@functools.lru_cache(maxsize=2048)
def told_in(source: str) -> frozenset[str]:
    """Every name that a module may reach another by: what it imports from, and its texts."""
    found: set[str] = set()
    for node in nodes_in(source):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return frozenset(found)


def importing(package: Path, module: str) -> set[str]:
    """The modules of `EVIDENCE` that reach a module by plain imports, found apart from what is tested."""
    direct = {
        ".".join(("specship", *path.relative_to(package).with_suffix("").parts)): told_in(path.read_text())
        for path in package.rglob("*.py")
    }
    reaching, grown = {module}, True
    while grown:
        more = {name for name, used in direct.items() if used & reaching} - reaching
        reaching, grown = reaching | more, bool(more)
    return reaching & set(EVIDENCE)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("folder", FOLDERS)
def test_exactly_the_digests_change_that_should(
    package: Path, clean: dict[str, str], sound_code: list[tuple[str, bytes]], folder: str, change: str
) -> None:
    """Of a family or quality gate whoever scans for it; of a stage or probe its own; of the rest none."""
    name, place = FOLDERS[folder], package.joinpath(*folder.split(".")[1:])
    if folder in SCANNERS:
        expected = importing(package, SCANNERS[folder])
        assert expected
    else:
        expected = {f"{folder}.{name}"} & set(EVIDENCE) if change != "add" else set()
    CHANGES[change](place, name)
    after = digests(package)

    assert {module for module in clean if clean[module] != after[module]} == expected
    assert code_of(package) != sound_code


def code_of(package: Path) -> list[tuple[str, bytes]]:
    """What recalled answers depend on of our own code."""
    return [(name, _content(f"{package}/{name}")) for name in sorted(_walk(package, ".", (".py",)))]


def test_a_comment_changes_no_digest(package: Path, clean: dict[str, str]) -> None:
    path = package / "pipeline/qa/gates/golden.py"
    path.write_text(path.read_text() + "\n# Nothing new.\n")

    assert digests(package) == clean


@pytest.mark.parametrize("program", ["judge", "solution", "protocol"])
def test_a_program_that_is_started_by_its_name_counts(
    package: Path, clean: dict[str, str], program: str
) -> None:
    """Nothing imports what runs generated code; the evidence of HumanEval rests on it all the same."""
    edit(package / "pipeline/evaluation/humaneval/sandbox", program)
    after = digests(package)
    changed = {module for module in clean if clean[module] != after[module]}

    assert {
        "specship.pipeline.stages.humaneval",
        "specship.pipeline.stages.harness",
        "specship.probes.humaneval_passed",
    } <= changed
    assert "specship.pipeline.stages.corpus" not in changed


def test_a_fault_s_digest_is_its_own_file_s(package: Path) -> None:
    path = package / "faults/frozen_weights.py"
    before = fault_code(path)
    add(package / "faults", "frozen_weights")
    same = fault_code(path)
    edit(package / "faults", "frozen_weights")

    assert (same == before, fault_code(path) == before) == (True, False)


@pytest.mark.parametrize(
    "call",
    ['Folder("own.gates")', 'discovery.Folder("own.gates")', 'F("own.gates")'],
    ids=["name", "attribute", "alias"],
)
def test_a_scan_is_followed_however_it_is_written(tmp_path: Path, call: str) -> None:
    (tmp_path / "own/gates").mkdir(parents=True)
    for name in ("own/__init__.py", "own/gates/__init__.py", "own/gates/one.py"):
        (tmp_path / name).touch()
    (tmp_path / "own/scan.py").write_text(f"from specship.discovery import Folder as F\n\nGATES = {call}\n")

    assert "own.gates.one" in dict(CodeReader({"own": tmp_path / "own"}).behind("own.scan"))


def test_a_package_that_is_started_is_its_main_module() -> None:
    assert "specship.pipeline.__main__" in dict(CodeReader().behind("specship.suite.artifacts.runner"))


def test_there_is_no_digest_of_nothing() -> None:
    with pytest.raises(LookupError, match="no module is called"):
        code_digest("specship.pipeline.stages.not_there")


TWICE = {
    "specship.lint.rules": ("specship.lint.registry", "all_rules", "two rules are called 'SHIP4"),
    "specship.pipeline.stages": (
        "specship.pipeline.registry",
        "all_stages",
        "two stages are called 'harness'",
    ),
    "specship.pipeline.qa.gates": (
        "specship.pipeline.qa.registry",
        "all_gates",
        "two quality gates are called 'golden'",
    ),
    "specship.diagnose.causes": (
        "specship.diagnose.diagnosing",
        "all_causes",
        "two causes are called 'plateau'",
    ),
    "specship.pipeline.run_logs.formats": (
        "specship.pipeline.run_logs.log_format",
        "all_formats",
        "two formats of logs are called 'TensorBoard log'",
    ),
}


@pytest.mark.parametrize("folder", TWICE)
@pytest.mark.parametrize("what", ["twice", "nothing"])
def test_a_file_that_is_none_of_the_kind_is_told(package: Path, folder: str, what: str) -> None:
    """One that gives what another gives, or does not say what it is, never wins or vanishes silently."""
    module, function, said = TWICE[folder]
    place = package.joinpath(*folder.split(".")[1:])
    if what == "twice":
        add(place, FOLDERS[folder])
    else:
        (place / "added.py").write_text('"""Nothing."""\n')
    done = within(package, "-c", f"from {module} import {function}\n{function}()\n")

    assert done.returncode == 1
    assert (said if what == "twice" else "added.py: the file") in done.stderr


def test_a_stage_is_called_after_its_file(package: Path) -> None:
    (package / "pipeline/stages/harness.py").rename(package / "pipeline/stages/added.py")
    done = within(package, "-c", "from specship.pipeline.registry import all_stages\nall_stages()\n")

    assert "added.py: the stage is called 'harness'" in done.stderr


def test_two_formats_never_leave_one_file(package: Path) -> None:
    add(package / "report/ship", "markdown")
    done = within(package, "-c", "from specship.report.formats import endings\nendings()\n")

    assert "two endings of a report are called '.md'" in done.stderr


def test_a_verb_without_help_is_told(package: Path) -> None:
    (package / "cli/commands/added.py").write_text('"""A verb."""\n')
    done = within(package, "-m", "specship.cli", "--help")

    assert done.returncode == 2
    assert 'added.py: the file has no line `HELP = "..."`' in done.stderr


def within(package: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """An interpreter that imports a copy of the package."""
    environment = {**os.environ, "PYTHONPATH": str(package.parent)}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=package.parent, env=environment
    )


def test_a_scan_of_a_computed_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/__init__.py").touch()
    (tmp_path / "own/scan.py").write_text("NAME = 'own.gates'\nGATES = Folder(NAME)\n")

    with pytest.raises(ValueError, match="line 2: a scan that no digest can follow"):
        CodeReader({"own": tmp_path / "own"}).digest("own.scan")
