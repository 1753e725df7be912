"""A publish folder is what its manifest says, or the difference has a name."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.publication.publish_manifest import verify
from specship.pipeline.registry import all_stages, run_stage
from tests.editing import copy_of, edit_json
from tests.models.inference_chain import SETTINGS, checkpoint, corpus, made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_of(made("publication"), tmp_path / "publication")


def test_a_published_folder_verifies(folder: Path) -> None:
    found = verify(folder)
    assert found.sound
    assert {"README.md", "model.gguf", "model.safetensors", "tokenizer.json", "LICENCE.txt"} <= {
        entry.name for entry in found.files
    }


def test_the_card_names_the_licence_of_the_data(folder: Path) -> None:
    card = (folder / "README.md").read_text()
    assert "license_name: PSF-2.0\n" in card
    assert "| PSF-2.0 | 13 |" in card


def test_one_flipped_byte_is_noticed(folder: Path) -> None:
    data = bytearray((folder / "model.gguf").read_bytes())
    data[-1] ^= 1
    (folder / "model.gguf").write_bytes(data)
    assert verify(folder).mismatched == ("model.gguf",)


def test_a_dropped_file_and_a_new_one_are_noticed(folder: Path) -> None:
    (folder / "tokenizer.json").rename(folder / "surplus.json")
    found = verify(folder)
    assert (found.missing, found.unlisted) == (("tokenizer.json",), ("surplus.json",))
    assert not found.sound


def test_a_link_is_no_file(folder: Path, tmp_path: Path) -> None:
    shutil.move(folder / "model.gguf", tmp_path / "elsewhere")
    (folder / "model.gguf").symlink_to(tmp_path / "elsewhere")
    found = verify(folder)
    assert (found.missing, found.unlisted) == (("model.gguf",), ("model.gguf",))


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../secret", "a/../../b", "a//b", "./a", "a\\b", "a\nb", "", "manifest.json"]
)
def test_a_name_that_leaves_the_folder_is_refused(folder: Path, name: str) -> None:
    files = json.loads((folder / "manifest.json").read_text())["files"]
    edit_json(folder / "manifest.json", files=[files[0] | {"name": name}])
    with pytest.raises(DamagedArtifact):
        verify(folder)


@pytest.mark.parametrize("files", [[], None, [{}], "all"])
def test_a_manifest_without_files_is_refused(folder: Path, files: Any) -> None:
    edit_json(folder / "manifest.json", files=files)
    with pytest.raises(DamagedArtifact):
        verify(folder)


def test_a_name_given_twice_is_refused(folder: Path) -> None:
    files = json.loads((folder / "manifest.json").read_text())["files"]
    edit_json(folder / "manifest.json", files=[*files, files[0]])
    with pytest.raises(DamagedArtifact, match="twice"):
        verify(folder)


def test_a_checkpoint_with_another_tokenizer_is_not_published(tmp_path: Path) -> None:
    other = copy_of(checkpoint(), tmp_path / "checkpoint")
    (other / "tokenizer.json").write_text((other / "tokenizer.json").read_text() + "\n")
    inputs = {name: made(name) for name in ("tokenizer", "gguf")} | {"corpus": corpus(), "checkpoint": other}
    with pytest.raises(UnusableInput, match="another tokenizer"):
        run_stage(all_stages()["publication"], SETTINGS, inputs, tmp_path / "out", lambda *_, **__: None)
