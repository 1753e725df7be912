"""Exports of every family: bytes against `transformers`, and llama.cpp's tokens against our decoder's."""

import math
import shutil
from pathlib import Path
from typing import Any, Final

import gguf as library
import numpy as np
import pytest

from specship.cli import main
from specship.pipeline.comparison.parity import teacher_forced
from specship.pipeline.export import metadata, tensor_data, writer
from specship.pipeline.export.writer import export_gguf
from specship.pipeline.inference.decoder import Decoder
from specship.pipeline.inference.llamacpp import LlamaCppRequest, ask_llama_cpp
from specship.pipeline.model import rope_factors
from specship.pipeline.model.rotary_order import interleave_rows
from tests.models.export_cases import CASES, SIXTEEN, checkpoint
from tests.models.inference_chain import tokenizer
from tests.models.saved_families import LLAMA3, YARN, saved

PROMPTS: Final = (tuple(range(40, 90)), (5, 9, 300, 301))


def pairs(weight: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Rows of each head from halves to pairs, one index at a time."""
    size = len(weight) // heads
    order = [
        head * size + half * size // 2 + at
        for head in range(heads)
        for at in range(size // 2)
        for half in (0, 1)
    ]
    return weight[order]


def expected(folder: Path, family: str) -> dict[str, np.ndarray[Any, Any]]:
    """Every tensor as float32 from the state dict of `transformers`, named by the `gguf` package."""
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
    kind = next(one for one, name in library.MODEL_ARCH_NAMES.items() if name == family)
    table = library.get_tensor_name_map(kind, model.config.num_hidden_layers)
    heads = {"attn_q": model.config.num_attention_heads, "attn_k": model.config.num_key_value_heads}
    found = {}
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and model.config.tie_word_embeddings:
            continue
        array, theirs = tensor.float().numpy(), table.get_name(name, try_suffixes=(".weight", ".bias"))
        part = str(theirs).split(".")[-2]
        found[str(theirs)] = pairs(array, heads[part]) if family == "llama" and part in heads else array
    return found


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
@pytest.mark.parametrize("case", CASES)
def test_every_tensor_is_that_of_transformers(tmp_path: Path, case: str, dtype: Any) -> None:
    family, changes, _, _ = CASES[case]
    export_gguf(checkpoint(case), tmp_path / "model.gguf", dtype=dtype)
    found = {tensor.name: tensor for tensor in library.GGUFReader(tmp_path / "model.gguf").tensors}
    scaled = {"rope_freqs.weight"} if changes.get("rope_parameters") is LLAMA3 else set()
    wanted = expected(checkpoint(case), family)
    assert found.keys() == wanted.keys() | scaled
    for name, array in wanted.items():
        kind = library.GGMLQuantizationType[dtype if array.ndim > 1 else "F32"]
        stored = library.quants.quantize(array, kind)
        assert found[name].tensor_type == kind
        assert np.array_equal(found[name].data.view(np.uint8), stored.view(np.uint8)), name


def difference(gguf: Path, case: str) -> float:
    """Largest difference of a log-probability between llama.cpp and our decoder; infinite for another token."""
    answer = ask_llama_cpp(LlamaCppRequest(gguf=str(gguf), prompts=PROMPTS, steps=32))
    decoder = Decoder.open(checkpoint(case))
    found = [
        teacher_forced(decoder, prompt, steps, barred_ids=(0,))
        for prompt, steps in zip(PROMPTS, answer.completions, strict=True)
    ]
    assert sum(one.logprobs for one in found) > 50
    return math.inf if any(one.differing for one in found) else max(one.max_abs_logprob for one in found)


@pytest.mark.parametrize("case", CASES)
def test_llama_cpp_writes_our_decoders_tokens(tmp_path: Path, case: str) -> None:
    export_gguf(checkpoint(case), tmp_path / "model.gguf")
    assert difference(tmp_path / "model.gguf", case) < 2e-3


def dropped(name: str) -> Any:
    """A fault: a key, or a tensor, of this name is left out."""

    def inject(monkeypatch: pytest.MonkeyPatch) -> None:
        keys, factors = metadata.architecture_keys, rope_factors.rope_factors
        kept = lambda *given: [key for key in keys(*given) if not key.name.endswith(name)]  # noqa: E731
        monkeypatch.setattr(writer, "architecture_keys", kept)
        monkeypatch.setattr(writer, "rope_factors", lambda s: None if name == "rope_freqs" else factors(s))

    return inject


def biases_not_reordered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        tensor_data,
        "interleave_rows",
        lambda rows, heads: interleave_rows(rows, heads) if rows.shape[1] > 1 else rows,
    )


FAULTS: Final = {
    "biases in the wrong order": ("llama, biases, shards", biases_not_reordered),
    "no factors of llama3": ("llama, tied, llama3", dropped("rope_freqs")),
    "no attention factor of yarn": ("qwen2, yarn", dropped("attn_factor")),
    "no original context of yarn": ("qwen3", dropped("original_context_length")),
    "no scaling factor": ("qwen3, linear", dropped("scaling.factor")),
}


@pytest.mark.parametrize(("case", "fault"), FAULTS.values(), ids=FAULTS)
def test_llama_cpp_shows_what_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, fault: Any
) -> None:
    fault(monkeypatch)
    export_gguf(checkpoint(case), tmp_path / "model.gguf")
    monkeypatch.undo()
    assert difference(tmp_path / "model.gguf", case) > 1e-2


REFUSED: Final = {
    "biases that qwen3 has no room for": (
        "qwen3",
        {"attention_bias": True},
        "no bias on the attention's output",
    ),
    "llama3 in qwen2": ("qwen2", {"rope_parameters": LLAMA3} | SIXTEEN, "no place for rope scaling"),
    "heads of qwen2 apart from its size": ("qwen2", {}, "heads that split the hidden size"),
    "other turns of yarn": (
        "llama",
        {"rope_parameters": YARN | {"beta_fast": 8.0}},
        "beta_fast and beta_slow are 8",
    ),
}


@pytest.mark.parametrize(("family", "changes", "message"), REFUSED.values(), ids=REFUSED)
def test_what_llama_cpp_would_lose_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], family: str, changes: Any, message: str
) -> None:
    folder = saved(tmp_path / "theirs", family, changes, "float32", "1GB")
    shutil.copy(tokenizer() / "tokenizer.json", folder)
    assert main(["export", str(folder), str(tmp_path / "out" / "model.gguf")]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "why: " in said
    assert "mend:" in said
    assert not (tmp_path / "out").exists()
