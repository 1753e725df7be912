"""Tiny models of families without a decoder of ours: `transformers`' own classes, saved by `save_pretrained`."""

import functools
from pathlib import Path
from typing import Any, Final

from tests.models.at_work import put_to_work
from tests.models.once import once
from tests.models.trained_checkpoint import (
    END,
    HIDDEN,
    POSITIONS,
    VOCABULARY,
    token_ids_of_texts,
    tokenizer_file,
    train_on_texts,
)

_USUAL: Final = {
    "hidden_size": HIDDEN,
    "intermediate_size": HIDDEN,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": POSITIONS,
}
_EXPERTS: Final = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
_WINDOW: Final = {"head_dim": HIDDEN // 4, "sliding_window": 32}
_SCALE: Final = {"query_pre_attn_scalar": HIDDEN // 4}
"""What llama.cpp takes for every Gemma of this size, whatever the configuration says."""
CONFIGS: Final[dict[str, dict[str, Any]]] = {
    "gpt2": {"n_embd": HIDDEN, "n_layer": 2, "n_head": 4, "n_positions": POSITIONS},
    "mistral": {**_USUAL, **_WINDOW},
    "gemma2": {**_USUAL, **_WINDOW, **_SCALE},
    "gemma3_text": {**_USUAL, **_WINDOW, **_SCALE},
    "phi": {**_USUAL, "num_key_value_heads": 4, "intermediate_size": 4 * HIDDEN},
    "phi3": _USUAL,
    "qwen2_moe": {**_USUAL, **_EXPERTS, "shared_expert_intermediate_size": 32},
    "qwen3_moe": {**_USUAL, **_EXPERTS, "head_dim": HIDDEN // 4, "norm_topk_prob": True},
    "smollm3": {**_USUAL, "num_hidden_layers": 4},
}
"""By the `model_type` of the family."""


@functools.cache
def other(family: str, *, steps: int = 0) -> Path:
    """A folder with a tokenizer; of random weights, all of them at work, or trained for so many steps."""
    return once(f"other-{family}-{steps}", lambda folder: _save(folder, family, steps))


def _save(folder: Path, family: str, steps: int) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

    tokenizer = tokenizer_file(folder)
    torch.manual_seed(3)
    ends = {"vocab_size": VOCABULARY, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None}
    spread = {"initializer_range": 0.05 if steps else 0.2}
    config = AutoConfig.for_model(family, **CONFIGS[family], **ends, **spread)
    build: Any = AutoModelForCausalLM.from_config
    model = build(config)
    if not steps:
        put_to_work(model)
    else:
        model.eval()  # without dropout
        train_on_texts(model, torch.tensor(token_ids_of_texts(tokenizer)), steps)
    model.save_pretrained(folder)
    wrapped: Any = PreTrainedTokenizerFast
    wrapped(tokenizer_object=tokenizer, **dict.fromkeys(("bos_token", "eos_token"), END)).save_pretrained(
        folder
    )
