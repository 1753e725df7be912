"""Every tensor of a foreign checkpoint held against its own configuration, before any is loaded.

    account(folder) -> Inventory

A misfit is something that does not fit and is named; a note is something that a person may want to
know and that changes nothing. Values are not looked at, with one exception: a head that is declared to
be the embedding and is stored once more must have the same bytes.
"""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from specship.errors import UnusableInput
from specship.pipeline.checkpoint.generation_settings import generation_misfits
from specship.pipeline.checkpoint.inventory_checks import rarer_types, redundant_tensors, tensor_misfits
from specship.pipeline.checkpoint.recognition import refuse_other
from specship.pipeline.checkpoint.side_files import side_misfits
from specship.pipeline.checkpoint.weight_files import (
    CONFIG,
    TOKENIZER,
    HeldTensor,
    Misfit,
    StoredWeights,
    pickles_in,
    read_weights,
    refuse_link,
    shown_name,
)
from specship.pipeline.checkpoint.wrapped_names import unwrapped
from specship.pipeline.model.decoder_shape import elements
from specship.pipeline.model.other_families import read_any_model
from specship.pipeline.model.reading import OURS, DeclaredModel, read_model
from specship.pipeline.model.transformers_process import TransformersProcess
from specship.pipeline.tokenizer.files import missing_tokenizer, read_object
from specship.pipeline.tokenizer.missing_merges import missing_merges_of
from specship.pipeline.tokenizer.opening import open_tokenizer
from specship.pipeline.tokenizer.size import tokenizer_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What a checkpoint folder holds, and what of it does not fit."""

    path: Path
    model: DeclaredModel
    files: tuple[str, ...]
    tensors: dict[str, HeldTensor]
    redundant: frozenset[str]
    """Stored tensors that say nothing new: a tied head stored once more, rotations."""
    misfits: tuple[Misfit, ...]
    notes: tuple[str, ...]
    declared_parameters: int
    tokenizer_tokens: int | None
    """Ids that `tokenizer.json` can give; None where it is missing or unreadable."""

    @property
    def stored_parameters(self) -> int:
        """Numbers in all stored tensors that are not redundant."""
        held = {name: one.stored.shape for name, one in self.tensors.items() if name not in self.redundant}
        return elements(held)

    @property
    def padding_rows(self) -> int | None:
        """Rows of the embedding that no token uses."""
        tokens = self.tokenizer_tokens
        return None if tokens is None else max(0, self.model.shape.vocabulary - tokens)

    @property
    def dtypes(self) -> dict[str, int]:
        """How many tensors are stored as each element type."""
        return dict(sorted(Counter(one.stored.dtype for one in self.tensors.values()).items()))


def account(
    folder: Path,
    *,
    tokenizer: bool = True,
    opened: bool = True,
    any_family: bool = False,
    process: TransformersProcess | None = None,
) -> Inventory:
    """Name every tensor of a folder, and everything that does not fit.

    With `any_family` the tables of transformers count beside ours, asked for in a process of its own, or in
    `process` where one is there.
    Without `tokenizer` that file is left to whoever reads it anyway, which takes as long as all the rest.
    Without `opened` only its ids are looked at, for callers that open it later.

    Raises:
        UnknownName: a family that nobody knows.
        UnusableInput: pickled weights, or a feature that no family here has.
        DamagedArtifact: the configuration or a weights file cannot be read.
    """
    refuse_other(folder)
    refuse_link(folder / CONFIG)
    others = any_family or process is not None
    model = read_any_model(folder / CONFIG, process) if others else read_model(folder / CONFIG)
    stored = read_weights(folder)
    model = _without_body(model, stored)
    weights, wrapping = unwrapped(folder, stored, model.tensors())
    tokens, tokenizer_misfits = (
        _tokenizer(folder, model.shape.vocabulary, opened=opened) if tokenizer else (None, [])
    )
    generation, odd_ids = generation_misfits(folder, model.shape.vocabulary)
    redundant, head_misfits = redundant_tensors(folder, model, weights)
    misfits = (
        *weights.misfits,
        *wrapping,
        *tensor_misfits(model, weights, redundant),
        *head_misfits,
        *tokenizer_misfits,
        *generation,
        *side_misfits(folder),
    )
    return Inventory(
        path=folder,
        model=model,
        files=weights.files,
        tensors=weights.tensors,
        redundant=redundant,
        misfits=misfits,
        notes=(*_notes(folder, model, weights, redundant), *odd_ids),
        declared_parameters=elements(model.tensors()),
        tokenizer_tokens=tokens,
    )


def _without_body(model: DeclaredModel, weights: StoredWeights) -> DeclaredModel:
    """The table without what stands in front of its names, where the checkpoint leaves it out everywhere."""
    table = {name.removeprefix(model.body): shape for name, shape in model.tensors().items()}
    stored = weights.tensors.keys() | weights.absent
    if not model.body or len(table.keys() & stored) <= len(model.tensors().keys() & stored):
        return model
    tied = {name.removeprefix(model.body): of.removeprefix(model.body) for name, of in model.tied.items()}
    return replace(model, table=table, tied=tied)


def _tokenizer(folder: Path, rows: int, *, opened: bool) -> tuple[int | None, list[Misfit]]:
    path = folder / TOKENIZER
    if not path.exists() and not path.is_symlink():
        return None, []
    mend = "take the tokenizer from the same checkpoint"
    try:
        refuse_link(path)
        tokens = tokenizer_size(path)
        if opened and importlib.util.find_spec("tokenizers") is not None:
            open_tokenizer(folder)  # what fits must open for every verb
            if said := missing_merges_of(read_object(path)):
                return tokens, [Misfit("tokenizer", TOKENIZER, f"{said}: its merges are cut or empty", mend)]
    except UnusableInput as error:
        return None, [Misfit("tokenizer", TOKENIZER, error.message, error.mend or mend)]
    if tokens <= rows:
        return tokens, []
    said = f"gives ids up to {tokens - 1}; the embedding has {rows} rows"
    return tokens, [Misfit("tokenizer", TOKENIZER, said, mend)]


def _notes(
    folder: Path, model: DeclaredModel, weights: StoredWeights, redundant: Iterable[str]
) -> Iterator[str]:
    if not (folder / TOKENIZER).exists():
        said, mend = missing_tokenizer(folder)
        yield f"{said}: the model can be read, but no text can be given to it; {mend}"
    for name in pickles_in(folder):
        yield f"{shown_name(name)} was not opened: a pickle runs code while it is being read"
    if model.engine != OURS:
        yield f"there is no decoder of this {model.model_type} here: it is computed by {model.engine}"
    if "auto_map" in model.unread and model.engine != OURS:
        yield "auto_map names code of its author's own; it was not run, the class of transformers is used"
    left_out = sorted(redundant)
    for name in [name for name in left_out if name in model.tied]:
        yield f"{name} is stored once more with the bytes of {model.tied[name]}, which it is tied to"
    if derived := [name for name in left_out if name not in model.tied]:
        what = "rotations" if model.engine == OURS else "tensors"
        yield f"{len(derived)} stored {what} follow from the configuration, first {derived[0]}"
    for dtype, names in rarer_types(weights).items():
        few = f"{len(names)} tensors are" if len(names) > 1 else "1 tensor is"
        yield f"{few} stored as {dtype}, unlike the rest, first {names[0]}; each keeps its own type"
    stored = {held.stored.dtype for held in weights.tensors.values()}
    if model.dtype and model.dtype not in stored:
        yield f"the configuration says {model.dtype}, no tensor is stored so"
