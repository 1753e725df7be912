"""`specship compile`, and its modules under a pytest that has no plugin of specship, in processes of their own."""

import ast
import contextlib
import dataclasses
import io
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from specship.cli import main
from specship.contracts.expectation import Expectation
from specship.specs.project import load_project
from specship.status.report import GateReport, Measured
from specship.suite.compile.compiling import WrittenGate, is_compiled, module_name, module_text
from specship.suite.compile.python_text import call, comment, docstring, literal
from specship.suite.plan.plan import make_plan
from tests.places import ROOT
from tests.processes import run_pytest
from tests.projects.small_project import edit, make_project, statements_of

MODULE = "tests/compiled/test_small_v1.py"
CONTRACT = "contracts/small-v1.yaml"
NODES = [f"{CONTRACT}::GATE-SMALL-00{number}" for number in range(1, 8)]
MORE_GATES = """\
  - id: GATE-SMALL-004
    rule: It is far larger than it is.
    binds_to: [AC-SMALL-002]
    ship_blocking: true
    probe: small.documents
    expect:
      characters: {at_least: 100000000, unit: characters}
  - id: GATE-SMALL-005
    rule: It is far larger than it is, and nobody waits for it.
    binds_to: [AC-SMALL-002]
    ship_blocking: false
    probe: small.documents
    expect:
      documents: {between: [1000, 2000], unit: documents}
  - id: GATE-SMALL-006
    rule: It was counted on a CUDA device.
    binds_to: [AC-SMALL-002]
    ship_blocking: true
    probe: small.documents
    expect:
      documents: {at_least: 10, unit: documents}
    requires: {device: cuda}
  - id: GATE-SMALL-007
    rule: It is counted by a probe that breaks.
    binds_to: [AC-SMALL-002]
    ship_blocking: true
    probe: small.broken
    expect:
      documents: {at_least: 10, unit: documents}
"""
OVERRIDE = """\
overrides:
  GATE-SMALL-001:
    reason: Seconds are not enough for more.
    expect:
      documents: {at_least: 5, unit: documents}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = make_project(tmp_path_factory.mktemp("template") / "project")
    assert compile_(project).returncode == 0
    return project


@pytest.fixture
def compiled(template: Path, tmp_path: Path) -> Path:
    """The project with its modules compiled."""
    return Path(shutil.copytree(template, tmp_path / "project"))


@pytest.fixture(scope="module")
def passed_once(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled, and a session has passed; not to be changed."""
    project = Path(shutil.copytree(template, tmp_path_factory.mktemp("passed") / "project"))
    assert "2 passed, 1 skipped" in without_plugin(project).stdout
    return project


@pytest.fixture
def passed(passed_once: Path, tmp_path: Path) -> Path:
    """A copy of that: what was measured counts on, and nothing is measured again."""
    return Path(shutil.copytree(passed_once, tmp_path / "project"))


def compile_(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as the console script calls it, in this process: starting Python takes most of its time."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(project), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(["compile", *arguments])
        except SystemExit as refused:  # argparse's own way
            status = int(refused.code or 0)
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def without_plugin(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_pytest(project, "-p", "no:specship", "tests/compiled", *arguments)


def endings(junit: Path) -> dict[str, tuple[str, str]]:
    """Outcome and text of each test of a JUnit file, by class and name."""
    found = {}
    for case in ET.parse(junit).getroot().iter("testcase"):  # noqa: S314 - our own file
        children = [child for child in case if child.tag in {"failure", "skipped", "error"}]
        kind = f"{children[0].tag} {children[0].get('type') or ''}" if children else "passed"
        text = (
            (children[0].get("message") if children[0].tag == "skipped" else children[0].text)
            if children
            else ""
        )
        found[f"{case.get('classname')}::{case.get('name')}"] = (kind, text or "")
    return found


def test_verdicts_ids_and_texts_are_those_of_the_plugin(project: Path) -> None:
    """PASS, FAIL, UNBOUND, advisory, BLOCKED and ERROR, each on ground of its own, no evidence shared."""
    with (project / CONTRACT).open("a") as file:
        file.write(MORE_GATES)
    compile_(project)
    run_pytest(project, "contracts", "--junitxml", "plugin.xml")
    expected = endings(project / "plugin.xml")
    shutil.rmtree(project / ".specship")
    done = without_plugin(project, "-v", "--junitxml", "compiled.xml")

    assert endings(project / "compiled.xml") == expected
    assert [kind.split()[0] for kind, _ in expected.values()] == [
        "passed", "passed", "skipped", "failure", "skipped", "skipped", "failure",
    ]  # fmt: skip
    assert [node for node in NODES if node in done.stdout] == NODES
    assert f"{CONTRACT}:24:5: FAIL GATE-SMALL-004" in done.stdout
    assert "advisory: " in expected["contracts.small-v1.yaml::GATE-SMALL-005"][1]
    assert "CUDA" in expected["contracts.small-v1.yaml::GATE-SMALL-006"][1]
    assert "this probe is broken" in expected["contracts.small-v1.yaml::GATE-SMALL-007"][1]
    assert NODES[5] in without_plugin(project, "-m", "cuda", "--collect-only", "-q").stdout
    assert "1 failed" in run_pytest(project, "tests/compiled", "--ship-strict", "-k", "006").stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), NODES[:3]),
        (("-k", "GATE-SMALL-002"), NODES[1:2]),
        (("-m", "ship and corpus and MODEL-1 and not cuda"), NODES[:3]),
        (("-m", "cuda"), []),
        (("-m", "MODEL-1 or publish"), NODES[:3]),
        (("-m", "not ship"), []),
        (("--deselect", NODES[0]), NODES[1:3]),
    ],
    ids=str,
)
def test_selection_is_as_in_any_suite(
    arguments: tuple[str, ...], expected: list[str], compiled: Path
) -> None:
    """Under --strict-markers and warnings as errors, which the project's configuration asks for."""
    done = without_plugin(compiled, "--collect-only", "-q", *arguments)

    assert [line for line in done.stdout.splitlines() if "::" in line] == expected, done.stdout
    assert done.returncode == (0 if expected else 5)


def test_one_gate_is_selected_by_its_file_and_id(compiled: Path) -> None:
    done = run_pytest(compiled, "-p", "no:specship", f"{MODULE}::GATE-SMALL-003", "-q", "--collect-only")

    assert NODES[2] in done.stdout
    assert "1 test collected" in done.stdout


@pytest.mark.slow
def test_workers_share_the_work(compiled: Path) -> None:
    done = without_plugin(compiled, "-n", "2", "-v")

    assert "2 passed, 1 skipped" in done.stdout, done.stdout
    assert NODES[1] in done.stdout


def test_the_failed_ones_run_again(compiled: Path) -> None:
    edit(compiled / CONTRACT, "at_least: 100, unit", "at_least: 100000000, unit")
    compile_(compiled)
    first = without_plugin(compiled)
    again = without_plugin(compiled, "--lf", "-v")

    assert "1 failed, 1 passed, 1 skipped" in first.stdout, first.stdout
    assert "1 failed, 2 deselected" in again.stdout


def test_beside_the_plugin_nothing_is_measured_twice(compiled: Path) -> None:
    """Both faces in one session: the second finds the evidence of the first."""
    done = run_pytest(compiled, "contracts", "tests", "-m", "ship", "--junitxml", "both.xml")

    assert "4 passed, 2 skipped" in done.stdout, done.stdout
    assert len(statements_of(compiled)) == 2
    cached = [node.get("value") for node in ET.parse(compiled / "both.xml").getroot().iter("property")  # noqa: S314
              if node.get("name") == "cached"]  # fmt: skip
    assert cached == ["false", "false", "true", "true", "true", "true"]


def test_another_profile_than_the_compiled_one_is_refused(compiled: Path) -> None:
    done = run_pytest(compiled, "tests", "-k", "001", "--specship-profile", "release")

    assert "compiled at profile rehearsal, and profile release is asked for" in done.stdout


def test_it_runs_from_any_folder_and_leaves_no_process(compiled: Path) -> None:
    done = run_pytest(compiled / "tests" / "compiled", "-p", "no:specship", "-v", "--rootdir", str(compiled))

    assert "2 passed, 1 skipped" in done.stdout, done.stdout
    assert "ResourceWarning" not in done.stdout + done.stderr


def test_below_a_larger_checkout_ids_begin_at_its_root(compiled: Path) -> None:
    done = run_pytest(
        compiled.parent, "-p", "no:specship", "--rootdir", ".", "project/tests", "--collect-only", "-q"
    )

    assert f"project/{NODES[0]}" in done.stdout


TAMPERED = {
    # plain words: (what stands in the module, what is written instead, what the failing test says)
    "a looser limit": ("at_least=10,", "at_least=1,", "the module says ≥ 1 documents, in force is ≥ 10 documents"),
    "a stricter limit": ("at_least=10,", "at_least=11,", "the module says ≥ 11 documents"),
    "another operator": ("at_least=10,", "above=10,", "the module says > 10 documents"),
    "a limit of another type": ("at_least=10,", "at_least=10.0,", "out of date"),
    "no limit": ('    gate.expect("documents", at_least=10, unit="documents")\n', "", "the module says nothing"),
    "two limits": ('    gate.expect("documents"', '    gate.expect("documents", at_most=9, unit="documents")\n    gate.expect("documents"', "two limits"),
    "no operator": ("at_least=10, ", "", "no limit"),
    "an unknown operator": ("at_least=10,", "near=10,", "no limit"),
    "a probe of another name": ('probe="small.documents"', 'probe="small.meddles"', "in force is 'small.documents'"),
    "a gate that blocks nothing": ("blocking=True", "blocking=False", "blocking: the module says False"),
    "a device": ("device=None", 'device="cuda"', "device: the module says 'cuda'"),
    "a fault": ("faults=[]", 'faults=["frozen"]', "faults: the module says"),
    "another criterion": ("AC-SMALL-001", "AC-SMALL-002", "criteria: the module says"),
    "another id": ("GATE-SMALL-001", "GATE-SMALL-009", "GATE-SMALL-009 is in the module and not in the contract"),
    "another source": ('source="contracts/small-v1', 'source="contracts/other-v1', "is in the module and not in the contract"),
    "an unknown profile": ('profile="rehearsal"', 'profile="rehearsel"', "write 'rehearsal'"),
}  # fmt: skip


@pytest.mark.parametrize("case", TAMPERED, ids=lambda case: case.replace(" ", "-"))
def test_a_module_that_says_something_else_fails(case: str, passed: Path) -> None:
    """Evidence passes all the while; what a reader is told must be what was judged."""
    old, new, said = TAMPERED[case]
    text = (passed / MODULE).read_text()
    assert old in text
    (passed / MODULE).write_text(text.replace(old, new, 1))
    done = without_plugin(passed, "-k", "001 or 009")

    assert done.returncode == 1, done.stdout
    assert said in done.stdout
    assert "specship compile" in done.stdout or "write 'rehearsal'" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_gate_that_the_module_lacks_fails_the_others(compiled: Path) -> None:
    with (compiled / CONTRACT).open("a") as file:
        file.write(MORE_GATES)
    done = without_plugin(compiled, "-k", "001")

    assert "GATE-SMALL-004 is in the contract and not in the module" in done.stdout


def test_a_project_with_faults_fails_with_their_places(compiled: Path) -> None:
    edit(compiled / CONTRACT, "probe: small.documents", "probe: small.document")
    done = without_plugin(compiled)

    assert done.returncode == 1
    assert f"{CONTRACT}:10:" in done.stdout
    assert "Traceback" not in done.stdout


def test_the_measurement_is_judged_against_the_limits_of_the_module() -> None:
    """Even if evidence were believed wrongly, a limit that stands in the module has to hold."""
    limits = {"documents": Expectation(at_least=30, unit="documents")}
    gate = WrittenGate(
        id="GATE-A",
        model="MODEL-1",
        criteria=(),
        blocking=True,
        probe="p",
        device=None,
        faults=(),
        expect=limits,
    )
    known = GateReport(
        id="GATE-A", contract="c", rule="r", blocking=True, verdict="PASS", reason="", armed=False, fresh=True,
        checked="20 documents",
        measured=(Measured(quantity="documents", value=20, unit="documents", limit="≥ 10 documents", holds=True),),
    )  # fmt: skip

    assert gate.contradictions(known) == ["documents: measured 20 documents, the module says ≥ 30 documents"]
    assert gate.contradictions(known.model_copy(update={"measured": ()})) == [
        "documents: measured nothing, the module says ≥ 30 documents"
    ]
    assert gate.contradictions(known.model_copy(update={"verdict": "FAIL"})) == []


def _override(project: Path) -> None:
    with (project / "specs/small/profiles/rehearsal.yaml").open("a") as file:
        file.write(OVERRIDE)


def _next_version(project: Path) -> None:
    edit(project / CONTRACT, "version: 1.0.0", "version: 2.0.0")
    (project / CONTRACT).rename(project / "contracts/small-v2.yaml")


OUT_OF_DATE: dict[str, tuple[Callable[[Path], object], str]] = {
    # plain words: (what happens to the project, what --check says)
    "a limit": (lambda root: edit(root / CONTRACT, "at_least: 10,", "at_least: 11,"), '+    gate.expect("documents", at_least=11'),
    "a rule": (lambda root: edit(root / CONTRACT, "has documents.", "has texts."), '+    """The corpus has texts."""'),
    "an override": (_override, "# the contract says ≥ 10 documents"),
    "the module": (lambda root: edit(root / MODULE, "contract.name_tests(metafunc)", "pass"), "-    pass"),
    "line ends": (lambda root: (root / MODULE).write_bytes((root / MODULE).read_bytes().replace(b"\n", b"\r\n")), "out of date"),
    "bytes that are no text": (lambda root: (root / MODULE).write_bytes((root / MODULE).read_bytes() + b"\xff"), "out of date"),
    "no module": (lambda root: (root / MODULE).unlink(), "missing"),
    "a module of no contract": (lambda root: (root / "tests/compiled/test_gone_v1.py").write_text((root / MODULE).read_text()), "test_gone_v1.py: left over"),
    "a contract's next version": (_next_version, "test_small_v1.py: left over"),
}  # fmt: skip


@pytest.mark.parametrize("case", OUT_OF_DATE, ids=lambda case: case.replace(" ", "-"))
def test_check_is_red_until_compiled_again(case: str, compiled: Path) -> None:
    change, said = OUT_OF_DATE[case]
    assert compile_(compiled, "--check").stdout == ""
    change(compiled)
    before = {path: path.read_bytes() for path in compiled.glob("tests/compiled/*")}
    red = compile_(compiled, "--check")

    assert red.returncode == 1
    assert said in red.stdout
    assert "mend: run `specship compile`" in red.stdout
    assert {path: path.read_bytes() for path in compiled.glob("tests/compiled/*")} == before
    assert compile_(compiled).returncode == 0
    assert compile_(compiled, "--check").returncode == 0
    assert len(list(compiled.glob("tests/compiled/*.py"))) == 1


def test_where_the_profile_replaces_a_limit_the_module_says_so(project: Path) -> None:
    _override(project)
    compile_(project)
    text = (project / MODULE).read_text()

    assert "    # Profile rehearsal: Seconds are not enough for more.\n" in text
    assert 'at_least=5, unit="documents")  # the contract says ≥ 10 documents\n' in text
    assert "2 passed, 1 skipped" in without_plugin(project).stdout


def test_the_console_prints_and_exits(compiled: Path) -> None:
    """In a process of its own, as people call it."""
    command = [sys.executable, "-m", "specship.cli", "compile", "--check"]
    good = subprocess.run(command, cwd=compiled, capture_output=True, text=True, check=False)
    (compiled / MODULE).unlink()
    bad = subprocess.run(command, cwd=compiled / "texts", capture_output=True, text=True, check=False)

    assert (good.returncode, good.stdout, good.stderr) == (0, "", "")
    assert (bad.returncode, bad.stderr) == (1, "")
    assert f"{MODULE}: missing" in bad.stdout


def test_what_was_done_is_said(project: Path) -> None:
    first, second = compile_(project), compile_(project)
    (project / "tests/compiled/test_gone_v1.py").write_text((project / MODULE).read_text())
    (project / "tests/compiled/test_mine_v1.py").write_text('"""A test of my own."""\n')
    third = compile_(project, "small")
    fourth = compile_(project)

    assert (first.stdout, second.stdout) == (
        f"{project / MODULE}: written\n",
        f"{project / MODULE}: unchanged\n",
    )
    assert third.stdout == second.stdout
    assert "test_gone_v1.py: removed" in fourth.stdout
    assert (project / "tests/compiled/test_mine_v1.py").is_file()


def test_a_file_that_people_wrote_is_never_replaced(project: Path) -> None:
    path = project / MODULE
    path.parent.mkdir(parents=True)
    path.write_text('"""Mine."""\n')
    done = compile_(project)

    assert done.returncode == 2
    assert "this file was not written by `specship compile`" in done.stderr
    assert path.read_text() == '"""Mine."""\n'


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("smal",), "write 'small'"),
        (("contracts/none-v1.yaml",), "there is no contract"),
        (("--profile", "rehearsel"), "write 'rehearsal'"),
        (("--output", "pyproject.toml"), "cannot"),
        (("--output", ".."), "outside the project"),
        (("--check", "--stdout"), "not allowed with"),
    ],
    ids=str,
)
def test_what_is_not_there_is_refused(arguments: tuple[str, ...], said: str, project: Path) -> None:
    done = compile_(project, *arguments)

    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project / "tests").exists()


@pytest.mark.parametrize("name", ["small", "small-v1", CONTRACT, "./contracts/../contracts/small-v1.yaml"])
def test_a_contract_is_named_by_id_or_file(name: str, compiled: Path) -> None:
    done = compile_(compiled, "--stdout", name)

    assert done.stdout == (compiled / MODULE).read_text()


def test_gates_that_speak_for_nothing_are_a_remark(project: Path) -> None:
    """The contract is read, the gate is no check, and a reader still finds it."""
    plan = make_plan(load_project(project))
    fewer = dataclasses.replace(plan, checks=plan.checks[1:])
    text = module_text(fewer, plan.project.contracts[0])

    assert "# GATE-SMALL-001 speaks for no criterion and is no test: The corpus has documents.\n" in text
    assert "def gate_small_001" not in text


def test_modules_of_the_shipped_contracts_are_python_that_formatters_leave_alone(tmp_path: Path) -> None:
    """Both profiles; twice the same bytes; nothing of this machine in them."""
    project = load_project(ROOT)
    for profile in project.spec.profiles:
        plan = make_plan(project, profile)
        for file in project.contracts:
            text = module_text(plan, file)
            assert text == module_text(plan, file)
            assert is_compiled(text)
            assert str(ROOT) not in text
            functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
            assert len(functions) == 1 + len(file.contract.gates)
            (tmp_path / f"{profile}-{module_name(file)}").write_text(text)
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", "--no-cache", "--line-length", "110", str(tmp_path)]
    formatted = subprocess.run(
        [*ruff, "format", "--diff", *options], capture_output=True, text=True, check=False
    )
    linted = subprocess.run(
        [*ruff, "check", "--select", "E,F", *options], capture_output=True, text=True, check=False
    )

    assert formatted.returncode == 0, formatted.stdout
    assert linted.returncode == 0, linted.stdout


HARD_TEXTS = [
    'It says "so".', '"Quoted" from the start.', 'Three """ in a row.', "A \\ back\\slash.", "It ends with \\",
    "It's \"both\".", "A bell \x07 and a turn \u202e back.", 'ends "', "\\d+ digits \\", "ü" * 30, "word " * 60, "x" * 300,
    "It is \\N{BULLET}, \\u0041, \\x", "'''", '"' * 7, "tab\there\nnext line", "# no comment", "{braces} %s",
]  # fmt: skip


@pytest.mark.parametrize("text", HARD_TEXTS, ids=range(len(HARD_TEXTS)))
def test_any_text_comes_back_and_stays_in_its_place(text: str, tmp_path: Path) -> None:
    """As docstring, as value and as remark: nothing of it becomes code, and the formatter agrees."""
    lines = [
        *docstring([text, text]),
        "",
        *comment(text),
        *call("a = dict", [("b", text), ("c", [text, text])]),
    ]
    source = "\n".join(
        [*lines, "", "", "def f():", *docstring([text], depth=1), *call("dict", [("d", text)], depth=1), ""]
    )
    tree = ast.parse(source)
    path = tmp_path / "it.py"
    path.write_text(source)
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--diff", "--isolated", "--no-cache", "--line-length", "110", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ast.literal_eval(literal(text)) == text
    assert " ".join((ast.get_docstring(tree) or "").split()) == " ".join(f"{text} {text}".split())
    assert len(tree.body) == 3
    values = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value == text]
    assert len(values) >= 4
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", source)
    assert done.returncode == 0, done.stdout


def test_the_page_shows_what_is_written() -> None:
    """The module in docs/compile.md is the one of today's contract."""
    page = (ROOT / "docs/compile.md").read_text()
    shown = page.split("```python\n")[1].split("```")[0]
    plan = make_plan(load_project(ROOT), "rehearsal")
    modules = [module_text(plan, file) for file in plan.project.contracts]

    assert any(shown in text for text in modules)
