"""Models without a decoder of ours, computed by live transformers and by llama.cpp, each named for what it is."""

from pathlib import Path
from typing import Any

import pytest
import torch

from specship.errors import SpecshipError
from specship.pipeline.inference.any_model import load_decoder, open_any_model
from specship.pipeline.inference.drawing import Sampling
from tests.models import inference_chain
from tests.models.other_families import CONFIGS, other
from tests.models.other_ggufs import other_gguf
from tests.models.trained_checkpoint import copied

TEXT = "def main(arguments):\n    return [one for one in arguments]\n"


def directly(folder: Path, ids: list[int]) -> Any:
    """Transformers in this process."""
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    with torch.inference_mode():
        return model(torch.tensor([ids])).logits[0]


@pytest.mark.parametrize("family", ["gpt2", *(pytest.param(one, marks=pytest.mark.slow) for one in CONFIGS)])
def test_a_folder_is_computed_by_transformers(family: str) -> None:
    opened = open_any_model(other(family))
    ids = opened.tokenizer().encode(TEXT).ids
    decoder = load_decoder(opened, context=len(ids) + 8)
    assert decoder.engine.startswith("transformers ")
    logits = decoder.logits(ids)
    torch.testing.assert_close(logits, directly(other(family), ids), atol=2e-4, rtol=1e-4)
    losses = torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(ids[1:]), reduction="none")
    torch.testing.assert_close(decoder.losses([ids]), losses, atol=2e-4, rtol=1e-4)
    prompt = decoder.prompt(ids[:-2])
    torch.testing.assert_close(prompt, logits[-3], atol=2e-4, rtol=1e-4)
    torch.testing.assert_close(decoder.step(ids[-2]), logits[-2], atol=2e-4, rtol=1e-4)
    drawn = [decoder.generate(ids, 8, sampling=Sampling(temperature=1.0, seed=seed)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    with pytest.raises(SpecshipError, match="exceed the context"):
        decoder.generate(ids, 9)


def test_a_gguf_is_computed_by_llama_cpp() -> None:
    opened = open_any_model(other_gguf())
    ids = opened.tokenizer().encode(TEXT).ids
    decoder = load_decoder(opened)
    assert decoder.engine.startswith("llama.cpp ")
    wanted = directly(other("gpt2"), ids).log_softmax(-1)
    losses = -wanted[range(len(ids) - 1), ids[1:]]
    torch.testing.assert_close(decoder.losses([ids]), losses, atol=2e-3, rtol=1e-3)
    torch.testing.assert_close(decoder.prompt(ids), wanted[-1], atol=2e-3, rtol=1e-3)
    torch.testing.assert_close(decoder.step(7), directly(other("gpt2"), [*ids, 7]).log_softmax(-1)[-1],
                               atol=2e-3, rtol=1e-3)  # fmt: skip
    assert decoder.context == opened.shape.context - 1


def test_a_gguf_without_one_of_its_tensors_is_refused_by_llama_cpp(tmp_path: Path) -> None:
    data = other_gguf().read_bytes()
    path = tmp_path / "model.gguf"
    path.write_bytes(data.replace(b"blk.1.ffn_up.bias", b"blk.1.ffn_xx.bias"))
    with pytest.raises(SpecshipError, match=r"llama\.cpp refuses"):
        load_decoder(open_any_model(path))


def test_an_adapter_beside_the_weights_is_not_followed(tmp_path: Path) -> None:
    """The base that it names would be opened instead."""
    folder = copied(tmp_path / "model", other("gpt2"))
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "another"}')
    with pytest.raises(SpecshipError, match="base would be opened in its place"):
        load_decoder(open_any_model(folder))


def test_ours_stay_ours() -> None:
    assert load_decoder(open_any_model(inference_chain.checkpoint())).engine == "specship"
