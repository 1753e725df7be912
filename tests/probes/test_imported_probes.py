"""Probes of a checkpoint that was taken over: sound, with a planted fault, unreadable."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specship.errors import DamagedArtifact
from specship.pipeline.checkpoint.safetensors_header import read_safetensors_header
from tests.editing import copy_of, edit_json
from tests.models.foreign_checkpoints import safetensors
from tests.models.imported_chain import made, measure

WEIGHTS = "model.safetensors"
ONE = "model.layers.1.mlp.up_proj.weight"


def test_what_another_tool_wrote_is_foreign() -> None:
    """In shards, rounded, with rows that no token uses, chat tokens and a template: all that a stranger's has."""
    folder = made("foreign")
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    config = json.loads((folder / "config.json").read_text())

    assert len(set(index["weight_map"].values())) > 2
    assert (config["dtype"], config["vocab_size"]) == ("bfloat16", 512)
    assert "im_start" in (folder / "chat_template.jinja").read_text()


def test_a_sound_import_has_every_tensor() -> None:
    found = measure("imported.tensors")

    assert (found["expected_tensors"], found["matched_tensors"], found["dtypes"]) == (28, 28, "BF16")
    assert (
        found["parameters"]
        == found["parameters_stored"]
        == 32768 + 64 + 2 * (128 + 3 * 64 * 96 + 12288 + 192)
    )
    names = ("unmatched", "surplus", "altered", "dropped")
    assert [found[f"{name}_tensors"] for name in names] == [0, 0, 0, 0]


def rewritten(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the tensors of a weights file: type, shape and bytes by name."""
    path = folder / WEIGHTS
    data = path.read_bytes()
    tensors: dict[str, Any] = {
        name: [one.dtype, list(one.shape), data[one.offset : one.offset + one.size]]
        for name, one in read_safetensors_header(path).items()
    }
    change(tensors)
    path.write_bytes(
        safetensors({name: (kind, tuple(shape), data) for name, (kind, shape, data) in tensors.items()})
    )


def dropped(tensors: dict[str, Any]) -> None:
    del tensors[ONE]


def altered(tensors: dict[str, Any]) -> None:
    content = tensors[ONE][2]
    tensors[ONE][2] = content[:100] + struct.pack("<H", 0x3F80) + content[102:]


def turned(tensors: dict[str, Any]) -> None:
    tensors[ONE][1].reverse()


def added(tensors: dict[str, Any]) -> None:
    tensors["lm_head.weight"] = ["BF16", [1, 1], b"\0\0"]


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (dropped, {"unmatched_tensors": 1, "dropped_tensors": 1, "matched_tensors": 27}),
        (altered, {"altered_tensors": 1, "matched_tensors": 27, "unmatched_tensors": 0}),
        (turned, {"unmatched_tensors": 1, "altered_tensors": 1, "parameters_unaccounted": 0}),
        (added, {"surplus_tensors": 1, "altered_tensors": 1, "parameters_unaccounted": 1}),
    ],
)
def test_a_tensor_that_is_not_the_sources_is_seen(
    change: Callable[[dict[str, Any]], Any], seen: dict[str, int], tmp_path: Path
) -> None:
    folder = copy_of(made("checkpoint"), tmp_path / "checkpoint")
    rewritten(folder, change)
    found = measure("imported.tensors", checkpoint=folder)

    assert {name: found[name] for name in seen} == seen


def test_a_config_of_another_size_is_seen(tmp_path: Path) -> None:
    folder = copy_of(made("checkpoint"), tmp_path / "checkpoint")
    edit_json(folder / "config.json", num_hidden_layers=3)
    found = measure("imported.tensors", checkpoint=folder)

    assert (found["expected_tensors"], found["unmatched_tensors"]) == (41, 13)


def test_a_field_that_had_to_be_assumed_is_seen(tmp_path: Path) -> None:
    folder = copy_of(made("checkpoint"), tmp_path / "checkpoint")
    config = json.loads((folder / "config.json").read_text())
    del config["rms_norm_eps"]
    (folder / "config.json").write_text(json.dumps(config))

    assert measure("imported.tensors", checkpoint=folder)["assumed_fields"] == 1


def test_a_vocabulary_beyond_the_embedding_is_seen(tmp_path: Path) -> None:
    folder = copy_of(made("checkpoint"), tmp_path / "checkpoint")
    edit_json(folder / "config.json", vocab_size=500)
    found = measure("imported.tensors", checkpoint=folder)

    assert (found["tokens_without_row"], found["unmatched_tensors"]) == (2, 1)


@pytest.mark.parametrize("name", ["config.json", "inventory.json", WEIGHTS, "tokenizer.json"])
def test_an_unreadable_import_is_told_so(name: str, tmp_path: Path) -> None:
    folder = copy_of(made("checkpoint"), tmp_path / "checkpoint")
    (folder / name).write_text("{")

    with pytest.raises(DamagedArtifact):
        measure("imported.tensors", checkpoint=folder)
