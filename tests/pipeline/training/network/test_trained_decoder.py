"""Our decoder against transformers' classes: names, weights of a seed, outputs, gradients; documents apart."""
# ruff: noqa: N806 - a suffix names the axes of a tensor

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from specship.pipeline.checkpoint.folder import open_any_checkpoint
from specship.pipeline.training.architecture import config_fields
from specship.pipeline.training.causal_model import build_model, load_checkpoint, load_weights
from specship.pipeline.training.checkpoints import save_tensors
from specship.pipeline.training.initialisation import continued_config
from specship.pipeline.training.network.trained_decoder import TrainedDecoder
from specship.pipeline.training.settings import ModelSettings
from tests.models.initial_checkpoints import CASES, initial_checkpoint
from tests.models.training_data import MODEL, make_tokenizer

CPU = torch.device("cpu")
YARN = {
    "family": "llama",
    "rope_parameters": {
        "rope_type": "yarn",
        "rope_theta": 500.0,
        "factor": 4.0,
        "original_max_position_embeddings": 16,
    },
}


def config(**changes: Any) -> dict[str, Any]:
    return config_fields(ModelSettings(**{**MODEL, **changes}), vocabulary=301, separator_id=0)


def theirs(checkpoint: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32, attn_implementation="sdpa")


def windows(vocabulary: int, length: int = 24) -> torch.Tensor:
    return torch.randint(vocabulary, (3, length + 1), generator=torch.Generator().manual_seed(1))


def furthest(ours: nn.Module, other: nn.Module) -> float:
    """Largest difference of a gradient over the largest entry of that parameter's gradient."""
    named = dict(other.named_parameters())
    pairs = [(one.grad, named[name].grad) for name, one in ours.named_parameters()]
    return max(
        float((a - b).abs().max() / b.abs().max()) for a, b in pairs if a is not None and b is not None
    )


@pytest.mark.parametrize("name", [*CASES, "yarn"])
def test_outputs_and_gradients_are_those_of_transformers(tmp_path: Path, name: str) -> None:
    """Every family, tied and not, with stretched rotations, at weights that use all of it."""
    make_tokenizer(tmp_path / "tokenizer")
    checkpoint = initial_checkpoint(tmp_path / name, tmp_path / "tokenizer", **{**CASES, "yarn": YARN}[name])
    other = theirs(checkpoint)
    ours = build_model(continued_config(checkpoint), CPU)
    load_checkpoint(ours, open_any_checkpoint(checkpoint))
    tokens_BT = windows(257)

    logits_BTV = other(input_ids=tokens_BT[:, :-1], use_cache=False).logits
    expected = nn.functional.cross_entropy(logits_BTV.flatten(0, 1), tokens_BT[:, 1:].flatten())
    expected.backward()  # type: ignore[no-untyped-call]
    loss = ours(tokens_BT)
    loss.backward()

    assert [key for key, _ in ours.named_parameters()] == [key for key, _ in other.named_parameters()]
    logits_BTV = logits_BTV.detach()
    scale = float(logits_BTV.abs().max())
    with torch.no_grad():
        apart = float((ours.logits(tokens_BT[:, :-1]) - logits_BTV).abs().max())
    assert apart < 1e-5 * scale
    wanted = pytest.approx(expected.item(), rel=1e-5)
    assert loss.item() == wanted
    assert ours(tokens_BT, reduction="none").mean().item() == wanted
    assert furthest(ours, other) < 2e-4


@pytest.mark.parametrize("family", ["llama", "qwen3"])
def test_another_rotation_is_seen(tmp_path: Path, family: str) -> None:
    """The comparison, seen to fail: the same weights, turned a little faster."""
    make_tokenizer(tmp_path / "tokenizer")
    checkpoint = initial_checkpoint(tmp_path / family, tmp_path / "tokenizer", family=family)
    other, declared = theirs(checkpoint), continued_config(checkpoint)
    declared |= {"rope_theta": 9_000.0, "rope_parameters": {"rope_type": "default", "rope_theta": 9_000.0}}
    ours = build_model(declared, CPU)
    load_checkpoint(ours, open_any_checkpoint(checkpoint))
    ids_BT = windows(257)[:, :-1]
    logits_BTV = other(input_ids=ids_BT, use_cache=False).logits
    assert (ours.logits(ids_BT) - logits_BTV).abs().max().item() > 1e-4 * logits_BTV.abs().max().item()


@pytest.mark.parametrize("tied", [True, False])
def test_a_seed_draws_the_weights_of_transformers(tied: bool) -> None:
    from transformers import AutoModelForCausalLM, LlamaConfig

    fields = config(tied_embeddings=tied)
    build: Any = AutoModelForCausalLM.from_config
    torch.manual_seed(3)
    skipped = {"architectures", "model_type", "rope_theta", "torch_dtype"}
    other = build(LlamaConfig(**{key: value for key, value in fields.items() if key not in skipped}))
    torch.manual_seed(3)
    ours = build_model(fields, CPU)
    drawn = dict(other.named_parameters())
    assert all(torch.equal(value, drawn[name]) for name, value in ours.named_parameters())


def test_what_is_saved_is_opened_by_transformers_and_by_us(tmp_path: Path) -> None:
    fields = config(tied_embeddings=True)
    torch.manual_seed(3)
    ours = build_model(fields, CPU)
    save_tensors(tmp_path / "model.safetensors", dict(ours.named_parameters()))
    (tmp_path / "config.json").write_text(json.dumps(fields))
    ids_BT = windows(301)[:, :-1]
    assert torch.allclose(theirs(tmp_path)(input_ids=ids_BT).logits, ours.logits(ids_BT), atol=1e-6)
    again = build_model(fields, CPU)
    load_weights(again, tmp_path / "model.safetensors")
    assert torch.equal(again.logits(ids_BT), ours.logits(ids_BT))


def strong(fields: dict[str, Any]) -> TrainedDecoder:
    """Weights so wide that every token matters."""
    torch.manual_seed(3)
    return build_model(fields | {"initializer_range": 0.3}, CPU)


def test_documents_of_a_window_do_not_see_each_other() -> None:
    """Two texts side by side have the losses that each has alone; without the mark they have others."""
    model = strong(config())
    first, second = windows(301)[0, :13], windows(301)[1, :13]
    together_BT = torch.cat((first, second))[None]
    marks_BT = torch.tensor([[7] * 13 + [8] * 13])
    losses_T = model(together_BT, documents_BT=marks_BT, reduction="none")[0]
    alone = [model(one[None], reduction="none")[0] for one in (first, second)]
    unmarked_T = model(together_BT, reduction="none")[0]

    assert torch.allclose(losses_T[:12], alone[0], atol=1e-5)
    assert torch.allclose(losses_T[13:], alone[1], atol=1e-5)
    assert (unmarked_T[13:] - alone[1]).abs().max().item() > 0.1


def test_one_document_is_plain_causal_attention() -> None:
    model = strong(config())
    tokens_BT = windows(301)
    marked = model(tokens_BT, documents_BT=torch.zeros_like(tokens_BT))
    assert marked.item() == pytest.approx(model(tokens_BT).item(), rel=1e-6)


def test_bfloat16_is_near_and_its_gradients_are_those_of_masters_in_float32() -> None:
    """Products in half the bits; losses stay near, and what the optimizer gets is float32."""
    model, tokens_BT = strong(config(tied_embeddings=False)), windows(301)
    whole = model(tokens_BT).item()
    loss = model(tokens_BT, dtype=torch.bfloat16)
    loss.backward()
    assert loss.dtype == torch.float32
    assert 0 < abs(loss.item() - whole) < 0.05 * whole
    assert {one.grad.dtype for one in model.parameters() if one.grad is not None} == {torch.float32}
    assert all(one.grad is not None for one in model.parameters())


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="no C++ compiler")
@pytest.mark.filterwarnings("ignore")
def test_compiled_blocks_compute_the_same() -> None:
    """Loss and gradients of a compiled step, and the eager evaluation beside it."""
    plain, made = strong(config()), strong(config())
    made.compile_parts()
    tokens_BT = windows(301, 16)
    for model in (plain, made):
        model(tokens_BT).backward()
    assert made(tokens_BT).item() == pytest.approx(plain(tokens_BT).item(), rel=1e-5)
    assert furthest(made, plain) < 2e-4
