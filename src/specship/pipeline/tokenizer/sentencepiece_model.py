"""A reader of SentencePiece's `tokenizer.model`, a protobuf that is hostile until it is read.

    ModelProto       1 pieces (repeated)   2 trainer_spec   3 normalizer_spec
    SentencePiece    1 piece, text         2 score, float   3 type
    TrainerSpec      3 model_type   24 treat_whitespace_as_suffix   35 byte_fallback
                     40 unk_id   41 bos_id   42 eos_id   43 pad_id
    NormalizerSpec   2 precompiled_charsmap   3 add_dummy_prefix   4 remove_extra_whitespaces
                     5 escape_whitespaces

Other fields are skipped; groups and unknown wire types are refused. A refusal names the byte.
Source: google/sentencepiece, src/sentencepiece_model.proto; protobuf.dev, encoding.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from specship import bounds
from specship.errors import DamagedArtifact, Place
from specship.pipeline.tokenizer.vocabulary import BYTE, NORMAL, UNKNOWN
from specship.strict_json import read_bytes

MODEL_FILE: Final = "tokenizer.model"
UNIGRAM: Final = 1
BPE: Final = 2
_VARINT_BYTES: Final = 10
_KINDS: Final = frozenset({1, 2, 3, 4, 5, 6})
"""Types of pieces; their numbers are those of GGUF's token types."""
_ROLES: Final = {40: ("unk", 0), 41: ("bos", 1), 42: ("eos", 2), 43: ("pad", -1)}
"""Field of each special id in the trainer's part, and what it is where the field is absent."""
BYTE_PIECES: Final = frozenset(f"<0x{byte:02X}>" for byte in range(256))
"""Texts of the pieces that stand for single bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentencePieceModel:
    """Pieces by id, and how text is prepared for them."""

    model_type: int
    pieces: tuple[str, ...]
    scores: tuple[float, ...]
    types: tuple[int, ...]
    special_ids: Mapping[str, int]
    """Ids of unk, bos, eos and pad, those that there are."""
    byte_fallback: bool
    whitespace_as_suffix: bool
    charsmap: bytes
    """Compiled table of replacements; empty where text is taken as it is."""
    add_dummy_prefix: bool
    remove_extra_whitespaces: bool
    escape_whitespaces: bool


def read_sentencepiece(path: Path) -> SentencePieceModel:
    """Read a `tokenizer.model`.

    Raises:
        DamagedArtifact: missing, cut short, or not a sound SentencePiece model; with the byte.
    """
    reader = _ProtobufReader(path, read_bytes(path, bounds.SENTENCEPIECE_BYTES))
    pieces: list[str] = []
    scores: list[float] = []
    types: list[int] = []
    trainer: dict[int, Any] = {}
    normalizer: dict[int, Any] = {}
    for number, value, at in reader.fields(0, len(reader.data)):
        if number == 1:
            if len(pieces) >= bounds.SENTENCEPIECE_PIECES:
                reader.refuse(f"more than {bounds.SENTENCEPIECE_PIECES} pieces", at)
            piece, score, kind = reader.piece(value, at)
            pieces.append(piece)
            scores.append(score)
            types.append(kind)
        elif number == 2:
            trainer = reader.message(value, at)
        elif number == 3:
            normalizer = reader.message(value, at)
    _check_pieces(reader, pieces, types, fallback=bool(trainer.get(35, 0)))
    return SentencePieceModel(
        model_type=reader.whole(trainer, 3, UNIGRAM),
        pieces=tuple(pieces),
        scores=tuple(scores),
        types=tuple(types),
        special_ids=_special_ids(reader, trainer, len(pieces)),
        byte_fallback=bool(reader.whole(trainer, 35, 0)),
        whitespace_as_suffix=bool(reader.whole(trainer, 24, 0)),
        charsmap=reader.content(normalizer.get(2, (0, 0))),
        add_dummy_prefix=bool(reader.whole(normalizer, 3, 1)),
        remove_extra_whitespaces=bool(reader.whole(normalizer, 4, 1)),
        escape_whitespaces=bool(reader.whole(normalizer, 5, 1)),
    )


def _check_pieces(reader: _ProtobufReader, pieces: list[str], types: list[int], *, fallback: bool) -> None:
    if types.count(UNKNOWN) != 1:
        reader.refuse(f"{types.count(UNKNOWN)} pieces stand for what is unknown, instead of one", 0)
    found = [piece for piece, kind in zip(pieces, types, strict=True) if kind == BYTE]
    if fallback and (len(found) != len(BYTE_PIECES) or set(found) != BYTE_PIECES):
        reader.refuse(f"it falls back to bytes, and has {len(found)} pieces for them, not one each", 0)


def _special_ids(reader: _ProtobufReader, trainer: Mapping[int, Any], count: int) -> dict[str, int]:
    found = {role: reader.whole(trainer, number, usual) for number, (role, usual) in _ROLES.items()}
    for role, number in found.items():
        if number >= count:
            reader.refuse(f"the id of {role} is {number}, there are {count} pieces", 0)
    return {role: number for role, number in found.items() if number >= 0}


class _ProtobufReader:
    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        self.data = data

    def refuse(self, message: str, at: int) -> NoReturn:
        raise DamagedArtifact(
            f"not a sound SentencePiece model: {message}",
            at=Place(str(self.path), offset=at),
            why="its pieces and their scores decide which tokens a text becomes",
            mend="take tokenizer.model from the same checkpoint; the file is cut, garbled or something else",
        )

    def fields(self, at: int, end: int) -> Iterator[tuple[int, Any, int]]:
        """Number, value and place of each field; a value with a length is the range of its bytes."""
        while at < end:
            begin = at
            tag, at = self._varint(at, end)
            value: Any
            match tag & 7:
                case 0:
                    value, at = self._varint(at, end)
                case 2:
                    length, at = self._varint(at, end)
                    value, at = (at, at + length), at + length
                case 5:
                    value, at = (at, at + 4), at + 4
                case 1:
                    value, at = (at, at + 8), at + 8
                case other:
                    self.refuse(f"a field of wire type {other}", begin)
            if at > end or not tag >> 3:
                self.refuse("a field that ends behind its message, or has no number", begin)
            yield tag >> 3, value, begin

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = shift = 0
        while at < end and shift < 7 * _VARINT_BYTES:
            byte = self.data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value, at
        return self.refuse("a number that does not end", at)

    def message(self, value: Any, at: int) -> dict[int, Any]:
        """The fields of a message inside this one; the last of several counts, as in protobuf."""
        begin, end = self._range(value, at)
        return {number: one for number, one, _ in self.fields(begin, end)}

    def piece(self, value: Any, at: int) -> tuple[str, float, int]:
        """Text, score and type of a piece."""
        fields = self.message(value, at)
        begin, end = self._range(fields.get(1), at)
        try:
            text = self.data[begin:end].decode("utf-8")
        except UnicodeDecodeError as error:
            self.refuse(f"a piece is not UTF-8 ({error.reason})", at)
        low, high = self._range(fields.get(2, (0, 0)), at)
        score = struct.unpack_from("<f", self.data, low)[0] if high - low == 4 else 0.0
        kind = fields.get(3, NORMAL)
        if not text or not math.isfinite(score) or kind not in _KINDS:
            self.refuse(f"the piece {text[:40]!r} of type {kind} with the score {score}", at)
        return text, score, kind

    def whole(self, fields: Mapping[int, Any], number: int, usual: int) -> int:
        """A whole number of 32 bits, signed; `usual` where the field is absent."""
        value = fields.get(number, usual)
        if not isinstance(value, int):
            self.refuse(f"field {number} is no number", 0)
        value &= 0xFFFF_FFFF
        return value - (1 << 32) if value >= 1 << 31 else value

    def content(self, value: Any) -> bytes:
        """The bytes of a field that has a length."""
        begin, end = self._range(value, 0)
        return self.data[begin:end]

    def _range(self, value: Any, at: int) -> tuple[int, int]:
        if not isinstance(value, tuple):
            self.refuse("a number where something longer belongs, or nothing", at)
        begin, end = value
        return begin, end
