"""What a model writes after a prompt, as `specship run` prints it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from specship.pipeline.inference.any_model import load_decoder, open_any_model
from specship.pipeline.inference.drawing import Sampling


def generate_text(
    checkpoint: Path,
    prompt: str,
    *,
    tokens: int = 128,
    temperature: float = 0.0,
    seed: int = 0,
    device: str = "cpu",
    compiled: bool = False,
    rendered: bool = False,
    stop_ids: Sequence[int] = (),
) -> str:
    """The text that a checkpoint or a GGUF writes after a prompt, up to a stop token or the token limit.

    A prompt that a chat template `rendered` has its special tokens already, so that none are added.
    Compiled, matrices stay in the type that they are stored in; without it they are held as float32.
    `stop_ids` are those of the configuration and these.

    Raises:
        UnusableInput: the checkpoint or the prompt cannot be used.
        RequirementMissing: the device is not here.
    """
    opened = open_any_model(checkpoint)
    tokenizer = opened.tokenizer()
    prompt_ids = tokenizer.encode(prompt, add_special_tokens=not rendered).ids
    # Models of long contexts would else take gigabytes of cache for a few lines of text.
    context = max(1, len(prompt_ids) + tokens)
    decoder = load_decoder(opened, device=device, context=context, weights="stored", compiled=compiled)
    completion = decoder.generate(
        prompt_ids,
        tokens,
        sampling=Sampling(temperature=temperature, seed=seed),
        stop_ids=(*opened.shape.eos_ids, *stop_ids),
    )
    return str(tokenizer.decode(completion.token_ids, skip_special_tokens=True))
