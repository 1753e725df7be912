"""The model card: every figure and licence in it is read from the artifacts, none is typed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from specship.errors import DamagedArtifact
from specship.pipeline.checkpoint.folder import CheckpointFolder
from specship.pipeline.corpus.licences import licence_expression
from specship.pipeline.corpus.manifest import LICENCE, CorpusManifest

CARD: Final = "README.md"
LICENSE: Final = "LICENSE"
"""The licence's text beside an imported checkpoint, as the hub spells it."""

_HUB_IDS = {"0BSD": "0bsd", "Apache-2.0": "apache-2.0", "CC-BY-4.0": "cc-by-4.0", "MIT": "mit"}
"""Licences that the Hugging Face hub knows by an id of its own; others are `other` with a name."""


def model_card(
    name: str, opened: CheckpointFolder, corpus: CorpusManifest, licences: Counter[str], provenance: str
) -> str:
    """Text of README.md, with front matter as the Hugging Face hub reads it."""
    expression = licence_expression(licences)
    counted = "\n".join(f"| {licence} | {count} |" for licence, count in sorted(licences.items()))
    return f"""{card_front_matter(expression, licence_text=LICENCE)}
# {name}

A Llama-family decoder trained from scratch on {corpus.source.label}.

{sizes_table(opened)}
## Data

{corpus.train.documents} training and {corpus.heldout.documents} held-out documents of {corpus.source.label}.
Each is listed with its digest and licence in `{provenance}`.

| licence | documents |
| --- | --- |
{counted}

## Licence

{expression}: the licences of the training documents, joined. The text is in `{LICENCE}`.
"""


def sizes_table(opened: CheckpointFolder) -> str:
    """What a user asks first of a model, as a Markdown table."""
    shape = opened.shape
    parameters = sum(math.prod(tensor.shape) for tensor in opened.tensors.values())
    return f"""| | |
| --- | --- |
| parameters | {parameters} |
| layers, hidden size | {shape.layers}, {shape.hidden} |
| heads, key-value heads | {shape.heads}, {shape.kv_heads} |
| vocabulary, context | {shape.vocabulary}, {shape.context} |
| sha256 of the weights | {opened.weights_digest()} |
"""


def card_front_matter(expression: str, *, licence_text: str) -> str:
    """The lines that the Hugging Face hub reads; `licence_text` is the file with the licence's text."""
    return f"""---
license: {_HUB_IDS.get(expression, "other")}
license_name: {expression}
license_link: {licence_text}
library_name: transformers
pipeline_tag: text-generation
---
"""


def card_licence(path: Path) -> str:
    """The licence that a card's front matter names; empty when it names none.

    Raises:
        DamagedArtifact: there is no card, or it has no front matter.
    """
    fields = _front_matter(path)
    licence = fields.get("license", "")
    by_id = {hub: spdx for spdx, hub in _HUB_IDS.items()}
    named = fields.get("license_name", "")
    return named if licence == "other" or by_id.get(licence) == named else by_id.get(licence, licence)


def _front_matter(path: Path) -> Mapping[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        end = lines.index("---", 1)
    except (OSError, ValueError) as error:
        raise DamagedArtifact("the model card has no front matter", at=path, mend="publish again") from error
    pairs = (line.partition(":") for line in lines[1:end])
    return {key.strip(): value.strip() for key, _, value in pairs}
