"""A GGUF of an architecture without a decoder of ours: sizes, and the names that its tensors may have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from specship.errors import DamagedArtifact
from specship.pipeline.gguf.names import ARCHITECTURES
from specship.pipeline.gguf.reader import GgufFile
from specship.pipeline.model.decoder_shape import TextShape

REQUIRED: Final = ("context_length", "embedding_length", "block_count")
"""Keys of every architecture that writes text, behind its name."""
_EMBEDDING: Final = "token_embd.weight"
_HEAD: Final = "output.weight"
_BLOCK: Final = re.compile(r"blk\.(\d+)\.")
_ENDS: Final = (".weight", ".bias", ".scale")


def is_other_architecture(file: GgufFile) -> bool:
    """Whether the file names an architecture that our decoder does not compute."""
    said = file.metadata.get("general.architecture")
    return isinstance(said, str) and said not in {one.name for one in ARCHITECTURES.values()}


def text_shape(file: GgufFile) -> TextShape:
    """Sizes and ids, as the metadata have them.

    Raises:
        DamagedArtifact: a size is missing or impossible.
    """
    metadata, architecture = file.metadata, str(file.metadata.get("general.architecture"))
    sizes = {key: _count(file, f"{architecture}.{key}") for key in REQUIRED}
    embedding = file.tensors.get(_EMBEDDING)
    if embedding is None:
        _refuse(file, f"{_EMBEDDING} is missing")
    vocabulary = embedding.shape[0]
    heads = metadata.get(f"{architecture}.attention.head_count", 0)
    return TextShape(
        family=architecture,
        vocabulary=vocabulary,
        hidden=sizes["embedding_length"],
        layers=sizes["block_count"],
        heads=max(heads, default=0) if isinstance(heads, list | tuple) else int(heads),
        context=sizes["context_length"],
        tied=_HEAD not in file.tensors,
        bos_id=_id(metadata, "bos", vocabulary),
        eos_ids=tuple(
            dict.fromkeys(
                one for name in ("eos", "eot") if (one := _id(metadata, name, vocabulary)) is not None
            )
        ),
        pad_id=_id(metadata, "padding", vocabulary),
    )


def misnamed(file: GgufFile) -> tuple[list[str], list[str]]:
    """Tensors that no layer of the architecture may have, and those that some layers have and others lack.

    Which names an architecture has, the installed `gguf` package says; one that it does not know has none.
    Layers of several kinds may differ, so that the second list is a hint and no verdict.
    """
    import gguf

    architecture = str(file.metadata.get("general.architecture"))
    number = next((key for key, said in gguf.MODEL_ARCH_NAMES.items() if said == architecture), None)
    blocks = int(file.metadata.get(f"{architecture}.block_count", 0))
    allowed = {gguf.TENSOR_NAMES[one] for one in gguf.MODEL_TENSORS.get(number, ())} if number else set()
    unknown, found = [], dict[str, set[int]]()
    for name in file.tensors:
        plain = next((name.removesuffix(end) for end in _ENDS if name.endswith(end)), name)
        block = _BLOCK.match(plain)
        kind = _BLOCK.sub("blk.{bid}.", plain)
        if (allowed and kind not in allowed) or (block and int(block.group(1)) >= blocks):
            unknown.append(name)
        if block:
            found.setdefault(_BLOCK.sub("blk.{bid}.", name), set()).add(int(block.group(1)))
    uneven = [
        kind.replace("{bid}", str(missing))
        for kind, layers in found.items()
        for missing in sorted(set(range(blocks)) - layers)
    ]
    return sorted(unknown), uneven


def _count(file: GgufFile, key: str) -> int:
    value = file.metadata.get(key)
    if type(value) is not int or not 1 <= value < 2**31:
        _refuse(file, f"{key} is {str(value)[:40]}, not a count")
    return value


def _id(metadata: Mapping[str, Any], name: str, vocabulary: int) -> int | None:
    value = metadata.get(f"tokenizer.ggml.{name}_token_id")
    return value if type(value) is int and 0 <= value < vocabulary else None


def _refuse(file: GgufFile, message: str) -> NoReturn:
    raise DamagedArtifact(
        message,
        at=file.path,
        why="nothing is guessed",
        mend="export the checkpoint again, or fetch the file anew",
    )
