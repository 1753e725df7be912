"""A checkpoint folder: opened when it is whole, refused with place and cause when it is not."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import deserialize

from specship.errors import DamagedArtifact, Place, UnusableInput
from specship.pipeline.checkpoint.folder import open_any_checkpoint
from specship.pipeline.checkpoint.safetensors_header import read_safetensors_header
from tests.editing import copy_of, edit_json
from tests.hostile import safetensors_files
from tests.models.inference_chain import checkpoint


@pytest.mark.parametrize(
    ("data", "message", "offset"), safetensors_files.FILES.values(), ids=safetensors_files.FILES
)
def test_a_bad_header_is_refused_with_its_offset(
    tmp_path: Path, data: bytes, message: str, offset: int
) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(DamagedArtifact, match=re.escape(message)) as caught:
        read_safetensors_header(path)
    assert caught.value.at == Place(str(path), offset=offset)
    assert caught.value.why
    assert caught.value.mend


@pytest.mark.parametrize("data", safetensors_files.SOUND.values(), ids=safetensors_files.SOUND)
def test_a_sound_header_is_what_the_library_reads(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    library = dict(deserialize(data))  # type: ignore[no-untyped-call]
    assert {
        name: (stored.dtype, list(stored.shape), data[stored.offset :][: stored.size])
        for name, stored in read_safetensors_header(path).items()
    } == {name: (theirs["dtype"], theirs["shape"], theirs["data"]) for name, theirs in library.items()}


def test_neither_folder_pipe_device_link_nor_nothing_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(safetensors_files.one())
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert read_safetensors_header(tmp_path / "file")
    for path in (tmp_path, Path("/dev/zero"), *(tmp_path / name for name in ("pipe", "link", "nothing"))):
        with pytest.raises(DamagedArtifact):
            read_safetensors_header(path)


def test_what_we_read_is_what_the_library_reads() -> None:
    from safetensors.numpy import load_file

    opened = open_any_checkpoint(checkpoint())
    library = load_file(opened.path / opened.files[0])
    assert opened.tensors.keys() == library.keys()
    for name, array in library.items():
        np.testing.assert_array_equal(opened.array(name), array)


@pytest.mark.parametrize("kept", [0, 7, 100, 5000])
def test_cut_weights_are_named(tmp_path: Path, kept: Any) -> None:
    folder = copy_of(checkpoint(), tmp_path / "cut")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:kept])
    with pytest.raises(DamagedArtifact, match=r"model\.safetensors@") as caught:
        open_any_checkpoint(folder)
    assert "cut short" in str(caught.value)


def test_pickled_weights_are_never_opened(tmp_path: Path) -> None:
    folder = copy_of(checkpoint(), tmp_path / "pickled")
    shutil.move(folder / "model.safetensors", folder / "pytorch_model.bin")
    with pytest.raises(UnusableInput, match="pickled weights are not opened") as caught:
        open_any_checkpoint(folder)
    assert "save_pretrained" in caught.value.mend


BAD_CONFIGS = {
    "another architecture": ({"architectures": ["Qwen2ForCausalLM"]}, "architectures is"),
    "biases that are not stored": ({"attention_bias": True}, r"8 things do not fit, first .*k_proj\.bias"),
    "scaled rotation": ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1.0}}, "rope_parameters"),
    "no hidden size": ({"hidden_size": None}, "hidden_size"),
    "text for a count": ({"num_hidden_layers": "2"}, "num_hidden_layers"),
    "negative epsilon": ({"rms_norm_eps": -1.0}, "rms_norm_eps"),
    "heads that do not divide": ({"num_key_value_heads": 3}, "multiple of kv heads"),
    "end token outside": ({"eos_token_id": 512}, "eos_token_id"),
    "more layers than stored": (
        {"num_hidden_layers": 3},
        "model.layers.2.input_layernorm.weight is not stored",
    ),
    "fewer layers than stored": ({"num_hidden_layers": 1}, "belongs to no llama like this"),
    "another width": ({"intermediate_size": 95}, "has shape"),
    "head not stored": ({"tie_word_embeddings": False}, "first lm_head.weight is not stored"),
}


@pytest.mark.parametrize(("changes", "message"), BAD_CONFIGS.values(), ids=BAD_CONFIGS)
def test_a_contradicting_configuration_is_refused(tmp_path: Path, changes: Any, message: str) -> None:
    folder = copy_of(checkpoint(), tmp_path / "odd")
    edit_json(folder / "config.json", **changes)
    with pytest.raises(UnusableInput, match=message):
        open_any_checkpoint(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": NaN}', "\ufeff{}"])
def test_a_garbled_configuration_is_refused(tmp_path: Path, text: str) -> None:
    folder = copy_of(checkpoint(), tmp_path / "garbled")
    (folder / "config.json").write_text(text)
    with pytest.raises(UnusableInput):
        open_any_checkpoint(folder)


def test_a_missing_tokenizer_is_named(tmp_path: Path) -> None:
    folder = copy_of(checkpoint(), tmp_path / "mute")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(DamagedArtifact, match=r"there is no tokenizer\.json"):
        open_any_checkpoint(folder).tokenizer()
