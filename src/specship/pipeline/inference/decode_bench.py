"""Decode speed of our decoder and of a reference decoder, taken in turns.

Both warm up first, and what they decoded then is kept as round 0, which counts in no rate.
A sample begins when the first new token is known, so neither the prompt nor its token counts,
and ends when the last one is known. Both decoders get the same prompt and greedy decoding
without end tokens; the token ids stay in the sample, so that a reader counts them himself.

The reference has its weights in the type in which ours are held, so that both read as many bytes a token: in
bfloat16 it sums in bfloat16 too, where ours sums in float32, and its text may be another one.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final, Protocol

import torch

from specship.pipeline.checkpoint.folder import CheckpointFolder, open_any_checkpoint
from specship.pipeline.checkpoint.other_folder import OtherFolder, open_other_folder
from specship.pipeline.device import copy_bytes_per_second, device_name, resolve_device
from specship.pipeline.inference.any_model import is_ours
from specship.pipeline.inference.decoder import Decoder
from specship.pipeline.inference.decoder_weights import WeightType
from specship.pipeline.progress import Progress

OURS: Final = "specship"
REFERENCE: Final = "transformers"
WARM_UP: Final = 0
"""The round before those that count: caches, allocators and kernels that the first call sets up."""


@dataclass(frozen=True, slots=True)
class DecodeSample:
    """One timed decode: seconds from the first new token to the last, and all new tokens' ids.

    Round 0 is the warm-up.
    """

    decoder: str
    round: int
    seconds: float
    token_ids: tuple[int, ...]


class _Timed(Protocol):
    def __call__(self, prompt_ids: Sequence[int], tokens: int) -> tuple[float, tuple[int, ...]]: ...


def bench(
    checkpoint: Path,
    *,
    prompt_ids: Sequence[int] = (),
    tokens: int = 128,
    samples: int = 7,
    device: str = "cpu",
    threads: int = 0,
    weights: WeightType = "stored",
    compiled: bool = True,
    report: Progress | None = None,
) -> dict[str, Any]:
    """Decode speed of a checkpoint, with every sample; 0 threads leaves torch's own choice.

    Beside it stands what memory allows: the bytes of all matrices, each read once a token, over the rate of a
    copy in the same run (what it reads and what it writes). Matrices that fit a cache are read faster.

    A family without a decoder of ours is decoded by transformers alone, whose rate it then is.
    Without a prompt the first 16 token ids stand for one: speed does not depend on what they mean.

    Raises:
        UnusableInput: the checkpoint cannot be used, or prompt and tokens exceed its context.
        RequirementMissing: the device is not here.
    """
    if threads:
        torch.set_num_threads(threads)
    opened = open_any_checkpoint(checkpoint) if is_ours(checkpoint) else open_other_folder(checkpoint)
    prompt = tuple(prompt_ids) or tuple(range(min(16, opened.shape.vocabulary)))
    on = resolve_device(device)
    decoder = (
        Decoder(opened, device=device, context=len(prompt) + tokens, weights=weights, compiled=compiled)
        if isinstance(opened, CheckpointFolder)
        else None
    )
    held = decoder.weight_type if decoder else "float32"
    taken = take_samples(opened, decoder, prompt, tokens=tokens, samples=samples, device=on, report=report)
    engine = OURS if opened.engine == OURS else REFERENCE
    rates = {
        name: [(len(s.token_ids) - 1) / s.seconds for s in taken if s.decoder == name and s.round != WARM_UP]
        for name in (OURS, REFERENCE)
    }
    return {
        "engine": opened.engine,
        "how": decoder.how if decoder else "eager",
        "weights": held,
        "bandwidth": _bandwidth(decoder, on) if decoder else None,
        "tokens_per_second": median(rates[engine]),
        "reference_tokens_per_second": median(rates[REFERENCE]),
        "ratio": median(a / b for a, b in zip(rates[engine], rates[REFERENCE], strict=True)),
        "device": str(on),
        "device_name": device_name(on),
        "threads": torch.get_num_threads(),
        "prompt_ids": prompt,
        "weights_sha256": opened.weights_digest(),
        "samples": [asdict(sample) for sample in taken],
    }


def take_samples(
    opened: CheckpointFolder | OtherFolder,
    decoder: Decoder | None,
    prompt_ids: Sequence[int],
    *,
    tokens: int,
    samples: int,
    device: torch.device,
    report: Progress | None = None,
) -> list[DecodeSample]:
    """The warm-up of both decoders, and their interleaved samples from round 1 on.

    Raises:
        UnusableInput: prompt and tokens exceed the context.
    """
    held = getattr(torch, decoder.weight_type) if decoder else torch.float32
    timed: dict[str, _Timed] = {REFERENCE: _reference(opened.path, device, held)}
    if decoder:
        timed = {OURS: _ours(decoder), **timed}
    found = []
    for number in range(WARM_UP, samples + 1):
        found += _take_round(timed, number, prompt_ids, tokens)
        if report is not None:
            report(number, samples, "rounds")
    return found


def _take_round(
    timed: Mapping[str, _Timed], number: int, prompt_ids: Sequence[int], tokens: int
) -> list[DecodeSample]:
    """One sample of each decoder."""
    return [DecodeSample(name, number, *decode(prompt_ids, tokens)) for name, decode in timed.items()]


def _bandwidth(decoder: Decoder, device: torch.device) -> dict[str, float]:
    """What memory allows on this device, now."""
    rate = copy_bytes_per_second(device)
    return {
        "bytes_per_token": decoder.bytes_per_token,
        "copy_bytes_per_second": rate,
        "bound_tokens_per_second": rate / decoder.bytes_per_token,
    }


def _ours(decoder: Decoder) -> _Timed:
    def decode(prompt_ids: Sequence[int], tokens: int) -> tuple[float, tuple[int, ...]]:
        stream = decoder.stream(prompt_ids)
        found = [stream.next()]
        began = time.perf_counter()
        while len(found) < tokens:
            found.append(stream.next())
        return time.perf_counter() - began, tuple(found)

    return decode


class _Stamps:
    """A streamer that notes when the first new token and the last one came."""

    def __init__(self) -> None:
        self.prompt_seen, self.first, self.last = False, 0.0, 0.0

    def put(self, _: torch.Tensor) -> None:
        """Called with the prompt, then with each token."""
        self.last = time.perf_counter()
        if self.prompt_seen and not self.first:
            self.first = self.last
        self.prompt_seen = True

    def end(self) -> None:
        """Called after the last token."""


def reference_model(folder: Path, device: torch.device, dtype: torch.dtype = torch.float32) -> Any:
    """The checkpoint in transformers, without end tokens, so that it decodes as long as asked.

    Whoever calls has opened the folder with our own reader, which knows its family and refuses pickles.
    """
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    model: Any = AutoModelForCausalLM.from_pretrained(
        folder, dtype=dtype, use_safetensors=True, trust_remote_code=False, local_files_only=True
    )
    model = model.to(device).eval()
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = 0
    return model


def reference_tokens(
    model: Any,
    prompt_ids: Sequence[int],
    tokens: int,
    streamer: Any = None,
    *,
    banned_ids: Collection[int] = (),
) -> tuple[int, ...]:
    """New token ids of transformers' greedy generation with its dynamic cache."""
    prompt_BT = torch.tensor([list(prompt_ids)], device=model.device)  # noqa: N806 - axes
    ids_BT = model.generate(  # noqa: N806
        prompt_BT,
        attention_mask=torch.ones_like(prompt_BT),
        max_new_tokens=tokens,
        do_sample=False,
        streamer=streamer,
        suppress_tokens=sorted(banned_ids) or None,
    )
    return tuple(ids_BT[0, len(prompt_ids) :].tolist())


def _reference(folder: Path, device: torch.device, dtype: torch.dtype) -> _Timed:
    model = reference_model(folder, device, dtype)

    def decode(prompt_ids: Sequence[int], tokens: int) -> tuple[float, tuple[int, ...]]:
        stamps = _Stamps()
        token_ids = reference_tokens(model, prompt_ids, tokens, stamps)
        return stamps.last - stamps.first, token_ids

    return decode
