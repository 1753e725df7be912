"""One function body that a model writes after a header, with all that is needed to judge it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from specship.pipeline.evaluation.python_prompts import Prompt
from specship.pipeline.evaluation.python_syntax import cut_body

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from specship.pipeline.inference.drawing import Sampling
    from specship.pipeline.inference.text_decoder import TextDecoder


def complete_body(
    decoder: TextDecoder, tokenizer: Tokenizer, prompt: Prompt, sampling: Sampling, tokens: int
) -> dict[str, Any]:
    """The prompt's place, token ids and text, why they ended, and the body that the stop rule leaves."""
    from specship.pipeline.inference.text_decoder import TOKEN_LIMIT

    stops = decoder.shape.eos_ids
    completion = decoder.generate(prompt.token_ids, tokens, sampling=sampling, stop_ids=stops)
    text = completion_text(tokenizer, completion.token_ids)
    return {
        "document_sha256": prompt.document_sha256,
        "begin": prompt.begin,
        "end": prompt.end,
        "header": prompt.header,
        "prompt": prompt.text,
        "prompt_ids": prompt.token_ids,
        "decoding": "greedy" if sampling.temperature == 0 else "sampled",
        "seed": sampling.seed,
        "token_ids": completion.token_ids,
        "stop_reason": completion.stop_reason,
        "text": text,
        "body": cut_body(text, prompt.header, at_token_limit=completion.stop_reason == TOKEN_LIMIT),
    }


def completion_text(tokenizer: Tokenizer, token_ids: tuple[int, ...]) -> str:
    """Text of completed tokens; end tokens and other special ones have none."""
    return str(tokenizer.decode(list(token_ids), skip_special_tokens=True))
