"""Matrices of a GGUF without a decoder of ours, each tried in another order in a copy that llama.cpp opens.

Rows of any element type can change places, since a row is whole blocks; a transpose needs a type whose
numbers stand one by one. The copy is altered in place, all layers at once, and read anew for each hypothesis.

Axes: T tokens, N rows.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from specship.errors import UnusableInput
from specship.pipeline.gguf.reader import GgufFile, GgufTensor
from specship.pipeline.inference.any_model import load_decoder
from specship.pipeline.model.decoder_shape import elements
from specship.pipeline.model.rotary_order import interleave_rows, separate_rows
from specship.pipeline.qa.likelihood import Trial, difference
from specship.pipeline.qa.other_layouts import FEWEST_TOKENS, NOTHING, WORK, first_tokens

if TYPE_CHECKING:
    from torch import Tensor

    from specship.pipeline.qa.subject import Subject

_BLOCK: Final = re.compile(r"blk\.\d+\.")
_PLAIN: Final = {"F32": 4, "F16": 2, "BF16": 2}
"""Bytes of a number, of types whose numbers stand one by one."""
_PAIRS: Final = (("attn_k", "attn_v"), ("ffn_gate", "ffn_up"))
Bytes = Mapping[str, bytes]
"""Tensors in other bytes, by name."""


def gguf_trials(subject: Subject) -> tuple[list[list[int]], Tensor, list[Trial], list[Trial]]:
    """The text that was read, its `losses_T`, nothing for single layers, and every hypothesis in all layers.

    Raises:
        UnusableInput: the file has no matrix that can be tried, or llama.cpp refuses it.
        StageFailed: its process crashed or did not end.
    """
    file = subject.gguf
    hypotheses = list(_hypotheses(file, subject.shape.heads))
    if not hypotheses:
        raise UnusableInput(
            "no matrix of it can be put into another order",
            at=subject.path,
            mend="use a model with square matrices in its layers",
        )
    weights = elements({name: one.shape for name, one in file.tensors.items() if _BLOCK.match(name)})
    tokens = max(FEWEST_TOKENS, int(WORK["cpu"] / (2 * weights * len(hypotheses))))
    pieces = first_tokens(subject.pieces, tokens)
    base_T = subject.decoder.losses(pieces)  # noqa: N806 - axes
    joint = list[Trial]()
    with tempfile.TemporaryDirectory(prefix="specship-layout-") as scratch:
        copy = Path(scratch) / "altered.gguf"
        shutil.copyfile(file.path, copy)
        for done, (name, altered) in enumerate(hypotheses):
            subject.report(done, len(hypotheses), "hypotheses")
            _write(copy, file, altered)
            losses_T = _read(subject, copy, pieces)  # noqa: N806
            _write(copy, file, {one: _stored(file, file.tensors[one]) for one in altered})
            if float((losses_T - base_T).abs().max()) >= NOTHING:
                joint.append(Trial(name, "all layers", difference(losses_T, base_T)))
    return pieces, base_T, [], joint


def _read(subject: Subject, copy: Path, pieces: Sequence[Sequence[int]]) -> Tensor:
    decoder = load_decoder(replace(subject.other_gguf, path=copy), context=subject.context)
    return decoder.losses(pieces)


def _write(path: Path, file: GgufFile, altered: Bytes) -> None:
    with path.open("r+b") as target:
        for name, data in altered.items():
            target.seek(file.tensors[name].offset)
            target.write(data)


def _stored(file: GgufFile, tensor: GgufTensor) -> bytes:
    with file.path.open("rb") as source:
        source.seek(tensor.offset)
        return source.read(tensor.size)


def _hypotheses(file: GgufFile, heads: int) -> Iterator[tuple[str, Bytes]]:
    """What may have happened, in words, and the bytes that undo it."""
    matrices = {name: one for name, one in file.tensors.items() if _BLOCK.match(name) and len(one.shape) == 2}
    kinds: dict[str, list[GgufTensor]] = {}
    for name, one in matrices.items():
        kinds.setdefault(_BLOCK.sub("", name), []).append(one)
    for kind, tensors in kinds.items():
        if all(one.type.name in _PLAIN for one in tensors):
            yield f"{_short(kind)} is transposed", {one.name: _turned(file, one) for one in tensors}
    queries, keys = kinds.get("attn_q.weight", []), kinds.get("attn_k.weight", [])
    if queries and keys and all(one.shape[0] % (2 * heads) == 0 for one in queries):
        size = queries[0].shape[0] // heads
        rows = [one for one in file.tensors.values() if re.fullmatch(r"blk\.\d+\.attn_[qk]\.\w+", one.name)]
        for order, said in ((separate_rows, "stand in pairs"), (interleave_rows, "were separated twice")):
            yield (
                f"rows of attn_q and attn_k {said}",
                {one.name: order(_rows(file, one), one.shape[0] // size).tobytes() for one in rows},
            )
    for a, b in _PAIRS:
        pairs = list(zip(kinds.get(f"{a}.weight", []), kinds.get(f"{b}.weight", []), strict=False))
        alike = [(x, y) for x, y in pairs if (x.shape, x.type) == (y.shape, y.type)]
        if alike:
            swapped = {x.name: _stored(file, y) for x, y in alike}
            yield f"{a} and {b} changed places", swapped | {y.name: _stored(file, x) for x, y in alike}


def _rows(file: GgufFile, tensor: GgufTensor) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """The bytes of each row; a vector has rows of one number."""
    return np.frombuffer(_stored(file, tensor), np.uint8).reshape(tensor.shape[0], -1)


def _turned(file: GgufFile, tensor: GgufTensor) -> bytes:
    """The bytes of the transpose under the shape of the matrix."""
    width = _PLAIN[tensor.type.name]
    numbers = np.frombuffer(_stored(file, tensor), f"V{width}")
    return numbers.reshape(tensor.shape[::-1]).T.tobytes()


def _short(kind: str) -> str:
    return kind.removesuffix(".weight")
