"""Parity: the same held-out prompts in llama.cpp and in the checkpoint's own decoder, one after the other.

`parity.json` keeps what both sides said: tokens and log-probabilities of llama.cpp, tokens of the
decoder, and how each side cuts the prompts' texts into tokens.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Final, Literal

from pydantic import Field

from specship.files import write_json
from specship.pipeline.evaluation.python_prompts import checkpoint_and_prompts
from specship.pipeline.stage import Settings, Work

GGUF_FILE: Final = "model.gguf"
HARD_TEXTS: Final = (
    "\tif x:\r\n\t\treturn\n\n\n    # spaces   and\ttabs  \n",
    "caf\u00e9 cafe\u0301 \u4f60\u597d \U0001f600 \u00df \u0130",
    "0123456789 1_000 3.14e-10 0x7f don't we'll I'VE",
    "x=lambda*a,**k:{**k,'a':a}[-1]<<2!=~3",
)
"""Texts on which tokenizers part: white space, composed and decomposed letters, digits, signs."""


class ParitySettings(Settings):
    """What is compared."""

    prompts: Annotated[int, Field(ge=1)]
    steps: Annotated[int, Field(ge=1)]
    """Greedy steps a prompt."""
    context_tokens: Annotated[int, Field(ge=8)]
    """Longest prompt."""
    threads: Annotated[int, Field(ge=1)]
    device: Literal["cpu", "cuda"]
    """Of the decoder; llama.cpp runs on the processor."""


def compare_with_llama_cpp(work: Work) -> None:
    """Ask llama.cpp, then the decoder.

    Raises:
        UnusableInput: the checkpoint or the GGUF cannot be used.
        StageFailed: llama.cpp crashed or did not end.
        RequirementMissing: the device is not here.
    """
    from specship.pipeline.inference.llamacpp import LlamaCppRequest, ask_llama_cpp

    settings: ParitySettings = work.settings["parity"]
    opened, _, prompts = checkpoint_and_prompts(
        work, count=settings.prompts, context_tokens=settings.context_tokens
    )
    texts = (*(prompt.text for prompt in prompts), *HARD_TEXTS)
    request = LlamaCppRequest(
        gguf=str(work.inputs["gguf"] / GGUF_FILE),
        prompts=tuple(prompt.token_ids for prompt in prompts),
        steps=settings.steps,
        texts=texts,
        threads=settings.threads,
    )
    answer = ask_llama_cpp(request)
    work.report(1, 2, "sides")

    import torch

    from specship.pipeline.inference.any_model import load_decoder

    torch.set_num_threads(settings.threads)
    decoder = load_decoder(opened, device=settings.device, context=settings.context_tokens + settings.steps)
    barred = opened.shape.eos_ids
    ours = [decoder.generate(prompt.token_ids, settings.steps, banned_ids=barred) for prompt in prompts]
    found = {
        "format": "specship-parity/1",
        "gguf_sha256": answer.gguf_sha256,
        "engine": decoder.engine,
        "weights_sha256": opened.weights_digest(),
        "steps": settings.steps,
        "barred_ids": barred,
        "prompts": [
            {
                "document_sha256": prompt.document_sha256,
                "prompt_ids": prompt.token_ids,
                "llama_cpp": [asdict(step) for step in theirs],
                "decoder_ids": mine.token_ids,
            }
            for prompt, theirs, mine in zip(prompts, answer.completions, ours, strict=True)
        ],
        "texts": [
            {"text": text, "llama_cpp": ids} for text, ids in zip(texts, answer.tokenized, strict=True)
        ],
    }
    write_json(work.output / "parity.json", found)
    work.report(2, 2, "sides")
