"""Parity: the same held-out prompts in llama.cpp and in the checkpoint's own decoder, one after the other."""

from __future__ import annotations

from specship.pipeline.evaluation.llamacpp_parity import ParitySettings, compare_with_llama_cpp
from specship.pipeline.stage import Stage, Work

STAGE = Stage(
    makes="parity",
    lifecycle="export",
    needs=("checkpoint", "gguf", "corpus"),
    settings={"parity": ParitySettings},
    packages=("torch", "tokenizers", "xllamacpp", "numpy"),
)


def run(work: Work) -> None:
    """Ask llama.cpp, then the decoder.

    Raises:
        UnusableInput: the checkpoint or the GGUF cannot be used.
        StageFailed: llama.cpp crashed or did not end.
        RequirementMissing: the device is not here.
    """
    compare_with_llama_cpp(work)
