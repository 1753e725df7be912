"""The sections under `pipeline.MODEL` of a profile: the settings that the stages read.

What a setting means stands in the docstring under it. A few have none, because their name says it
to whoever reads the stage; an editor shows only what is written, so theirs are written here.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel

from specship.contracts.records import SLUG_PATTERN
from specship.pipeline.registry import SEVERAL, all_sections
from specship.report.schema.draft7 import draft7, with_siblings
from specship.specs.records import BORROWED, Borrowed

Schema = dict[str, Any]

_DEVICE: Final = "Where it is computed."
_THREADS: Final = "CPU threads; figures and sums depend on it."
UNWRITTEN: Final[Mapping[str, Mapping[str, str]]] = {
    "corpus": {
        "suffixes": "Endings of the files that are read, such as `.py`.",
        "near_duplicate_jaccard": "Documents at least this similar, by their shingles, count as copies.",
    },
    "publication": {"name": "Name of the published model."},
    "model": {
        "hidden_size": "Width of the residual stream; a multiple of twice the heads.",
        "layers": "Blocks of the decoder.",
        "heads": "Query heads; a multiple of `kv_heads`.",
        "kv_heads": "Heads of keys and values; fewer than `heads` makes grouped-query attention.",
        "intermediate_size": "Width of the feed-forward layer.",
        "rope_theta": "Base of the rotary positions.",
        "norm_eps": "Added to the variance in every RMS norm.",
        "max_positions": "Longest sequence, in tokens.",
        "attention_dropout": "Share of attention weights that training drops.",
    },
    "training": {
        "mode": "From random weights, or from a checkpoint; decides the default rate and warm-up.",
        "device": "`auto` takes CUDA when it is there. What was asked for and what was got are recorded.",
        "steps": "Optimizer steps, when nothing ends the run before.",
        "sequence_length": "Tokens of one sequence.",
        "peak_learning_rate": "Highest learning rate; null takes the mode's.",
        "warmup_steps": "Steps until the learning rate is at its peak; null takes the mode's.",
        "beta1": "Decay of AdamW's mean of gradients.",
        "beta2": "Decay of AdamW's mean of squared gradients.",
        "adam_eps": "Added to AdamW's denominator.",
        "clip_norm": "Gradients with a larger norm are scaled down to it.",
    },
    "speed": {"threads": _THREADS, "device": _DEVICE},
    "parity": {"prompts": "Held-out beginnings that both sides continue.", "threads": _THREADS},
}
"""Settings without a docstring, by section."""


def sections() -> dict[str, type[BaseModel]]:
    """The record of each section of pipeline settings, by its name."""
    found: dict[str, type[BaseModel]] = {BORROWED: Borrowed, **all_sections()}
    return dict(sorted(found.items()))


def settings_definitions() -> dict[str, Schema]:
    """One definition a section, and `PipelineSettings`, which holds them all."""
    found: dict[str, Schema] = {}
    named: dict[str, Schema] = {}
    for section, record in sections().items():
        schema = _described(section, record)
        found |= schema.pop("definitions", {})
        found[record.__name__] = schema
        about = inspect.cleandoc(record.__doc__ or "")
        named[section] = {"allOf": [{"$ref": f"#/definitions/{record.__name__}"}], "description": about}
        if section in SEVERAL:
            named[section] = {
                "type": "object",
                "propertyNames": {"pattern": SLUG_PATTERN},
                "additionalProperties": named[section],
                "description": f"By a name of your own: {about[:1].lower()}{about[1:]}",
            }
    found["PipelineSettings"] = {
        "title": "PipelineSettings",
        "description": "Settings of one model, by section; a stage takes its defaults for what is left out.",
        "type": "object",
        "properties": named,
        "additionalProperties": False,
    }
    return found


def _described(section: str, record: type[BaseModel]) -> Schema:
    schema = draft7(record.model_json_schema())
    written = {**UNWRITTEN.get(section, {}), **attribute_docstrings(record)}
    _write_below(schema, written)
    inner = {one.__name__: one for one in _records_in(record)}
    for name, definition in schema.get("definitions", {}).items():
        _write_below(definition, attribute_docstrings(inner[name]))
    return schema


def _write_below(schema: Schema, written: Mapping[str, str]) -> None:
    for name, inner in schema["properties"].items():
        if name in written:
            inner.setdefault("description", written[name])
            schema["properties"][name] = with_siblings(inner)


def _records_in(record: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The records that stand within a record, at any depth."""
    pending = [field.annotation for field in record.model_fields.values()]
    while pending:
        kind = pending.pop()
        pending += get_args(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield kind
            pending += [field.annotation for field in kind.model_fields.values()]


def attribute_docstrings(record: type[BaseModel]) -> dict[str, str]:
    """The text under each field of a record and its bases, from their source: no record keeps its own."""
    found: dict[str, str] = {}
    for base in reversed(record.__mro__):
        if issubclass(base, BaseModel) and base.model_fields:
            found |= _own_docstrings(base)
    return found


def _own_docstrings(record: type[BaseModel]) -> dict[str, str]:
    try:
        source = inspect.getsource(record)
    except OSError:  # made by a function, as the parts of a backlog are
        return {}
    body = ast.parse(textwrap.dedent(source)).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - the source of a class is one
    pairs = zip(body.body, body.body[1:], strict=False)
    return {
        field.target.id: inspect.cleandoc(str(below.value.value))
        for field, below in pairs
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
    }
