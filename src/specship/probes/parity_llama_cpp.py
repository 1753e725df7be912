"""llama.cpp on the GGUF against the checkpoint: the same tokens, nearly the same probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from specship.digests import sha256_file
from specship.pipeline.corpus.manifest import read_documents
from specship.pipeline.evaluation.inference_records import ParityPrompt, read_parity
from specship.pipeline.inference.any_model import AnyModel, load_decoder, open_any_model
from specship.pipeline.model.reading import OURS
from specship.probes.probe import Artifact, Figures, probe

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from specship.pipeline.comparison.parity import Agreement

_FILE: Final = "model.gguf"


@probe(
    "parity.llama_cpp",
    checked="steps",
    prompts="prompts",
    shortest="steps",
    steps="steps",
    differing_tokens="tokens",
    differing_from_record="tokens",
    logprobs="values",
    max_abs_logprob="nats",
    texts="texts",
    differing_tokenizations="texts",
    foreign_prompts="prompts",
    opened_the_artifact="text",
)
def parity_llama_cpp(checkpoint: Artifact, gguf: Artifact, parity: Artifact, corpus: Artifact) -> Figures:
    """Reads every prompt and llama.cpp's continuation through the checkpoint again, teacher-forced.

    `differing_tokens` counts steps at which the checkpoint's likeliest token, end tokens barred, is
    not llama.cpp's; `differing_from_record` those at which the decoder's recorded token is not;
    `max_abs_logprob` is the largest difference of log-probabilities over the likeliest tokens of
    each step; `foreign_prompts` counts those that stand in no held-out document, or stand in the
    list twice. `opened_the_artifact` is yes when llama.cpp opened these very bytes and both
    sides used these weights. Raises DamagedArtifact.
    """
    found, opened = read_parity(parity.path), open_any_model(checkpoint.path)
    tokenizer = opened.tokenizer()
    same = found.gguf_sha256 == sha256_file(gguf.path / _FILE)
    same = same and found.weights_sha256 == opened.weights_digest()
    agreements = _read_again(found.prompts, opened)
    cut_apart = [
        text.text
        for text in found.texts
        if list(tokenizer.encode(text.text, add_special_tokens=False).ids) != text.llama_cpp
    ]
    return {
        "prompts": len(agreements),
        "shortest": min((agreement.steps for agreement in agreements), default=None),
        "steps": sum(agreement.steps for agreement in agreements),
        "differing_tokens": sum(agreement.differing for agreement in agreements),
        "differing_from_record": sum(map(_otherwise, found.prompts)),
        "logprobs": sum(agreement.logprobs for agreement in agreements),
        "max_abs_logprob": max((agreement.max_abs_logprob for agreement in agreements), default=None),
        "texts": len(found.texts),
        "differing_tokenizations": len(cut_apart),
        "foreign_prompts": len(found.prompts) - len(_held_out(found.prompts, tokenizer, corpus)),
        "opened_the_artifact": "yes" if same else "no",
        "notes": _engines(opened) + [f"cut otherwise: {text[:60]!r}" for text in cut_apart[:5]],
    }


def _engines(opened: AnyModel) -> list[str]:
    """Whose figures are held against llama.cpp's, where they are not our decoder's."""
    return [] if opened.engine == OURS else [f"the checkpoint is computed by {opened.engine}"]


def _read_again(prompts: Sequence[ParityPrompt], opened: AnyModel) -> list[Agreement]:
    """How each continuation of llama.cpp's reads to the checkpoint."""
    from specship.pipeline.comparison.parity import teacher_forced
    from specship.pipeline.inference.llamacpp import LlamaCppStep

    decoder = load_decoder(opened)
    return [
        teacher_forced(
            decoder,
            prompt.prompt_ids,
            [
                LlamaCppStep(step.token, {int(token): value for token, value in step.logprobs.items()})
                for step in prompt.llama_cpp
            ],
            barred_ids=opened.shape.eos_ids,
        )
        for prompt in prompts
        if prompt.llama_cpp
    ]


def _otherwise(prompt: ParityPrompt) -> int:
    """Tokens that the decoder's record has otherwise than llama.cpp, or not at all."""
    pairs = zip(prompt.llama_cpp, prompt.decoder_ids, strict=False)
    unpaired = abs(len(prompt.llama_cpp) - len(prompt.decoder_ids))
    return sum(step.token != ours for step, ours in pairs) + unpaired


def _held_out(
    prompts: Sequence[ParityPrompt], tokenizer: Tokenizer, corpus: Artifact
) -> set[tuple[int, ...]]:
    """Prompts that stand in the held-out document that they name, each once."""
    texts = {document.sha256: document.text for document in read_documents(corpus.path, "heldout")}
    return {
        tuple(prompt.prompt_ids)
        for prompt in prompts
        if tokenizer.decode(prompt.prompt_ids) in texts.get(prompt.document_sha256, "")
    }
