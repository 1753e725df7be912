"""The card of a model that was taken over: nothing in it is typed."""

from __future__ import annotations

from collections.abc import Iterable

from specship.pipeline.checkpoint.folder import CheckpointFolder
from specship.pipeline.publication.checkpoint_provenance import PROVENANCE, Provenance
from specship.pipeline.publication.checkpoint_takeover import INVENTORY
from specship.pipeline.publication.model_card import LICENSE, card_front_matter, sizes_table


def imported_card(name: str, opened: CheckpointFolder, provenance: Provenance, tested: Iterable[str]) -> str:
    """Text of README.md for a checkpoint that was taken over; `tested` names what evidence is about."""
    listed = "\n".join(f"- `{file}`" for file in tested)
    return f"""{card_front_matter(provenance.licence, licence_text=LICENSE)}
# {name}

Taken over from {provenance.source}, every tensor with its bytes, and exported to GGUF. `{PROVENANCE}`
names every file of the source with its sha256, `{INVENTORY}` every tensor.

{sizes_table(opened)}
## Licence

{provenance.licence}: that of the source.

## Files that were tested

{listed}
"""
