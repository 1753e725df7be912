"""Gate 8: a second runner reads the same bytes as the reference runner does, step after step.

A folder is given to live transformers, a GGUF to llama.cpp, each in a process of its own. A family without a
decoder of ours is computed by transformers, and llama.cpp is the second runner, on the GGUF beside it. The
second runner decodes greedily; the reference runner reads what it wrote, teacher-forced: at each step its
likeliest token must be the same and the log-probabilities near. Both read the file by its own conventions, so
that a file which breaks them for everybody is equal here: that is what gates 6 and 7 are for.

Where the limits come from (`docs/qa.md`): in float32 the two differ by rounding alone, some 1e-5 nats;
llama.cpp rounds activations too when it multiplies with half precision or quantized matrices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from specship.errors import DamagedArtifact, RequirementMissing
from specship.pipeline.gguf.reader import read_gguf
from specship.pipeline.inference.any_model import load_decoder, open_any_model
from specship.pipeline.inference.llamacpp import LlamaCppAnswer, LlamaCppRequest, LlamaCppStep, ask_llama_cpp
from specship.pipeline.inference.text_decoder import TextDecoder
from specship.pipeline.qa.gate import QualityGate
from specship.pipeline.qa.records import GateFindings, GateLimits, findings, limit
from specship.pipeline.qa.subject import Subject
from specship.pipeline.qa.texts import PROMPTS

STEPS: Final = 24
_UNITS: Final = {
    "runner": "text",
    "prompts": "prompts",
    "shortest": "steps",
    "steps": "steps",
    "differing_tokens": "tokens",
    "differing_tokens_share": "fraction",
    "logprobs": "values",
    "max_abs_logprob": "nats",
}
_ROUNDING: Final[Mapping[str, tuple[float, float]]] = {
    "F32": (1e-3, 0.0),
    "F16": (0.02, 0.02),
    "BF16": (0.2, 0.03),
    "Q8_0": (0.5, 0.05),
}
"""By element type of a GGUF's matrices: largest difference (nats), and share of tokens that may differ."""
_COARSE: Final = (1.0, 0.1)
"""The same for types of fewer bits."""


def _measure(subject: Subject) -> GateFindings:
    from specship.pipeline.comparison.parity import teacher_forced

    barred = subject.shape.eos_ids
    reference = _reference(subject)
    record = _recorded(subject) or _asked(subject)
    agreements = [
        teacher_forced(
            reference, one["prompt_ids"], [_step(step) for step in one["steps"]], barred_ids=barred
        )
        for one in record["prompts"]
        if one["steps"]
    ]
    steps = sum(agreement.steps for agreement in agreements)
    differing = sum(agreement.differing for agreement in agreements)
    figures: dict[str, Any] = {
        "runner": record["runner"],
        "prompts": len(agreements),
        "shortest": min((agreement.steps for agreement in agreements), default=None),
        "steps": steps,
        "differing_tokens": differing,
        "differing_tokens_share": differing / steps if steps else None,
        "logprobs": sum(agreement.logprobs for agreement in agreements),
        "max_abs_logprob": max((agreement.max_abs_logprob for agreement in agreements), default=None),
    }
    differing_prompts = [at for at, agreement in enumerate(agreements) if agreement.differing]
    notes = tuple(f"{record['runner']} goes on differently after {PROMPTS[at]!r}" for at in differing_prompts)
    return findings(_UNITS, figures, checked="steps", notes=notes, records=record)


def _step(plain: Mapping[str, Any]) -> LlamaCppStep:
    return LlamaCppStep(plain["token"], {int(token): value for token, value in plain["logprobs"].items()})


def _asked(subject: Subject) -> dict[str, Any]:
    """What the second runner says now."""
    from specship.pipeline.qa.transformers_child import TransformersRequest, ask_transformers

    room = subject.context - STEPS
    prompts = tuple(tuple(subject.given(prompt)[-room:]) for prompt in PROMPTS)
    digest = _digest(subject)
    completions: Sequence[Sequence[LlamaCppStep]]
    if subject.is_other:
        runner = "llama.cpp"
        completions = _by_llama_cpp(subject, _beside(subject), prompts).completions
    elif subject.is_folder:
        runner = "transformers"
        completions = ask_transformers(
            TransformersRequest(
                folder=str(subject.path),
                prompts=prompts,
                steps=STEPS,
                barred_ids=subject.shape.eos_ids,
                threads=subject.threads,
            )
        )
    else:
        runner = "llama.cpp"
        answer = _by_llama_cpp(subject, subject.path, prompts)
        digest, completions = answer.gguf_sha256, answer.completions
    return {
        "runner": runner,
        "weights_sha256": digest,
        "prompts": [
            {"prompt_ids": list(ids), "steps": [_plain(step) for step in steps]}
            for ids, steps in zip(prompts, completions, strict=True)
        ],
    }


def _by_llama_cpp(subject: Subject, path: Path, prompts: tuple[tuple[int, ...], ...]) -> LlamaCppAnswer:
    request = LlamaCppRequest(gguf=str(path), prompts=prompts, steps=STEPS, threads=subject.threads)
    return ask_llama_cpp(request)


def _beside(subject: Subject) -> Path:
    """The GGUF of a folder that only transformers computes, or the folder of one that only llama.cpp does."""
    if subject.beside is None:
        raise RequirementMissing(
            f"only {subject.engine} computes this model, and a second program must agree with it",
            at=subject.path,
            why="two runs of one program agree even where it is wrong",
            mend="give its GGUF, for llama.cpp: specship export FOLDER FILE.gguf, then "
            "specship qa FOLDER --beside FILE.gguf"
            if subject.is_folder
            else "give the checkpoint that it was made from: specship qa FILE.gguf --beside FOLDER",
        )
    return subject.beside


def _digest(subject: Subject) -> str:
    return subject.opened.weights_digest()


def _reference(subject: Subject) -> TextDecoder:
    """Who reads again what the second runner wrote: for a file that only llama.cpp opens, its checkpoint."""
    if not subject.is_other_gguf:
        return subject.decoder
    return load_decoder(open_any_model(_beside(subject)), device=subject.device, context=subject.context)


def _plain(step: LlamaCppStep) -> dict[str, Any]:
    return {"token": step.token, "logprobs": {str(token): value for token, value in step.logprobs.items()}}


def _recorded(subject: Subject) -> dict[str, Any] | None:
    """What the second runner said before, if it was about these very bytes and these prompts."""
    if subject.recorded is None:
        return None
    record: dict[str, Any] = subject.recorded
    if record.get("weights_sha256") != _digest(subject):
        raise DamagedArtifact(
            "the second runner's recorded answers are about other weights",
            at=subject.path,
            mend="run the stage that made them again",
        )
    room = subject.context - STEPS
    wanted = [subject.given(prompt)[-room:] for prompt in PROMPTS]
    if [one["prompt_ids"] for one in record["prompts"]] != wanted:
        raise DamagedArtifact("the second runner was asked about other prompts", at=subject.path)
    return record


def _limits(subject: Subject) -> GateLimits:
    largest, share = _ROUNDING["F32"]
    if not subject.is_folder or subject.is_other:
        file = read_gguf(_beside(subject)) if subject.is_other else subject.gguf
        matrices = [tensor.type.name for tensor in file.tensors.values() if len(tensor.shape) > 1]
        allowed = [_ROUNDING.get(name, _COARSE) for name in set(matrices)]
        largest, share = max(allowed, default=_ROUNDING["F32"])
    return {
        "prompts": limit("prompts", equals=len(PROMPTS)),
        "shortest": limit("steps", at_least=16),
        "differing_tokens_share": limit("fraction", at_most=share),
        "logprobs": limit("values", at_least=1),
        "max_abs_logprob": limit("nats", at_most=largest),
    }


GATE: Final = QualityGate(number=8, name="parity", measure=_measure, limits=_limits)
