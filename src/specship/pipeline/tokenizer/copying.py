"""The files of a tokenizer, which travel together from the data to every checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from specship.files import write_file
from specship.pipeline.tokenizer.files import require_tokenizer

TOKENIZER_FILES: Final = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
)


def copy_tokenizer(source: Path, target: Path) -> None:
    """Put the tokenizer's files beside the weights.

    Raises:
        DamagedArtifact: there is no `tokenizer.json`.
    """
    require_tokenizer(source)
    for name in TOKENIZER_FILES:
        if (source / name).is_file():
            write_file(target / name, (source / name).read_bytes())
