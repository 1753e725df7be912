"""How a checkpoint wants to be written with: `generation_config.json`, of which only ids count here.

`transformers` holds it against its rules whenever it opens the model: a checkpoint whose settings break one
of them opens for nobody, whatever its weights are.
Source: `transformers`, GenerationConfig.validate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from specship.errors import UnusableInput
from specship.pipeline.checkpoint.weight_files import Misfit, refuse_link, shown_name
from specship.strict_json import read_json

GENERATION: Final = "generation_config.json"
_IDS: Final = ("bos_token_id", "eos_token_id", "pad_token_id")
_MEND: Final = f"correct {GENERATION}, or remove it: ids are then those of config.json"
_CACHES: Final = (
    {"static", "offloaded_static", "sliding_window", "hybrid", "hybrid_chunked", "offloaded_hybrid"}
    | {"offloaded_hybrid_chunked", "dynamic", "offloaded", "quantized", "paged"}
)  # fmt: skip


def _count(value: Any) -> bool:
    return type(value) is int and value > 0


_RULES: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "early_stopping": (lambda value: value in (True, False, "never"), "true, false or 'never'"),
    "max_new_tokens": (_count, "a count"),
    "num_beams": (_count, "a count"),
    "num_return_sequences": (_count, "a count"),
    "cache_implementation": (
        lambda value: isinstance(value, str) and value in _CACHES,
        "a cache that is known",
    ),
    "compile_config": (lambda _: False, "something that a file can hold"),
    "constraints": (lambda _: False, "something that a file can hold"),
    "watermarking_config": (lambda value: isinstance(value, dict), "an object"),
}
"""Fields that stop a reader, what they may be, and that in words."""


def generation_misfits(folder: Path, vocabulary: int) -> tuple[list[Misfit], list[str]]:
    """What of the settings no reader can use, and ids that no row of the embedding has."""
    path = folder / GENERATION
    if not path.exists() and not path.is_symlink():
        return [], []
    try:
        refuse_link(path)
        document = read_json(path)
    except UnusableInput as error:
        return [Misfit("generation", GENERATION, error.message, error.mend or _MEND)], []
    if not isinstance(document, dict):
        return [Misfit("generation", GENERATION, "is not a JSON object", _MEND)], []
    misfits = [Misfit("generation", GENERATION, said, _MEND) for said in _broken(document)]
    return misfits, [f"{GENERATION}: {said}" for said in _beyond(document, vocabulary)]


def _broken(document: Mapping[str, Any]) -> Iterator[str]:
    for name in _IDS:
        if not all(type(one) is int for one in _ids(document, name)):
            yield f"{name} is {_shown(document[name])}, no id"
    for name, (holds, words) in _RULES.items():
        if (value := document.get(name)) is not None and not holds(value):
            yield f"{name} is {_shown(value)}, not {words}"
    sampled, beams = document.get("do_sample") is True, document.get("num_beams") or 1
    if sampled and document.get("temperature") in (0, 0.0):
        yield "temperature is 0 and do_sample is true: there is nothing to draw from"
    several = document.get("num_return_sequences") or 1
    if not sampled and _count(several) and _count(beams) and several > beams:
        yield f"num_return_sequences is {several}, and greedy decoding gives one"


def _beyond(document: Mapping[str, Any], vocabulary: int) -> Iterator[str]:
    for name in _IDS:
        for one in _ids(document, name):
            if type(one) is int and not 0 <= one < vocabulary:
                yield f"{name} names {one}, and the embedding has {vocabulary} rows"


def _ids(document: Mapping[str, Any], name: str) -> list[Any]:
    value = document.get(name)
    return value if isinstance(value, list) else [] if value is None else [value]


def _shown(value: Any) -> str:
    return shown_name(str(value)[:40])
