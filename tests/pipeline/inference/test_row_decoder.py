"""Many sequences at once are written as one at a time, and nothing waits for the device between two looks."""
# ruff: noqa: N806 - a tensor's name carries its axes

from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from specship.errors import UnusableInput
from specship.pipeline.inference.decoder import Decoder
from specship.pipeline.inference.drawing import Chance, Drawing, Sampling
from specship.pipeline.inference.row_decoder import RowDecoder
from specship.pipeline.inference.text_decoder import Request
from tests.models.foreign_checkpoints import FAMILIES
from tests.models.inference_chain import checkpoint
from tests.models.saved_families import BIASES, YARN, saved

pytestmark = pytest.mark.usefixtures("one_thread")
TOKENS = st.integers(0, 511)
PROMPTS = st.lists(TOKENS, min_size=1, max_size=40)
CASES = st.lists(st.tuples(PROMPTS, st.integers(1, 30)), min_size=1, max_size=24)


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return Decoder.open(checkpoint())


def many(decoder: Decoder, requests: list[Request], **named: Any) -> list[Any]:
    found = dict(decoder.generate_many(requests, **named))
    return [found[number] for number in range(len(requests))]


def alone(decoder: Decoder, one: Request, sampling: Sampling | None = None, **named: Any) -> Any:
    drawn = replace(sampling or Sampling(), seed=one.seed)
    return decoder.generate(one.prompt_ids, one.tokens, sampling=drawn, **named)


@given(cases=CASES, stops=st.sets(TOKENS, max_size=60), banned=st.sets(TOKENS, max_size=60))
@settings(max_examples=15, deadline=None)
def test_any_lengths_stops_and_budgets(
    decoder: Decoder, cases: list[tuple[list[int], int]], stops: set[int], banned: set[int]
) -> None:
    """More sequences than rows, so that rows are taken over by others while their neighbours write on."""
    requests = [Request(prompt, tokens) for prompt, tokens in cases]
    found = many(decoder, requests, stop_ids=stops, banned_ids=banned)
    assert found == [alone(decoder, one, stop_ids=stops, banned_ids=banned) for one in requests]


@pytest.mark.parametrize("sampling", [Sampling(), Sampling(temperature=0.8, top_k=50, top_p=0.9)])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family(tmp_path: Path, family: str, sampling: Sampling) -> None:
    folder = saved(tmp_path / family, family, {**BIASES[family], "rope_parameters": YARN}, "bfloat16", "5GB")
    decoder = Decoder.open(folder)
    requests = [Request(range(1, 2 + 3 * at), 40 - at, seed=at) for at in range(20)]
    found = many(decoder, requests, sampling=sampling)
    assert found == [alone(decoder, one, sampling) for one in requests]
    assert len({one.token_ids for one in found}) == len(found)


def test_a_caller_ends_a_sequence_by_what_is_written(decoder: Decoder) -> None:
    requests = [Request([at + 1], 20) for at in range(5)]
    found = many(decoder, requests, ends=lambda number, ids: len(ids) == number + 1)
    assert [(len(one.token_ids), one.stop_reason) for one in found] == [
        (at + 1, "stop-text") for at in range(5)
    ]


def test_a_sequence_is_written_alone_as_among_others(decoder: Decoder) -> None:
    """To the last bit of a logit, whoever its neighbours are and in whatever row it lies."""
    found = []
    for place, neighbours in ((0, []), (3, [[5] * 9, [7], [2, 3]])):
        rows = RowDecoder(decoder._weights, rows=16, compiled=False)
        rows.draws(Drawing(Sampling(), (), decoder.device))
        for row, prompt in [*enumerate(neighbours), (place, [1, 2, 3])]:
            rows.begin(row, decoder.prompt(prompt), len(prompt), Chance(0))
        with torch.inference_mode():
            rows.advance(10)
            found.append(rows.step(rows._token_B, rows._at_B, decoder.context)[place])
    assert torch.equal(*found)


def test_too_long_a_request_is_refused(decoder: Decoder) -> None:
    with pytest.raises(UnusableInput, match="exceed the context"):
        many(decoder, [Request([1], 4), Request([1] * 100, 100)])


def test_one_row_writes_what_the_decoder_writes(decoder: Decoder) -> None:
    """The way that CUDA goes: chunks of tokens, over spans that grow, until the context is full."""
    for sampling in (Sampling(), Sampling(temperature=1.0, seed=4)):
        wanted = decoder.generate([1, 2, 3], 125, sampling=sampling).token_ids
        logits_V = decoder.prompt([1, 2, 3])
        rows, drawing = RowDecoder(decoder._weights, compiled=False), Drawing(sampling, (), decoder.device)
        with torch.inference_mode():
            stream = rows.tokens(logits_V, 3, drawing, Chance(sampling.seed))
            assert tuple(next(stream) for _ in range(125)) == wanted
            with pytest.raises(UnusableInput, match="context"):
                list(stream)


def on_meta(value: Any) -> Any:
    """The same, with tensors of no content: reading one on the host is an error."""
    if isinstance(value, torch.Tensor):
        return value.to("meta")
    if isinstance(value, list):
        return [on_meta(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        tensors = {f.name: getattr(value, f.name) for f in fields(value) if f.name != "shape"}
        return replace(value, **{name: on_meta(one) for name, one in tensors.items()})
    return value


@pytest.mark.parametrize(
    "sampling", [Sampling(), Sampling(temperature=1.0, top_k=5), Sampling(temperature=1.0, top_p=0.5)]
)
def test_no_step_reads_the_device(decoder: Decoder, sampling: Sampling) -> None:
    """On a device whose tensors cannot be read, and where a tensor of another device would not fit."""
    rows = RowDecoder(on_meta(decoder._weights), rows=4, compiled=False)
    rows.draws(Drawing(sampling, (3, 4), torch.device("meta")))
    with torch.inference_mode():
        rows._one(decoder.context)
        assert rows._told_BT.device.type == "meta"
        with pytest.raises((NotImplementedError, RuntimeError)):
            rows.advance(1)  # this one reads


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own compiler
def test_the_compiled_step_has_the_logits_of_the_eager_one(tmp_path: Path) -> None:
    """What a CUDA graph is captured from, compiled for the CPU: products of one row are sums."""
    folder = saved(tmp_path / "qwen3", "qwen3", BIASES["qwen3"], "bfloat16", "5GB")
    decoder = Decoder.open(folder)
    token_1, at_1 = torch.tensor([7]), torch.tensor([3])
    with torch.inference_mode():
        logits = []
        for compiled in (False, True):
            decoder.prompt([5, 6, 7])
            logits.append(RowDecoder(decoder._weights, compiled=compiled)._step(token_1, at_1, 128))
    torch.testing.assert_close(*logits, atol=1e-4, rtol=1e-4)
