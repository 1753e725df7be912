"""Vocabularies of published models, which llama.cpp's source package carries, through our export and back.

From each a `tokenizer.json` is made with the pre-tokenizer as it was published. That llama.cpp's converter
then knows it by its digest, and that the recorded tokens of the original come out, shows that the
patterns are the published ones; the rest shows that the export cuts text as the tokenizer does.
"""

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import gguf as library
import pytest
from benchmarks.llama_cpp_sources import sources
from tokenizers import Tokenizer

from specship.pipeline.export.vocabulary import read_vocabulary
from specship.pipeline.tokenizer.check_texts import CHECK_TEXTS
from tests.hostile.sentencepiece_files import content, number, piece
from tests.models.foreign_checkpoints import Foreign, config_of, tensors_of
from tests.models.once import base
from tests.models.tokenizer_kinds import BYTE_LEVEL, beginning, generated_merges
from tests.pipeline.export.test_vocabulary import differing

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sources() is None or not list((sources() or Path()).glob("models/ggml-vocab-*.gguf")),
        reason="llama.cpp's vocabularies are not here; fetch them: python benchmarks/llama_cpp_sources.py",
    ),
]
KINDS: Final = {
    "llama-bpe": "llama-bpe",
    "qwen2": "qwen2",
    "deepseek-coder": "deepseek-coder",
    "starcoder": "smollm",
}
"""Name of the vocabulary, and the kind that it is; the two names of the last split alike in llama.cpp."""
KNOWN: Final = """
import json, sys
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/gguf-py"]
from conversion.base import TextModel
from tokenizers import Tokenizer
class Own:
    def encode(self, text):
        return Tokenizer.from_file(sys.argv[2]).encode(text).ids
print(TextModel.get_vocab_base_pre(None, Own()))
"""


@functools.cache
def vocabulary_of(name: str) -> dict[str, Any]:
    """The metadata of a published vocabulary."""
    file = library.GGUFReader((sources() or Path()) / f"models/ggml-vocab-{name}.gguf")
    return {key: one.contents() for key, one in file.fields.items() if key.startswith("tokenizer.")}


def recorded(name: str) -> dict[str, list[int]]:
    """Texts, and the tokens that the published tokenizer makes of them."""
    path = (sources() or Path()) / f"models/ggml-vocab-{name}.gguf"
    texts = path.with_suffix(".gguf.inp").read_text().split("\n__ggml_vocab_test__\n")
    lines = path.with_suffix(".gguf.out").read_text().split("\n")
    return {text: [int(one) for one in line.split()] for text, line in zip(texts, lines, strict=False)}


def empty_model(folder: Path, rows: int, **ids: int) -> Path:
    """A checkpoint of zeros with so many rows."""
    config = config_of("llama", vocab_size=rows, hidden_size=48, max_position_embeddings=512) | ids
    config["tie_word_embeddings"] = True
    made = Foreign(config, {})
    for name, shape in tensors_of(config).items():
        made.tensors[name] = "F32", shape, bytes(4 * shape[0] * (shape[1] if len(shape) > 1 else 1))
    made.write(folder)
    (folder / "tokenizer.json").unlink()
    return folder


def added(tokens: list[str], types: list[int]) -> list[dict[str, Any]]:
    """Added tokens as `tokenizer.json` lists them."""
    flags = {"normalized": False, "lstrip": False, "rstrip": False, "single_word": False}
    listed = enumerate(zip(tokens, types, strict=True))
    return [
        {"id": at, "content": token, "special": kind == 3, **flags}
        for at, (token, kind) in listed
        if kind in {3, 4}
    ]


@functools.cache
def published(name: str) -> Path:
    """A checkpoint with the vocabulary of a published byte-level tokenizer."""
    found, about = vocabulary_of(name), BYTE_LEVEL[KINDS[name]]
    tokens, types = found["tokenizer.ggml.tokens"], found["tokenizer.ggml.token_type"]
    document = {
        "version": "1.0",
        "normalizer": about.get("normalizer"),
        "pre_tokenizer": about["pre_tokenizer"],
        "added_tokens": added(tokens, types),
        "model": {
            "type": "BPE",
            "vocab": {
                token: at for at, (token, kind) in enumerate(zip(tokens, types, strict=True)) if kind == 1
            },
            "merges": found["tokenizer.ggml.merges"],
            "ignore_merges": about.get("ignore_merges", False),
        },
    }
    begin = found["tokenizer.ggml.bos_token_id"]
    if about.get("begins") or found.get("tokenizer.ggml.add_bos_token"):
        document["post_processor"] = beginning(tokens[begin], begin)
    folder = empty_model(base() / f"published-{name}", len(tokens), bos_token_id=begin)
    (folder / "tokenizer.json").write_text(json.dumps(document))
    return folder


@pytest.mark.parametrize("name", KINDS)
def test_a_published_tokenizer_is_exported_as_it_is(tmp_path: Path, name: str) -> None:
    folder, found = published(name), vocabulary_of(name)
    ours = read_vocabulary(folder, len(found["tokenizer.ggml.tokens"]))
    assert list(ours.tokens) == found["tokenizer.ggml.tokens"]
    assert list(ours.merges) == found["tokenizer.ggml.merges"]
    assert ours.pre == KINDS[name]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)

    assert {text: encode(text) for text in recorded(name)} == recorded(name)
    assert differing(folder, (*CHECK_TEXTS, *recorded(name)), encode, tmp_path / "m.gguf") == []


@pytest.mark.parametrize("name", KINDS)
def test_the_converter_knows_it_by_its_digest(name: str) -> None:
    command = [sys.executable, "-c", KNOWN, str(sources()), str(published(name) / "tokenizer.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == name


@pytest.mark.parametrize("file", ["tokenizer.model", "tokenizer.json"])
def test_llama_2_is_exported_as_it_is(tmp_path: Path, file: str) -> None:
    """Its SentencePiece model, and the merges that `transformers` makes of it."""
    found = vocabulary_of("llama-spm")
    tokens, types = found["tokenizer.ggml.tokens"], found["tokenizer.ggml.token_type"]
    scores = found["tokenizer.ggml.scores"]
    folder = empty_model(tmp_path / "model", len(tokens), bos_token_id=1)
    if file == "tokenizer.model":
        pieces = b"".join(piece(*one) for one in zip(tokens, types, scores, strict=True))
        trainer, normalizer = content(2, number(3, 2) + number(35, 1)), content(3, number(4, 0))
        (folder / file).write_bytes(pieces + trainer + normalizer)
    else:
        (folder / file).write_text(json.dumps(generated_merges(tokens, scores)))
    ours = read_vocabulary(folder, len(tokens))
    assert list(ours.tokens) == tokens
    assert (ours.model, ours.add_bos, ours.add_space_prefix) == ("llama", True, True)
    texts = recorded("llama-spm")
    assert differing(folder, list(texts), lambda text: texts[text], tmp_path / "m.gguf") == []
