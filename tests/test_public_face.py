"""The public face: what `from specship import ...` promises, and what it costs."""

import ast
import inspect
import shutil
import subprocess
import sys
from pathlib import Path
from string import Template

import pytest

import specship
from specship.code_digests import CodeReader, imported_modules
from specship.probes.registry import folder_code
from specship.report.api_reference import docstring, groups, reference_page
from specship.suite.scaffold.starter import starter_files

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "specship"


def typed() -> dict[str, str]:
    """What type checkers are told: the imports under TYPE_CHECKING."""
    tree = ast.parse((SOURCE / "__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {
        alias.name: str(node.module)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_the_list_is_the_promise() -> None:
    """A name is added or taken away on purpose: here, in the table, and in the changelog."""
    assert set(specship.PUBLIC) == {
        "probe", "Artifact", "Figures", "read_documents", "open_model", "read_facts",
        "Facts", "Fault", "spoil", "Stage", "Settings", "Work",
        "load_project", "Project", "build_report", "Report", "diagnose_run", "Diagnosis", "Measurement", "Quantity",
        "Verdict", "SpecshipError", "UnusableInput", "DamagedArtifact", "RequirementMissing", "NotRecorded",
    }  # fmt: skip
    assert typed() == specship.PUBLIC


@pytest.mark.parametrize("name", specship.PUBLIC)
def test_a_name_says_what_it_is(name: str) -> None:
    """Meaning in a sentence, units or shapes where there are figures, errors, and where it comes from."""
    text, value = docstring(name), getattr(specship, name)

    assert text.split("\n\n")[0].endswith((".", "`."))
    assert "Source:" in text
    if inspect.isfunction(value):
        assert "Raises:" in text
    if name in FIGURES:
        assert "Units:" in text or "Shapes:" in text


FIGURES = {
    "probe", "Artifact", "Figures", "read_documents", "open_model", "read_facts", "Facts", "Work", "build_report", "Report", "diagnose_run",
    "Diagnosis", "Measurement", "Quantity",
}  # fmt: skip
"""Names behind which there are numbers or tensors."""


def test_the_page_is_made_from_it() -> None:
    assert (ROOT / "docs/api.md").read_text() == reference_page(), (
        "python -m specship.report.api_reference > docs/api.md"
    )
    assert [name for names in groups().values() for name in names] == list(specship.PUBLIC)


def test_importing_it_costs_nothing() -> None:
    code = "import sys, specship\nprint(sorted(n for n in sys.modules if n.startswith('specship')), 'pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "['specship'] False"


def test_no_public_name_brings_torch() -> None:
    names = ", ".join(specship.PUBLIC)
    code = f"import sys\nfrom specship import {names}\nprint([n for n in ('torch', 'transformers', 'numpy') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_misspelt_name_is_told_with_the_nearest() -> None:
    with pytest.raises(AttributeError, match="no public name 'prob'; write 'probe'"):
        _ = specship.prob
    assert set(specship.PUBLIC) <= set(dir(specship))
    assert specship.__version__ == "0.1.0"


FILLED = {
    "name": "n", "stem": "s", "artifact": "a", "names": "probe", "declared": 'checked="n"', "says": "It is.",
    "body": "    return {}\n", "record": "R", "makes": "m",
}  # fmt: skip
"""What stands for the blanks of a template."""


def test_the_scaffolds_import_from_here_alone() -> None:
    sources = [text for path, text in starter_files("my-model").items() if path.endswith(".py")]
    parts = (SOURCE / "suite/scaffold/parts.py").read_text()
    sources += [text.split("'''", 1)[0] for text in parts.split("'''\\\n")[1:]]
    imported = {
        str(node.module)
        for source in sources
        for node in ast.walk(ast.parse(Template(source).safe_substitute(FILLED)))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("specship")
    }

    assert len(sources) == 5
    assert imported == {"specship"}


@pytest.mark.parametrize(
    "source",
    [
        "from specship import probe\n",
        "import specship\n\nUSED = specship.probe\n",
        "import specship as s\n\nUSED = s.probe\n",
    ],
)
def test_a_digest_follows_a_public_name(tmp_path: Path, source: str) -> None:
    """Evidence of a project's own probe is stale when the home of what it uses changes."""
    package = tmp_path / "specship"
    shutil.copytree(SOURCE, package, ignore=shutil.ignore_patterns("__pycache__"))

    def digests() -> list[str]:
        reader = CodeReader({"specship": package})
        return [reader.digest(name) for name in sorted(imported_modules(source, "specship"))]

    before = digests()
    home = package / "probes/probe.py"
    home.write_text(home.read_text() + "\n\nEDITED = True\n")

    assert digests() != before
    assert "specship.probes.probe" in dict(CodeReader().behind("specship.probe"))


def test_a_projects_own_probe_is_bound_to_what_it_imports(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("from specship import Artifact, probe\n")
    narrow = folder_code(tmp_path)
    (tmp_path / "own.py").write_text("from specship import Artifact, diagnose_run, probe\n")

    assert folder_code(tmp_path) != narrow
