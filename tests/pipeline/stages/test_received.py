"""A folder beside the project taken over as a checkpoint, and published files fetched over HTTP."""

import json
import shutil
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from specship.digests import sha256_bytes
from specship.errors import DamagedArtifact, RequirementMissing, StageFailed
from specship.pipeline.publication.fetching import fetch, served
from specship.pipeline.registry import maker_of, run_stage, stage_named
from specship.probes.measuring import measure
from specship.probes.probe import Artifact
from specship.probes.registry import all_probes
from tests.models.foreign_checkpoints import foreign
from tests.models.other_families import other
from tests.models.trained_checkpoint import copied, put

SETTINGS: dict[str, Any] = {"received": {"folder": "models/theirs", "source": "Somebody/Something at 1234"}}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, as a stage's child process does."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def received(project: Path) -> Path:
    run_stage(stage_named("received"), SETTINGS, {}, project / "out", lambda *_, **__: None)
    return project / "out"


def test_the_section_in_the_settings_chooses_how_a_checkpoint_comes_about() -> None:
    assert maker_of("checkpoint", SETTINGS).name == "received"
    assert maker_of("checkpoint", {"imported": {}}).name == "imported"
    assert maker_of("checkpoint", {"training": {}}).name == "checkpoint"


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3"])
def test_a_folder_is_taken_over_with_its_inventory_and_origin(family: str, project: Path) -> None:
    source = foreign(family, shards=3, dtype="BF16").write(project / "models/theirs")
    (source / "README.md").write_text("---\nlicense: apache-2.0\ntags:\n- code\n---\n# Something\n")
    folder = received(project)
    inventory = json.loads((folder / "inventory.json").read_text())
    provenance = json.loads((folder / "provenance.json").read_text())

    assert {entry["dtype"] for entry in inventory["tensors"]} == {"BF16"}
    assert all(len(entry["sha256"]) == 64 for entry in inventory["tensors"])
    assert str(project) not in json.dumps(inventory)
    assert (provenance["source"], provenance["licence"]) == ("Somebody/Something at 1234", "Apache-2.0")
    assert provenance["files"].keys() == {path.name for path in source.iterdir()}


@pytest.mark.parametrize("card", [None, "# No front matter\n", "---\nlicense\n"])
def test_a_source_that_names_no_licence_has_none(card: str | None, project: Path) -> None:
    source = foreign("llama").write(project / "models/theirs")
    if card is not None:
        (source / "README.md").write_text(card)

    assert json.loads((received(project) / "provenance.json").read_text())["licence"] == ""


def test_a_folder_that_is_not_there_blocks(project: Path) -> None:
    with pytest.raises(RequirementMissing, match="not there"):
        received(project)


def test_a_tensor_that_does_not_fit_is_refused(project: Path) -> None:
    made = foreign("llama")
    del made.tensors["model.norm.weight"]
    made.write(project / "models/theirs")

    with pytest.raises(DamagedArtifact, match=r"model\.norm\.weight"):
        received(project)


def test_another_byte_in_the_folder_is_another_checkpoint(project: Path) -> None:
    source = foreign("llama").write(project / "models/theirs")
    outside = stage_named("received").outside
    assert outside is not None
    before = outside(SETTINGS, project)
    (source / "LICENSE").write_text("Do as you like.\n")

    assert outside(SETTINGS, project) != before


def test_files_come_over_http_as_they_lie_there(tmp_path: Path) -> None:
    content = bytes(range(256)) * 9000
    (tmp_path / "a file.bin").write_bytes(content)
    with served(tmp_path, None) as base:
        got = fetch(base, "a file.bin")

    assert (got.bytes, got.sha256) == (len(content), sha256_bytes(content))


def test_a_file_that_is_not_handed_out_fails(tmp_path: Path) -> None:
    with served(tmp_path, None) as base, pytest.raises(StageFailed, match="404"):
        fetch(base, "model.gguf")


def test_nobody_at_the_address_blocks(tmp_path: Path) -> None:
    with served(tmp_path, None) as base:
        pass
    with pytest.raises(RequirementMissing, match="nobody answers"):
        fetch(base, "model.gguf")


class _Short(BaseHTTPRequestHandler):
    """Announces more than it sends."""

    def __init__(self, *arguments: Any, announced: str) -> None:
        self.announced = announced
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", self.announced)
        self.end_headers()
        self.wfile.write(b"half")

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def short() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Short, announced="8")) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_half_a_file_fails(short: str) -> None:
    with pytest.raises(StageFailed, match="ends after 4 bytes, 8 were announced"):
        fetch(short, "model.gguf")


DRAWN: dict[str, Any] = {
    "new_tokens": 8,
    "judged": "sampled",
    "samples": 2,
    "temperature": 0.8,
    "top_k": 0,
    "top_p": 1.0,
    "seed": 1,
    "threads": 1,
    "device": "cpu",
}


def figures(name: str, **artifacts: Path) -> dict[str, Any]:
    given = {at: Artifact(at, path, "digest") for at, path in artifacts.items()}
    found = measure(all_probes()[name], given)
    return {quantity: one.value for quantity, one in found.quantities.items()}


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gpt2", "qwen3_moe"])
def test_a_family_without_a_decoder_of_ours(project: Path, family: str) -> None:
    """Taken over tensor by tensor, asked for text by the stage, and judged by the probes."""
    shutil.copytree(other(family), project / "models/theirs")
    checkpoint = received(project)
    told = figures("imported.tensors", checkpoint=checkpoint)
    assert told["matched_tensors"] == told["expected_tensors"] == told["stored_tensors"] > 20
    assert (told["unmatched_tensors"], told["surplus_tensors"], told["parameters_unaccounted"]) == (0, 0, 0)

    settings = {**SETTINGS, "completions": {"headers": ["def fib(n):"], **DRAWN}}
    stage = maker_of("completions", settings)
    run_stage(stage, settings, {"checkpoint": checkpoint}, project / "texts", lambda *_, **__: None)
    assert json.loads((project / "texts/generations.json").read_text())["engine"].startswith("transformers ")
    told = figures("completions.syntax", checkpoint=checkpoint, completions=project / "texts")
    assert (told["completions"], told["altered"]) == (2, 0)


@pytest.mark.slow
def test_a_family_without_a_decoder_of_ours_and_with_a_tensor_missing(project: Path) -> None:
    put(copied(project / "models/theirs", other("gpt2")), **{"transformer.ln_f.bias": None})
    with pytest.raises(DamagedArtifact, match=r"1 thing does not fit, first transformer\.ln_f\.bias"):
        received(project)
