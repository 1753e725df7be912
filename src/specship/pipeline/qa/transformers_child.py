"""Live transformers, always in a process of its own: greedy tokens and log-probabilities of a checkpoint.

    python -I -m specship.pipeline.qa.transformers_child  < request.json  > answer.json

The weights are computed in float32, whatever they are stored as. No code that lies in the folder is run,
nothing is fetched, and no pickle is opened. Axes: T tokens, V vocabulary.
"""
# ruff: noqa: N806 - a tensor's name carries its axes

from __future__ import annotations

import json
import math
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from specship.errors import StageFailed, UnusableInput
from specship.pipeline.inference.llamacpp import LlamaCppStep

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
    command = [sys.executable, "-I", "-m", "specship.pipeline.qa.transformers_child"]
    try:
        ended = subprocess.run(  # noqa: S603 - our own interpreter and module
            command,
            input=json.dumps(asdict(request)).encode(),
            capture_output=True,
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StageFailed(
            f"transformers did not answer within {timeout_seconds:g} s and was ended", at=request.folder
        ) from error
    said = " ".join(ended.stderr.decode(errors="replace").split())[-_TAIL:]
    if ended.returncode < 0:
        name = signal.Signals(-ended.returncode).name
        raise StageFailed(f"transformers was ended by {name}", at=request.folder, why=said)
    try:
        answer = json.loads(ended.stdout)
    except ValueError as error:
        raise StageFailed("transformers ended without an answer", at=request.folder, why=said) from error
    if "refusal" in answer:
        raise UnusableInput(f"transformers refuses it: {answer['refusal']}", at=request.folder)
    return [
        [
            LlamaCppStep(step["token"], {int(token): value for token, value in step["logprobs"].items()})
            for step in steps
        ]
        for steps in answer["completions"]
    ]


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


def main() -> NoReturn:
    """Answer the request on standard input; everything that libraries print goes to the log."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    plain = json.load(sys.stdin)
    prompts = tuple(tuple(ids) for ids in plain["prompts"])
    request = TransformersRequest(**plain | {"prompts": prompts, "barred_ids": tuple(plain["barred_ids"])})
    answer: dict[str, Any]
    try:
        answer = {"completions": _completions(request)}
    except Exception as error:  # noqa: BLE001 - whatever a foreign library raises is its refusal
        answer = {"refusal": f"{type(error).__name__}: {error}"[:_TAIL]}
    json.dump(answer, protocol)
    protocol.close()
    os._exit(0)


if __name__ == "__main__":
    main()
