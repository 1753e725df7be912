"""The checkpoint and its export side by side: the same prompts in torch and in llama.cpp.

llama.cpp decodes greedily; torch reads prompt and continuation once, teacher-forced. Position by
position torch's likeliest token must be llama.cpp's, which is the same as equal greedy decoding,
and the log-probabilities of llama.cpp's likeliest tokens are compared. The first position alone
proves little: an export with a wrong rotation often agrees there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch

from specship.errors import UnusableInput
from specship.pipeline.checkpoint_folder import open_checkpoint
from specship.pipeline.decoder import Decoder
from specship.pipeline.gguf_comparison import compare_tensors
from specship.pipeline.gguf_reader import read_gguf
from specship.pipeline.llamacpp import Request, Step, ask_llama_cpp

_MOST_STEPS_IN_FULL: Final = 16


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
    decoder: Decoder, prompt_ids: Sequence[int], steps: Sequence[Step], *, barred_ids: Collection[int]
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


def compare(
    checkpoint: Path,
    gguf: Path,
    prompts: Iterable[str],
    *,
    steps: int = 8,
    device: str = "cpu",
    threads: int = 1,
) -> dict[str, Any]:
    """A checkpoint and a GGUF compared: tensors, tokenizer, and whole next-token laws on the prompts.

    Raises:
        UnusableInput: one of them cannot be used, or there is no prompt.
        StageFailed: llama.cpp crashed or did not end.
    """
    texts = tuple(prompts)
    if not texts or not 1 <= steps <= _MOST_STEPS_IN_FULL:
        raise UnusableInput(f"give at least one prompt and 1 to {_MOST_STEPS_IN_FULL} steps")
    opened = open_checkpoint(checkpoint)
    tokenizer = opened.tokenizer()
    tokenized = tuple(tuple(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts)
    request = Request(
        gguf=str(gguf),
        prompts=tokenized,
        steps=steps,
        top=opened.shape.vocabulary,
        texts=texts,
        threads=threads,
    )
    answer = ask_llama_cpp(request)
    decoder = Decoder(opened, device=device)
    barred = opened.shape.eos_ids
    agreements = [
        teacher_forced(decoder, ids, continued, barred_ids=barred)
        for ids, continued in zip(tokenized, answer.completions, strict=True)
    ]
    laws = [
        law
        for ids, continued in zip(tokenized, answer.completions, strict=True)
        for law in _whole_laws(decoder, ids, continued)
    ]
    tensors = compare_tensors(opened, read_gguf(gguf))
    compared = sum(agreement.steps for agreement in agreements)
    differing = sum(agreement.differing for agreement in agreements)
    departed = next((tensor.name for tensor in tensors if not tensor.equal), None)
    if departed is None and tokenized != answer.tokenized:
        departed = "tokenizer"
    return {
        "a": str(checkpoint),
        "b": str(gguf),
        "tokens_compared": compared,
        "top1_agreement": (compared - differing) / compared,
        "mean_kl": sum(kl for kl, _ in laws) / len(laws) if laws else None,
        "max_abs_logit": max((logit for _, logit in laws), default=None),
        "first_departing_stage": departed or ("logits" if differing else None),
        "tensors": [asdict(tensor) for tensor in tensors],
    }


@torch.inference_mode()
def _whole_laws(
    decoder: Decoder, prompt_ids: Sequence[int], steps: Sequence[Step]
) -> list[tuple[float, float]]:
    """KL divergence (nats) from torch's law to llama.cpp's, and the largest difference of centred logits."""
    token_ids = [step.token for step in steps]
    logits_TV = decoder.logits([*prompt_ids, *token_ids[:-1]])[len(prompt_ids) - 1 :].cpu()  # noqa: N806
    found = []
    for ours_V, step in zip(logits_TV.log_softmax(-1).double(), steps, strict=True):  # noqa: N806
        if len(step.logprobs) != len(ours_V):
            continue
        theirs_V = torch.tensor([step.logprobs[token] for token in range(len(ours_V))], dtype=torch.float64)  # noqa: N806
        kl = float((ours_V.exp() * (ours_V - theirs_V)).sum())
        apart_V = (ours_V - ours_V.mean()) - (theirs_V - theirs_V.mean())  # noqa: N806
        found.append((max(kl, 0.0), float(apart_V.abs().max())))
    return found
