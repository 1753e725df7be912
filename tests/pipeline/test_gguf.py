"""GGUF: what is written, and a reader that refuses what would hurt llama.cpp."""

import os
import shutil
import struct
import time
from pathlib import Path
from typing import Any

import gguf as library
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specship.errors import CannotWrite, DamagedArtifact, UnusableInput
from specship.pipeline.checkpoint_folder import open_checkpoint
from specship.pipeline.gguf_comparison import compare_tensors
from specship.pipeline.gguf_reader import read_gguf
from specship.pipeline.gguf_vocabulary import read_vocabulary, token_bytes
from specship.pipeline.gguf_writer import export_gguf
from specship.pipeline.rotary_order import interleave_rows, separate_rows
from tests.inference_chain import base, checkpoint, copy_of, edit_json, made

SHAPES = [{"tied": True}, {"tied": False}, {"tied": False, "head_dim": 24}]


@pytest.mark.parametrize("dtype", ["F32", "F16"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_tensor_comes_back_and_the_library_agrees(tmp_path: Path, shape: Any, dtype: Any) -> None:
    written = export_gguf(checkpoint(**shape), tmp_path / "model.gguf", dtype=dtype)
    opened = open_checkpoint(checkpoint(**shape))
    compared = compare_tensors(opened, written)
    assert len(compared) == len(opened.tensors) == len(written.tensors)
    assert all(tensor.equal for tensor in compared)
    assert ("output.weight" in written.tensors) is not shape["tied"]
    theirs = library.GGUFReader(written.path)
    assert [tensor.name for tensor in theirs.tensors] == list(written.tensors)
    for tensor in theirs.tensors:
        np.testing.assert_array_equal(tensor.data, written.array(tensor.name))
    assert {key for key in theirs.fields if not key.startswith("GGUF.")} == written.metadata.keys()


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
    edit_json(folder / "tokenizer.json", normalizer={"type": "NFC"})
    with pytest.raises(UnusableInput, match="normalises text"):
        export_gguf(folder, tmp_path / "out" / "model.gguf")
    assert not list((tmp_path / "out").iterdir())


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises((CannotWrite, NotADirectoryError, FileExistsError)):
        export_gguf(checkpoint(), tmp_path / "file" / "model.gguf")


def test_a_vocabulary_larger_than_the_embedding_is_refused() -> None:
    with pytest.raises(UnusableInput, match="has no row"):
        read_vocabulary(checkpoint() / "tokenizer.json", 499)


def test_token_bytes_spell_the_text() -> None:
    tokenizer = open_checkpoint(checkpoint()).tokenizer()
    text = "def f():\n\treturn 'é 你'\n"
    spelled = b"".join(token_bytes(tokenizer.id_to_token(i) or "") for i in tokenizer.encode(text).ids)
    assert spelled.decode() == text


def text(value: str | bytes) -> bytes:
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def key(name: str | bytes, kind: int, value: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + value


ARCHITECTURE = key("general.architecture", 8, text("llama"))


def tensor(name: str = "t", dimensions: tuple[int, ...] = (8,), kind: int = 0, offset: int = 0) -> bytes:
    shape = struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
    return text(name) + shape + struct.pack("<IQ", kind, offset)


SMALL = tensor()


def file(
    *keys: bytes,
    tensors: tuple[bytes, ...] = (SMALL,),
    data: bytes = b"\1" * 32,
    version: int = 3,
    tensor_count: int | None = None,
    key_count: int | None = None,
) -> bytes:
    counts = (tensor_count if tensor_count is not None else len(tensors), key_count or len(keys))
    head = b"GGUF" + struct.pack("<IQQ", version, *counts) + b"".join(keys) + b"".join(tensors)
    return head + b"\0" * (-len(head) % 32) + data


BAD_FILES = {
    "empty": b"",
    "another format": b"GGML" + b"\0" * 40,
    "version 1": file(ARCHITECTURE, version=1),
    "no tensors": file(ARCHITECTURE, tensors=()),
    "2^63 tensors": file(ARCHITECTURE, tensor_count=2**63),
    "2^63 keys": file(ARCHITECTURE, key_count=2**63),
    "one key too many": file(ARCHITECTURE, key_count=2),
    "empty key": file(ARCHITECTURE, key("", 4, b"\0" * 4)),
    "a key twice": file(ARCHITECTURE, ARCHITECTURE),
    "string of 2^62 bytes": file(key("a", 8, struct.pack("<Q", 2**62))),
    "array of 2^63 elements": file(key("a", 9, struct.pack("<IQ", 4, 2**63))),
    "nested array": file(key("a", 9, struct.pack("<IQ", 9, 1))),
    "unknown value type": file(key("a", 13, b"\0" * 8)),
    "truth value 7": file(key("a", 7, b"\7")),
    "known key of another type": file(key("general.alignment", 8, text("32"))),
    "token types as bytes": file(key("tokenizer.ggml.token_type", 9, struct.pack("<IQ", 0, 1) + b"\1")),
    "alignment 24": file(key("general.alignment", 4, struct.pack("<I", 24))),
    "alignment 0": file(key("general.alignment", 4, struct.pack("<I", 0))),
    "513 layers": file(key("llama.block_count", 4, struct.pack("<I", 513))),
    "key that is not UTF-8": file(key(b"\xff\xfe", 4, b"\0" * 4)),
    "long tensor name": file(ARCHITECTURE, tensors=(tensor("n" * 64),)),
    "five dimensions": file(ARCHITECTURE, tensors=(tensor(dimensions=(1, 1, 1, 1, 8)),)),
    "dimension 0": file(ARCHITECTURE, tensors=(tensor(dimensions=(0,)),)),
    "product beyond 2^63": file(ARCHITECTURE, tensors=(tensor(dimensions=(2**32, 2**32)),)),
    "unknown element type": file(ARCHITECTURE, tensors=(tensor(kind=99),)),
    "rows that are no whole blocks": file(ARCHITECTURE, tensors=(tensor(kind=12, dimensions=(255,)),)),
    "a tensor twice": file(ARCHITECTURE, tensors=(tensor(), tensor(offset=32)), data=b"\1" * 64),
    "overlapping tensors": file(ARCHITECTURE, tensors=(tensor("a"), tensor("b")), data=b"\1" * 64),
    "misaligned offset": file(ARCHITECTURE, tensors=(tensor(offset=4),), data=b"\1" * 64),
    "trailing bytes": file(ARCHITECTURE, data=b"\1" * 4128),
    "one byte short": file(ARCHITECTURE, data=b"\1" * 31),
}


@pytest.mark.parametrize("data", BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_refused_quickly_with_its_offset(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(data)
    began = time.monotonic()
    with pytest.raises(DamagedArtifact) as caught:
        read_gguf(path)
    assert time.monotonic() - began < 1
    assert caught.value.at is not None
    assert caught.value.at.offset is not None


def test_the_smallest_sound_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(file(ARCHITECTURE))
    assert list(read_gguf(tmp_path / "model.gguf").tensors) == ["t"]


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_file_is_refused(tmp_path: Path, share: Any) -> None:
    data = (made("gguf") / "model.gguf").read_bytes()
    (tmp_path / "cut.gguf").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(DamagedArtifact, match="cut"):
        read_gguf(tmp_path / "cut.gguf")


def test_neither_folder_nor_pipe_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "nothing"):
        with pytest.raises(DamagedArtifact):
            read_gguf(path)


@settings(max_examples=150, deadline=2000)
@given(st.data())
def test_a_mutated_file_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    source = base() / "mutated.gguf"
    original = (made("gguf") / "model.gguf").read_bytes()
    changed = bytearray(original)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, min(len(changed), 24_000) - 9))
        change = data.draw(st.sampled_from(["flip", "zero", "ones", "huge", "cut", "insert"]))
        if change == "flip":
            changed[at] ^= 1 << data.draw(st.integers(0, 7))
        elif change == "cut":
            del changed[at : at + data.draw(st.integers(1, 200))]
        elif change == "insert":
            changed[at:at] = data.draw(st.binary(min_size=1, max_size=40))
        else:
            value = {"zero": 0, "ones": 2**64 - 1, "huge": 2**63}[change]
            changed[at : at + 8] = struct.pack("<Q", value)
    source.write_bytes(changed)
    try:
        found = read_gguf(source)
    except DamagedArtifact:
        return
    assert sum(one.size for one in found.tensors.values()) <= len(changed)


def test_what_llama_cpp_would_accept_and_we_refuse_stays_refused(tmp_path: Path) -> None:
    """The library reads a file with surplus bytes behind; ours does not."""
    shutil.copy(made("gguf") / "model.gguf", tmp_path / "more.gguf")
    with (tmp_path / "more.gguf").open("ab") as opened:
        opened.write(b"\0" * 4096)
    library.GGUFReader(tmp_path / "more.gguf")
    with pytest.raises(DamagedArtifact, match="the file at"):
        read_gguf(tmp_path / "more.gguf")
