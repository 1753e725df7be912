"""Decode speed from raw samples; tokens are counted from their ids, and the ids are computed again."""

from __future__ import annotations

from itertools import takewhile
from statistics import median, stdev

from specship.pipeline.evaluation.inference_records import SpeedFile, SpeedSample, read_speed
from specship.pipeline.inference.any_model import AnyModel, load_decoder, open_any_model
from specship.probes.probe import Artifact, Figures, probe

_OURS, _REFERENCE = "specship", "transformers"
_WARM_UP, _EXACT = 0, "float32"


@probe(
    "speed.decode",
    checked="tokens",
    samples="samples",
    reference_samples="samples",
    tokens="tokens",
    tokens_per_second="tokens/s",
    tokens_per_second_low="tokens/s",
    tokens_per_second_high="tokens/s",
    spread="tokens/s",
    warm_up_tokens="tokens",
    reference_tokens_per_second="tokens/s",
    ratio_to_reference="ratio",
    differing_tokens="tokens",
    foreign_samples="samples",
    device="text",
    device_name="text",
    threads="threads",
)
def speed_decode(checkpoint: Artifact, speed: Artifact) -> Figures:
    """Median tokens a second after the first new token; the ratio is the median of ratios within a round.

    The interval is the lowest and highest sample: with n samples it covers the median with
    probability 1 - 2^(1-n). `spread` is the standard deviation. `differing_tokens` counts ids that our
    decoder does not write when it is run again, uncompiled, on the device of the samples and with weights
    rounded as theirs were; of the reference too, but where it summed in another type: `foreign_samples` all
    samples when they were taken from other weights. Round 0 counts in no rate; `warm_up_tokens` are those
    that our decoder wrote in it before the first sample. A family without a decoder of ours is decoded by
    transformers, whose samples count then, and the ratio is not measured. Raises DamagedArtifact;
    RequirementMissing without the device of the samples.
    """
    found, opened = read_speed(speed.path), open_any_model(checkpoint.path)
    own = _OURS if opened.engine == _OURS else _REFERENCE
    ours = [sample for sample in found.samples if sample.decoder == own and sample.round != _WARM_UP]
    theirs = {
        sample.round: sample
        for sample in found.samples
        if sample.decoder == _REFERENCE and sample.round != _WARM_UP
    }
    rates = [_rate(sample) for sample in ours]
    ratios = [_rate(sample) / _rate(theirs[sample.round]) for sample in ours if sample.round in theirs]
    longest = max((len(sample.token_ids) for sample in found.samples), default=0)
    again = _again(found, opened, longest)
    differing = sum(
        a != b
        for sample in found.samples
        if sample.decoder == own or found.weights == _EXACT
        for a, b in zip(sample.token_ids, again[: len(sample.token_ids)], strict=True)
    )
    return {
        "samples": len(ours),
        "reference_samples": len(theirs),
        "tokens": sum(len(sample.token_ids) - 1 for sample in ours),
        "tokens_per_second": median(rates) if rates else None,
        "tokens_per_second_low": min(rates, default=None),
        "tokens_per_second_high": max(rates, default=None),
        "spread": stdev(rates) if len(rates) > 1 else None,
        "warm_up_tokens": _warm_up_tokens(found, own),
        "reference_tokens_per_second": median(map(_rate, theirs.values())) if theirs else None,
        "ratio_to_reference": median(ratios) if ratios and own == _OURS else None,
        "differing_tokens": differing,
        "foreign_samples": 0 if found.weights_sha256 == opened.weights_digest() else len(found.samples),
        "device": found.device,
        "device_name": found.device_name,
        "threads": found.threads,
        "notes": [
            f"{len(ours)} samples of {longest - 1} tokens, {found.threads} threads, {found.device_name}",
            *(
                []
                if found.weights == _EXACT
                else [f"the reference sums in {found.weights}: its ids are counted"]
            ),
            *([] if own == _OURS else [f"decoded by {opened.engine}: there is no ratio to itself"]),
        ],
    }


def _again(found: SpeedFile, opened: AnyModel, tokens: int) -> tuple[int, ...]:
    # Where specship decodes on no such device, the CPU writes the same ids; which one it was is a figure.
    device = found.device if found.device.partition(":")[0] in {"cpu", "cuda"} else "cpu"
    decoder = load_decoder(opened, device=device, weights=found.weights)
    return decoder.generate(found.prompt_ids, tokens).token_ids


def _warm_up_tokens(found: SpeedFile, own: str) -> int:
    """Tokens of the measured decoder in round 0, as far as its samples stand before all that count."""
    ours = [sample for sample in found.samples if sample.decoder == own]
    return sum(len(sample.token_ids) for sample in takewhile(lambda one: one.round == _WARM_UP, ours))


def _rate(sample: SpeedSample) -> float:
    return max(len(sample.token_ids) - 1, 0) / sample.seconds
