"""The rotation that a `config.json` describes: its base, and how it was stretched after training.

Older files say `rope_theta` and `rope_scaling: {type, factor}`, newer ones `rope_parameters` with all of
it; a file that says both must say the same twice. What is not known is refused: another rotation
gives other logits, and nothing would show it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Final

from specship.errors import UnusableInput
from specship.pipeline.model.config_reading import ConfigReader, shown
from specship.pipeline.model.decoder_shape import RopeKind, RopeScaling

_SPELLINGS: Final = ("rope_parameters", "rope_scaling")
_ORIGINAL: Final = "original_max_position_embeddings"
_THETA: Final = 10_000.0
_ROPE_FIELDS: Final[dict[RopeKind, dict[str, float | None]]] = {
    "default": {},
    "linear": {"factor": None},
    "llama3": {"factor": None, "low_freq_factor": None, "high_freq_factor": None},
    "yarn": {"factor": None, "beta_fast": 32.0, "beta_slow": 1.0, "attention_factor": 0.0},
}
"""Numbers of each kind with their documented defaults; None where there is no default."""
_FROM_CONTEXT: Final = {"llama3", "yarn"}
"""Kinds that count from the context of the first training."""
_TURNS: Final = (1e-6, 1e6)
"""Least and most turns within a context that `yarn` may name; 1 and 32 are usual."""
_ROPE_COMMON: Final = {"type", "rope_type", "rope_theta", "partial_rotary_factor"}


def read_rotation(config: ConfigReader, context: int) -> tuple[float, RopeScaling]:
    """The base and the scaling of the rotation.

    Raises:
        UnusableInput: a kind of scaling that the decoder does not have.
        DamagedArtifact: a field is missing or impossible, or two spellings differ.
    """
    given = {key: config.mapping(key) for key in _SPELLINGS if config.mapping(key)}
    if not given:
        return _theta(config, {}), RopeScaling()
    found = [(_theta(config, one), _one_scaling(config, key, one, context)) for key, one in given.items()]
    if found[0][1].kind == "yarn" and found[0][0] <= 1:
        config.broken(f"rope_theta is {found[0][0]:g}; yarn needs a base above 1")
    if any(one != found[0] for one in found):
        config.broken("rope_parameters and rope_scaling say different things")
    return found[0]


def _theta(config: ConfigReader, given: dict[str, Any]) -> float:
    """The inner value counts; older files have it outside."""
    if (inside := given.get("rope_theta")) is None:
        return config.positive("rope_theta", _THETA)
    config.get("rope_theta")
    return config.positive_value("rope_theta", inside)


def _one_scaling(config: ConfigReader, key: str, given: dict[str, Any], context: int) -> RopeScaling:
    kind = _kind(config, key, given)
    _refuse_fields(config, key, given, kind)
    number = _numbers(config, key, given, kind)
    original = _original(config, key, given, context) if kind in _FROM_CONTEXT else 0
    found = RopeScaling(kind=kind, original_context=original, **number)
    if kind == "llama3" and found.low_freq_factor >= found.high_freq_factor:
        config.broken(f"{key}: low_freq_factor must be below high_freq_factor")
    if kind == "yarn" and not _TURNS[0] <= found.beta_slow < found.beta_fast <= _TURNS[1]:
        config.broken(
            f"{key}: beta_slow must be below beta_fast, and both from {_TURNS[0]:g} to {_TURNS[1]:g}"
        )
    return _with_attention(found) if kind == "yarn" else found


def _numbers(config: ConfigReader, key: str, given: dict[str, Any], kind: RopeKind) -> dict[str, Any]:
    """The numbers of a kind; one that is absent and has a rule of its own stays out."""
    values = {name: given.get(name, default) for name, default in _ROPE_FIELDS[kind].items()}
    values |= {name: _ROPE_FIELDS[kind][name] for name, value in values.items() if value is None}
    return {
        name: config.positive_value(f"{key}: {name}", value)
        for name, value in values.items()
        if given.get(name) is not None or value != 0.0
    }


def _kind(config: ConfigReader, key: str, given: dict[str, Any]) -> RopeKind:
    said = given.get("rope_type", given.get("type", "default"))
    for kind in _ROPE_FIELDS:
        if kind == said:
            return kind
    raise UnusableInput(
        f"{key}: the rope type {shown(said)} is not known",
        at=config.path,
        why=f"known are {', '.join(_ROPE_FIELDS)}; another rotation gives other logits",
        mend="use a checkpoint with one of these",
    )


def _refuse_fields(config: ConfigReader, key: str, given: dict[str, Any], kind: RopeKind) -> None:
    known = _ROPE_COMMON | _ROPE_FIELDS[kind].keys() | ({_ORIGINAL} if kind in _FROM_CONTEXT else set())
    if others := sorted(name for name, value in given.items() if value is not None and name not in known):
        raise UnusableInput(
            f"{key}: {shown(others[0])} is no field of the rope type {kind!r}",
            at=config.path,
            why="what is not known would be ignored, and may turn the heads another way",
            mend="use a checkpoint with one rotation for all layers",
        )
    if given.get("partial_rotary_factor", 1) != 1:
        config.broken(f"{key}: this decoder turns every dimension of a head")


def _with_attention(found: RopeScaling) -> RopeScaling:
    """YaRN sharpens the scores by its own rule when the file does not say by how much."""
    if found.attention_factor:
        return found
    return replace(found, attention_factor=0.1 * math.log(max(found.factor, 1.0)) + 1.0)


def _original(config: ConfigReader, key: str, given: dict[str, Any], context: int) -> int:
    """Positions of the first training, which some files have outside; else those of the model."""
    said = [value for value in (given.get(_ORIGINAL), config.get(_ORIGINAL)) if value is not None]
    if any(value != said[0] for value in said):
        config.broken(f"{key}: {_ORIGINAL} is said twice and differs")
    if not said:
        config.assumed[_ORIGINAL] = context
        return context
    if type(said[0]) is not int or not 1 <= said[0] < 2**31:
        config.broken(f"{key}: {_ORIGINAL} is {shown(said[0])}, not a count")
    return said[0]
