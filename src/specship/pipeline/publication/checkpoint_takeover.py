"""A folder of somebody else's as the checkpoint of a model here: imported, and its origin written down.

inventory.json    every tensor of the source: name, type, shape, file and the sha256 of its bytes
provenance.json   source, licence, the sha256 of each file
and what `import_checkpoint` writes
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from specship.files import write_json
from specship.pipeline.checkpoint.folder_manifest import write_manifest
from specship.pipeline.checkpoint.importing import write_imported
from specship.pipeline.checkpoint.inventory import Inventory, account
from specship.pipeline.checkpoint.inventory_checks import tensor_digest
from specship.pipeline.checkpoint.inventory_report import as_json
from specship.pipeline.publication.checkpoint_provenance import describe_source, write_provenance

INVENTORY: Final = "inventory.json"


def take_over(source: Path, output: Path, label: str) -> Inventory:
    """Write a sound foreign folder into an empty one.

    Raises:
        UnknownName, UnusableInput, DamagedArtifact: see `account` and `import_checkpoint`.
        CannotWrite: the disk is full or refuses.
    """
    inventory = account(source, any_family=True)
    write_imported(inventory, output)
    write_provenance(output, describe_source(source, label))
    write_json(output / INVENTORY, _with_digests(inventory))
    write_manifest(output)
    return inventory


def _with_digests(inventory: Inventory) -> dict[str, Any]:
    """The inventory as plain values, with a digest of each tensor's bytes and without this machine's path."""
    plain = {key: value for key, value in as_json(inventory).items() if key != "path"}
    for entry in plain["tensors"]:
        entry["sha256"] = tensor_digest(inventory.path, inventory.tensors[entry["name"]])
    return {"format": "specship-inventory/1", **plain}
