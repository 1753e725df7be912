"""Tokenizer: byte-level BPE learned from training documents only, as a Hugging Face folder.

Every byte is in the alphabet and nothing normalises text, so that each text comes back byte for
byte; composed and decomposed letters stay different texts. The pre-tokenizer is GPT-2's, which
llama.cpp knows as `gpt-2`. One special token ends documents and another fills batches; inside
a document their spelling is ordinary text (see `pipeline.shards`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import Field

from specship.digests import sha256_file
from specship.errors import UnusableInput
from specship.files import write_errors, write_json
from specship.pipeline.corpus.manifest import read_documents
from specship.pipeline.stage import Settings, Work
from specship.strict_json import read_json

END_OF_DOCUMENT: Final = "<|endoftext|>"
PADDING: Final = "<|pad|>"
BYTES_AND_SPECIALS: Final = 256 + 2


class TokenizerSettings(Settings):
    """How large the vocabulary is and what it is learned from."""

    vocab_size: Annotated[
        int, Field(gt=BYTES_AND_SPECIALS, le=1 << 20, json_schema_extra={"scale": "stated"})
    ] = 2048
    """Tokens with bytes and special tokens, reached exactly."""
    min_frequency: Annotated[int, Field(ge=1)] = 2
    """A pair is merged only when the text holds it at least this often."""
    train_bytes: Annotated[int, Field(ge=1)] = 64 << 20
    """Whole training documents are taken in the order of their digest up to this many bytes."""


def train_tokenizer(work: Work) -> None:
    """Train the tokenizer and write its folder.

    Raises:
        UnusableInput: the text is too small for the vocabulary.
        DamagedArtifact: the corpus cannot be read.
    """
    settings: TokenizerSettings = work.settings["tokenizer"]
    taken = {"documents": 0, "bytes": 0}
    tokenizer = _train(_texts(work, settings.train_bytes, taken), settings)
    size = tokenizer.get_vocab_size(with_added_tokens=True)
    if size != settings.vocab_size:
        raise UnusableInput(
            f"{taken['bytes']} bytes of text give {size} tokens, not {settings.vocab_size}",
            why=f"no further pair occurs {settings.min_frequency} times",
            mend="ask for a smaller vocabulary, a lower min_frequency, or bring more text",
        )
    path = work.output / "tokenizer.json"
    with write_errors(path):
        tokenizer.save(str(path))
    write_json(work.output / "tokenizer_config.json", _config())
    write_json(
        work.output / "training.json",
        {
            "format": "specship-tokenizer/1",
            "settings": settings.model_dump(),
            "documents": taken["documents"],
            "bytes": taken["bytes"],
            "normalizer": None,
            "train_sha256": sha256_file(work.inputs["corpus"] / "train.jsonl"),
            "tokenizer_sha256": sha256_file(path),
        },
    )


def is_trained(work: Work) -> bool:
    """Whether the output holds what `train_tokenizer` would write there, made by a run that was ended later.

    Raises:
        DamagedArtifact: what lies there cannot be read.
    """
    path = work.output / "training.json"
    if not path.is_file():
        return False
    made = read_json(path)
    return isinstance(made, dict) and (
        made.get("settings") == work.settings["tokenizer"].model_dump()
        and made.get("train_sha256") == sha256_file(work.inputs["corpus"] / "train.jsonl")
        and made.get("tokenizer_sha256") == sha256_file(work.output / "tokenizer.json")
    )


def _texts(work: Work, limit: int, taken: dict[str, int]) -> Iterator[str]:
    """Training documents up to the limit; counts what it hands out."""
    for document in read_documents(work.inputs["corpus"], "train"):
        if taken["bytes"] + document.bytes > limit:
            break
        taken["documents"] += 1
        taken["bytes"] += document.bytes
        work.report(taken["bytes"], limit, "bytes")
        yield document.text


def _train(texts: Iterator[str], settings: TokenizerSettings) -> Any:
    from tokenizers import Tokenizer
    from tokenizers.decoders import ByteLevel as ByteLevelDecoder
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from tokenizers.trainers import BpeTrainer

    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=settings.vocab_size,
        min_frequency=settings.min_frequency,
        special_tokens=[END_OF_DOCUMENT, PADDING],
        initial_alphabet=sorted(ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer=trainer)
    return tokenizer


def _config() -> dict[str, Any]:
    """What `transformers` 4 and 5 read beside `tokenizer.json`."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": END_OF_DOCUMENT,
        "eos_token": END_OF_DOCUMENT,
        "pad_token": PADDING,
        "add_bos_token": False,
        "add_eos_token": False,
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
    }
