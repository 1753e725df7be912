"""K-quants through llama.cpp's own quantizer: the real one, and programs in its place that go wrong."""

import functools
import importlib.util
import shutil
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from specship.cli import main
from specship.cli.commands import export
from specship.errors import StageFailed
from specship.pipeline.checkpoint.folder import open_any_checkpoint
from specship.pipeline.comparison.gguf_tensors import compare_tensors
from specship.pipeline.export import quantizer
from specship.pipeline.export.quantizer import K_QUANTS, PROGRAM, export_quantized
from specship.pipeline.gguf.elements import FILE_TYPES
from specship.pipeline.gguf.reader import read_gguf
from specship.pipeline.inference.llamacpp import LlamaCppRequest, ask_llama_cpp
from tests.models.inference_chain import checkpoint as narrow
from tests.models.inference_chain import tokenizer
from tests.models.once import base
from tests.models.saved_families import saved

WIDE: Final = {"hidden_size": 256, "intermediate_size": 512, "head_dim": 64, "num_attention_heads": 4}


@functools.cache
def checkpoint() -> Path:
    """Rows that divide into blocks of 256."""
    folder = saved(base() / "wide", "qwen2", WIDE | {"eos_token_id": 0}, "bfloat16", "1GB")
    shutil.copy(tokenizer() / "tokenizer.json", folder)
    return folder


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A `llama-quantize` on the PATH, with the arguments SOURCE TARGET TYPE THREADS."""
    folder.mkdir()
    path = folder / PROGRAM
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


needs_the_real_one = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("cyllama") is None, reason="pip install 'specship[quantize]'"
    ),
]


def by_bindings(*_: Any) -> None:
    """The quantizer of the Python bindings."""


def by_program(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same one behind a program of the name that llama.cpp gives its own."""
    program(
        folder, monkeypatch, f'exec {sys.executable} -I -m specship.pipeline.export.llamacpp_quantizer "$@"'
    )


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=needs_the_real_one) for way in (by_bindings, by_program)]
)
def test_the_real_quantizer_keeps_every_tensor_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], way: Any
) -> None:
    way(tmp_path / "bin", monkeypatch)
    output = tmp_path / "out" / "model.gguf"
    assert main(["export", str(checkpoint()), str(output), "--dtype", "Q6_K"]) == 0
    assert "tensors" in capsys.readouterr().out
    monkeypatch.undo()
    assert [path.name for path in output.parent.iterdir()] == ["model.gguf"]
    written = read_gguf(output)
    compared = compare_tensors(open_any_checkpoint(checkpoint()), written)
    assert len(compared) == len(written.tensors)
    assert sum(tensor.type.name == "Q6_K" for tensor in written.tensors.values()) >= 14
    assert {one.equal for one in compared if one.type == "Q6_K"} == {None}
    assert all(one.equal for one in compared if one.type == "F32")
    assert min(one.cosine for one in compared) > 0.999
    answer = ask_llama_cpp(LlamaCppRequest(gguf=str(output), prompts=((5, 6, 7),), steps=8))
    assert len(answer.completions[0]) == 8


@pytest.mark.parametrize("dtype", [pytest.param(one, marks=needs_the_real_one) for one in ("Q2_K", "Q4_K_M")])
def test_rows_that_do_not_divide_fall_back_as_in_llama_cpp(tmp_path: Path, dtype: str) -> None:
    """Rows of 64 and 96 have no blocks of 256; llama.cpp takes a type of 32 for each."""
    written = export_quantized(narrow(), tmp_path / "model.gguf", dtype=dtype)
    blocks = {tensor.type.block for tensor in written.tensors.values() if len(tensor.shape) > 1}
    assert blocks == {32}
    compared = compare_tensors(open_any_checkpoint(narrow()), written)
    assert min(one.cosine for one in compared) > 0.99


def test_without_a_quantizer_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(quantizer, "BINDINGS", "a_package_that_nobody_has")
    assert main(["export", str(narrow()), str(tmp_path / "out" / "model.gguf"), "--dtype", "Q4_K_M"]) == 2
    said = capsys.readouterr().err
    assert "llama.cpp's quantizer is not installed" in said
    assert "pip install 'specship[quantize]'" in said
    assert not (tmp_path / "out").exists()


FAULTS: Final = {
    "it refuses": ("echo 'error: no such type' >&2; exit 3", "status 3"),
    "it is killed": ("kill -9 $$", "status -9"),
    "it only copies": ('cp "$1" "$2"', "another file type"),
    "it writes nothing": ("exit 0", "cannot be opened"),
    "it writes something else": ('echo GGUF > "$2"', "cut short"),
}


@pytest.mark.parametrize(("script", "message"), FAULTS.values(), ids=FAULTS)
def test_a_quantizer_that_goes_wrong_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    script: str,
    message: str,
) -> None:
    program(tmp_path / "bin", monkeypatch, script)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "model.gguf").write_text("from before")
    assert main(["export", str(narrow()), str(tmp_path / "out" / "model.gguf"), "--dtype", "Q4_K_M"]) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["model.gguf"]
    assert (tmp_path / "out" / "model.gguf").read_text() == "from before"


def test_the_log_of_a_quantizer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    program(tmp_path / "bin", monkeypatch, "echo '[   7/  26] blk.0'; echo 'bad luck'; exit 1")
    with pytest.raises(StageFailed) as caught:
        export_quantized(
            narrow(),
            tmp_path / "m.gguf",
            dtype="Q6_K",
            tensors=lambda done, total: seen.append((done, total)),
        )
    assert seen == [(7, 26)]
    assert "bad luck" in caught.value.why


def test_the_command_offers_what_there_is() -> None:
    assert set(export._OURS) == set(FILE_TYPES)
    assert list(export._OF_LLAMA_CPP) == list(K_QUANTS)
