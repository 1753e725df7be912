"""A tokenizer opened to encode documents: special spellings are text there, and nothing is cut."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specship.errors import DamagedArtifact
from specship.strict_json import read_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BYTE_PIECE: Final = re.compile(r"<0x[0-9A-F]{2}>")


def open_tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder, set to read special spellings inside a text as text.

    Raises:
        DamagedArtifact: `tokenizer.json` is missing or is none.
    """
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise DamagedArtifact(
            f"not a tokenizer: {error}", at=path, mend="run the stage 'tokenizer' again"
        ) from error
    tokenizer.encode_special_tokens = True
    tokenizer.no_truncation()  # a foreign file may ask to cut each text, which would lose the rest of it
    tokenizer.no_padding()
    return tokenizer


def separator_of(folder: Path, tokenizer: Any) -> tuple[str, int]:
    """The end token that the tokenizer's configuration names, and its id.

    Raises:
        DamagedArtifact: there is none, or it is an ordinary piece of text and no special token.
    """
    path = folder / "tokenizer_config.json"
    config = read_json(path)
    token = config.get("eos_token") if isinstance(config, dict) else None
    if isinstance(token, dict):  # older files spell a token with how it is stripped
        token = token.get("content")
    specials = {t.content: i for i, t in tokenizer.get_added_tokens_decoder().items() if t.special}
    if not isinstance(token, str) or token not in specials:
        raise DamagedArtifact(
            f"the end token {token!r} is not among the special tokens {sorted(specials)}",
            at=path,
            why="an ordinary token as separator also stands inside documents",
            mend="name a special token as eos_token",
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
