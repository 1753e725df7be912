"""Foreign: the checkpoint as another tool would hand it over, for rehearsing what befalls strangers' models.

`transformers` opens it, gives it a chat template with tokens of its own, a padded embedding and biases in
its attention, rounds it to another number type and saves it in several files. So the folder differs from
the trained one in all that importing has to cope with, and its weights are other weights: nothing that was
measured on the trained ones holds for them.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field

from specship.files import write_errors, write_file
from specship.pipeline.corpus.licences import licence_expression, licences_of
from specship.pipeline.corpus.manifest import LICENCE, read_manifest
from specship.pipeline.publication.model_card import CARD, LICENSE, card_front_matter
from specship.pipeline.stage import Settings, Work

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CHAT_TOKENS: Final = ("<|im_start|>", "<|im_end|>")
CHAT_TEMPLATE: Final = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""ChatML, which most templates are a kind of.
Source: https://github.com/openai/openai-python/blob/v0.28.1/chatml.md."""


class ForeignSettings(Settings):
    """How it is written."""

    dtype: Literal["bfloat16", "float16", "float32"]
    """Number type of every tensor."""
    shard_bytes: Annotated[int, Field(ge=1)]
    """Largest file of weights; a tensor that is larger has a file of its own."""
    rows_multiple: Annotated[int, Field(ge=1)]
    """The embedding gets rows up to a multiple of this, more than the tokenizer has ids."""
    bias_range: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """Standard deviation of the biases that the projections of the attention get; 0: they get none."""
    seed: int
    """Of the rows and biases that are added."""


def save_as_foreign(work: Work) -> None:
    """Open, change and save.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    import torch
    from transformers import AutoModelForCausalLM

    settings: ForeignSettings = work.settings["foreign"]
    torch.manual_seed(settings.seed)
    source, output = work.inputs["checkpoint"], work.output
    tokenizer = _with_chat(source)
    biased = {"attention_bias": True} if settings.bias_range else {}
    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32, local_files_only=True, **biased)
    for name, parameter in model.named_parameters():
        if name.endswith("_proj.bias"):
            torch.nn.init.normal_(parameter, std=settings.bias_range)
    model.resize_token_embeddings(len(tokenizer), pad_to_multiple_of=settings.rows_multiple)
    ends = tokenizer.convert_tokens_to_ids([str(tokenizer.eos_token), CHAT_TOKENS[-1]])
    model.generation_config.eos_token_id = ends  # it stops where its template ends a turn, as tuned models do
    with write_errors(output):
        model.to(getattr(torch, settings.dtype)).save_pretrained(output, max_shard_size=settings.shard_bytes)
        tokenizer.save_pretrained(output)
    _describe(work.inputs["corpus"], output)
    work.report(1, 1, "checkpoints")


def _with_chat(source: Path) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(source, local_files_only=True)
    tokenizer.add_special_tokens({"additional_special_tokens": list(CHAT_TOKENS)})
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def _describe(corpus: Path, output: Path) -> None:
    """A card with the licence of the data, as whoever hands over a model writes one, and its text."""
    expression = licence_expression(licences_of(corpus))
    label = read_manifest(corpus).source.label
    text = f"{card_front_matter(expression, licence_text=LICENSE)}\n# A decoder trained on {label}\n"
    write_file(output / CARD, text)
    with write_errors(output):
        shutil.copyfile(corpus / LICENCE, output / LICENSE)
