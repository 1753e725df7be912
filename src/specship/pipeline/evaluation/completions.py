"""Completions: function bodies that the checkpoint writes after short headers which nobody has to look up.

The files are those of `generations`, and so is the stop rule; a header stands alone, in no document.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Self

from pydantic import Field, model_validator

from specship.files import write_file, write_json
from specship.pipeline.chat.decision import chat_decision
from specship.pipeline.evaluation.body_completion import complete_body
from specship.pipeline.evaluation.inference_records import GENERATIONS, GENERATIONS_ABOUT
from specship.pipeline.evaluation.model_identity import PLAIN
from specship.pipeline.evaluation.python_prompts import HEADER, Prompt
from specship.pipeline.evaluation.python_syntax import STOP_RULE
from specship.pipeline.inference.any_model import load_decoder, open_any_model
from specship.pipeline.inference.decoding_settings import DecodingSettings
from specship.pipeline.stage import Work


class CompletionSettings(DecodingSettings):
    """What is completed, and how."""

    headers: Annotated[tuple[str, ...], Field(min_length=1)]
    """Such as `def fib(n):`; each stands alone before its completions."""

    @model_validator(mode="after")
    def _are_headers(self) -> Self:
        for header in self.headers:
            if not HEADER.fullmatch(header):
                raise ValueError(f"{header!r} is not the header of a function on one line")
        return self


def complete_headers(work: Work) -> None:
    """Complete every header as often as asked, each time under another seed.

    Raises:
        UnusableInput: the checkpoint cannot be used.
        RequirementMissing: the device is not here.
    """
    import torch

    from specship.pipeline.device import device_name

    settings: CompletionSettings = work.settings["completions"]
    torch.set_num_threads(settings.threads)
    opened = open_any_model(work.inputs["checkpoint"])
    tokenizer = opened.tokenizer()
    prompts = []
    for header in settings.headers:
        ids = tuple(tokenizer.encode(header, add_special_tokens=False).ids)
        prompts.append(Prompt("", 0, len(header), header, header, ids))
    longest = max(len(prompt.token_ids) for prompt in prompts)
    decoder = load_decoder(opened, device=settings.device, context=longest + settings.new_tokens)
    total = settings.samples * len(prompts)
    lines = []
    for at in range(total):
        sampling = settings.sampling(settings.judged, settings.seed + at)
        prompt = prompts[at % len(prompts)]
        lines.append(json.dumps(complete_body(decoder, tokenizer, prompt, sampling, settings.new_tokens)))
        work.report(at + 1, total, "completions")
    write_file(work.output / GENERATIONS, "".join(f"{line}\n" for line in lines))
    about = {
        "format": "specship-completions/1",
        "stop_rule": STOP_RULE,
        "engine": decoder.engine,
        "weights_sha256": opened.weights_digest(),
        "prompt_format": PLAIN,
        "chat": asdict(chat_decision(work.inputs["checkpoint"])),
        "settings": settings.model_dump(),
        "device": str(decoder.device),
        "device_name": device_name(decoder.device),
    }
    write_json(work.output / GENERATIONS_ABOUT, about)
