"""The rotation that a `config.json` describes: its base, and how it was stretched after training.

Older files say `rope_theta` and `rope_scaling: {type, factor}`, newer ones `rope_parameters` with all of
it; a file that says both must say the same twice. What is not known is refused: another rotation
gives other logits, and nothing would show it.
"""

from __future__ import annotations

from typing import Any, Final

from specship.errors import UnusableInput, did_you_mean
from specship.pipeline.config_reading import ConfigReader, shown
from specship.pipeline.decoder_shape import RopeScaling

_SPELLINGS: Final = ("rope_parameters", "rope_scaling")
_ORIGINAL: Final = "original_max_position_embeddings"
_THETA: Final = 10_000.0
_ROPE_FIELDS: Final = {
    "default": (),
    "linear": ("factor",),
    "llama3": ("factor", "low_freq_factor", "high_freq_factor", _ORIGINAL),
}
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
    kind = given.get("rope_type", given.get("type", "default"))
    if not isinstance(kind, str) or kind not in _ROPE_FIELDS:
        raise UnusableInput(
            f"{key}: the rope type {shown(kind)} is not known",
            at=config.path,
            why=f"known are {', '.join(_ROPE_FIELDS)}; another rotation gives other logits",
            mend=did_you_mean(str(kind), _ROPE_FIELDS) or "use a checkpoint with one of these",
        )
    fields = _ROPE_FIELDS[kind]
    if others := sorted(given.keys() - _ROPE_COMMON - set(fields)):
        raise UnusableInput(
            f"{key}: {shown(others[0])} is no field of the rope type {kind!r}",
            at=config.path,
            why="what is not known would be ignored, and may turn the heads another way",
            mend="use a checkpoint with one rotation for all layers",
        )
    if given.get("partial_rotary_factor", 1) != 1:
        config.broken(f"{key}: this decoder turns every dimension of a head")
    number = {name: config.positive_value(f"{key}: {name}", given.get(name)) for name in fields[:3]}
    if kind != "llama3":
        return RopeScaling(kind="linear" if fields else "default", factor=number.get("factor", 1.0))
    if number["low_freq_factor"] >= number["high_freq_factor"]:
        config.broken(f"{key}: low_freq_factor must be below high_freq_factor")
    return RopeScaling(
        kind="llama3",
        factor=number["factor"],
        low_freq_factor=number["low_freq_factor"],
        high_freq_factor=number["high_freq_factor"],
        original_context=_original(config, key, given, context),
    )


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
