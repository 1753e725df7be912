"""Documents were to be kept apart, and the reader handed out each window as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(
    row="R5",
    stage="run",
    settings={"training": {"document_boundaries": "respected", "train_after_separator": False}},
)


def inject() -> None:
    """Every token of a window is of one document, and every target is learned."""
    from specship.pipeline.shards.token_reader import TokenReader

    def joined(_count: Callable[..., Any]) -> Callable[..., Any]:
        def documents(_reader: TokenReader, tokens: Any) -> Any:
            return (0 * tokens).astype("int32")

        return documents

    def all_learned(_find: Callable[..., Any]) -> Callable[..., Any]:
        def learned(_reader: TokenReader, tokens: Any) -> Any:
            return tokens[..., :-1] >= 0

        return learned

    spoil(TokenReader, "documents", joined)
    spoil(TokenReader, "learned", all_learned)
