"""An inventory for machines and for people."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from specship.pipeline.checkpoint.inventory import Inventory
from specship.pipeline.checkpoint.weight_files import counted, shown_name
from specship.pipeline.model.decoder_shape import DecoderShape, RopeScaling, TextShape

_SHOWN: Final = 20
"""Misfits of one kind that are shown to people; how many more there are is said."""


def as_json(inventory: Inventory) -> dict[str, Any]:
    """An inventory as plain values, for machines."""
    model, shape = inventory.model, inventory.model.shape
    return {
        "path": shown_name(str(inventory.path)),
        "family": model.model_type,
        "architecture": model.architecture,
        "engine": model.engine,
        "sound": not inventory.misfits,
        "files": list(inventory.files),
        "parameters": {"stored": inventory.stored_parameters, "declared": inventory.declared_parameters},
        "bytes": sum(held.stored.size for held in inventory.tensors.values()),
        "dtypes": inventory.dtypes,
        "declared_dtype": model.dtype,
        "layers": shape.layers,
        "heads": _heads(shape),
        "head": head_of(inventory),
        "rope": _rope(shape),
        "vocabulary": {
            "embedding_rows": shape.vocabulary,
            "tokenizer": inventory.tokenizer_tokens,
            "padding_rows": inventory.padding_rows,
        },
        "misfits": [
            {"kind": one.kind, "name": one.name, "message": one.message, "mend": one.mend}
            for one in inventory.misfits
        ],
        "notes": list(inventory.notes),
        "assumed": dict(model.assumed),
        "unread": list(model.unread),
        "tensors": [
            {
                "name": held.stored.name,
                "dtype": held.stored.dtype,
                "shape": list(held.stored.shape),
                "parameters": math.prod(held.stored.shape),
                "bytes": held.stored.size,
                "file": held.file,
                "redundant": name in inventory.redundant,
            }
            for name, held in sorted(inventory.tensors.items())
        ],
    }


def _heads(shape: TextShape) -> dict[str, int | None]:
    """Counts and size of the heads; a class of transformers tells the first of them only."""
    if not isinstance(shape, DecoderShape):
        return {"query": shape.heads, "key_value": None, "size": None}
    return {"query": shape.heads, "key_value": shape.kv_heads, "size": shape.head_dim}


def _rope(shape: TextShape) -> dict[str, Any] | None:
    if not isinstance(shape, DecoderShape):
        return None
    return {"theta": shape.rope_theta, "kind": shape.rope.kind, "factor": shape.rope.factor}


def head_of(inventory: Inventory) -> str:
    """Where the output projection comes from, in words."""
    if not inventory.model.shape.tied:
        return "own"
    return "tied, stored twice" if inventory.model.tied.keys() & inventory.tensors.keys() else "tied"


def lines(inventory: Inventory) -> Iterator[str]:
    """An inventory in words: what it is, how much of it there is, and all that does not fit."""
    model, shape = inventory.model, inventory.model.shape
    stored = sum(held.stored.size for held in inventory.tensors.values())
    types = ", ".join(f"{count} {dtype}" for dtype, count in inventory.dtypes.items())
    yield f"family      {model.model_type} ({model.architecture})"
    if isinstance(shape, DecoderShape):
        heads = f"{shape.heads} heads of {shape.head_dim}, {shape.kv_heads} kv heads"
        yield f"layers      {shape.layers}, {heads}"
        yield f"rotation    theta {shape.rope_theta:g}, {_stretch(shape.rope)}"
    else:
        yield f"engine      {model.engine}: there is no decoder of this family here"
        yield f"layers      {shape.layers}, {shape.heads} heads"
    yield f"tensors     {len(inventory.tensors)} ({types}), {stored} bytes, {len(inventory.files)} files"
    yield f"parameters  {inventory.stored_parameters} stored, {inventory.declared_parameters} declared"
    yield f"head        {head_of(inventory)}"
    yield f"vocabulary  {_rows(inventory)}"
    for key, value in model.assumed.items():
        yield f"assumed     {key} = {value}: config.json does not say it"
    if model.unread:
        yield f"no effect   {', '.join(shown_name(key) for key in model.unread)}"
    yield from (f"note        {note}" for note in inventory.notes)
    yield from _misfit_lines(inventory)


def _stretch(rope: RopeScaling) -> str:
    return "not stretched" if rope.kind == "default" else f"stretched by {rope.factor:g} ({rope.kind})"


def _rows(inventory: Inventory) -> str:
    rows, tokens = inventory.model.shape.vocabulary, inventory.tokenizer_tokens
    if tokens is None:
        return f"{rows} rows"
    return f"{rows} rows, {tokens} ids of the tokenizer, {inventory.padding_rows} rows of padding"


def _misfit_lines(inventory: Inventory) -> Iterator[str]:
    if not inventory.misfits:
        yield "every tensor fits"
        return
    for kind, count in Counter(one.kind for one in inventory.misfits).items():
        for one in [one for one in inventory.misfits if one.kind == kind][:_SHOWN]:
            yield f"{kind:<11} {one.name} {one.message}"
            yield f"  mend: {one.mend}"
        if count > _SHOWN:
            yield f"{kind:<11} {count - _SHOWN} more; --format json names them all"
    yield counted(inventory.misfits)
