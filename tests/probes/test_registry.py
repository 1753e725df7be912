"""Whose probes are found: our own, a project's, and those of distributions that it names; none is imported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from specship.errors import UnknownName, UnreadableDocument, UnusableInput
from specship.probes.registry import PROBES, all_probes, folder_code, readable
from specship.report.schema.documents import schema_of
from tests.processes import inside, run_pytest
from tests.projects.small_project import make_project

TEXT = 'raise SystemExit("this was run")\nfrom specship import probe\n\n@probe("{name}", checked="n", n="files")\ndef f(corpus): ...\n'


def own(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def test_a_file_of_probes_is_not_run(tmp_path: Path) -> None:
    found = all_probes(own(tmp_path, a=TEXT.format(name="my.own")))["my.own"]

    assert (found.module, found.function, found.home) == ("specship_project_probes.a", "f", tmp_path)


def test_faults_of_all_files_are_told_together_with_their_places(tmp_path: Path) -> None:
    folder = own(tmp_path / "probes", a="from specship import probe\n@probe\ndef f(): ...\n", b="def (\n")
    with pytest.raises(UnreadableDocument) as refused:
        all_probes(folder, root=tmp_path)

    assert [str(fault.at) for fault in refused.value.faults] == ["probes/a.py:3:1", "probes/b.py:1:5"]


@pytest.mark.parametrize("name", ["my.own", "corpus.files"])
def test_two_probes_of_one_name_are_refused(tmp_path: Path, name: str) -> None:
    texts = {"a": TEXT.format(name="my.own"), "b": TEXT.format(name=name)}
    with pytest.raises(UnusableInput, match=f"two probes are called '{name}'"):
        all_probes(own(tmp_path, **texts))


UNIT = 'UNITS = {{"own.chrf": "{means}"}}\n'
MEASURES = UNIT + TEXT.replace('n="files")', 'n="files", chrf="own.chrf")')


def test_a_unit_of_ones_own_is_declared_beside_the_probe_and_means_one_thing(tmp_path: Path) -> None:
    texts = {name: MEASURES.format(name=f"my.{name}", means="agreement of n-grams") for name in "ab"}
    found = all_probes(own(tmp_path, **texts))
    assert found["my.a"].units["chrf"] == "own.chrf"
    assert found["my.b"].own_units == {"own.chrf": "agreement of n-grams"}

    own(tmp_path, b=MEASURES.format(name="my.b", means="something else"))
    with pytest.raises(UnusableInput, match=r"own\.chrf means two things"):
        all_probes(tmp_path)


def test_an_added_unit_disarms_no_other_gate(tmp_path: Path) -> None:
    folder = own(tmp_path, a=MEASURES.format(name="my.a", means="x"), b=TEXT.format(name="my.b"))
    before = {name: probe.code for name, probe in all_probes(folder).items() if name.startswith("my.")}
    own(folder, b=MEASURES.format(name="my.b", means="x"), c=UNIT.format(means="x"))
    after = {name: probe.code for name, probe in all_probes(folder).items() if name in before}

    assert after["my.a"] == before["my.a"]
    assert after["my.b"] != before["my.b"]


GATE = """\
  - id: GATE-SMALL-004
    rule: Its lines are short.
    binds_to: [AC-SMALL-003]
    ship_blocking: true
    probe: small.lines
    expect:
      length: {at_least: -5, unit: own.width}
"""
LINES = """\
from specship import Artifact, Figures, probe, read_documents

UNITS = {"own.width": "mean length of a line in columns of a terminal"}


@probe("small.lines", checked="lines", lines="lines", length="own.width")
def lines(corpus: Artifact) -> Figures:
    all_lines = [line for one in read_documents(corpus.path, "train") for line in one.text.splitlines()]
    return {"lines": len(all_lines), "length": sum(map(len, all_lines)) / len(all_lines)}
"""


def test_a_gate_in_a_unit_of_ones_own_is_read_listed_and_judged(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    (project / "probes/lines.py").write_text(LINES)
    contract = next(project.glob("contracts/*.yaml"))
    contract.write_text(contract.read_text() + GATE)
    units = json.loads(inside(project, "explain", "units", "--format", "json").stdout)["names"]

    assert units["own.width"] == "mean length of a line in columns of a terminal; declared beside small.lines"
    linted = inside(project, "lint").stdout
    assert not [line for line in linted.splitlines() if "SHIP2" in line or "SHIP3" in line]
    Draft7Validator(schema_of("contract")).validate(yaml.safe_load(contract.read_text()))
    shipped = run_pytest(project, "-m", "ship", "-k", "004")
    assert "1 passed" in shipped.stdout

    contract.write_text(contract.read_text().replace("own.width", "own.widht"))
    linted = inside(project, "lint").stdout
    assert "small.lines measures it in 'own.width'" in linted


CHANGES = {
    "its code": ("a.py", "X = 1\n"),
    "a comment": ("a.py", "# a remark\n"),
    "a docstring of a file that it imports": ("b.py", '"""Other words."""\n'),
    "a file that this imports": ("below/d.py", "X = 1\n"),
    "the package of that file": ("below/__init__.py", "X = 1\n"),
    "a table": ("table.json", "[1]"),
    "a table below": ("below/table.json", "[1]"),
    "a new file": ("new.txt", ""),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_byte_that_a_probe_can_read_counts(tmp_path: Path, change: str) -> None:
    texts = {"a": TEXT.format(name="my.own") + "from . import b\n", "b": "from .below.d import X\n"}
    folder = own(tmp_path, **texts)
    own(folder / "below", d="")
    for table in (folder / "table.json", folder / "below/table.json"):
        table.write_text("[]")
    before = all_probes(folder)["my.own"].code
    name, more = CHANGES[change]
    with (folder / name).open("a") as file:
        file.write(more)

    assert all_probes(folder)["my.own"].code != before


def test_another_probe_that_nobody_imports_disarms_none(tmp_path: Path) -> None:
    folder = own(tmp_path, a=TEXT.format(name="my.own"))
    before = all_probes(folder)["my.own"].code
    own(folder, c=TEXT.format(name="my.other") + "from . import a\n")
    found = all_probes(folder)

    assert found["my.own"].code == before
    assert [*readable(found["my.own"])] == ["a.py"]
    assert [*readable(found["my.other"])] == ["a.py", "c.py"]


def test_compiled_files_do_not_count(tmp_path: Path) -> None:
    folder = own(tmp_path, a="X = 1\n")
    before = folder_code(folder)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/a.cpython-311.pyc").write_bytes(b"x")

    assert folder_code(folder) == before


def test_a_link_among_probes_is_refused(tmp_path: Path) -> None:
    """Its bytes could change behind the digest's back."""
    folder = own(tmp_path / "probes", a="X = 1\n")
    (folder / "table.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(UnusableInput, match="no plain file"):
        folder_code(folder)


def test_what_our_own_probes_measure_does_not_depend_on_a_project(tmp_path: Path) -> None:
    folder = own(tmp_path, a=TEXT.format(name="my.own"))

    assert all_probes(folder)["corpus.files"].code == all_probes()["corpus.files"].code
    assert {probe.module for probe in all_probes().values()} == {PROBES.dotted(name) for name in PROBES.names}


def distribution(site: Path, *, listed: bool = True, group: str = "specship.probes") -> Path:
    """An installed distribution with probes, whose code must not be run."""
    info = site / "other_probes-1.0.dist-info"
    (site / "other").mkdir(parents=True)
    info.mkdir()
    (site / "other/__init__.py").write_text('raise SystemExit("this was run")\n')
    (site / "other/probes.py").write_text(TEXT.format(name="other.size"))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-probes\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\nother = other.probes\n")
    (info / "RECORD").write_text(
        "other/__init__.py,,\nother/probes.py,,\n" if listed else "other_probes.pth,,\n"
    )
    return site


def test_a_distribution_counts_once_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(distribution(tmp_path))

    assert "other.size" not in all_probes()
    found = all_probes(distributions=["other-probes"])["other.size"]
    assert (found.module, found.path, found.home) == (
        "other.probes",
        tmp_path / "other/probes.py",
        tmp_path / "other",
    )
    before = found.code
    (tmp_path / "other/__init__.py").write_text("# other\n")
    assert all_probes(distributions=["other-probes"])["other.size"].code != before


def test_a_distribution_that_brings_nothing_readable_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnknownName, match="'other-probes' is not installed"):
        all_probes(distributions=["other-probes"])
    monkeypatch.syspath_prepend(distribution(tmp_path / "edited", listed=False))
    with pytest.raises(UnusableInput, match="none of its files") as refused:
        all_probes(distributions=["other-probes"])
    assert "--editable" in refused.value.mend
    monkeypatch.syspath_prepend(distribution(tmp_path / "without", group="others"))
    with pytest.raises(UnusableInput, match="has no entry point"):
        all_probes(distributions=["other-probes"])


def test_a_probe_of_a_distribution_is_compiled_from_its_text(tmp_path: Path) -> None:
    """A compiled file that was forged beside it is never asked."""
    import importlib.util
    import py_compile

    site = distribution(tmp_path)
    (site / "other/__init__.py").write_text("")
    source = site / "other/probes.py"
    source.write_text(TEXT.format(name="other.size").partition("\n")[2].replace("...", 'return {"n": 1}'))
    forged = tmp_path / "forged.py"
    forged.write_text(source.read_text().replace('"n": 1', '"n": 999'))
    compiled = importlib.util.cache_from_source(str(source))
    py_compile.compile(
        str(forged), cfile=compiled, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )
    code = (
        f"import json, sys\nsys.path.insert(0, {str(site)!r})\n"
        "from specship.probes.measuring import measure\nfrom specship.probes.registry import all_probes\n"
        "found = measure(all_probes(distributions=['other-probes'])['other.size'], {'corpus': None})\n"
        "print(json.dumps(found.quantities['n'].value))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.stdout.strip(), done.stderr) == ("1", "")
    assert json.loads(done.stdout) == 1
