"""Everything that a GGUF says under `tokenizer.*`, read from a checkpoint folder.

    read_vocabulary(folder, rows).metadata()  ->  {"tokenizer.ggml.model": "gpt2", ...}

Which kind it is, the files say: a byte-level BPE `tokenizer.json`, or SentencePiece as `tokenizer.model` or
as a `tokenizer.json` with byte fallback. Neither torch nor `transformers` nor `sentencepiece` is imported.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.byte_level_vocabulary import byte_level_vocabulary
from specship.pipeline.chat_template import DEFAULT, GGUF_KEY, GGUF_NAMES, read_templates
from specship.pipeline.gguf_tokens import Value, Vocabulary, filled_up
from specship.pipeline.tokenizer_files import read_object

TOKENIZER: Final = "tokenizer.json"


def read_vocabulary(folder: Path, rows: int) -> Vocabulary:
    """The vocabulary of a checkpoint folder, filled up to the rows of its embedding.

    Raises:
        UnusableInput: a tokenizer that llama.cpp would not reproduce, or more tokens than rows.
        DamagedArtifact: a file cannot be read, or ids are missing or given twice.
    """
    path = folder / TOKENIZER
    document = read_object(path)
    model = document.get("model")
    if not isinstance(model, dict):
        raise DamagedArtifact("not a tokenizer", at=path, mend="copy tokenizer.json of the training run here")
    if model.get("type") != "BPE" or model.get("byte_fallback"):
        raise UnusableInput(
            f"the tokenizer cannot be exported: {str(model.get('type'))[:40]} is not plain byte-level BPE",
            at=path,
            why="llama.cpp would cut the same text into other tokens, without a word",
        )
    vocabulary = filled_up(byte_level_vocabulary(folder, path, document, rows), rows, path)
    return replace(vocabulary, others={**vocabulary.others, **_chat_templates(folder)})


def _chat_templates(folder: Path) -> dict[str, Value]:
    """`tokenizer.chat_template`, and the others under their names."""
    texts: dict[str, Any] = {_key_name(name): one.text for name, one in read_templates(folder).items()}
    found: dict[str, Value] = {f"{GGUF_KEY}.{name}": texts[name] for name in sorted(texts) if name != DEFAULT}
    if found:
        found[GGUF_NAMES] = sorted(name for name in texts if name != DEFAULT)
    return found | ({GGUF_KEY: texts[DEFAULT]} if DEFAULT in texts else {})


def _key_name(name: str) -> str:
    """A template's name as part of a key: letters and digits of ASCII, everything else an underscore."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
