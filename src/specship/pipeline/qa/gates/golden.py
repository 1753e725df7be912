"""Gate 6: what the reference runner writes after fixed prompts is written by somebody who reads.

With a stored text (`--golden FILE`) the greedy texts must also equal it, letter by letter.

Where the limits come from (`docs/qa.md` has the table): a model of 100 000 parameters, trained for ten
seconds on Python text, is inside each of them; random weights, the same weights shuffled, and texts such
as "xxx9,x,x", or one letter and an empty line in turn, are outside of at least two.
"""

from __future__ import annotations

from statistics import median_low
from typing import Any, Final

from specship.pipeline.qa.gate import QualityGate
from specship.pipeline.qa.golden_file import FORMAT, GoldenFile, read_golden
from specship.pipeline.qa.likelihood import counting_nats, difference, surprise
from specship.pipeline.qa.records import GateFindings, GateLimits, findings, limit
from specship.pipeline.qa.subject import Subject
from specship.pipeline.qa.texts import PROMPTS
from specship.pipeline.qa.writing import known_letters, repeated, strange, write_on

STEPS: Final = 48
_UNITS: Final = {
    "prompts": "prompts",
    "steps": "steps",
    "known_words": "fraction",
    "strange_characters": "fraction",
    "repeated": "fraction",
    "distinct_texts": "texts",
    "better_than_counting": "nats/token",
    "likelier_rotation_bases": "bases",
    "golden_texts": "texts",
    "differing_from_golden": "texts",
}


def _measure(subject: Subject) -> GateFindings:
    decoder, tokenizer, banned = subject.decoder, subject.tokenizer, subject.shape.eos_ids
    prompts = [subject.given(prompt)[-(subject.context - STEPS) :] for prompt in PROMPTS]
    greedy = [write_on(decoder, ids, STEPS, banned=banned, fresh_pairs=False) for ids in prompts]
    fresh = [write_on(decoder, ids, STEPS, banned=banned, fresh_pairs=True) for ids in prompts]
    texts = [tokenizer.decode(ids, skip_special_tokens=False) for ids in greedy]
    freed = [tokenizer.decode(ids, skip_special_tokens=False) for ids in fresh]
    known, letters = (sum(counts) for counts in zip(*map(known_letters, freed), strict=True))
    loss = float(decoder.losses(subject.pieces).mean())
    likelier = _likelier_bases(subject) if subject.is_ours else ()
    written = "".join((*texts, *freed))
    figures: dict[str, Any] = {
        "prompts": len(PROMPTS),
        "steps": sum(map(len, (*greedy, *fresh))),
        "known_words": known / letters if letters else None,
        "strange_characters": strange(written) / len(written) if written else None,
        "repeated": median_low(map(repeated, greedy)),
        "distinct_texts": len(set(texts)),
        "better_than_counting": counting_nats(subject.pieces) - loss,
    }
    if subject.is_ours:
        figures["likelier_rotation_bases"] = len(likelier)
    differing = None
    if subject.golden is not None:
        stored = read_golden(subject.golden)
        differing = _differing(subject, stored, dict(zip(PROMPTS, texts, strict=True)))
        figures |= differing[0]
    shown = tuple(f"after {p!r}: {t!r}" for p, t in zip(PROMPTS, freed, strict=True))
    kept = [{"prompt": p, "text": t} for p, t in zip(PROMPTS, texts, strict=True)]
    records = {"format": FORMAT, "steps": STEPS, "texts": kept}
    notes = (*likelier, *(differing[1] if differing else ()), *(shown if _odd(figures) else ()))
    return findings(_UNITS, figures, checked="steps", notes=notes, records=records)


def _likelier_bases(subject: Subject) -> tuple[str, ...]:
    """Usual rotation bases under which the text is likelier than under the one that is written down.

    Beyond the lengths that a model was trained on a larger base is likelier also where it is wrong, so
    the pieces are short.
    """
    pieces = [piece[:_SHORT] for piece in subject.pieces]
    base_T, found = subject.layered.losses(pieces), list[str]()  # noqa: N806 - axes
    for theta in _BASES:
        with subject.layered.turning(theta):
            apart = difference(subject.layered.losses(pieces), base_T)
        if theta != subject.decoder_shape.rope_theta and apart.errors < -surprise(len(_BASES)):
            found.append(f"with the rotation base {theta:g} a text takes {apart}")
    return tuple(found)


def _odd(figures: dict[str, Any]) -> bool:
    """Whether the texts themselves are worth showing."""
    return not figures["known_words"] or figures["known_words"] < _KNOWN or figures["repeated"] > _REPEATED


def _differing(
    subject: Subject, stored: GoldenFile, written: dict[str, str]
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Stored texts, and those that are written otherwise today, each with the first place that differs."""
    tokenizer, banned, notes = subject.tokenizer, subject.shape.eos_ids, list[str]()
    for one in stored.texts:
        text = written.get(one.prompt) if stored.steps == STEPS else None
        if text is None:
            ids = subject.given(one.prompt)
            tokens = write_on(subject.decoder, ids, stored.steps, banned=banned, fresh_pairs=False)
            text = tokenizer.decode(tokens, skip_special_tokens=False)
        if text != one.text:
            pairs = enumerate(zip(text, one.text, strict=False))
            at = next((i for i, (a, b) in pairs if a != b), min(len(text), len(one.text)))
            notes.append(
                f"after {one.prompt!r} character {at} differs: "
                f"{text[at : at + 24]!r}, stored {one.text[at : at + 24]!r}"
            )
    return {"golden_texts": len(stored.texts), "differing_from_golden": len(notes)}, tuple(notes)


_BASES: Final = (1e4, 1e5, 5e5, 1e6)
"""Rotation bases of released Llama and Qwen models."""
_SHORT: Final = 128
_KNOWN: Final = 0.2
_STRANGE: Final = 0.02
_REPEATED: Final = 0.95
_BETTER: Final = 0.1


def _limits(subject: Subject) -> GateLimits:
    measures = {
        "known_words": limit("fraction", at_least=_KNOWN),
        "strange_characters": limit("fraction", at_most=_STRANGE),
        "repeated": limit("fraction", at_most=_REPEATED),
        "distinct_texts": limit("texts", at_least=len(PROMPTS) // 2),
        "better_than_counting": limit("nats/token", at_least=_BETTER),
    }
    if subject.is_ours:
        measures["likelier_rotation_bases"] = limit("bases", equals=0)
    return measures | ({"differing_from_golden": limit("texts", equals=0)} if subject.golden else {})


GATE: Final = QualityGate(number=6, name="golden", measure=_measure, limits=_limits)
