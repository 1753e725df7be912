"""What the process of llama.cpp does that stays: it reads sequences of a GGUF, token by token.

python -I -m specship.pipeline.inference.llamacpp_child   (frames on standard input and output)
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from specship.digests import sha256_file
from specship.pipeline.gguf.reader import read_gguf
from specship.pipeline.inference.llamacpp import LlamaCppRefused, LlamaCppRequest, LlamaCppServer
from specship.pipeline.resident_child import serve

_LIKELIEST: Final = 4096
"""Tokens whose probability is told at each step; what is beyond them is less likely than any of them."""


class _Model:
    """The file that is loaded, and the sequence that it is reading."""

    def __init__(self) -> None:
        self._server: Any = None
        self._vocabulary = 0
        self._ids: list[int] = []

    def load(self, gguf: str, positions: int, threads: int) -> Mapping[str, Any]:
        """Open a file that our own reader accepts; the digest of the bytes that were opened."""
        path = Path(gguf)
        header, before = read_gguf(path), sha256_file(path)
        self._vocabulary = len(header.metadata.get("tokenizer.ggml.tokens", ()))
        request = LlamaCppRequest(gguf=gguf, positions=positions, threads=threads)
        self._server = LlamaCppServer(request, header)
        if sha256_file(path) != before:
            raise LlamaCppRefused("the file changed while llama.cpp opened it")
        return {"sha256": before}

    def prompt(self, ids: Sequence[int]) -> bytes:
        """float32 log-probabilities of every token behind a sequence; -inf beyond the likeliest ones."""
        self._ids = list(ids)
        found = self._server.law_after(self._ids, min(_LIKELIEST, self._vocabulary), cached=True)
        if not found:
            raise LlamaCppRefused("llama.cpp told no probabilities: no token of the file ends a character")
        law = array("f", [float("-inf")]) * self._vocabulary
        for token, value in found.items():
            law[token] = value
        return law.tobytes()

    def step(self, token: int) -> bytes:
        """The same behind one more token."""
        return self.prompt([*self._ids, token])

    def losses(self, sequences: Sequence[Sequence[int]]) -> bytes:
        """float32 nats of every token of the sequences but the first of each."""
        found = array("f")
        for ids in sequences:
            found.extend(self._loss(ids, at) for at in range(1, len(ids)))
        return found.tobytes()

    def _loss(self, ids: Sequence[int], at: int) -> float:
        told = self._server.logprob(ids[:at], ids[at])
        if told is None:  # half of a character: looked up among all tokens
            told = self._server.law_after(ids[:at], self._vocabulary, cached=True).get(ids[at])
        if told is None:
            raise LlamaCppRefused(f"llama.cpp tells no probability of the token {ids[at]}")
        return -float(told)


if __name__ == "__main__":
    serve(_Model())
