"""What an export costs and what it leaves behind: memory, imports, a full disk, a checkpoint that changes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from specship.cli import main
from specship.errors import CannotWrite, DamagedArtifact
from specship.pipeline.export import tensor_data
from specship.pipeline.export.writer import export_gguf
from specship.pipeline.gguf.reader import read_gguf
from tests.editing import copy_of, edit_json
from tests.models.export_cases import checkpoint
from tests.models.inference_chain import checkpoint as plain

LARGEST: Final = 512 * 131_072 * 2
"""Bytes of the large checkpoint's embedding."""
ALLOWED: Final = 200 << 20


def large(folder: Path) -> Path:
    """The tiny checkpoint with a much longer embedding, as a sparse file: 128 MiB of zeros in bfloat16."""
    copy_of(plain(), folder)
    edit_json(
        folder / "config.json", vocab_size=131_072, hidden_size=512, intermediate_size=8, dtype="bfloat16"
    )
    (folder / "config.json").write_text(
        json.dumps(json.loads((folder / "config.json").read_text()) | {"head_dim": 16})
    )
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (131_072, 512),
        "model.norm.weight": (512,),
    }
    for index in range(2):
        layer = f"model.layers.{index}"
        shapes |= {f"{layer}.{name}layernorm.weight": (512,) for name in ("input_", "post_attention_")}
        for name, rows in {"q": 64, "k": 32, "v": 32}.items():
            shapes[f"{layer}.self_attn.{name}_proj.weight"] = (rows, 512)
        shapes[f"{layer}.self_attn.o_proj.weight"] = (512, 64)
        shapes |= {f"{layer}.mlp.{name}_proj.weight": (8, 512) for name in ("gate", "up")}
        shapes[f"{layer}.mlp.down_proj.weight"] = (512, 8)
    header, end = {}, 0
    for name, shape in shapes.items():
        begin, end = end, end + 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end)
    return folder


def exported_by_a_child(folder: Path, output: Path, dtype: str) -> tuple[int, list[str]]:
    """Peak memory in bytes of an export, start-up included, and which heavy modules it imported."""
    code = (
        "import sys; from specship.cli import main\n"
        f"assert main(['export', {str(folder)!r}, {str(output)!r}, '--dtype', {dtype!r}]) == 0\n"
        "peak = next(l for l in open('/proc/self/status') if l.startswith('VmHWM')).split()[1]\n"
        "heavy = {'torch', 'transformers', 'safetensors', 'gguf', 'pydantic', 'numpy'} & set(sys.modules)\n"
        "print(peak, *sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    peak, *heavy = done.stdout.splitlines()[-1].split()
    return int(peak) * 1024, heavy


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["BF16", "F32", "Q8_0"])
def test_peak_memory_is_bounded_by_the_largest_tensor(tmp_path: Path, dtype: str) -> None:
    """Far below the goal: less than the tensor itself, beside what the interpreter and libraries take."""
    peak, _ = exported_by_a_child(large(tmp_path / "large"), tmp_path / "model.gguf", dtype)
    assert (tmp_path / "model.gguf").stat().st_size > LARGEST / 2
    assert peak < LARGEST + ALLOWED
    assert peak < ALLOWED


def test_a_copying_export_imports_nothing_heavy(tmp_path: Path) -> None:
    assert exported_by_a_child(checkpoint("qwen2, tied, shards"), tmp_path / "a.gguf", "BF16")[1] == []
    assert exported_by_a_child(checkpoint("llama"), tmp_path / "b.gguf", "F16")[1] == ["numpy"]


@pytest.mark.parametrize("dtype", ["F32", "BF16", "Q8_0"])
def test_without_the_kernels_copy_the_bytes_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: Any
) -> None:
    export_gguf(checkpoint("qwen3"), tmp_path / "a.gguf", dtype=dtype)
    monkeypatch.delattr(os, "copy_file_range")
    monkeypatch.setattr(tensor_data, "_BUFFER_BYTES", 1000)
    export_gguf(checkpoint("qwen3"), tmp_path / "b.gguf", dtype=dtype)
    assert (tmp_path / "a.gguf").read_bytes() == (tmp_path / "b.gguf").read_bytes()


@pytest.mark.parametrize("case", ["llama, biases, shards", "qwen2, tied, shards"])
def test_a_small_buffer_makes_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """Portions of a head, or of a row, at a time."""
    for dtype in ("F32", "Q8_0"):
        export_gguf(checkpoint(case), tmp_path / "a.gguf", dtype=dtype)
        with monkeypatch.context() as patch:
            patch.setattr(tensor_data, "_BUFFER_BYTES", 1)
            export_gguf(checkpoint(case), tmp_path / "b.gguf", dtype=dtype)
        assert (tmp_path / "a.gguf").read_bytes() == (tmp_path / "b.gguf").read_bytes()


def test_progress_counts_every_byte(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    written = export_gguf(
        checkpoint("llama"), tmp_path / "m.gguf", report=lambda done, total, _: seen.append((done, total))
    )
    total = sum(tensor.size for tensor in written.tensors.values())
    assert seen == sorted(seen)
    assert seen[-1] == (total, total)
    assert len(seen) == len(written.tensors)


FULL: Final = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
from specship.cli import main
sys.exit(main(["export", *sys.argv[1:]]))
"""


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16", "Q4_0"])
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, dtype: str) -> None:
    (tmp_path / "model.gguf").write_text("from before")
    command = [
        sys.executable,
        "-c",
        FULL,
        str(checkpoint("qwen3")),
        str(tmp_path / "model.gguf"),
        "--dtype",
        dtype,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "cannot write" in done.stderr
    assert "mend:" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["model.gguf"]
    assert (tmp_path / "model.gguf").read_text() == "from before"


@pytest.mark.parametrize("dtype", ["F32", "F16"])
def test_weights_that_shrink_meanwhile_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: Any
) -> None:
    folder = copy_of(checkpoint("llama"), tmp_path / "theirs")
    opened = tensor_data.TensorFiles.descriptor

    def cut(files: Any, path: Path) -> int:
        os.truncate(path, path.stat().st_size // 2)
        return opened(files, path)

    monkeypatch.setattr(tensor_data.TensorFiles, "descriptor", cut)
    with pytest.raises(DamagedArtifact, match="ends early"):
        export_gguf(folder, tmp_path / "out" / "model.gguf", dtype=dtype)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("dtype", ["F16", "Q8_0", "Q4_0"])
def test_numbers_that_a_type_cannot_hold_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dtype: str
) -> None:
    folder = copy_of(checkpoint("llama"), tmp_path / "theirs")
    at = read_position(folder, "model.layers.1.mlp.up_proj.weight")
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(at)
        file.write(np.float32(3e38).tobytes())
    assert main(["export", str(folder), str(tmp_path / "out.gguf"), "--dtype", dtype]) == 2
    said = capsys.readouterr().err
    assert "model.layers.1.mlp.up_proj.weight: the weights hold numbers" in said
    assert f"{dtype} cannot store" in said
    assert main(["export", str(folder), str(tmp_path / "out.gguf"), "--dtype", "BF16"]) == 0
    assert read_gguf(tmp_path / "out.gguf").array("blk.1.ffn_up.weight").max() > 2.9e38


def read_position(folder: Path, name: str) -> int:
    """First byte of a tensor in its file."""
    data = (folder / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    return 8 + length + int(json.loads(data[8 : 8 + length])[name]["data_offsets"][0])


def test_a_folder_that_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite):
        export_gguf(checkpoint("llama"), tmp_path / "file" / "model.gguf")
