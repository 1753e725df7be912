"""`specship corpus` over several sources, with and without text of one's own, and behind a kill."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from specship.cli import main
from specship.pipeline.corpus.manifest import read_documents, read_manifest
from tests.models.data_chain import write_code


def records(path: Path, count: int = 60) -> None:
    """A file of records, compressed."""
    texts = [f"# record {n}\n" + "\n".join(f"a_{n}_{k} = {k}" for k in range(30)) for n in range(count)]
    lines = [
        json.dumps({"text": text, "license": "CC0-1.0", "repo": f"r{n % 7}"}) for n, text in enumerate(texts)
    ]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_code(tmp_path / "code", files=30)
    records(tmp_path / "web.jsonl.gz")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sources_of(corpus: Path) -> list[tuple[str, str, float | None]]:
    return [(one.kind, one.label, one.weight) for one in read_manifest(corpus).sources]


def test_paths_say_what_they_are(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "code", "web.jsonl.gz", "--output", "made", "--licence", "PSF-2.0"]) == 0
    assert sources_of(here / "made") == [("folder", "code", None), ("json-lines", "web.jsonl.gz", None)]
    assert "web.jsonl.gz/" in capsys.readouterr().out
    assert not (here / "made.partial").exists()


def test_words_and_a_file_of_settings_say_the_same(here: Path) -> None:
    words = ["path=web.jsonl.gz", "licence_field=license", "group_field=repo", "weight=0.2"]
    code = ["--source", "path=code", "licence=PSF-2.0", "weight=1"]
    assert main(["corpus", "--output", "one", *code, "--source", *words, "--heldout-fraction", "0.3"]) == 0
    (here / "settings.yaml").write_text(
        "corpus:\n  heldout_fraction: 0.3\n  sources:\n"
        "    - {kind: folder, path: code, licence: PSF-2.0, weight: 1.0}\n"
        "    - {kind: json-lines, path: web.jsonl.gz, licence_field: license, group_field: repo, weight: 0.2}\n"
    )
    assert main(["corpus", "--config", "settings.yaml", "--output", "other"]) == 0
    for split in ("train", "heldout"):
        first, second = (
            [one.path for one in read_documents(here / name, split)] for name in ("one", "other")
        )
        assert first == second
    assert read_manifest(here / "one").licences.keys() == {"CC0-1.0", "PSF-2.0"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--source", "kind=json-line", "path=web.jsonl.gz"], "json-lines"),
        (["--source", "web.jsonl.gz"], "is no KEY=VALUE"),
        (["--source", "path=web.jsonl.gz", "colour=red"], "colour"),
        (["--source", "path=web.jsonl.gz", "weight=-1"], "weight"),
        (["gone"], "nothing is here"),
        (["code", "code"], "one label"),
    ],
)
def test_what_is_no_source_is_refused_with_status_2(
    here: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(["corpus", *words, "--output", "made"]) == 2
    assert message in capsys.readouterr().err
    assert not (here / "made").exists()


@pytest.mark.slow
def test_a_machine_without_text_takes_what_is_installed(here: Path) -> None:
    assert main(["corpus", "--output", "made"]) == 0
    assert [kind for kind, _, _ in sources_of(here / "made")] == ["python-stdlib", "installed-packages"]
    groups = [{one.group for one in read_documents(here / "made", split)} for split in ("train", "heldout")]
    assert not groups[0] & groups[1]


@pytest.mark.slow
def test_a_killed_command_goes_on(here: Path) -> None:
    records(here / "long.jsonl.gz", 6_000)
    command = [
        sys.executable,
        "-m",
        "specship.cli",
        "corpus",
        "long.jsonl.gz",
        "--licence",
        "MIT",
        "--output",
    ]
    subprocess.run([*command, "whole"], check=True, capture_output=True)
    process = subprocess.Popen([*command, "made"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    texts = here / "made.partial/spool/texts.bin"
    while not (texts.exists() and texts.stat().st_size):
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    subprocess.run([*command, "made"], check=True, capture_output=True)
    both: list[dict[str, Any]] = [
        {path.name: path.read_bytes() for path in (here / name).iterdir()} for name in ("whole", "made")
    ]
    assert both[0] == both[1]
