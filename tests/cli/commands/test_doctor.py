"""What specship sees where it is started: what is unusual first, whatever else is broken."""

import importlib.util
import json
import os
import runpy
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import specship
from specship.cli import main
from specship.evidence.signing import local_key
from specship.report.checkup.text import render
from specship.report.formats import PLAIN
from specship.suite.checkup.machine import devices, versions
from specship.suite.checkup.project import project_sections
from specship.suite.checkup.records import Checkup, Unusual
from tests.docs.reading_pages import DOCS, fenced, text_of
from tests.projects.scaffolded import begin
from tests.projects.small_project import edit, make_project
from tests.projects.trusting import trusting

HEAVY = (
    "torch", "tokenizers", "transformers", "gguf", "numpy", "rensa", "safetensors", "xllamacpp", "jinja2", "cyllama",
)  # fmt: skip
DOCTOR = f"""
import sys
from specship.cli import main
status = main(["doctor", "--format", "json"])
print("imported:", [name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
sys.exit(status)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", files=1)


def unusual(folder: Path) -> list[Unusual]:
    return [one for section in project_sections(folder) for one in section.unusual]


def printed(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    capsys.readouterr()
    assert main(["doctor", *words]) == status
    return capsys.readouterr().out


def test_a_sound_project_has_nothing_unusual(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From any folder of it; everything that a bug report needs is there, and nothing was written."""
    monkeypatch.chdir(project / "texts")
    told = json.loads(printed(capsys, "--format", "json"))
    sections: dict[str, dict[str, Any]] = told["sections"]

    assert (told["stopped"], told["unusual"]) == (False, [])
    assert list(sections) == [
        "project", "contracts", "probes and faults", "evidence", "disk", "versions", "devices", "sandbox",
    ]  # fmt: skip
    assert sections["project"]["root"] == str(project)
    assert sections["project"]["profiles"] == ["rehearsal (the usual one)", "release"]
    assert sections["contracts"]["read"] == "1 file, 3 gates, 1 UNBOUND"
    assert sections["probes and faults"]["own probes"] == [
        "small.broken", "small.documents", "small.killed", "small.meddles",
    ]  # fmt: skip
    assert any(text.startswith("torch ") for text in sections["versions"]["[pipeline]"])
    assert not (project / ".specship").exists()


def test_it_works_outside_of_a_project_and_refuses_what_it_does_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    output = printed(capsys)
    lines = output.splitlines()

    assert lines[0] == "nothing unusual"
    assert f"root none at or above {tmp_path}" in " ".join(output.split()), "folded where the path is long"
    assert len(lines) < 60, "about a screen"
    with pytest.raises(SystemExit) as refused:
        main(["doctor", "--format", "yaml"])
    assert refused.value.code == 2


def _without_newline(project: Path) -> None:
    path = project / ".specship/ledger" / f"{'0' * 64}.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")


def _readable_key(project: Path) -> None:
    local_key(project / ".specship")
    (project / ".specship/keys/local.ed25519").chmod(0o644)


def _no_key(project: Path) -> None:
    (project / ".specship/keys").mkdir(parents=True)
    (project / ".specship/keys/local.ed25519").write_text("not hexadecimal")


def _promised(project: Path) -> None:
    """A GGUF that no gate reads."""
    path = project / "specs/small/profiles/rehearsal.yaml"
    section = f"    received_gguf: {{file: README.md, source: a job, sha256: '{'0' * 64}'}}\n"
    (project / "README.md").write_text("no model")
    path.write_text(path.read_text() + section)


def _settings(old: str, new: str) -> Callable[[Path], None]:
    return lambda project: edit(project / "pyproject.toml", old, new)


SPOILED: dict[str, tuple[Callable[[Path], object], str, bool]] = {
    # plain words: (what is done, what is said, whether work stops)
    "settings with a byte-order mark": (
        lambda p: (p / "pyproject.toml").write_bytes(b"\xef\xbb\xbf" + (p / "pyproject.toml").read_bytes()),
        "a byte-order mark", True,
    ),
    "settings with an unknown key": (_settings("probes =", "prober ="), "SHIP201 unknown key 'prober'", True),
    "a contract with another suffix": (
        lambda p: (p / "contracts/small-v1.yaml").rename(p / "contracts/small-v1.yml"), "SHIP214", True,
    ),
    "a contract that cannot be read": (
        lambda p: (p / "contracts/small-v1.yaml").write_text("gates: ["), "SHIP104 not YAML", True,
    ),
    "no contracts": (_settings("[tool.specship]\n", '[tool.specship]\ncontracts = "x"\n'), "no such folder of contracts", True),
    "a spec that is not there": (_settings("specs/small", "specs/large"), "specs/large/spec.yaml", True),
    "a profile that is not there": (
        _settings("[tool.specship]\n", '[tool.specship]\nprofile = "large"\n'), "there is no profile 'large'", True,
    ),
    "a probe that cannot be imported": (
        lambda p: (p / "probes/bad.py").write_text("def (\n"), "probes/bad.py:1:5: not Python", True,
    ),
    "a folder of probes that is not there": (
        _settings("[tool.specship]\n", '[tool.specship]\nfaults = "fault"\n'), "faults names 'fault'", False,
    ),
    "tests that are looked for elsewhere": (
        _settings("[tool.pytest.ini_options]\n", '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'),
        "testpaths leave contracts out", False,
    ),
    "a statement that is damaged": (_without_newline, "its bytes are not the ones its name promises", True),
    "a trusted key that is none": (
        _settings("[tool.specship]\n", f"[tool.specship]\ntrusted_keys = [{trusting('0' * 64)}]\n"),
        "is not usable as a public key", True,
    ),
    "received bytes that are not the promised ones": (_promised, "and " + "0" * 64 + " was promised", True),
    "a local key that is none": (_no_key, "not a private key", True),
    "a local key that others may read": (_readable_key, "others of this machine may read the local key", False),
}  # fmt: skip


@pytest.mark.parametrize("case", SPOILED, ids=lambda case: case.replace(" ", "-"))
def test_what_is_broken_is_said_and_gone_past(case: str, project: Path) -> None:
    spoil, said, stops = SPOILED[case]
    spoil(project)
    found = unusual(project)
    first = min(found, key=lambda one: not one.stops)

    assert said in "\n".join(one.what for one in found), found
    assert first.stops is stops
    assert first.mend or first.why or "SHIP" in first.what


def test_what_stops_work_stands_first_and_sets_the_status(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A note alone does not; no private key is ever shown."""
    monkeypatch.chdir(project)
    _readable_key(project)
    noted = printed(capsys)
    (project / "contracts/small-v1.yaml").rename(project / "contracts/small-v1.yml")
    stopped = printed(capsys, status=1)

    assert noted.splitlines()[:2] == [
        "1 unusual, 0 of which stop work", "  note  others of this machine may read the local key",
    ]  # fmt: skip
    assert stopped.splitlines()[1].startswith("  stops contracts/small-v1.yml:1:1 SHIP214")
    assert "  not read      contracts/small-v1.yml" in stopped
    secret = (project / ".specship/keys/local.ed25519").read_text()
    assert "local key     sha256:" in stopped
    assert secret not in noted + stopped


def test_a_pytest_that_loads_no_plugins_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    assert "pytest does not load specship" in next(one.what for one in versions().unusual)


def test_a_light_install_and_an_incomplete_one(tmp_path: Path) -> None:
    """Real interpreters whose packages are these, without those of the pipeline, and without one of them."""
    homes = (Path(sysconfig.get_paths()["purelib"]), Path(pytest.__file__).parents[1])
    entries = {entry.name: entry for home in homes for entry in home.iterdir() if entry.suffix != ".pth"}
    found = {}
    for name, without in (("light", HEAVY), ("incomplete", ("rensa",))):
        packages = tmp_path / name
        packages.mkdir()
        for called, entry in entries.items():
            if not called.lower().startswith(without):
                (packages / called).symlink_to(entry)
        paths = os.pathsep.join([str(packages), str(Path(specship.__file__).parent.parent)])
        done = subprocess.run(
            [sys.executable, "-S", "-c", DOCTOR], cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout, done.stderr
        found[name] = (done.returncode, json.loads(done.stdout), done.stderr)

    status, told, errors = found["light"]
    assert (status, errors) == (0, "imported: []\n")
    assert [one["what"] for one in told["unusual"]] == [
        "specship[pipeline] is not installed: nothing can be made or measured here"
    ]
    assert told["sections"]["devices"]["torch"] == "not installed"
    status, told, errors = found["incomplete"]
    assert (status, errors) == (1, "imported: []\n"), "nothing heavy is imported to be asked"
    assert "specship[pipeline] asks for rensa>=" in told["unusual"][0]["what"]


def test_what_torch_was_built_for_is_read_from_a_file_of_it() -> None:
    spec = importlib.util.find_spec("torch")
    assert spec is not None
    assert spec.origin is not None
    cuda = runpy.run_path(str(Path(spec.origin).parent / "version.py"))["cuda"]

    assert devices().facts["torch"] == (f"built for CUDA {cuda}" if cuda else "built without CUDA")


def test_the_page_shows_what_really_happens(tmp_path: Path) -> None:
    """But for the folder, and the sections below those of the page."""
    project = begin(tmp_path / "demo")
    path = project / "contracts/demo-corpus-v1.yaml"
    path.rename(path.with_suffix(".yml"))
    shown = fenced(text_of(DOCS / "doctor.md"))[0][1].replace("/home/me/demo", str(project))

    assert render(Checkup(sections=tuple(project_sections(project))), PLAIN).startswith(shown)
