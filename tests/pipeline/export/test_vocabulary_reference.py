"""`tokenizer.*` key by key against llama.cpp's own converter; what differs is what the page lists."""

import functools
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from benchmarks.llama_cpp_sources import sources

from specship.pipeline.export.writer import export_gguf
from specship.pipeline.gguf.reader import read_gguf
from tests.editing import edit_json
from tests.models.chat_checkpoints import LLAMA3, chat_checkpoint
from tests.models.once import base
from tests.models.tokenizer_kinds import (
    byte_fallback_checkpoint,
    byte_level_checkpoint,
    sentencepiece_checkpoint,
)
from tests.places import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sources() is None,
        reason="llama.cpp's converter is not here; fetch it: python benchmarks/llama_cpp_sources.py",
    ),
]
ALWAYS: Final = {"add_bos_token", "add_eos_token", "add_space_prefix", "unknown_token_id"}
CASES: Final[dict[str, set[str]]] = {
    "llama-bpe": ALWAYS | {"add_sep_token"},
    "qwen2": ALWAYS,
    "gpt-2 with chatml": ALWAYS,
    "gpt-2 with named templates": ALWAYS,
    "sentencepiece": ALWAYS,
    "sentencepiece unigrams": ALWAYS | {"model", "remove_extra_whitespaces", "precompiled_charsmap"},
    "byte fallback": ALWAYS | {"scores", "tokens", "token_type", "add_sep_token"},
}
"""Keys, without `tokenizer.ggml.`, that may differ; each is a row of docs/export-tokenizers.md."""
PAGE: Final = ROOT / "docs" / "export-tokenizers.md"
REPEATED: Final = """
import json, runpy, sys
folder = sys.argv[1]
sys.path[:0] = [folder, folder + "/gguf-py"]
from conversion import base
for name, given in json.load(sys.stdin):
    # It knows pre-tokenizers by the digest of their output on real vocabularies, which no tiny one has.
    base.TextModel.get_vocab_base_pre = lambda self, tokenizer, name=name: name
    sys.argv = ["convert_hf_to_gguf.py", *given]
    runpy.run_path(folder + "/convert_hf_to_gguf.py", run_name="__main__")
"""


@functools.cache
def checkpoint(case: str) -> Path:
    """The checkpoint of a case."""
    target = base() / f"reference {case}"
    match case.split(" ", 1):
        case ["sentencepiece"]:
            return sentencepiece_checkpoint("bpe")
        case ["sentencepiece", _]:
            return sentencepiece_checkpoint("unigram")
        case ["byte", _]:
            return byte_fallback_checkpoint(target)
        case ["gpt-2", _]:
            shutil.copytree(chat_checkpoint("chatml"), target)
            if "named" in case:
                named = target / "additional_chat_templates" / "tool_use.jinja"
                named.parent.mkdir()
                named.write_text(LLAMA3)
            return target
    shutil.copytree(byte_level_checkpoint(case), target)
    # Without it, `transformers` adds a token of its own to Qwen's.
    edit_json(target / "tokenizer_config.json", **dict.fromkeys(("pad_token", "unk_token"), "<|endoftext|>"))
    return target


@functools.cache
def converted() -> Path:
    """A folder with every case as the converter writes it, in one process."""
    output = base() / "converted vocabularies"
    output.mkdir()
    jobs = [
        [
            case.split(" ")[0],
            [str(checkpoint(case)), "--outtype", "f32", "--outfile", str(output / f"{case}.gguf")],
        ]
        for case in CASES
    ]
    done = subprocess.run(
        [sys.executable, "-c", REPEATED, str(sources())], input=json.dumps(jobs), capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return output


def of_the_tokenizer(metadata: dict[str, Any]) -> dict[str, Any]:
    """What stands under `tokenizer.*`."""
    return {key: value for key, value in metadata.items() if key.startswith("tokenizer.")}


@pytest.mark.parametrize("case", CASES)
def test_every_key_has_the_converters_value_or_is_listed(tmp_path: Path, case: str) -> None:
    ours = of_the_tokenizer(export_gguf(checkpoint(case), tmp_path / "m.gguf").metadata)
    theirs = of_the_tokenizer(read_gguf(converted() / f"{case}.gguf").metadata)
    different = {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}
    short = {key.removeprefix("tokenizer.ggml.") for key in different}
    assert short <= CASES[case]
    assert all(f"{key}`" in PAGE.read_text() for key in short)
    assert short - ALWAYS == (CASES[case] - ALWAYS)
    assert len(theirs) >= 6
    for key in ("tokenizer.ggml.tokens", "tokenizer.ggml.token_type"):
        assert ours[key][: len(theirs[key])] == theirs[key]
