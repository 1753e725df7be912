"""Generations: function bodies that the checkpoint writes after held-out headers.

One decoding, greedy or sampled with fixed seeds, is judged; a few prompts are completed the
other way too. Each line of `generations.jsonl` holds the prompt's place in its document, token
ids and text, why it stopped, and the body that the stop rule left (the rule stands in
`generations.json` and in `pipeline/evaluation/python_syntax.py`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from specship.files import write_file, write_json
from specship.pipeline.evaluation.body_completion import complete_body
from specship.pipeline.evaluation.python_prompts import Prompt, checkpoint_and_prompts
from specship.pipeline.evaluation.python_syntax import STOP_RULE
from specship.pipeline.inference.decoding_settings import Decoding, DecodingSettings
from specship.pipeline.stage import Work

if TYPE_CHECKING:
    from specship.pipeline.inference.drawing import Sampling


class GenerationSettings(DecodingSettings):
    """What is completed, and how."""

    prompts: Annotated[int, Field(ge=1, le=10_000)]
    """Held-out beginnings that are completed."""
    context_tokens: Annotated[int, Field(ge=8)]
    """Longest prompt."""
    others: Annotated[int, Field(ge=1)]
    """How many prompts are completed once by the other decoding too."""


def complete_held_out(work: Work) -> None:
    """Complete the prompts.

    Raises:
        UnusableInput: the checkpoint cannot be used, or the held-out documents give too few prompts.
        RequirementMissing: the device is not here.
    """
    import torch

    from specship.pipeline.device import device_name
    from specship.pipeline.inference.any_model import load_decoder

    settings: GenerationSettings = work.settings["generations"]
    torch.set_num_threads(settings.threads)
    opened, tokenizer, prompts = checkpoint_and_prompts(
        work, count=settings.prompts, context_tokens=settings.context_tokens
    )
    decoder = load_decoder(
        opened, device=settings.device, context=settings.context_tokens + settings.new_tokens
    )
    tasks = _tasks(prompts, settings)
    lines = []
    for done, (prompt, sampling) in enumerate(tasks):
        lines.append(
            json.dumps(complete_body(decoder, tokenizer, prompt, sampling, settings.new_tokens)) + "\n"
        )
        work.report(done + 1, len(tasks), "completions")
    write_file(work.output / "generations.jsonl", "".join(lines))
    about = {
        "format": "specship-generations/1",
        "stop_rule": STOP_RULE,
        "engine": decoder.engine,
        "weights_sha256": opened.weights_digest(),
        "settings": settings.model_dump(),
        "device": str(decoder.device),
        "device_name": device_name(decoder.device),
    }
    write_json(work.output / "generations.json", about)


def _tasks(prompts: list[Prompt], settings: GenerationSettings) -> list[tuple[Prompt, Sampling]]:
    other: Decoding = "sampled" if settings.judged == "greedy" else "greedy"
    counted = range(settings.samples * len(prompts))
    tasks = [
        (prompts[at % len(prompts)], settings.sampling(settings.judged, settings.seed + at)) for at in counted
    ]
    return tasks + [
        (prompt, settings.sampling(other, settings.seed)) for prompt in prompts[: settings.others]
    ]
