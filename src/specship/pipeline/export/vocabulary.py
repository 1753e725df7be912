"""Everything that a GGUF says under `tokenizer.*`, read from a checkpoint folder.

    read_vocabulary(folder, rows).metadata()  ->  {"tokenizer.ggml.model": "gpt2", ...}

Which kind it is, the files say: a byte-level BPE `tokenizer.json`, or SentencePiece as `tokenizer.model` or
as a `tokenizer.json` with byte fallback. Neither torch nor `transformers` nor `sentencepiece` is imported.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.chat.template import DEFAULT, GGUF_KEY, GGUF_NAMES, read_templates
from specship.pipeline.export.byte_fallback_vocabulary import byte_fallback_vocabulary
from specship.pipeline.export.byte_level_vocabulary import byte_level_vocabulary
from specship.pipeline.export.sentencepiece_vocabulary import sentencepiece_vocabulary
from specship.pipeline.tokenizer.files import TOKENIZER, model_kind, read_object, require_tokenizer
from specship.pipeline.tokenizer.sentencepiece_model import MODEL_FILE
from specship.pipeline.tokenizer.vocabulary import KeyValue, Vocabulary, filled_up


def read_vocabulary(folder: Path, rows: int) -> Vocabulary:
    """The vocabulary of a checkpoint folder, filled up to the rows of its embedding.

    Raises:
        UnusableInput: a tokenizer that llama.cpp would not reproduce, or more tokens than rows.
        DamagedArtifact: a file cannot be read, or ids are missing or given twice.
    """
    path = folder / TOKENIZER
    vocabulary = filled_up(_by_kind(folder, path, rows), rows, path)
    return replace(vocabulary, others={**vocabulary.others, **_chat_templates(folder)})


def _by_kind(folder: Path, path: Path, rows: int) -> Vocabulary:
    if not (folder / MODEL_FILE).exists():
        require_tokenizer(folder)
    document = read_object(path)
    model, kind = document.get("model"), model_kind(document)
    if isinstance(model, dict) and kind == "BPE" and not model.get("byte_fallback"):
        return byte_level_vocabulary(folder, path, document, rows)
    if (folder / MODEL_FILE).exists():
        return sentencepiece_vocabulary(folder, document, rows)
    if isinstance(model, dict) and kind == "BPE":
        return byte_fallback_vocabulary(folder, path, document, rows)
    if not isinstance(model, dict):
        raise DamagedArtifact("not a tokenizer", at=path, mend="copy tokenizer.json of the training run here")
    raise UnusableInput(
        f"the tokenizer cannot be exported: its model is {str(kind)[:40]}, and there is no {MODEL_FILE}",
        at=path,
        why="BPE is read from tokenizer.json; anything else only from SentencePiece's own file",
        mend=f"put the {MODEL_FILE} of the same checkpoint beside it",
    )


def _chat_templates(folder: Path) -> dict[str, KeyValue]:
    """`tokenizer.chat_template`, and the others under their names."""
    texts: dict[str, Any] = {_key_name(name): one.text for name, one in read_templates(folder).items()}
    found: dict[str, KeyValue] = {
        f"{GGUF_KEY}.{name}": texts[name] for name in sorted(texts) if name != DEFAULT
    }
    if found:
        found[GGUF_NAMES] = sorted(name for name in texts if name != DEFAULT)
    return found | ({GGUF_KEY: texts[DEFAULT]} if DEFAULT in texts else {})


def _key_name(name: str) -> str:
    """A template's name as part of a key: letters and digits of ASCII, everything else an underscore."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
