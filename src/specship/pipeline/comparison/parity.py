"""The checkpoint and its export side by side: the same prompts in torch and in llama.cpp.

llama.cpp decodes greedily; torch reads prompt and continuation once, teacher-forced. Position by
position torch's likeliest token must be llama.cpp's, which is the same as equal greedy decoding,
and the log-probabilities of llama.cpp's likeliest tokens are compared. The first position alone
proves little: an export with a wrong rotation often agrees there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch

from specship.pipeline.inference.llamacpp import LlamaCppStep
from specship.pipeline.inference.text_decoder import TextDecoder


@dataclass(frozen=True, slots=True)
class Agreement:
    """How one continuation compares."""

    steps: int
    differing: int
    """Steps at which torch's likeliest token is another one."""
    logprobs: int
    """Log-probabilities compared."""
    max_abs_logprob: float
    """Largest difference among them, nats."""


@torch.inference_mode()
def teacher_forced(
    decoder: TextDecoder,
    prompt_ids: Sequence[int],
    steps: Sequence[LlamaCppStep],
    *,
    barred_ids: Collection[int],
) -> Agreement:
    """Compare one of llama.cpp's continuations with what torch says at each of its positions.

    Raises:
        UnusableInput: the sequence exceeds the context or leaves the vocabulary.
    """
    token_ids = [step.token for step in steps]
    logits_TV = decoder.logits([*prompt_ids, *token_ids[:-1]])[len(prompt_ids) - 1 :]  # noqa: N806 - axes
    logprobs_TV = logits_TV.log_softmax(-1).cpu()  # noqa: N806
    logits_TV[:, list(barred_ids)] = -torch.inf
    likeliest = logits_TV.argmax(-1).tolist()
    differences = [
        abs(float(logprobs_TV[at, token]) - value)
        for at, step in enumerate(steps)
        for token, value in step.logprobs.items()
    ]
    return Agreement(
        steps=len(steps),
        differing=sum(ours != theirs for ours, theirs in zip(likeliest, token_ids, strict=True)),
        logprobs=len(differences),
        max_abs_logprob=max(differences, default=float("nan")),
    )
