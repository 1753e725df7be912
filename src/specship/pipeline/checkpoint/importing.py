"""A foreign checkpoint as a folder of ours: one safetensors file, the same bytes of every tensor, a manifest.

Element types stay as they are. Left out are files that nobody here reads, a tied head's second copy
and stored rotations. The folder gets its name once its manifest verifies.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from specship.bounds import JSON_REPORT_BYTES
from specship.digests import sha256_file
from specship.errors import DamagedArtifact
from specship.files import new_folder, write_errors, write_json
from specship.pipeline.checkpoint.folder_manifest import verify_manifest, write_manifest
from specship.pipeline.checkpoint.generation_settings import GENERATION
from specship.pipeline.checkpoint.inventory import Inventory
from specship.pipeline.checkpoint.inventory_checks import tensor_bytes
from specship.pipeline.checkpoint.safetensors_header import DTYPE_BYTES
from specship.pipeline.checkpoint.side_files import JSON_FILES, PLAIN_FILES, TEMPLATE
from specship.pipeline.checkpoint.weight_files import CONFIG, INDEX, TOKENIZER, WEIGHTS, HeldTensor, counted
from specship.pipeline.progress import Progress
from specship.strict_json import read_bytes

METADATA: Final = "metadata.json"
_COMPANIONS: Final = (
    CONFIG,
    TOKENIZER,
    GENERATION,
    *JSON_FILES,
    *PLAIN_FILES,
    TEMPLATE,
)
"""Files that come along when they are there."""
_ALIGNMENT: Final = 8


def import_checkpoint(inventory: Inventory, output: Path, report: Progress | None = None) -> Path:
    """Write what an inventory found sound; returns the folder.

    Raises:
        DamagedArtifact: something does not fit, or a file changed since the inventory was made.
        UnusableInput: there is something under that name already.
        CannotWrite: the disk is full or refuses; nothing is left under the name.
    """
    _refuse_misfits(inventory)
    with new_folder(output) as partial:
        with write_errors(output):
            write_imported(inventory, partial, report)
        write_manifest(partial)
        verify_manifest(partial)
    return output


def write_imported(inventory: Inventory, folder: Path, report: Progress | None = None) -> None:
    """Write the files into a folder that nobody reads yet; its manifest is the caller's to write.

    Raises:
        DamagedArtifact: something does not fit, or a file changed since the inventory was made.
    """
    _refuse_misfits(inventory)
    _write_weights(inventory, folder / WEIGHTS, report)
    for name in _COMPANIONS:
        source = inventory.path / name
        if source.is_file():
            (folder / name).write_bytes(read_bytes(source, JSON_REPORT_BYTES))
    sources = [*inventory.files, *([INDEX] if (inventory.path / INDEX).exists() else [])]
    write_json(
        folder / METADATA,
        {
            "format": "specship-imported-checkpoint/1",
            "family": inventory.model.model_type,
            "parameters": inventory.declared_parameters,
            "dtypes": inventory.dtypes,
            "assumed": dict(inventory.model.assumed),
            "left_out": sorted(inventory.redundant),
            "sources": {name: sha256_file(inventory.path / name) for name in sources},
        },
    )


def _refuse_misfits(inventory: Inventory) -> None:
    if inventory.misfits:
        raise DamagedArtifact(
            f"{counted(inventory.misfits)}, first {inventory.misfits[0].name}",
            at=inventory.path,
            mend=inventory.misfits[0].mend,
        )


def _write_weights(inventory: Inventory, path: Path, report: Progress | None) -> None:
    """All tensors that say something, larger element types first, so that each one lies aligned."""
    kept = [held for name, held in sorted(inventory.tensors.items()) if name not in inventory.redundant]
    kept.sort(key=lambda held: -DTYPE_BYTES[held.stored.dtype])
    with path.open("xb") as file:
        file.write(_header(kept))
        done, total = 0, sum(held.stored.size for held in kept)
        for held in kept:
            for chunk in tensor_bytes(inventory.path, held):
                file.write(chunk)
                done += len(chunk)
                if report is not None:
                    report(done / 1e6, total / 1e6, "MB")


def _header(tensors: Sequence[HeldTensor]) -> bytes:
    entries: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for stored in (held.stored for held in tensors):
        begin, end = end, end + stored.size
        entries[stored.name] = {
            "dtype": stored.dtype,
            "shape": list(stored.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return len(text).to_bytes(8, "little") + text
