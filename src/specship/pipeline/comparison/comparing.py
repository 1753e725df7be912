"""`specship compare`: two sides by their names, and llama.cpp beside them where a GGUF is one of the two."""

from __future__ import annotations

from typing import Any

from specship.errors import UnusableInput
from specship.pipeline.comparison.comparison import ComparisonTask, compare_sides
from specship.pipeline.comparison.report import as_document
from specship.pipeline.comparison.sides import LLAMA_CPP, Side, named_path, open_side
from specship.pipeline.inference.any_model import is_ours


def compare(a: str, b: str, work: ComparisonTask, *, with_llama_cpp: bool = True) -> dict[str, Any]:
    """Two sides compared, as `specship compare` prints it; with a folder and a GGUF, llama.cpp as well.

    llama.cpp is held against our decoder on the same GGUF, so that nothing but its arithmetic is between.

    Raises:
        UnusableInput: one of them cannot be used, or the two cannot be compared.
        StageFailed: llama.cpp crashed or did not end.
        RequirementMissing: the device is not here.
    """
    if not (is_ours(named_path(a)) and is_ours(named_path(b))):
        from specship.pipeline.comparison.other_sides import open_other_side
        from specship.pipeline.comparison.without_blocks import compare_without_blocks

        return as_document(compare_without_blocks(open_other_side(a), open_other_side(b), work))
    sides = open_side(a), open_side(b)
    found = compare_sides(*sides, work)
    if not with_llama_cpp or {side.kind for side in sides} != {"folder", "gguf"}:
        return as_document(found)
    gguf = next(side for side in sides if side.kind == "gguf")
    llama_cpp = Side(f"{LLAMA_CPP}{gguf.name}", "llama.cpp", gguf.model)
    try:
        in_llama_cpp = compare_sides(gguf, llama_cpp, work, tensors=False)
    except UnusableInput as refusal:  # it opens in our reader and not in llama.cpp
        return as_document(found, refusal=refusal.message)
    return as_document(found, in_llama_cpp)
