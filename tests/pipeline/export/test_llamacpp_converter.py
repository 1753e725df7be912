"""Exports of families that our writer does not know, through a program in the place of llama.cpp's converter.

The real one is asked in the slow test; the others stand for what a converter can do wrong.
"""

import os
from pathlib import Path
from typing import Any

import pytest
from benchmarks.llama_cpp_sources import sources

from specship.errors import DamagedArtifact, RequirementMissing, UnusableInput
from specship.pipeline.export.llamacpp_converter import export_by_converter
from specship.pipeline.gguf.reader import read_gguf
from specship.pipeline.inference.llamacpp_decoder import LlamaCppDecoder, open_other_gguf
from tests.editing import edit_json
from tests.models.other_families import other
from tests.models.other_ggufs import other_gguf
from tests.models.trained_checkpoint import copied, edit_config


def converter(folder: Path, body: str) -> Path:
    """A program that gets the converter's arguments; `out` is where it is to write."""
    folder.mkdir(exist_ok=True)
    path = folder / "convert_hf_to_gguf.py"
    path.write_text(
        "import pathlib, sys\n"
        "folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[sys.argv.index('--outfile') + 1])\n"
        f"data = pathlib.Path({str(other_gguf())!r}).read_bytes()\n{body}\n"
    )
    return path


@pytest.mark.slow
def test_what_it_wrote_is_held_against_the_checkpoint(tmp_path: Path) -> None:
    notes: list[str] = []
    sound = converter(tmp_path / "sound", "out.write_bytes(data)")
    output = tmp_path / "model.gguf"
    written = export_by_converter(other("gpt2"), output, converter=sound, note=notes.append)
    assert written.tensors.keys() == read_gguf(output).tensors.keys()
    assert notes == ["8 of 28 tensors of the file are transposed"]

    cases = {
        "another number": ("out.write_bytes(data[:-4] + b'\\0\\0\\1\\1')", DamagedArtifact, "does not hold the numbers"),
        "other tokens": ("out.write_bytes(data.replace(b'<|endoftext|>', b'<|andoftext|>'))", DamagedArtifact, "tokenizer.ggml.tokens: entry 0"),
        "nothing": ("", UnusableInput, "it wrote nothing"),
        "a refusal": ("raise NotImplementedError('no such model')", UnusableInput, "no such model"),
        "half of it": ("out.write_bytes(data[:9000])", DamagedArtifact, ""),
    }  # fmt: skip
    for case, (body, kind, said) in cases.items():
        with pytest.raises(kind) as refused:
            export_by_converter(other("gpt2"), output, converter=converter(tmp_path / case, body))
        assert said in str(refused.value), case
        assert sorted(path.suffix for path in tmp_path.iterdir() if path.is_file()) == [".gguf"]


def test_it_gets_no_code_of_the_folder(tmp_path: Path) -> None:
    folder = copied(tmp_path / "theirs", other("gpt2"))
    edit_config(folder, auto_map={"AutoConfig": "theirs.C"})
    (folder / "theirs.py").write_text("raise SystemExit(3)\n")
    body = (
        "assert 'auto_map' not in (folder / 'config.json').read_text()\n"
        "assert not list(folder.glob('*.py'))\nout.write_bytes(data)"
    )
    export_by_converter(folder, tmp_path / "model.gguf", converter=converter(tmp_path / "c", body))


def test_without_a_converter_it_is_said_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.delenv("SPECSHIP_CONVERTER", raising=False)
    with pytest.raises(RequirementMissing, match="converter is not here") as refused:
        export_by_converter(other("gpt2"), tmp_path / "model.gguf")
    assert "git clone" in str(refused.value.mend)
    body = converter(tmp_path / "c", "")
    with pytest.raises(UnusableInput, match="writes no Q4_0"):
        export_by_converter(other("gpt2"), tmp_path / "model.gguf", dtype="Q4_0", converter=body)


@pytest.mark.slow
@pytest.mark.skipif(
    sources() is None,
    reason="llama.cpp's converter is not here; fetch it: python benchmarks/llama_cpp_sources.py",
)
@pytest.mark.parametrize(
    "family", ["gpt2", "mistral", "gemma3_text", "phi", "phi3", "qwen2_moe", "qwen3_moe", "smollm3"]
)
def test_llama_cpp_writes_what_transformers_writes(tmp_path: Path, family: str) -> None:
    """Through llama.cpp's own converter, which holds every tensor against the folder; then both write greedily."""
    import torch
    from transformers import AutoModelForCausalLM

    folder = convertible(tmp_path / "model", family)
    written = export_by_converter(folder, tmp_path / "model.gguf", converter=sources())
    assert len(written.tensors) > 14
    opened = open_other_gguf(tmp_path / "model.gguf")
    ids = opened.tokenizer().encode("def main(arguments):\n    return [one for one in arguments]\n").ids
    build: Any = AutoModelForCausalLM
    model = build.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    wanted = list(ids)
    with torch.inference_mode():
        losses = torch.nn.functional.cross_entropy(
            model(torch.tensor([ids])).logits[0, :-1], torch.tensor(ids[1:]), reduction="none"
        )
        for _ in range(8):
            wanted.append(int(model(torch.tensor([wanted])).logits[0, -1].argmax()))

    decoder = LlamaCppDecoder(opened)
    torch.testing.assert_close(decoder.losses([ids]), losses, atol=5e-3, rtol=1e-3)
    assert list(decoder.generate(ids, 8).token_ids) == wanted[len(ids) :]


def convertible(folder: Path, family: str) -> Path:
    """The model as llama.cpp can run it: its Llama has no window, and a Phi-3 without a `tokenizer.model` says so."""
    copied(folder, other(family))
    if family == "mistral":
        edit_config(folder, sliding_window=None)
    if family == "phi3":
        edit_json(
            folder / "tokenizer_config.json", lambda about: about.update(tokenizer_class="GPT2Tokenizer")
        )
    return folder
