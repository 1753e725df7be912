"""GGUF: what is written, and a reader that refuses what would hurt llama.cpp."""

import os
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import gguf as library
import numpy as np
import pytest

from specship.errors import CannotWrite, DamagedArtifact, Place, UnusableInput
from specship.pipeline.checkpoint.folder import open_any_checkpoint
from specship.pipeline.comparison.gguf_tensors import compare_tensors
from specship.pipeline.export.vocabulary import read_vocabulary
from specship.pipeline.export.writer import export_gguf
from specship.pipeline.gguf.elements import element_of
from specship.pipeline.gguf.names import renamed_tensors
from specship.pipeline.gguf.reader import read_gguf
from specship.pipeline.model.rotary_order import interleave_rows, separate_rows
from specship.pipeline.tokenizer.vocabulary import token_bytes
from tests.editing import copy_of, edit_json
from tests.hostile import gguf_files
from tests.models.inference_chain import checkpoint, made

SHAPES = [{"tied": True}, {"tied": False}, {"tied": False, "head_dim": 24}]


@pytest.mark.parametrize("dtype", ["F32", "F16"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_tensor_comes_back_and_the_library_agrees(tmp_path: Path, shape: Any, dtype: Any) -> None:
    written = export_gguf(checkpoint(**shape), tmp_path / "model.gguf", dtype=dtype)
    opened = open_any_checkpoint(checkpoint(**shape))
    compared = compare_tensors(opened, written)
    assert len(compared) == len(opened.tensors) == len(written.tensors)
    assert all(tensor.equal for tensor in compared)
    assert ("output.weight" in written.tensors) is not shape["tied"]
    theirs = library.GGUFReader(written.path)
    assert [tensor.name for tensor in theirs.tensors] == list(written.tensors)
    for tensor in theirs.tensors:
        np.testing.assert_array_equal(tensor.data, written.array(tensor.name))
    assert {key for key in theirs.fields if not key.startswith("GGUF.")} == written.metadata.keys()


COSINES = {"BF16": 0.99999, "Q8_0": 0.9999, "Q4_0": 0.99}


@pytest.mark.parametrize("dtype", COSINES)
def test_quantized_tensors_are_the_librarys_and_stay_close(tmp_path: Path, dtype: Any) -> None:
    """Byte for byte what `gguf` makes of each tensor, and near the original when read back."""
    written = export_gguf(checkpoint(tied=False), tmp_path / "model.gguf", dtype=dtype)
    opened = open_any_checkpoint(checkpoint(tied=False))
    theirs = {tensor.name: tensor for tensor in library.GGUFReader(written.path).tensors}
    kind = library.GGMLQuantizationType[dtype]
    for tensor in renamed_tensors(opened.shape):
        original = opened.array(tensor.checkpoint)
        rows = interleave_rows(original, tensor.heads) if tensor.heads else original
        expected = library.quants.quantize(rows, kind).view(np.uint8) if rows.ndim > 1 else rows
        np.testing.assert_array_equal(theirs[tensor.gguf].data, expected)
    compared = compare_tensors(opened, written)

    assert Counter(tensor.type.name for tensor in written.tensors.values()) == {"F32": 5, dtype: 16}
    assert written.metadata["general.file_type"] == {"BF16": 32, "Q8_0": 7, "Q4_0": 2}[dtype]
    assert all(tensor.equal and tensor.cosine > COSINES[dtype] for tensor in compared)


def test_a_changed_quantized_block_is_seen(tmp_path: Path) -> None:
    written = export_gguf(checkpoint(), tmp_path / "model.gguf", dtype="Q8_0")
    tensor = written.tensors["blk.1.ffn_up.weight"]
    with written.path.open("r+b") as file:
        file.seek(tensor.offset + 5)
        byte = file.read(1)
        file.seek(tensor.offset + 5)
        file.write(bytes([byte[0] ^ 0x40]))

    compared = compare_tensors(open_any_checkpoint(checkpoint()), read_gguf(written.path))
    assert [one.name for one in compared if not one.equal] == ["model.layers.1.mlp.up_proj.weight"]


def test_rows_that_do_not_divide_into_blocks_are_f16() -> None:
    assert element_of("Q8_0", (10, 64)).name == "Q8_0"
    assert element_of("Q8_0", (10, 48)).name == "F16"
    assert element_of("Q4_0", (64,)).name == "F32"


def test_token_list_is_as_long_as_the_embedding() -> None:
    written = read_gguf(made("gguf") / "model.gguf")
    tokens, types = (written.metadata[f"tokenizer.ggml.{key}"] for key in ("tokens", "token_type"))
    assert len(tokens) == len(types) == written.tensors["token_embd.weight"].shape[0] == 512
    assert tokens[500] == "[PAD500]"
    assert types[0] == 3
    assert set(types[500:]) == {5}


def test_reordering_rows_is_undone_by_its_inverse() -> None:
    weight = np.arange(48 * 3).reshape(48, 3)
    assert not np.array_equal(interleave_rows(weight, 2), weight)
    np.testing.assert_array_equal(separate_rows(interleave_rows(weight, 2), 2), weight)


def test_a_refused_export_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = copy_of(checkpoint(), tmp_path / "odd")
    edit_json(folder / "tokenizer.json", normalizer={"type": "NFKC"})
    with pytest.raises(UnusableInput, match="normalises text"):
        export_gguf(folder, tmp_path / "out" / "model.gguf")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises((CannotWrite, NotADirectoryError, FileExistsError)):
        export_gguf(checkpoint(), tmp_path / "file" / "model.gguf")


def test_a_vocabulary_larger_than_the_embedding_is_refused() -> None:
    with pytest.raises(UnusableInput, match="has no row"):
        read_vocabulary(checkpoint(), 499)


def test_token_bytes_spell_the_text() -> None:
    tokenizer = open_any_checkpoint(checkpoint()).tokenizer()
    text = "def f():\n\treturn 'é 你'\n"
    spelled = b"".join(token_bytes(tokenizer.id_to_token(i) or "") for i in tokenizer.encode(text).ids)
    assert spelled.decode() == text


@pytest.mark.parametrize(("data", "message", "offset"), gguf_files.FILES.values(), ids=gguf_files.FILES)
def test_a_bad_file_is_refused_with_its_offset(
    tmp_path: Path, data: bytes, message: str, offset: int
) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(data)
    with pytest.raises(DamagedArtifact, match=re.escape(message)) as caught:
        read_gguf(path)
    assert caught.value.at == Place(str(path), offset=offset)
    assert caught.value.mend


OTHERS: dict[str, tuple[bytes, str, str]] = {
    "a pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n",
        "a Git LFS pointer",
        "lfs pull",
    ),
    "an old file": (b"tjgg" + bytes(40), "from before GGUF", "specship export"),
    "a gzip archive": (b"\x1f\x8b\x08\0" * 9, "a gzip archive", "gunzip"),
    "an error of a server": (b'{"error":"Repository not found"}' * 9, "a text, as a server", "hf auth login"),
    "a page": (b"<!DOCTYPE html><html></html>" * 9, "a web page", "fetch the file itself"),
    "an archive": (b"PK\3\4" + bytes(40), "an archive or a pickle", "safetensors"),
    "a control vector": (
        gguf_files.file(gguf_files.key("general.architecture", 8, gguf_files.text("controlvector"))),
        "a control vector, and no model",
        "the language model",
    ),
}


@pytest.mark.parametrize(("data", "message", "mend"), OTHERS.values(), ids=OTHERS)
def test_what_is_no_model_is_called_what_it_is(tmp_path: Path, data: bytes, message: str, mend: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(data)
    with pytest.raises(UnusableInput, match=message) as caught:
        read_gguf(path)
    assert mend in caught.value.mend


def test_a_text_that_decides_nothing_may_be_any_bytes(tmp_path: Path) -> None:
    names = gguf_files.array("general.tags", 8, 2, gguf_files.text("a") + gguf_files.text(b"\xff"))
    name = gguf_files.key("general.name", 8, gguf_files.text(b"caf\xe9"))
    (tmp_path / "model.gguf").write_bytes(gguf_files.among_keys(name, names))
    metadata = read_gguf(tmp_path / "model.gguf").metadata
    assert (metadata["general.name"], metadata["general.tags"]) == ("caf\ufffd", ["a", "\ufffd"])


@pytest.mark.parametrize("data", gguf_files.SOUND.values(), ids=gguf_files.SOUND)
def test_a_sound_file_is_what_the_library_reads(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "model.gguf").write_bytes(data)
    ours, theirs = read_gguf(tmp_path / "model.gguf"), library.GGUFReader(tmp_path / "model.gguf")
    assert ours.metadata == {
        name: field.contents() for name, field in theirs.fields.items() if not name.startswith("GGUF.")
    }
    assert [tensor.name for tensor in theirs.tensors] == list(ours.tensors)
    for tensor in theirs.tensors:
        assert tensor.data_offset == ours.tensors[tensor.name].offset
        np.testing.assert_array_equal(tensor.data, ours.array(tensor.name))


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_file_is_refused(tmp_path: Path, share: Any) -> None:
    data = (made("gguf") / "model.gguf").read_bytes()
    (tmp_path / "cut.gguf").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(DamagedArtifact, match="cut"):
        read_gguf(tmp_path / "cut.gguf")


def test_neither_folder_pipe_device_link_nor_nothing_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(gguf_files.SOUND["one tensor"])
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert read_gguf(tmp_path / "file")
    for path in (tmp_path, Path("/dev/zero"), *(tmp_path / name for name in ("pipe", "link", "nothing"))):
        with pytest.raises(DamagedArtifact):
            read_gguf(path)


def test_what_llama_cpp_would_accept_and_we_refuse_stays_refused(tmp_path: Path) -> None:
    """The library reads a file with surplus bytes behind; ours does not."""
    shutil.copy(made("gguf") / "model.gguf", tmp_path / "more.gguf")
    with (tmp_path / "more.gguf").open("ab") as opened:
        opened.write(b"\0" * 4096)
    library.GGUFReader(tmp_path / "more.gguf")
    with pytest.raises(DamagedArtifact, match="the file at"):
        read_gguf(tmp_path / "more.gguf")
