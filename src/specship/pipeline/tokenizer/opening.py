"""The one opener of tokenizers: whatever encodes or decodes text here comes through it.

A `tokenizer.json` decides how a text is cut, and nothing else.

    obeyed     vocabulary, merges, added tokens, normalizer, pre-tokenizer, decoder, and the post-processor
               wherever special tokens are asked for
    not obeyed truncation and padding: settings of the program that saved the file, which `transformers` sets
               anew at each call
    refused    dropout of merges, by which a text becomes other tokens each time; two tokens of one id, of
               which either may come back

The same goes for `model_max_length` and the sides of padding and truncation in `tokenizer_config.json`, which
cut and fill nothing in `transformers` either, unless a call asks for it.
Source: `transformers`, tokenization_utils_tokenizers.py (set_truncation_and_padding); Provilkov et al. 2020
(arXiv:1910.13267) on dropout, which is for training alone.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specship.bounds import JSON_REPORT_BYTES
from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.tokenizer.files import TOKENIZER, require_tokenizer
from specship.strict_json import read_bytes, read_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

_BYTE_PIECE: Final = re.compile(r"<0x[0-9A-F]{2}>")


def open_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a folder; special spellings inside a text become special tokens.

    Raises:
        UnusableInput: it leaves out merges at random.
        DamagedArtifact: there is no `tokenizer.json`, or it is none.
    """
    require_tokenizer(folder)
    path = folder / TOKENIZER
    try:
        text = read_bytes(path, JSON_REPORT_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _no_tokenizer("it is not UTF-8", path) from error
    return tokenizer_of(text, path)


def open_for_documents(folder: Path) -> Tokenizer:
    """The tokenizer of a folder, set to read special spellings inside a text as text.

    Raises:
        UnusableInput, DamagedArtifact: as `open_tokenizer`.
    """
    tokenizer = open_tokenizer(folder)
    tokenizer.encode_special_tokens = True
    return tokenizer


def tokenizer_of(text: str, path: Path) -> Tokenizer:
    """The tokenizer that the text of a `tokenizer.json` describes; `path` is what a refusal names.

    Raises:
        UnusableInput, DamagedArtifact: as `open_tokenizer`.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_str(text)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        dropout = getattr(tokenizer.model, "dropout", None)
        ids = tokenizer.get_vocab(with_added_tokens=True).values()
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # the library raises bare Exception, and its panics are not even that
        raise _no_tokenizer(str(error)[:200], path) from error
    if dropout:
        raise UnusableInput(
            f"the tokenizer leaves out merges at random (dropout {dropout:g})",
            at=path,
            why="the same text becomes other tokens each time: no figure could be repeated",
            mend='write "dropout": null; leaving out merges is for training alone',
        )
    if len(set(ids)) != len(ids):
        raise _no_tokenizer("two tokens share an id", path)
    return tokenizer


def _no_tokenizer(message: str, path: Path) -> DamagedArtifact:
    return DamagedArtifact(
        f"not a tokenizer: {message}", at=path, mend="take tokenizer.json from the same checkpoint"
    )


def separator_of(folder: Path, tokenizer: Any) -> tuple[str, int]:
    """The end token that the tokenizer's configuration names, and its id.

    Raises:
        DamagedArtifact: there is none, or it is an ordinary piece of text and no special token.
    """
    path = folder / "tokenizer_config.json"
    config = read_json(path) if path.exists() else {}
    token = config.get("eos_token") if isinstance(config, dict) else None
    if isinstance(token, dict):  # older files spell a token with how it is stripped
        token = token.get("content")
    specials = {t.content: i for i, t in tokenizer.get_added_tokens_decoder().items() if t.special}
    if not isinstance(token, str) or token not in specials:
        raise DamagedArtifact(
            f"the end token {token!r} is not among the special tokens {sorted(specials)}",
            at=path,
            why="an ordinary token as separator also stands inside documents",
            mend=f"name a special token as eos_token in {path.name}",
        )
    return token, specials[token]


def token_bytes(tokenizer: Any, vocab_size: int) -> NDArray[np.int64]:
    """Text bytes of each token id, int64 of shape [V]; 0 for special tokens and unused ids.

    A byte-level vocabulary writes each byte as one character. A SentencePiece vocabulary writes a
    space as U+2581 and single bytes as `<0x0A>`; the space it puts before a text is counted too.
    """
    import numpy as np

    lengths = np.zeros(vocab_size, dtype=np.int64)
    special = set(tokenizer.get_added_tokens_decoder())
    size_of = len if _is_byte_level(tokenizer) else _piece_bytes
    for token, index in tokenizer.get_vocab(with_added_tokens=True).items():
        if index not in special:
            lengths[index] = size_of(token)
    return lengths


def _is_byte_level(tokenizer: Any) -> bool:
    decoder = json.loads(tokenizer.to_str()).get("decoder") or {}
    return any(part.get("type") == "ByteLevel" for part in [decoder, *decoder.get("decoders", ())])


def _piece_bytes(piece: str) -> int:
    return 1 if _BYTE_PIECE.fullmatch(piece) else len(piece.replace("\u2581", " ").encode())
