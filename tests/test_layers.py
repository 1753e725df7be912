"""The drawing of the layers, executable."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import SOURCE

LAYERS = (
    {"errors", "codes", "bounds", "units", "digests", "files", "strict_json", "json_log", "result_cache"},
    {"contracts", "specs"},
    {"lint"},
    {"evidence"},
    {"status"},
    {"pipeline"},
    {"probes"},
    {"faults"},
    {"suite"},
    {"review", "diagnose", "report"},
    {"pytest_plugin", "cli"},
)
NO_TORCH = (
    "specship.pytest_plugin",
    "specship.cli",
    "specship.suite.judging.session",
    "specship.report.session_reports",
)
LIGHT = ("torch", "transformers", "tokenizers", "gguf", "numpy", "xllamacpp")
MODULES = sorted(path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py")


def layer_of(part: str) -> int:
    return next(number for number, names in enumerate(LAYERS) if part in names)


@functools.cache
def nodes_of(path: Path) -> tuple[ast.Import | ast.ImportFrom | ast.Call, ...]:
    """The imports and calls of a module, wherever in its code they stand."""
    kinds = (ast.Import, ast.ImportFrom, ast.Call)
    return tuple(node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds))


def specship_imports(path: Path) -> list[tuple[int, str]]:
    """Line and second name part of each specship import, wherever in the code it stands."""
    found = []
    for node in nodes_of(path):
        names: list[str] = []
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "specship" else [f"specship.{a.name}" for a in node.names]
        found += [(node.lineno, n.split(".")[1]) for n in names if n.startswith("specship.")]
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path: Path) -> None:
    """A module uses its own layer and those below it."""
    own = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    for line, used in specship_imports(path):
        if used != "__version__":
            assert layer_of(used) <= layer_of(own), f"{path}:{line} uses {used}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_only_the_face_knows_pytest(path: Path) -> None:
    if path.parent.name == "pytest_plugin":
        return
    roots = {
        name.split(".")[0]
        for node in nodes_of(path)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert "pytest" not in roots
    assert "pickle" not in roots


@pytest.mark.parametrize("module", NO_TORCH)
def test_light_modules_import_no_framework(module: str) -> None:
    """Each is imported alone, in a fresh interpreter, with every probe and stage found."""
    code = (
        f"import sys, {module}\n"
        "from specship.pipeline.stage import all_stages\n"
        "from specship.probes.registry import all_probes\n"
        "assert all_stages() and all_probes()\n"
        f"print([name for name in {LIGHT!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_plugin_alone_imports_nothing_of_ours_but_itself() -> None:
    """Every suite that has specship installed pays for this import."""
    code = "import sys, specship.pytest_plugin\nprint(sorted(n for n in sys.modules if n.startswith('specship')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "['specship', 'specship.pytest_plugin']"


RUNS_CODE = {
    "pipeline/evaluation/humaneval/sandbox/solution.py": "runs generated code, alone in its sandbox; nothing imports it",
    "pipeline/evaluation/humaneval/sandbox/judge.py": "runs a problem file's own tests, in a process that is for nothing else",
}
"""The two programs that execute text: what HumanEval is. Both are started as processes of their own."""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_code_is_evaluated_from_text(path: Path) -> None:
    """No eval, exec or unpickling anywhere in the product, with the exceptions named above."""
    called = {
        node.func.id
        for node in nodes_of(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    allowed = {"exec"} if path.relative_to(SOURCE).as_posix() in RUNS_CODE else set()

    assert called & {"eval", "exec"} == allowed


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_nothing_imports_what_executes_text(path: Path) -> None:
    """They are started as processes, so that no other process ever holds code that they run."""
    names = {Path(name).stem for name in RUNS_CODE}
    for node in nodes_of(path):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            "specship.pipeline.evaluation.humaneval"
        ):
            imported = {node.module.rsplit(".", 1)[-1], *(alias.name for alias in node.names)}  # type: ignore[union-attr]
            assert not imported & names, f"{path}:{node.lineno}"
        if isinstance(node, ast.Import):
            assert not any(f"humaneval.{name}" in alias.name for name in names for alias in node.names)
