"""Whether text survives the tokenizer byte for byte."""

from __future__ import annotations

from typing import Any, Final

from specship.pipeline.corpus.manifest import read_documents
from specship.pipeline.tokenizer.opening import open_for_documents
from specship.probes.probe import Artifact, Figures, probe

COMPOSED: Final = "caf\N{LATIN SMALL LETTER E WITH ACUTE}"
DECOMPOSED: Final = "cafe\N{COMBINING ACUTE ACCENT}"
HARD_TEXTS: Final = (
    COMPOSED,
    DECOMPOSED,
    "def f(x):\n\tif x:\n\t\treturn  x\n\n\n",
    "    indented four\n        and eight\n",
    " \t leading and trailing \t ",
    "windows\r\nline\rends\n",
    "don't , stop . it 's I 'm",
    "\x00\x01\x7f control \x85",
    "\N{BYTE ORDER MARK}mark",
    "\N{GRINNING FACE}\N{ZERO WIDTH JOINER}\N{LINE SEPARATOR}\N{NO-BREAK SPACE}",
    "<|endoftext|> is only spelled here",
    "1234567890 x1 _y2 __init__",
)
_BATCH: Final = 64


@probe(
    "tokenizer.round_trip",
    checked="documents",
    documents="documents",
    mismatches="documents",
    text_bytes="bytes",
    hard_texts="texts",
    hard_mismatches="texts",
    merged_forms="texts",
    normalizer="text",
)
def tokenizer_round_trip(tokenizer: Artifact, corpus: Artifact) -> Figures:
    """All held-out documents and some hard texts, encoded and decoded again.

    `merged_forms` is 1 when a composed and a decomposed letter come back as the same text:
    without a normaliser they are two texts and stay so.

    Raises:
        DamagedArtifact: the tokenizer or the corpus cannot be read.
    """
    opened = open_for_documents(tokenizer.path)
    documents, size = 0, 0
    wrong: list[str] = []
    batch: list[tuple[str, str]] = []

    def flush() -> None:
        wrong.extend(
            f"{path}: differs from character {_first_difference(text, again)} on"
            for (path, text), again in zip(batch, _again(opened, [t for _, t in batch]), strict=True)
            if text != again
        )
        batch.clear()

    for document in read_documents(corpus.path, "heldout"):
        documents += 1
        size += len(document.text.encode())
        batch.append((document.path, document.text))
        if len(batch) == _BATCH:
            flush()
    flush()
    hard = _again(opened, list(HARD_TEXTS))
    return {
        "documents": documents,
        "mismatches": len(wrong),
        "text_bytes": size,
        "hard_texts": len(HARD_TEXTS),
        "hard_mismatches": sum(a != b for a, b in zip(HARD_TEXTS, hard, strict=True)),
        "merged_forms": int(hard[0] == hard[1]),
        "normalizer": type(opened.normalizer).__name__ if opened.normalizer is not None else "none",
        "notes": [
            *wrong[:8],
            *(f"{a!r} came back as {b!r}" for a, b in zip(HARD_TEXTS, hard, strict=True) if a != b),
        ],
    }


def _again(tokenizer: Any, texts: list[str]) -> list[str]:
    encoded = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    decoded: list[str] = tokenizer.decode_batch([e.ids for e in encoded], skip_special_tokens=False)
    return decoded


def _first_difference(text: str, again: str) -> int:
    pairs = enumerate(zip(text, again, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(text), len(again)))
