"""Our decoder writes the tokens that transformers writes."""

from pathlib import Path
from typing import Any

import pytest
import torch

from specship.errors import UnusableInput
from specship.pipeline.inference.decode_bench import bench, reference_model, reference_tokens
from specship.pipeline.inference.decoder import Decoder
from specship.pipeline.inference.drawing import Sampling
from specship.pipeline.inference.generated_text import generate_text
from tests.editing import copy_of, edit_json
from tests.models.inference_chain import checkpoint

pytestmark = pytest.mark.usefixtures("one_thread")

PROMPTS = [[5], [3, 1, 4, 1, 5, 9, 2, 6], list(range(100, 160))]
SHAPES = [{"tied": True, "head_dim": 16}, {"tied": False, "head_dim": 16}, {"tied": False, "head_dim": 24}]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_greedy_tokens_equal_those_of_transformers(shape: Any) -> None:
    decoder = Decoder.open(checkpoint(**shape))
    model = reference_model(checkpoint(**shape), torch.device("cpu"))
    for prompt in PROMPTS:
        assert decoder.generate(prompt, 48).token_ids == reference_tokens(model, prompt, 48)
        with torch.inference_mode():
            theirs_TV = model(torch.tensor([prompt])).logits[0]  # noqa: N806
        torch.testing.assert_close(decoder.logits(prompt), theirs_TV, atol=1e-4, rtol=1e-4)


def test_another_rotation_base_gives_other_tokens(tmp_path: Path) -> None:
    folder = copy_of(checkpoint(), tmp_path / "turned")
    edit_json(folder / "config.json", rope_parameters={"rope_type": "default", "rope_theta": 500.0})
    prompt = PROMPTS[2]
    assert Decoder.open(folder).generate(prompt, 32) != Decoder.open(checkpoint()).generate(prompt, 32)


def test_steps_equal_one_pass_over_the_whole_sequence() -> None:
    decoder = Decoder.open(checkpoint())
    ids = decoder.generate(PROMPTS[1], 40).token_ids
    logits_TV = decoder.logits([*PROMPTS[1], *ids[:-1]])[len(PROMPTS[1]) - 1 :]  # noqa: N806
    assert tuple(logits_TV.argmax(-1).tolist()) == ids


def test_a_seed_means_the_same_tokens_and_another_seed_others() -> None:
    decoder = Decoder.open(checkpoint())
    drawn = [decoder.generate(PROMPTS[1], 32, sampling=Sampling(temperature=1.0, seed=s)) for s in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("narrow", [{"top_k": 1}, {"top_p": 1e-6}, {"temperature": 1e-3}])
def test_narrow_sampling_is_greedy(narrow: Any) -> None:
    decoder = Decoder.open(checkpoint())
    sampling = Sampling(**{"temperature": 1.0, "seed": 3} | narrow)
    assert decoder.generate(PROMPTS[1], 24, sampling=sampling) == decoder.generate(PROMPTS[1], 24)


def test_a_stop_token_ends_and_a_banned_one_never_comes() -> None:
    decoder = Decoder.open(checkpoint())
    free = decoder.generate(PROMPTS[1], 16)
    third = free.token_ids[2]
    stopped = decoder.generate(PROMPTS[1], 16, stop_ids={third})
    assert stopped.stop_reason == "stop-token"
    assert stopped.token_ids == free.token_ids[: free.token_ids.index(third) + 1]
    assert third not in decoder.generate(PROMPTS[1], 16, banned_ids={third}).token_ids


@pytest.mark.parametrize(("prompt", "tokens"), [([], 1), ([1] * 129, 1), ([1], 128), ([512], 1), ([-1], 1)])
def test_unusable_prompts_are_refused(prompt: Any, tokens: Any) -> None:
    with pytest.raises(UnusableInput):
        Decoder.open(checkpoint()).generate(prompt, tokens)


def test_text_in_text_out() -> None:
    text = generate_text(checkpoint(), "def f(x):", tokens=12, temperature=0.5, seed=1)
    assert text
    for compiled in (False, True):
        again = generate_text(
            checkpoint(), "def f(x):", tokens=12, temperature=0.5, seed=1, compiled=compiled
        )
        assert text == again


def test_the_bench_keeps_every_sample_and_both_decoders_agree() -> None:
    found = bench(checkpoint(), tokens=16, samples=2, threads=1)
    bound = found["bandwidth"]
    assert bound["bound_tokens_per_second"] == bound["copy_bytes_per_second"] / bound["bytes_per_token"]
    assert [sample["decoder"] for sample in found["samples"]] == ["specship", "transformers"] * 3
    assert len({sample["token_ids"] for sample in found["samples"]}) == 1
    assert found["ratio"] > 0


def test_the_bench_without_a_compiler_says_so_and_writes_the_same() -> None:
    eager, compiled = (
        bench(checkpoint(), tokens=16, samples=1, threads=1, compiled=one) for one in (False, True)
    )
    assert eager["how"] == "eager"
    assert [one["token_ids"] for one in eager["samples"]] == [one["token_ids"] for one in compiled["samples"]]


def test_the_bench_holds_both_decoders_in_the_type_that_is_asked() -> None:
    found = bench(checkpoint(), tokens=32, samples=1, threads=1, weights="bfloat16")
    assert found["weights"] == "bfloat16"
    ours = next(one["token_ids"] for one in found["samples"] if one["decoder"] == "specship")
    assert ours == Decoder.open(checkpoint(), weights="bfloat16").generate(range(16), 32).token_ids
