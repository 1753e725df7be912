"""Live transformers, always in a process of its own: greedy tokens and log-probabilities of a checkpoint.

    python -I -m specship.pipeline.qa.transformers_child  < request.json  > answer.json

The weights are computed in float32, whatever they are stored as. No code that lies in the folder is run,
nothing is fetched, and no pickle is opened. Axes: T tokens, V vocabulary.
"""
# ruff: noqa: N806 - a tensor's name carries its axes

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from specship.errors import StageFailed, UnusableInput
from specship.pipeline.child import ChildFailed, answer_parent, ask_child
from specship.pipeline.inference.llamacpp import LlamaCppStep, read_steps

_TAIL = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformersRequest:
    """What transformers is asked."""

    folder: str
    prompts: tuple[tuple[int, ...], ...]
    steps: int
    """Greedy steps after each prompt."""
    barred_ids: tuple[int, ...] = ()
    """Tokens that are never chosen; their probability stays what it is."""
    top: int = 5
    """How many of the likeliest tokens to report at each step."""
    threads: int = 1


def ask_transformers(
    request: TransformersRequest, *, timeout_seconds: float = 600.0
) -> list[list[LlamaCppStep]]:
    """Run transformers on a checkpoint folder in a child process and wait for its answer.

    Raises:
        UnusableInput: transformers refuses the folder.
        StageFailed: the child crashed, was killed, or did not end in time.
    """
    try:
        answer = ask_child(__name__, asdict(request), seconds=timeout_seconds).value
    except ChildFailed as failure:
        said = " ".join(failure.log.split())[-_TAIL:]
        raise StageFailed(f"transformers {failure}", at=request.folder, why=said) from failure
    if "refusal" in answer:
        raise UnusableInput(f"transformers refuses it: {answer['refusal']}", at=request.folder)
    return read_steps(answer["completions"])


def _completions(request: TransformersRequest) -> list[list[dict[str, Any]]]:
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(request.threads)
    model: Any = AutoModelForCausalLM.from_pretrained(
        request.folder,
        dtype=torch.float32,
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        attn_implementation="eager",
    )
    with torch.inference_mode():
        return [_completed(model.eval(), prompt, request) for prompt in request.prompts]


def _completed(model: Any, prompt_ids: Sequence[int], request: TransformersRequest) -> list[dict[str, Any]]:
    import torch

    found: list[dict[str, Any]] = []
    cache, ids_BT = None, torch.tensor([list(prompt_ids)])
    while len(found) < request.steps:
        out = model(input_ids=ids_BT, past_key_values=cache, use_cache=True)
        cache, logits_V = out.past_key_values, out.logits[0, -1]
        logprobs_V = logits_V.log_softmax(-1)
        logits_V[list(request.barred_ids)] = -math.inf
        token = int(logits_V.argmax())
        likeliest = logprobs_V.topk(min(request.top, len(logprobs_V)))
        pairs = zip(likeliest.indices.tolist(), likeliest.values.tolist(), strict=True)
        found.append({"token": token, "logprobs": dict(pairs) | {token: float(logprobs_V[token])}})
        ids_BT = torch.tensor([[token]])
    return found


def _answer_or_refusal(plain: dict[str, Any]) -> dict[str, Any]:
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    prompts = tuple(tuple(ids) for ids in plain["prompts"])
    request = TransformersRequest(**plain | {"prompts": prompts, "barred_ids": tuple(plain["barred_ids"])})
    try:
        return {"completions": _completions(request)}
    except Exception as error:  # noqa: BLE001 - whatever a foreign library raises is its refusal
        return {"refusal": f"{type(error).__name__}: {error}"[:_TAIL]}


if __name__ == "__main__":
    answer_parent(_answer_or_refusal)
