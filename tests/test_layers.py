"""The drawing of the layers and rooms, executable: docs/ARCHITECTURE.md is read and held to."""

import ast
import functools
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "specship"
DRAWING = (ROOT / "docs" / "ARCHITECTURE.md").read_text()
MOST_MODULES = 20
LARGER = {
    "faults": "one fault a file: the catalogue of what went wrong somewhere",
    "probes": "one probe a file",
    "pipeline/stages": "one stage a file, each a declaration",
    "diagnose/causes": "one root cause a file",
    "cli/commands": "one verb a file",
}
"""Folders that may hold more, with the reason: all are scanned, and nobody reads them from end to end."""
NO_TORCH = (
    "specship.pytest_plugin",
    "specship.cli",
    "specship.suite.judging.session",
    "specship.report.session_reports",
)
LIGHT = ("torch", "transformers", "tokenizers", "gguf", "numpy", "xllamacpp")


def table(head: str) -> list[list[str]]:
    """The names in backticks of each row of the table of the drawing that begins so."""
    rows = DRAWING.split(f"\n{head}", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [re.findall(r"`([a-z0-9_]+)/?`", row.rsplit("|", 2)[0]) for row in rows]


LAYERS = table("| layer |")
ROOMS = {
    package: [name for (name,) in table(f"| room of `{package}/` |")] for package in ("pipeline", "suite")
}


def alone(words: str) -> set[str]:
    """The modules of `pipeline/` that stand in no room, as the sentence below its table names them."""
    sentence = DRAWING.split(words, 1)[1].split(";" if words.startswith("Below") else ".", 1)[0]
    return set(re.findall(r"`([a-z_]+)`", sentence)) - {"pipeline"}


BELOW_ROOMS = {"pipeline": alone("Below all rooms of"), "suite": set[str]()}
ABOVE_ROOMS = {"pipeline": alone("; above them"), "suite": set[str]()}


def module_of(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def modules() -> dict[str, Path]:
    return {module_of(path): path for path in sorted(SOURCE.rglob("*.py"))}


PATHS = [path for path in modules().values() if path != SOURCE / "__init__.py"]


@functools.cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a module, parsed once for all that is asked of it."""
    return tuple(ast.walk(ast.parse(path.read_text())))


@functools.cache
def imports(name: str) -> frozenset[tuple[int, str]]:
    """Line and name of each module of ours that a module imports, wherever in its code it stands."""
    found = set()
    for node in nodes_of(modules()[name]):
        if isinstance(node, ast.Import):
            found |= {(node.lineno, alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name}:{node.lineno}: imports are absolute"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            within = whole & modules().keys()
            found |= {(node.lineno, used) for used in within or {str(node.module)}}
    return frozenset((line, used) for line, used in found if used in modules())


def layer_of(module: str) -> int:
    part = module.split(".")[1]
    return next(number for number, names in enumerate(LAYERS) if part in names)


def room_of(module: str) -> tuple[str, int] | None:
    """The package of rooms that a module is in, and the place of its room there."""
    package, *rest = module.split(".")[1:]
    if package not in ROOMS or not rest:
        return None
    if rest[0] in BELOW_ROOMS[package]:
        return package, -1
    if rest[0] in ABOVE_ROOMS[package]:
        return package, len(ROOMS[package])
    return package, ROOMS[package].index(rest[0])


def test_the_drawing_names_what_is_there() -> None:
    """Every file and folder at the top stands in one layer, and every folder of rooms in one place."""
    drawn = [name for names in LAYERS for name in names]
    there = {path.name.removesuffix(".py") for path in SOURCE.iterdir() if path.suffix in {".py", ""}} - {
        "__init__",
        "__main__",
        "__pycache__",
    }

    assert Counter(drawn) == Counter(there)
    for package, rooms in ROOMS.items():
        folders = {path.parent.name for path in (SOURCE / package).glob("*/__init__.py")}
        alone = {path.stem for path in (SOURCE / package).glob("*.py")} - {"__init__"}
        assert Counter(rooms) == Counter(folders)
        assert alone == BELOW_ROOMS[package] | ABOVE_ROOMS[package]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path: Path) -> None:
    """A module uses its own layer and those below it, and of rooms its own and those named before."""
    own = module_of(path)
    for line, used in imports(own):
        if used != "specship":
            assert layer_of(used) <= layer_of(own), f"{path}:{line} uses {used}"
            ours, theirs = room_of(own), room_of(used)
            if ours and theirs and ours[0] == theirs[0]:
                assert theirs[1] <= ours[1], f"{path}:{line} uses {used}, which is in a room above"


def circles() -> Iterator[list[str]]:
    """Modules that import each other, directly or around (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []

    def visit(name: str) -> Iterator[list[str]]:
        index[name] = low[name] = len(index)
        stack.append(name)
        for used in {used for _, used in imports(name)} - {name}:
            if used not in index:
                yield from visit(used)
                low[name] = min(low[name], low[used])
            elif used in stack:
                low[name] = min(low[name], index[used])
        if low[name] == index[name]:
            circle = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(circle) > 1:
                yield circle

    for module in modules():
        if module not in index:
            yield from visit(module)


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports inside functions and for type checkers count: a circle is one wherever it is closed."""
    assert list(circles()) == []


def test_no_folder_is_too_large_to_look_through() -> None:
    sizes = {
        package.parent.relative_to(SOURCE).as_posix(): len(list(package.parent.glob("*.py"))) - 1
        for package in SOURCE.rglob("__init__.py")
        if package.parent != SOURCE
    }

    assert {folder for folder, size in sizes.items() if size > MOST_MODULES} == LARGER.keys()


def test_stages_are_declarations() -> None:
    long = {
        path.name: lines
        for path in (SOURCE / "pipeline/stages").glob("*.py")
        if (lines := len(path.read_text().splitlines())) > 60
    }

    assert long == {}


def test_a_class_name_means_one_thing() -> None:
    """Two classes of one name are two meanings of one word; a second definition in one file is a fallback."""
    homes: dict[str, set[Path]] = {}
    for path in PATHS:
        for node in nodes_of(path):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, set()).add(path.relative_to(SOURCE))

    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.relative_to(SOURCE)))
def test_only_the_face_knows_pytest(path: Path) -> None:
    if path.parent.name == "pytest_plugin":
        return
    roots = {root for node in nodes_of(path) for root in _roots(node)}

    assert "pytest" not in roots


@pytest.mark.parametrize("module", NO_TORCH)
def test_light_modules_import_no_framework(module: str) -> None:
    """Each is imported alone, in a fresh interpreter, with every probe and stage found."""
    code = (
        f"import sys, {module}\n"
        "from specship.pipeline.registry import all_stages\n"
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


UNPICKLING = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
MARSHAL = {
    "pipeline/evaluation/humaneval/sandbox/protocol.py": "plain values, written and compared",
    "pipeline/evaluation/humaneval/sandbox/solution.py": "calls from the judge, which the contained process need not doubt",
}


def called(path: Path) -> set[str]:
    """Names of what a module calls: of functions, and the last part of `module.function`."""
    calls = [node.func for node in nodes_of(path) if isinstance(node, ast.Call)]
    builtin = {f.id for f in calls if isinstance(f, ast.Name)}
    loads = {f.attr for f in calls if isinstance(f, ast.Attribute) and _owner(f) in {"builtins", "torch"}}
    return builtin | {f"{name}()" for name in loads & {"eval", "exec", "load"}}


def _owner(attribute: ast.Attribute) -> str:
    return attribute.value.id if isinstance(attribute.value, ast.Name) else ""


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_code_is_evaluated_from_text(path: Path) -> None:
    """No eval, exec, torch.load or unpickling anywhere in the product, with the exceptions named above."""
    name = path.relative_to(SOURCE).as_posix()
    roots = {root for node in nodes_of(path) for root in _roots(node)}
    pickled = [
        node for node in nodes_of(path) if isinstance(node, ast.keyword) and node.arg == "allow_pickle"
    ]

    assert called(path) & {"eval", "exec", "eval()", "exec()", "load()"} == (
        {"exec"} if name in RUNS_CODE else set()
    )
    assert roots & UNPICKLING == ({"marshal"} if name in MARSHAL else set())
    assert all(isinstance(node.value, ast.Constant) and node.value.value is False for node in pickled)


def _roots(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    return {str(node.module).split(".")[0]} if isinstance(node, ast.ImportFrom) else set()


def test_nothing_imports_what_executes_text() -> None:
    """They are started as processes, so that no other process ever holds code that they run."""
    programs = {module_of(SOURCE / name) for name in RUNS_CODE}
    importing = {name: used for name in modules() for _, used in imports(name) if used in programs}

    assert importing == {}
