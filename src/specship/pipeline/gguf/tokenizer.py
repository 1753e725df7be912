"""The tokenizer of a GGUF, rebuilt from its metadata as a `tokenizers.Tokenizer`.

It cuts text as llama.cpp does: a normaliser that the checkpoint may have had is not in the file, and
llama.cpp has none. Placeholders of padded vocabularies are left out, since no text can give them.
Source: llama.cpp, src/llama-vocab.cpp (regex_exprs, llm_tokenizer_spm) and convert_hf_to_gguf.py
(get_vocab_base_pre); `transformers`, convert_slow_tokenizer.py (generate_merges).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn

from specship.bounds import GGUF_PIECE_CHARACTERS
from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.gguf.reader import GgufFile
from specship.pipeline.tokenizer.missing_merges import missing_merges
from specship.pipeline.tokenizer.pre_tokenizers import SPLITTINGS, Splitting, splitter
from specship.pipeline.tokenizer.vocabulary import CONTROL, NORMAL, UNUSED, USER_DEFINED

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def rebuilt_tokenizer(file: GgufFile) -> Tokenizer:
    """The tokenizer that a file's metadata describe.

    Raises:
        UnusableInput: its kind or its pre-tokenizer is not known here.
        DamagedArtifact: there are no tokens, or they contradict each other.
    """
    model = file.metadata.get("tokenizer.ggml.model")
    if model is None:
        _contradiction(file, "there is no tokenizer.ggml.model")
    build = {"gpt2": _byte_level, "llama": _sentencepiece}.get(str(model))
    if build is None:
        raise UnusableInput(
            f"the tokenizer is of the kind {str(model)[:40]!r}",
            at=file.path,
            why="byte-level BPE (gpt2) and SentencePiece (llama) can be rebuilt from a GGUF",
            mend="give the checkpoint folder, with its tokenizer.json",
        )
    listed = _Listed(file)
    try:
        made = build(file, listed)
        _add_added(made, listed)
        _add_begin(made, file, listed)
    except (UnusableInput, DamagedArtifact):
        raise
    except Exception as error:  # the library raises bare Exception
        raise DamagedArtifact(
            f"its tokens make no tokenizer: {str(error)[:200]}", at=file.path, mend="export it again"
        ) from error
    return made


class _Listed:
    """Tokens of a file with their types and scores; every token once."""

    def __init__(self, file: GgufFile) -> None:
        get = file.metadata.get
        texts = get("tokenizer.ggml.tokens", ())
        self.tokens: Final[Sequence[str]] = [text or f"[EMPTY_{at}]" for at, text in enumerate(texts)]
        self.types: Final[Sequence[int]] = get("tokenizer.ggml.token_type", [NORMAL] * len(self.tokens))
        self.scores: Final[Sequence[float]] = get("tokenizer.ggml.scores", [0.0] * len(self.tokens))
        if not self.tokens:
            _contradiction(file, "there is no token in it (tokenizer.ggml.tokens)")
        if not len(self.tokens) == len(self.types) == len(self.scores):
            counts = (
                f"{len(self.tokens)} tokens, {len(self.types)} types and {len(self.scores)} scores of them"
            )
            _contradiction(file, counts)
        if len(set(self.tokens)) != len(self.tokens):
            _contradiction(file, "a token stands in the list twice")
        kept = [at for at, kind in enumerate(self.types) if kind != UNUSED]
        self.ids: Final = {self.tokens[at]: at for at in kept}


def _byte_level(file: GgufFile, listed: _Listed) -> Tokenizer:
    from tokenizers import Tokenizer, decoders, models

    splitting = _splitting(file)
    _require(file, "tokenizer.ggml.merges", "without its merges it would cut every text into bytes")
    merges = [tuple(pair.split(" ")) for pair in file.metadata["tokenizer.ggml.merges"]]
    if odd := next((pair for pair in merges if len(pair) != 2), None):
        _contradiction(file, f"{' '.join(odd)[:60]!r} is no merge of two tokens")
    made = Tokenizer(models.BPE(listed.ids, merges, ignore_merges=splitting.ignore_merges))
    normal = [token for token, at in listed.ids.items() if listed.types[at] == NORMAL]
    if said := missing_merges(normal, map("".join, merges)):
        raise DamagedArtifact(
            said,
            at=file.path,
            why="tokenizer.ggml.merges is cut or empty: every text would fall apart into other tokens",
            mend="export the checkpoint again, with its tokenizer: specship export",
        )
    made.pre_tokenizer = splitter(splitting.patterns)
    made.decoder = decoders.ByteLevel()
    return made


def _splitting(file: GgufFile) -> Splitting:
    name = file.metadata.get("tokenizer.ggml.pre")
    if (found := SPLITTINGS.get(str(name))) is None:
        raise UnusableInput(
            "there is no tokenizer.ggml.pre" if name is None else f"the pre-tokenizer is {str(name)[:60]!r}",
            at=file.path,
            why=f"known are {', '.join(SPLITTINGS)}; another one would cut text into other tokens",
            mend="give the checkpoint folder, with its tokenizer.json",
        )
    return found


def _sentencepiece(file: GgufFile, listed: _Listed) -> Tokenizer:
    from tokenizers import Tokenizer, decoders, models, normalizers

    _require(file, "tokenizer.ggml.scores", "it merges by score, and without scores into other tokens")
    unknown = file.metadata.get("tokenizer.ggml.unknown_token_id", 0)
    unk = listed.tokens[unknown] if 0 <= unknown < len(listed.tokens) else None
    merges = _merges_by_score(file, listed)
    made = Tokenizer(models.BPE(listed.ids, merges, unk_token=unk, fuse_unk=True, byte_fallback=True))
    steps: list[Any] = [normalizers.Replace(" ", "▁")]
    spells: list[Any] = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    if file.metadata.get("tokenizer.ggml.add_space_prefix", True):
        steps.insert(0, normalizers.Prepend("▁"))
        spells.append(decoders.Strip(" ", 1, 0))
    made.normalizer = normalizers.Sequence(steps)
    made.decoder = decoders.Sequence(spells)
    return made


def _merges_by_score(file: GgufFile, listed: _Listed) -> list[tuple[str, str]]:
    """SentencePiece merges the pair whose union scores best; the same as merges in order of score."""
    ids = listed.ids
    found: list[tuple[float, int, int, str, str]] = []
    for piece, number in ids.items():
        if listed.types[number] != NORMAL:
            continue
        if len(piece) > GGUF_PIECE_CHARACTERS:
            _contradiction(file, f"a piece has {len(piece)} characters; at most {GGUF_PIECE_CHARACTERS}")
        for at in range(1, len(piece)):
            left, right = piece[:at], piece[at:]
            if left in ids and right in ids:
                found.append((-listed.scores[number], ids[left], ids[right], left, right))
    found.sort()
    return [(left, right) for *_, left, right in found]


def _add_added(made: Tokenizer, listed: _Listed) -> None:
    """Control tokens and those of the model's makers are found in text before it is split."""
    from tokenizers import AddedToken

    for token, number in listed.ids.items():
        if listed.types[number] == CONTROL:
            made.add_special_tokens([AddedToken(token, normalized=False, special=True)])
        elif listed.types[number] == USER_DEFINED:
            made.add_tokens([AddedToken(token, normalized=False)])


def _add_begin(made: Tokenizer, file: GgufFile, listed: _Listed) -> None:
    """The begin token in front, where the file or its kind asks for it."""
    from tokenizers.processors import TemplateProcessing

    get = file.metadata.get
    splitting = SPLITTINGS.get(str(get("tokenizer.ggml.pre")))
    usual = get("tokenizer.ggml.model") == "llama" or (splitting is not None and splitting.adds_bos)
    number = get("tokenizer.ggml.bos_token_id")
    if get("tokenizer.ggml.add_bos_token", usual) and number is not None and number < len(listed.tokens):
        begin = listed.tokens[number]
        made.post_processor = TemplateProcessing(
            single=[begin, "$A"], pair=[begin, "$A", "$B"], special_tokens=[(begin, number)]
        )


def _require(file: GgufFile, key: str, why: str) -> None:
    if key not in file.metadata:
        raise DamagedArtifact(
            f"there is no {key}",
            at=file.path,
            why=f"the tokenizer is of the kind {file.metadata['tokenizer.ggml.model']!r}: {why}",
            mend="export the checkpoint again, with its tokenizer: specship export",
        )


def _contradiction(file: GgufFile, message: str) -> NoReturn:
    raise DamagedArtifact(
        message, at=file.path, why="tokens and text must belong together", mend="export the checkpoint again"
    )
